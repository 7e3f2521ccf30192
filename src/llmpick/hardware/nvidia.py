"""NVIDIA devices: what NVML's answers mean, and what to do when there are none.

Usable memory is total minus reserved. ``used`` is never read: versions of NVML disagree on whether it contains the
reserved part.
"""

import sys
from collections.abc import Mapping
from typing import Any

from llmpick.hardware import nvml
from llmpick.hardware.deadline import CrashedError, OverdueError, call
from llmpick.hardware.device import Device, Found, Host, MigSlice, Probe, Status
from llmpick.hardware.driver import NVIDIA_VENDOR, unified_memory
from llmpick.hardware.files import exists
from llmpick.hardware.nvidia_order import visible_gpus
from llmpick.hardware.pci import cards

_NO_OWN_MEMORY = frozenset({"5.3", "6.2", "7.2", "8.7", "10.1", "11.0", "12.1"})
"""Compute capabilities of chips without memory of their own: the Tegra line and GB10 (NVIDIA's list of CUDA GPUs).

NVML answers NotSupported for their memory, or 0, or a part of the host's. The list is closed on purpose: a discrete
GPU that fails to answer must not be taken for one that has all of the host's memory.
"""

_INIT_FAILURES: Mapping[int, tuple[Status, str]] = {
    nvml.NO_PERMISSION: (
        "denied",
        "Allow this user to open /dev/nvidiactl and /dev/nvidia0; in a container, pass the GPU in (--gpus all).",
    ),
    nvml.LIB_RM_VERSION_MISMATCH: (
        "broken",
        "The driver was updated while the old one is still loaded: restart the machine (or reload the nvidia modules).",
    ),
    nvml.DRIVER_NOT_LOADED: (
        "broken",
        "Load the driver (sudo modprobe nvidia; with Secure Boot its module must be signed), or in a container pass "
        "the GPU in (--gpus all).",
    ),
}


def probe_nvidia(root: str, environment: Mapping[str, str], host: Host, limit_seconds: float) -> Found:
    """All NVIDIA devices that CUDA would show in this environment. NVML's library is known to load (see `driver`)."""
    try:
        answer = call(nvml.read, limit_seconds)
    except OverdueError:
        detail = f"NVML did not answer within {limit_seconds:g} s: the driver hangs"
        return Found(_probe("broken", detail, "Look for Xid errors in dmesg; a restart usually helps."))
    except CrashedError as error:
        remedy = "Check that nvidia-smi works; reinstall nvidia-ml-py if the detail says it is missing."
        return Found(_probe("broken", str(error), remedy))
    if "error" in answer:
        return _init_failure(root, answer)
    return _found(answer, environment, host)


def _probe(status: Status, detail: str, remedy: str = "") -> Probe:
    return Probe(probe="nvml", status=status, detail=detail, remedy=remedy)


def _init_failure(root: str, answer: Mapping[str, Any]) -> Found:
    code, message = answer["error"], answer["message"]
    if code == nvml.LIBRARY_NOT_FOUND:
        return Found(_probe("absent", message))
    status, remedy = _INIT_FAILURES.get(code, ("broken", "Check that nvidia-smi works; a restart often helps."))
    if code == nvml.DRIVER_NOT_LOADED and not cards(root, NVIDIA_VENDOR):
        status = "absent"  # the library is installed on a machine or container that has no card
    return Found(_probe(status, message, remedy))


def _found(answer: Mapping[str, Any], environment: Mapping[str, str], host: Host) -> Found:
    rows = answer["devices"]
    lost = [row for row in rows if _is_lost(row)]
    devices = [device for row in rows if row not in lost for device in _devices(row, host)]
    visible, hidden, notes = visible_gpus(devices, environment)
    return Found(_report(answer, rows, lost, devices), visible, hidden, notes)


def _is_lost(row: Mapping[str, Any]) -> bool:
    return "error" in row or row.get("memory_error") == nvml.GPU_IS_LOST


def _report(answer: Mapping[str, Any], rows: list[Any], lost: list[Any], devices: list[Device]) -> Probe:
    details = [f"driver {answer['driver']}"] if answer["driver"] else []
    remedies = []
    if answer["cuda"]:
        details.append(f"CUDA {answer['cuda'] // 1000}.{answer['cuda'] % 1000 // 10}")
    for row in lost:
        details.append(f"GPU {row['index']}: {row['message']}")
        remedies.append(
            "A lost GPU comes back with a restart; look for Xid errors in dmesg and check power and seating."
        )
    for row in rows:
        if row.get("mig_enabled") and not row["slices"]:
            details.append(f"GPU {row['index']} is in MIG mode but has no instances")
            remedies.append("Create instances (nvidia-smi mig -cgi ... -C) or switch MIG off (nvidia-smi -mig 0).")
    details += [f"{device.name}: memory unknown" for device in devices if device.total is None]
    details += [f"{device.name}: reserved memory unknown" for device in devices if _only_version_1(device)]
    if sys.platform == "linux" and exists("/", "/dev/dxg"):
        details.append("WSL2: free memory excludes what Windows holds")
    status: Status = "ok" if len(lost) < len(rows) else "broken" if rows else "absent"
    return _probe(status, "; ".join(details), " ".join(dict.fromkeys(remedies)))


