"""The machine a command judges: described by options, loaded from a file, or detected."""

from typing import TYPE_CHECKING

from llmpick.cli import options
from llmpick.errors import UsageError

if TYPE_CHECKING:
    from llmpick.catalog import Catalog
    from llmpick.hardware.device import Machine
    from llmpick.runtimes.base import Budget


def chosen_machine(
    catalog: "Catalog", gpu: list[str] | None, ram: str | None, hardware: str | None
) -> tuple["Machine", tuple[str, ...]]:
    """The machine and what its user should know about how it was understood."""
    from dataclasses import replace

    from llmpick.hardware.device import described_machine

    ram_bytes = options.size_bytes(ram)
    if gpu and hardware:
        raise UsageError("--gpu and --hardware both describe the machine", "give one of them")
    if hardware:
        from llmpick.hardware.recognition import recognised
        from llmpick.hardware.rig import load_rig

        machine = recognised(load_rig(hardware, catalog.gpus), catalog.gpus)
    elif gpu:
        from llmpick.hardware.description import devices_of, notes_of, parse_gpus, says_none

        if says_none(gpu):
            if ram_bytes is None:
                raise UsageError(
                    f"--gpu {gpu[0]} leaves the host's memory, and its size was not said", "add --ram 64GB"
                )
            return described_machine((), ram_bytes), ()
        described = parse_gpus(gpu, catalog.gpus)
        return described_machine(devices_of(described), ram_bytes), notes_of(described)
    else:
        from llmpick.hardware.machine import detect
        from llmpick.hardware.recognition import recognised

        machine = recognised(detect(), catalog.gpus)
    if ram_bytes is not None:
        machine = replace(machine, host=replace(machine.host, total=ram_bytes, available=ram_bytes))
    return machine, machine.notes


def budgets(machine: "Machine", free: bool) -> tuple["Budget", ...]:
    """What the devices that work together can give; devices of unknown memory are left out."""
    from llmpick.runtimes.base import Budget

    found = []
    for device in machine.largest_group(free):
        size = device.budget(free)
        if size is not None:
            found.append(Budget(device.name, size, device.unified, device.vendor))
    return tuple(found)


def host_bytes(machine: "Machine", free: bool) -> int | None:
    """Host memory that a model may use; none of it again where the device is the host."""
    if any(device.unified for device in machine.largest_group(free)):
        return None
    return machine.host.available if free else machine.host.total
