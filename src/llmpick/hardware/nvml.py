"""Asking NVML, and nothing else: the only module that imports pynvml. What the answers mean is in `nvidia`.

Answers are built-in types only, so that they can cross a process boundary. A question NVML does not answer is None;
what it says instead of a GPU or of its memory is kept as NVML's own error number (``nvmlReturn_t``).
"""

from collections.abc import Callable, Iterator
from typing import Any

NOT_SUPPORTED, NO_PERMISSION, NOT_FOUND, DRIVER_NOT_LOADED = 3, 4, 6, 9
LIBRARY_NOT_FOUND, GPU_IS_LOST, LIB_RM_VERSION_MISMATCH = 12, 15, 18

_NVLINKS_AT_MOST = 18
_CLOCK_SM, _CLOCK_MEM = 1, 2


def read() -> dict[str, Any]:
    """``{"error": code, "message": ...}``, or driver versions and ``devices``: a row per GPU, slices inside."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return {"error": int(error.value), "message": str(error)}
    try:
        count = pynvml.nvmlDeviceGetCount()
        return {
            "driver": _text(_ask(pynvml.nvmlSystemGetDriverVersion)),
            "cuda": _ask(pynvml.nvmlSystemGetCudaDriverVersion),
            "devices": [_gpu(pynvml, index) for index in range(count)],
        }
    except pynvml.NVMLError as error:
        return {"error": int(error.value), "message": str(error)}
    finally:
        _ask(pynvml.nvmlShutdown)


def _ask(question: Callable[..., Any], *arguments: Any) -> Any:
    """The answer, or None where this driver or GPU has none.

    Not only NVMLError: for functions that an old driver lacks nvidia-ml-py raises an exception outside that family.
    """
    try:
        return question(*arguments)
    except Exception:
        return None


def _text(value: Any) -> str | None:
    """Old bindings return bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _gpu(pynvml: Any, index: int) -> dict[str, Any]:
    try:
        handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    except pynvml.NVMLError as error:
        return {"index": index, "error": int(error.value), "message": str(error)}
    mode = _ask(pynvml.nvmlDeviceGetMigMode, handle)
    mig_on = bool(mode and mode[0])
    return {
        "index": index,
        **_identity(pynvml, handle),
        **_speed(pynvml, handle),
        **_links(pynvml, handle),
        **_memory(pynvml, handle),  # in MIG mode this needs privilege, and only the slices can be used
        "mig_enabled": mig_on,
        "slices": [_slice(pynvml, child) for child in _mig_handles(pynvml, handle)] if mig_on else [],
    }


def _identity(pynvml: Any, handle: Any) -> dict[str, Any]:
    pci = _ask(pynvml.nvmlDeviceGetPciInfo, handle)
    capability = _ask(pynvml.nvmlDeviceGetCudaComputeCapability, handle)
    return {
        "name": _text(_ask(pynvml.nvmlDeviceGetName, handle)),
        "uuid": _text(_ask(pynvml.nvmlDeviceGetUUID, handle)),
        "pci_bus_id": _text(pci.busId) if pci is not None else None,
        "pci_device": int(pci.pciDeviceId) if pci is not None else None,
        "compute_capability": list(capability) if capability else None,
    }


def _memory(pynvml: Any, handle: Any) -> dict[str, Any]:
    """Version 2 tells what the driver reserved; drivers before R510 lack it, so version 1 is asked then."""
    try:
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle, version=pynvml.nvmlMemory_v2)
        reserved: int | None = int(memory.reserved)
    except (pynvml.NVMLError, AttributeError, TypeError):  # the latter two: bindings too old to know version 2
        try:
            memory, reserved = pynvml.nvmlDeviceGetMemoryInfo(handle), None
        except pynvml.NVMLError as error:
            return {"memory_error": int(error.value), "message": str(error)}
    sizes = {"total": int(memory.total), "free": int(memory.free), "reserved": reserved}
    return {**sizes, "process_bytes": _process_bytes(pynvml, handle)}


def _process_bytes(pynvml: Any, handle: Any) -> int | None:
    """Memory of all compute and graphics processes; None if the driver names none or hides any one's size."""
    sizes: dict[int, int | None] = {}
    for kind in ("Compute", "Graphics"):
        newest, older = (getattr(pynvml, f"nvmlDeviceGet{kind}RunningProcesses_v{version}") for version in (3, 2))
        processes = _ask(newest, handle)
        for process in _ask(older, handle) or () if processes is None else processes:
            sizes[process.pid] = process.usedGpuMemory
    known = [size for size in sizes.values() if size is not None]
    return sum(known) if known and len(known) == len(sizes) else None


def _speed(pynvml: Any, handle: Any) -> dict[str, Any]:
    limit_milliwatts = _ask(pynvml.nvmlDeviceGetPowerManagementLimit, handle)
    return {
        "memory_clock_mhz": _ask(pynvml.nvmlDeviceGetMaxClockInfo, handle, _CLOCK_MEM) or None,
        "memory_bus_bits": _ask(pynvml.nvmlDeviceGetMemoryBusWidth, handle) or None,
        "core_clock_mhz": _ask(pynvml.nvmlDeviceGetMaxClockInfo, handle, _CLOCK_SM) or None,
        "cores": _ask(pynvml.nvmlDeviceGetNumGpuCores, handle) or None,
        "power_limit_watts": limit_milliwatts // 1000 if limit_milliwatts else None,
    }


def _links(pynvml: Any, handle: Any) -> dict[str, Any]:
    return {
        "nvlink_links": sum(_nvlink_states(pynvml, handle)),
        "pcie_generation": _ask(pynvml.nvmlDeviceGetMaxPcieLinkGeneration, handle),
        "pcie_lanes": _ask(pynvml.nvmlDeviceGetMaxPcieLinkWidth, handle),
    }


def _nvlink_states(pynvml: Any, handle: Any) -> Iterator[bool]:
    """Whether each link is up, until NVML says that there is no such link."""
    for link in range(_NVLINKS_AT_MOST):
        state = _ask(pynvml.nvmlDeviceGetNvLinkState, handle, link)
        if state is None:
            return
        yield bool(state)


def _mig_handles(pynvml: Any, handle: Any) -> Iterator[Any]:
    """The slices that exist; numbers in between can be unused."""
    for index in range(_ask(pynvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0):
        child = _ask(pynvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, index)
        if child is not None:
            yield child


def _slice(pynvml: Any, handle: Any) -> dict[str, Any]:
    return {
        "name": _text(_ask(pynvml.nvmlDeviceGetName, handle)),
        "uuid": _text(_ask(pynvml.nvmlDeviceGetUUID, handle)),
        "gpu_instance": _ask(pynvml.nvmlDeviceGetGpuInstanceId, handle),
        "compute_instance": _ask(pynvml.nvmlDeviceGetComputeInstanceId, handle),
        **_memory(pynvml, handle),
    }
