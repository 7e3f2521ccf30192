"""``CUDA_VISIBLE_DEVICES`` over the devices NVML listed.

NVML counts by PCI address; CUDA counts the fastest GPU first unless ``CUDA_DEVICE_ORDER=PCI_BUS_ID``. With different
models an index therefore means what CUDA says it means: CUDA itself is asked, in a child process.
"""

from collections.abc import Mapping, Sequence

from llmpick.hardware.deadline import CrashedError, OverdueError, call
from llmpick.hardware.device import Device
from llmpick.hardware.visibility import Candidate, Selection, cuda_visible, is_list_of_indices

_LIMIT_SECONDS = 5.0
_UUID_BYTES = 16

Split = tuple[tuple[Device, ...], tuple[Device, ...], tuple[str, ...]]


def visible_gpus(devices: Sequence[Device], environment: Mapping[str, str]) -> Split:
    """Devices CUDA would show, in its order where an order was asked for; the hidden ones; notes for people."""
    value = environment.get("CUDA_VISIBLE_DEVICES")
    selection = cuda_visible(value, candidates(devices))
    notes = [selection.problem] if selection.problem else []
    if is_list_of_indices(value) and _order_is_cudas(devices, environment):
        selection, note = _ask_cuda(devices, selection)
        notes.append(note)
    shown = tuple(devices[position] for position in selection.positions)
    hidden = tuple(device for position, device in enumerate(devices) if position not in selection.positions)
    return shown, hidden, tuple(notes)


def candidates(devices: Sequence[Device]) -> list[Candidate]:
    """One candidate per device; slices of one GPU share its number."""
    ordinals: dict[str, int] = {}
    return [_candidate(device, position, ordinals) for position, device in enumerate(devices)]


def _candidate(device: Device, position: int, ordinals: dict[str, int]) -> Candidate:
    parent = (device.mig.parent_uuid or "") if device.mig else ""
    owner = parent or device.uuid or f"position {position}"
    ordinal = ordinals.setdefault(owner, len(ordinals))
    legacy = f"MIG-{parent}/{device.mig.gpu_instance}/{device.mig.compute_instance}" if device.mig else ""
    return Candidate(ordinal, device.uuid or "", parent, legacy)


def _order_is_cudas(devices: Sequence[Device], environment: Mapping[str, str]) -> bool:
    """Equal models keep PCI order, so an index is ambiguous only among different ones."""
    models = {device.mig.parent_name if device.mig else device.name for device in devices}
    return len(models) > 1 and environment.get("CUDA_DEVICE_ORDER") != "PCI_BUS_ID"


def _ask_cuda(devices: Sequence[Device], by_pci_order: Selection) -> tuple[Selection, str]:
    """CUDA's own list; without it as many of the smallest devices, which promises least."""
    positions = {(device.uuid or "").partition("-")[2]: position for position, device in enumerate(devices)}
    try:
        uuids: list[str] = call(read_cuda_uuids, _LIMIT_SECONDS)
    except (OverdueError, CrashedError):
        uuids = []
    if not positions.keys() & set(uuids):
        by_size = sorted(range(len(devices)), key=lambda position: devices[position].usable or 0)
        note = (
            "CUDA_VISIBLE_DEVICES names devices by number, CUDA orders different models fastest first, and CUDA could "
            "not be asked: the smallest are assumed. Set CUDA_DEVICE_ORDER=PCI_BUS_ID or use GPU- identifiers."
        )
        return Selection(tuple(sorted(by_size[: len(by_pci_order.positions)]))), note
    shown = tuple(positions[uuid] for uuid in uuids if uuid in positions)
    return Selection(shown), "CUDA_VISIBLE_DEVICES counts in CUDA's order (fastest first); CUDA itself was asked."


def read_cuda_uuids() -> list[str]:
    """Identifiers of the devices the CUDA driver shows this process, in its order, without ``GPU-`` or ``MIG-``."""
    import ctypes

    cuda = ctypes.CDLL("libcuda.so.1")
    count = ctypes.c_int()
    if cuda.cuInit(0) or cuda.cuDeviceGetCount(ctypes.byref(count)):
        raise OSError("the CUDA driver does not initialise")
    return [_uuid(cuda, ordinal) for ordinal in range(count.value)]


def _uuid(cuda: object, ordinal: int) -> str:
    import ctypes

    data = (ctypes.c_ubyte * _UUID_BYTES)()
    device = ctypes.c_int()
    driver: ctypes.CDLL = cuda  # type: ignore[assignment]
    if driver.cuDeviceGet(ctypes.byref(device), ordinal) or driver.cuDeviceGetUuid_v2(data, device):
        raise OSError("the CUDA driver does not name its devices")
    digits = bytes(data).hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