def _only_version_1(device: Device) -> bool:
    return device.total is not None and device.reserved is None and not device.unified


def _devices(row: Mapping[str, Any], host: Host) -> list[Device]:
    """The GPU, or its slices when it is in MIG mode."""
    if row["mig_enabled"]:
        return [_mig_device(row, piece) for piece in row["slices"]]
    memory = unified_memory(host) if _capability(row) in _NO_OWN_MEMORY else _own_memory(row)
    bandwidth = peak_bandwidth(row["memory_clock_mhz"], row["memory_bus_bits"])
    return [
        Device(
            **_common(row),
            **memory,
            bandwidth=bandwidth,
            bandwidth_source="nvml: 2 x memory clock x bus width" if bandwidth else None,
            nvlink_links=row["nvlink_links"],
        )
    ]


def _common(row: Mapping[str, Any]) -> dict[str, Any]:
    same = ("memory_clock_mhz", "memory_bus_bits", "cores", "core_clock_mhz", "power_limit_watts")
    return {
        "name": row["name"] or "NVIDIA GPU",
        "vendor": "nvidia",
        "source": "nvml",
        "uuid": row["uuid"],
        "compute_capability": _capability(row),
        "pci_bus_id": row["pci_bus_id"],
        "pci_device_id": _pci_device_id(row["pci_device"]),
        "pcie_generation": row["pcie_generation"],
        "pcie_lanes": row["pcie_lanes"],
        **{name: row[name] for name in same},
    }


def _capability(row: Mapping[str, Any]) -> str | None:
    pair = row["compute_capability"]
    return f"{pair[0]}.{pair[1]}" if pair else None


def _pci_device_id(combined: int | None) -> str | None:
    """NVML packs device and vendor into one number: 0x220410de is ``10de:2204``."""
    return f"{combined & 0xFFFF:04x}:{combined >> 16:04x}" if combined else None


def _own_memory(row: Mapping[str, Any]) -> dict[str, Any]:
    """Without version 2 nobody knows what the driver reserves: then only free memory and what processes hold counts."""
    if not row.get("total"):
        return {}
    total, free, reserved, held = row["total"], row["free"], row["reserved"], row["process_bytes"]
    usable = total - reserved if reserved is not None else min(total, free + (held or 0))
    return {"total": total, "reserved": reserved, "usable": usable, "free": free, "processes_used": held}


def peak_bandwidth(memory_clock_mhz: int | None, memory_bus_bits: int | None) -> int | None:
    """Bytes per second: 2 * clock * bus / 8, as NVML's clock counts once for the two transfers in each cycle.

    Within 0.1 % of the published figure on 19 of 20 cards from Pascal to Blackwell (H200: 2.4 % above).
    """
    if not memory_clock_mhz or not memory_bus_bits:
        return None
    return 2 * memory_clock_mhz * 10**6 * memory_bus_bits // 8


def _mig_device(parent: Mapping[str, Any], piece: Mapping[str, Any]) -> Device:
    """A slice with memory of its own and the share of the parent's bandwidth that belongs to that memory."""
    parent_name = parent["name"] or "NVIDIA GPU"
    name = piece["name"] or parent_name
    _, found, profile = name.rpartition(" MIG ")
    origin = MigSlice(
        parent_name=parent_name,
        parent_uuid=parent["uuid"],
        profile=profile if found else None,
        gpu_instance=piece["gpu_instance"],
        compute_instance=piece["compute_instance"],
    )
    # What describes the whole GPU would overstate a slice.
    whole = ("cores", "power_limit_watts", "memory_bus_bits", "memory_clock_mhz")
    common = {**_common(parent), **dict.fromkeys(whole), "name": name, "uuid": piece["uuid"]}
    bandwidth = slice_bandwidth(parent, piece)
    return Device(
        **common,
        **_own_memory(piece),
        mig=origin,
        nvlink_links=0,
        bandwidth=bandwidth,
        bandwidth_source="nvml: the parent's, by eighths of its memory" if bandwidth else None,
    )


def slice_bandwidth(parent: Mapping[str, Any], piece: Mapping[str, Any]) -> int | None:
    """MIG divides memory and its channels into eighths (NVIDIA MIG user guide, profile tables).

    A slice reports a little less than its eighths, never a quarter of an eighth more.
    """
    whole = peak_bandwidth(parent["memory_clock_mhz"], parent["memory_bus_bits"])
    if not (whole and parent.get("total") and piece.get("total")):
        return None
    eighths = (8 * piece["total"] * 4 + parent["total"]) // (4 * parent["total"])
    return whole * min(8, eighths) // 8 or None
