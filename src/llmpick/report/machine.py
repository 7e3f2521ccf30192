"""The answers of ``llmpick hardware`` and ``llmpick gpus``."""

from collections.abc import Mapping, Sequence
from typing import Any

from llmpick.hardware.device import Device, Machine
from llmpick.hardware.explain import explain
from llmpick.report.document import Cell, Column, Document, Lines, Section, Styled, Table
from llmpick.units import format_bytes

_STATUS_STYLES = {"ok": "good", "absent": "dim", "denied": "bad", "broken": "bad", "unsupported": "warn"}


def machine_document(machine: Machine, notes: Sequence[str]) -> Document:
    """Devices, host and probes."""
    data = {"schema": 1, "command": "hardware", "hardware": machine.to_json()}
    return Document(data, lambda: _sections(machine, notes))


def _sections(machine: Machine, notes: Sequence[str]) -> list[Section]:
    sections: list[Section] = [Lines(explain(machine))]
    if machine.devices:
        sections.append(_device_table(machine.devices))
    if machine.probes:
        sections.append(_probe_table(machine))
    if notes:
        sections.append(Lines([Styled(note, "dim") for note in notes]))
    return sections


def _device_table(devices: Sequence[Device]) -> Table:
    columns = [
        Column("Device"), Column("Total", right=True), Column("Reserved", right=True, keep=3), Column("Usable", right=True),
        Column("Free now", right=True), Column("Bandwidth", right=True, keep=1), Column("Compute", keep=2),
        Column("Source", keep=4),
    ]  # fmt: skip
    return Table(columns, [_device_cells(device) for device in devices], title="Devices")


def _device_cells(device: Device) -> list[Cell]:
    return [
        device.name, _size(device.total), _size(device.reserved), _size(device.usable), _size(device.free),
        f"{device.bandwidth / 1e9:.0f} GB/s" if device.bandwidth else "unknown",
        device.compute_capability or device.architecture or "", device.source,
    ]  # fmt: skip


def _size(size_bytes: int | None) -> str:
    return "unknown" if size_bytes is None else format_bytes(size_bytes)


def _probe_table(machine: Machine) -> Table:
    rows: list[list[Cell]] = [[probe.probe, Styled(probe.status, _STATUS_STYLES[probe.status]), probe.detail, probe.remedy]
            for probe in machine.probes]  # fmt: skip
    return Table(
        [Column("Probe"), Column("Status"), Column("Detail", shrink_to=24), Column("What to do", keep=1, shrink_to=20)], rows,
        title="How it was found out",
    )  # fmt: skip


GPU_KEYS = ("vendor", "form", "memory_mib", "bandwidth_gbs", "compute_capability", "fp16_tflops", "release_date",
            "launch_price_usd", "confidence")  # fmt: skip


def gpus_document(rows: Mapping[str, Mapping[str, Any]]) -> Document:
    """A table of GPU rows."""
    data = {
        "schema": 1,
        "command": "gpus",
        "count": len(rows),
        "gpus": [{"id": gpu, **row} for gpu, row in rows.items()],
    }
    return Document(data, lambda: [_gpu_table(rows)])


def _gpu_table(rows: Mapping[str, Mapping[str, Any]]) -> Table:
    columns = [
        Column("GPU"), Column("Form", keep=2), Column("Memory", right=True), Column("Bandwidth", right=True),
        Column("Compute", keep=3), Column("Released", keep=4), Column("Launch price", right=True, keep=5),
        Column("Confidence", keep=1),
    ]  # fmt: skip
    return Table(columns, [_gpu_cells(row) for row in rows.values()], notes=[f"{len(rows)} GPUs"])


def _gpu_cells(row: Mapping[str, Any]) -> list[Cell]:
    return [
        row["name"], row["form"], f"{row['memory_mib'] / 1024:g} GB" if row.get("memory_mib") else "the computer's",
        f"{row['bandwidth_gbs']:g} GB/s" if row.get("bandwidth_gbs") else "unknown",
        row.get("compute_capability") or row.get("gfx") or "", row.get("release_date", ""),
        f"${row['launch_price_usd']:,.0f}" if row.get("launch_price_usd") else "", row.get("confidence", ""),
    ]  # fmt: skip


def gpu_document(gpu_id: str, row: Mapping[str, Any], notes: Sequence[str]) -> Document:
    """All that is known of one GPU."""
    data = {"schema": 1, "command": "gpus", "count": 1, "gpus": [{"id": gpu_id, **row}], "notes": list(notes)}
    rows = [[key.replace("_", " "), _plain(value)] for key, value in row.items() if key != "name"]
    table = Table([Column("Fact"), Column("Value", shrink_to=30)], rows, title=str(row["name"]), notes=notes)
    return Document(data, lambda: [table])


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
