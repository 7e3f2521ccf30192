"""What a machine has for models: devices, host memory, and how each number was found.

All sizes are bytes, bandwidth is bytes per second. Unknown is None, never 0. The records hold what was measured or
declared; they decide nothing about what fits.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

Status = Literal["ok", "absent", "denied", "broken", "unsupported"]
STATUSES: tuple[Status, ...] = ("ok", "absent", "denied", "broken", "unsupported")


@dataclass(frozen=True, slots=True, kw_only=True)
class MigSlice:
    """Where a MIG device comes from: one GPU instance (``gpu_instance``) and compute instance of a parent GPU."""

    parent_name: str
    parent_uuid: str | None = None
    profile: str | None = None
    gpu_instance: int | None = None
    compute_instance: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One accelerator, or one MIG slice of it, as a program would see it.

    ``total`` is the memory on the board, ``reserved`` what the driver keeps of it, ``usable`` what all programs
    together can have (total minus reserved), ``free`` what nobody holds now. ``unified`` devices use the host's
    memory: their sizes are host memory and must not be added to it. ``total``, ``usable`` and ``free`` are None where
    the driver does not tell.
    """

    name: str
    vendor: str
    source: str
    uuid: str | None = None
    total: int | None = None
    reserved: int | None = None
    usable: int | None = None
    free: int | None = None
    unified: bool = False
    mig: MigSlice | None = None
    compute_capability: str | None = None
    architecture: str | None = None
    """The vendor's own name for the instruction set where it is not a compute capability: ``gfx1100``."""
    bandwidth: int | None = None
    bandwidth_source: str | None = None
    memory_clock_mhz: int | None = None
    memory_bus_bits: int | None = None
    processes_used: int | None = None
    """Bytes that the driver attributes to running processes; None where it does not say."""
    cores: int | None = None
    """CUDA cores, AMD compute units or Apple GPU cores, as the vendor counts them."""
    core_clock_mhz: int | None = None
    power_limit_watts: int | None = None
    nvlink_links: int | None = None
    """NVLinks that are up."""
    pcie_generation: int | None = None
    pcie_lanes: int | None = None
    pci_bus_id: str | None = None
    pci_device_id: str | None = None
    """``vendor:device`` in hexadecimal, as lspci writes it: ``10de:2204``."""
    pci_revision: str | None = None
    """In hexadecimal; AMD tells cards of one device number apart by it."""
    gpu_id: str | None = None
    """Its row of the GPU catalog (of a MIG slice: its parent's row); None if none is known."""

    def budget(self, free: bool = False) -> int | None:
        """Bytes a plan may count on: ``usable``, or with ``free`` what nobody holds now, never more than usable."""
        if not free:
            return self.usable
        known = [size for size in (self.free, self.usable) if size is not None]
        return min(known) if self.free is not None else None

    def to_json(self) -> dict[str, Any]:
        """Every field by its name; unknown fields are null."""
        return _as_json(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Main memory and processors as this process may use them (after cgroup and affinity limits)."""

    total: int | None = None
    available: int | None = None
    physical_total: int | None = None
    limit_source: str | None = None
    """What ``total`` follows from: ``physical``, a cgroup file, or ``described``."""
    cpu_count: int | None = None
    bandwidth: int | None = None
    platform: str | None = None
    """``linux``, ``wsl2``, ``macos`` or ``windows``."""

    def to_json(self) -> dict[str, Any]:
        """Every field by its name; unknown fields are null."""
        return _as_json(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What one way of looking found. ``remedy`` says what to do where ``status`` is not ``ok`` or ``absent``."""

    probe: str
    status: Status
    detail: str = ""
    remedy: str = ""

    def to_json(self) -> dict[str, Any]:
        """Every field by its name."""
        return _as_json(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """All devices that a program started here would see, the host, and how it was found out.

    ``hidden`` are devices that exist but are switched off by ``CUDA_VISIBLE_DEVICES`` and the like.
    ``interconnect`` is ``nvlink`` when every device has links up, ``pcie`` when one has none, else None (not known).
    """

    devices: tuple[Device, ...] = ()
    host: Host = Host()
    probes: tuple[Probe, ...] = ()
    source: Literal["detected", "described"] = "detected"
    interconnect: str | None = None
    hidden: tuple[Device, ...] = ()
    notes: tuple[str, ...] = ()

    def largest_group(self, free: bool = False) -> tuple[Device, ...]:
        """The devices one program can use together, choosing the group with the most memory.

        One MIG slice alone (slices cannot reach each other, and CUDA before release 570 shows a process only one),
        or all discrete cards of one vendor, or, where there is neither, one unified device (graphics inside a
        processor must not displace a card because the host has much memory). Equal groups keep the detected order.
        """
        devices = [device for device in self.devices if not device.unified] or list(self.devices)
        groups: dict[tuple[object, ...], list[Device]] = {}
        for position, device in enumerate(devices):
            alone = device.mig is not None or device.unified
            groups.setdefault((device.vendor, position if alone else -1), []).append(device)
        sizes = [(sum(device.budget(free) or 0 for device in group), group) for group in groups.values()]
        return tuple(max(sizes, key=lambda sized: sized[0])[1]) if sizes else ()

    def to_json(self) -> dict[str, Any]:
        """The ``hardware`` object of the JSON contract."""
        return {
            "source": self.source,
            "devices": [device.to_json() for device in self.devices],
            "host": self.host.to_json(),
            "interconnect": self.interconnect,
            "hidden": [device.to_json() for device in self.hidden],
            "notes": list(self.notes),
            "probes": [probe.to_json() for probe in self.probes],
        }


class Found:
    """What one probe returns: devices in the vendor's order, those hidden by the environment, and its report."""

    __slots__ = ("devices", "hidden", "notes", "probe")

    def __init__(
        self,
        probe: Probe,
        devices: "tuple[Device, ...]" = (),
        hidden: "tuple[Device, ...]" = (),
        notes: tuple[str, ...] = (),
    ) -> None:
        self.probe, self.devices, self.hidden, self.notes = probe, devices, hidden, notes


def described_machine(devices: "tuple[Device, ...] | list[Device]", ram_bytes: int | None) -> Machine:
    """A machine that somebody described: ``devices`` as given, ``ram_bytes`` of host memory (None: not said)."""
    host = Host(total=ram_bytes, available=ram_bytes, limit_source=None if ram_bytes is None else "described")
    return Machine(devices=tuple(devices), host=host, source="described", interconnect=interconnect_of(devices))


def interconnect_of(devices: "tuple[Device, ...] | list[Device]") -> str | None:
    """``nvlink`` if all of several devices have links up, ``pcie`` if one has none; None if alone or not known."""
    links = [device.nvlink_links for device in devices]
    if len(links) < 2 or None in links:
        return None
    return "nvlink" if all(links) else "pcie"


def safely(name: str, look: Callable[[], Found]) -> Found:
    """Run one probe; whatever it raises becomes a ``broken`` report: looking at hardware must never end the program."""
    try:
        return look()
    except Exception as error:
        detail = f"{type(error).__name__}: {error}"
        return Found(Probe(probe=name, status="broken", detail=detail, remedy="Please report this with the detail."))


def _as_json(record: Any) -> dict[str, Any]:
    values: Mapping[str, Any] = {field.name: getattr(record, field.name) for field in fields(record)}
    return {name: _as_json(value) if isinstance(value, MigSlice) else value for name, value in values.items()}
