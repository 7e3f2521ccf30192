"""Which catalog rows the devices of a machine are, and what a row adds where the driver is silent.

What the driver says stands: the catalog only fills what it left open (bandwidth without a memory clock, the
instruction set without KFD), and differences that a reader should know of become notes.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from llmpick.hardware.device import Device, Machine
from llmpick.hardware.gpu_names import GpuNames, Match, Row

BANDWIDTH_TOLERANCE = 0.03
"""NVML's clock and bus width are within 0.1 % of the published figure on 19 of 20 cards, 2.4 % above on the H200."""


def recognised(machine: Machine, rows: Mapping[str, Row]) -> Machine:
    """``machine`` with ``gpu_id`` and the gaps of each device filled from ``rows``, and notes on what does not agree.

    A MIG slice gets the row of the GPU that it is part of; its own sizes and bandwidth are never replaced.
    """
    if all(device.gpu_id for device in machine.devices):
        return machine
    names = GpuNames(rows)
    told = [_device(device, names) for device in machine.devices]
    notes = dict.fromkeys((*machine.notes, *(note for _, found in told for note in found)))
    return replace(machine, devices=tuple(device for device, _ in told), notes=tuple(notes))


def _device(device: Device, names: GpuNames) -> tuple[Device, tuple[str, ...]]:
    if device.gpu_id is not None:
        return device, ()
    match = _match(device, names)
    if match is None:
        return device, ()
    known = replace(device, gpu_id=match.gpu_id, **_gaps(device, match.row))
    return known, (*match.notes, *_contradictions(device, match.row))


def _match(device: Device, names: GpuNames) -> Match | None:
    """By name, memory, cores and bandwidth; a slice by its parent's name alone; else by the PCI device."""
    if device.mig is not None:
        return names.reported(device.mig.parent_name)
    found = names.reported(device.name, device.total, device.bandwidth, device.cores)
    if found is None and device.pci_device_id:
        ids = names.by_pci_id(device.vendor, device.pci_device_id.partition(":")[2], device.pci_revision)
        found = names.reported(names.rows[ids[0]]["name"], device.total) if len(ids) == 1 else None
    return found


def _gaps(device: Device, row: Row) -> dict[str, Any]:
    """Fields that the driver left open and the row knows."""
    offered: dict[str, Any] = {"compute_capability": row.get("compute_capability"), "architecture": row.get("gfx")}
    if device.mig is None and row.get("bandwidth_gbs"):
        offered |= {"bandwidth": round(row["bandwidth_gbs"] * 1e9), "bandwidth_source": "catalog"}
    if device.bandwidth is not None:
        offered.pop("bandwidth_source", None)
    return {name: value for name, value in offered.items() if value is not None and getattr(device, name) is None}


def _contradictions(device: Device, row: Row) -> tuple[str, ...]:
    """A bandwidth that is not the catalog's: another memory than the card was sold with, or a wrong row."""
    if device.mig is not None or device.bandwidth is None or not row.get("bandwidth_gbs"):
        return ()
    listed = row["bandwidth_gbs"] * 1e9
    if abs(device.bandwidth - listed) <= BANDWIDTH_TOLERANCE * listed:
        return ()
    return (
        f"{device.name}: the driver's memory clock and bus width give {device.bandwidth / 1e9:.0f} GB/s, "
        f"the catalog {row['bandwidth_gbs']:g} GB/s; the driver's figure is used",
    )
