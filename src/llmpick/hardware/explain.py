"""The machine in plain words: what was found, what limits it, and what to do about what did not work."""

from llmpick.hardware.device import Device, Host, Machine, Probe
from llmpick.units import format_bytes


def explain(machine: Machine) -> list[str]:
    """One sentence a line: devices, host, then notes and remedies. The same machine gives the same lines."""
    lines = [_device(device) for device in machine.devices] or ["No GPU was found: models would run on the processor."]
    lines += _groups(machine)
    lines.append(_host(machine.host))
    lines += [f"Hidden by the environment: {device.name}." for device in machine.hidden]
    lines += [f"Note: {note}" for note in machine.notes]
    return lines + [_trouble(probe) for probe in machine.probes if _is_trouble(probe)]


def _is_trouble(probe: Probe) -> bool:
    """Absent hardware is nothing to talk about; a probe that worked can still have something to remedy."""
    return probe.status not in ("ok", "absent") or (probe.status == "ok" and bool(probe.remedy))


def _trouble(probe: Probe) -> str:
    state = "" if probe.status == "ok" else f" is {probe.status}"
    return f"{probe.probe}{state}: {probe.detail}. {probe.remedy}".rstrip()


def _device(device: Device) -> str:
    parts = [_memory(device)]
    if device.bandwidth:
        parts.append(f"{device.bandwidth / 1e9:.0f} GB/s")
    if device.compute_capability:
        parts.append(f"compute capability {device.compute_capability}")
    if device.architecture:
        parts.append(device.architecture)
    return f"{device.name} ({device.source}): {', '.join(parts)}."


def _memory(device: Device) -> str:
    if device.total is None:
        return "memory unknown"
    parts = [format_bytes(device.total)]
    if device.unified:
        parts[0] += " shared with the processor"
    if device.reserved:
        parts.append(f"{format_bytes(device.reserved)} kept by the driver")
    parts.append("usable unknown" if device.usable is None else f"{format_bytes(device.usable)} usable")
    parts.append("free unknown" if device.free is None else f"{format_bytes(device.free)} free now")
    return ", ".join(parts)


def _groups(machine: Machine) -> list[str]:
    """Why fewer devices may be used together than are listed."""
    lines = []
    slices = [device for device in machine.devices if device.mig]
    if len(slices) > 1:
        lines.append(f"{len(slices)} MIG slices: a program can use one of them, as slices cannot be joined.")
    if len({device.vendor for device in machine.devices}) > 1:
        lines.append("Devices of different makers are not used together.")
    return lines


def _host(host: Host) -> str:
    if host.total is None:
        return "Host memory is unknown."
    text = f"Host: {format_bytes(host.total)} of memory"
    if host.physical_total is not None and host.total < host.physical_total:
        text += f" (limited by {host.limit_source}; the machine has {format_bytes(host.physical_total)})"
    if host.available is not None:
        text += f", {format_bytes(host.available)} available"
    if host.cpu_count:
        text += f", {host.cpu_count} processors"
    return text + "."
