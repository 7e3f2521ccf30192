"""Machines as files: what ``hardware --save`` writes and ``--hardware FILE`` reads.

The keys are those of the JSON contract, so the output of ``hardware --json`` can be read as well. Sizes are bytes or
such as ``24GiB``; ``count`` repeats a device; ``gpu: RTX 3090`` takes a device from the catalog. A hand-written file
needs a device's ``name`` and ``total``, or ``gpu``::

    devices:
    - {gpu: RTX 3090, count: 2}
    - {name: Prototype, vendor: nvidia, total: 24GiB, bandwidth: 900GB/s}
    host: {total: 64GiB}
"""

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from llmpick.errors import InvalidFile, LlmpickError
from llmpick.hardware.described_memory import reserved_bytes, unified_usable_bytes
from llmpick.hardware.device import Device, Host, Machine, MigSlice, Probe, interconnect_of
from llmpick.hardware.located import MAX_BYTES, Located, compose

Rows = Mapping[str, Mapping[str, Any]]

_ENVELOPE = ("schema", "command", "hardware")
_MACHINE = ("devices", "host", "source", "interconnect", "hidden", "notes", "probes")
_SIZES = ("total", "reserved", "usable", "free", "processes_used")
_COUNTS = (
    *("cores", "core_clock_mhz", "memory_clock_mhz", "memory_bus_bits", "power_limit_watts"),
    *("nvlink_links", "pcie_generation", "pcie_lanes"),
)
_DEVICE = (*(field.name for field in fields(Device)), "count", "gpu")
_HOST = tuple(field.name for field in fields(Host))
_MIG = tuple(field.name for field in fields(MigSlice))
_INTERCONNECTS = ("nvlink", "pcie")
_MOST_DEVICES = 1024
_RATE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([GT])B/s", re.IGNORECASE)


def load_rig(path: str, rows: Rows | None = None) -> Machine:
    """The machine in the file ``path``; ``rows`` are the catalog's GPUs, needed for ``gpu:`` entries only.

    Raises InvalidFile with every error in the file as ``file:line:column: field: message``.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InvalidFile(
            f"{path}: {error.strerror or error}", "Write one with: llmpick hardware --save FILE"
        ) from None
    return parse_rig(data, path, rows)


def parse_rig(data: bytes, where: str = "rig", rows: Rows | None = None) -> Machine:
    """The machine that ``data`` describes; errors begin with ``where``. Raises InvalidFile."""
    document = compose(data, where)
    members = document.members()
    if "hardware" in members:
        document = document.known(_ENVELOPE)["hardware"]
    machine = _machine(document, where, rows)
    if document.errors:
        hint = "The keys are those of: llmpick hardware --json"
        raise InvalidFile("\n".join(document.errors), hint)
    return machine


def rig_text(machine: Machine) -> str:
    """The file for ``machine``: known values only, the same text for the same machine.

    Devices whose memory is unknown are left out: nothing could be planned with them.
    """
    import yaml

    whole = machine.to_json()
    kept = {
        "devices": [_known(device) for device in whole["devices"] if device["total"]],
        "host": _known(whole["host"]),
    }
    if machine.interconnect:
        kept["interconnect"] = machine.interconnect
    head = "# A machine for llmpick --hardware. Sizes are bytes, bandwidth is bytes per second.\n"
    text: str = yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=120)
    return head + text


def save_rig(machine: Machine, path: str) -> None:
    """Write ``machine`` to ``path``. Raises InvalidFile if that cannot be written."""
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(rig_text(machine))
    except OSError as error:
        raise InvalidFile(f"{path}: {error.strerror or error}") from None


def _known(record: Mapping[str, Any]) -> dict[str, Any]:
    nested = {name: _known(value) if isinstance(value, dict) else value for name, value in record.items()}
    return {name: value for name, value in nested.items() if value is not None}


def _machine(document: Located, where: str, rows: Rows | None) -> Machine:
    members = document.known(_MACHINE)
    if not members.keys() & {"devices", "host"}:
        document.wrong("neither devices nor host")
    devices = [device for entry in _entries(members.get("devices")) for device in _devices(entry, rows)]
    if len(devices) > _MOST_DEVICES:
        members["devices"].wrong(f"more than {_MOST_DEVICES} devices")
    return Machine(
        devices=tuple(devices[:_MOST_DEVICES]),
        host=_host(members["host"]) if "host" in members else Host(),
        probes=(Probe(probe="file", status="ok", detail=where),),
        source="described",
        interconnect=_interconnect(members.get("interconnect")) or interconnect_of(devices),
    )


def _entries(devices: Located | None) -> list[Located]:
    return devices.entries() if devices is not None else []


def _interconnect(member: Located | None) -> str | None:
    if member is None:
        return None
    if member.value in _INTERCONNECTS:
        return str(member.value)
    member.wrong(f"expected {' or '.join(_INTERCONNECTS)}")
    return None


def _devices(entry: Located, rows: Rows | None) -> list[Device]:
    members = entry.known(_DEVICE)
    count = members.pop("count").integer(1, _MOST_DEVICES) if "count" in members else 1
    described = _from_catalog(members.pop("gpu"), rows) if "gpu" in members else None
    values = {name: value for name, member in members.items() if (value := _value(name, member)) is not None}
    if described is None and not {"name", "total"} <= values.keys():
        if not entry.errors:
            entry.wrong("a device needs name and total, or gpu")
        return []
    base = described or Device(name=values["name"], vendor="unknown", source="file")
    device = replace(base, **values)
    _check(entry, device)
    return [_with_usable(device)] * (count or 1)


def _from_catalog(member: Located, rows: Rows | None) -> Device | None:
    name = member.text()
    if name is None:
        return None
    if rows is None:
        member.wrong("names are not looked up here; give name and total")
        return None
    from llmpick.hardware.description import parse_gpus

    try:
        gpus = parse_gpus([name], rows)
    except LlmpickError as error:
        member.wrong(f"{error.message}. {error.hint}".rstrip())
        return None
    if len(gpus) != 1 or gpus[0].count != 1:
        member.wrong("one GPU in each entry; repeat it with count")
        return None
    return gpus[0].device


def _value(name: str, member: Located) -> Any:
    if name in _SIZES:
        return member.size()
    if name in _COUNTS:
        return member.integer(0, 2**31)
    if name == "bandwidth":
        return _bandwidth(member)
    if name == "unified":
        return member.boolean()
    if name == "mig":
        return _mig(member)
    if name == "compute_capability" and isinstance(member.value, float):
        return str(member.value)
    return member.text()


def _bandwidth(member: Located) -> int | None:
    """Bytes per second, or ``936GB/s`` (decimal, as bandwidth is sold)."""
    match = _RATE.fullmatch(member.value) if isinstance(member.value, str) and len(member.value) < 40 else None
    if match is None:
        return member.integer(1, 2**60)
    return round(float(match[1]) * (10**12 if match[2] in "tT" else 10**9))


def _mig(member: Located) -> MigSlice | None:
    members = member.known(_MIG)
    numbers = ("gpu_instance", "compute_instance")
    values = {key: each.integer(0, 63) if key in numbers else each.text() for key, each in members.items()}
    if "parent_name" not in values:
        member.wrong("a slice needs parent_name")
        return None
    return MigSlice(**values)  # type: ignore[arg-type]


def _check(entry: Located, device: Device) -> None:
    """No part may be larger than the whole."""
    for part, whole in (("usable", "total"), ("free", "total"), ("reserved", "total")):
        smaller, larger = getattr(device, part), getattr(device, whole)
        if smaller is not None and larger is not None and smaller > larger:
            entry.wrong(f"{part} is more than {whole}")
    total, parts = device.total, (device.usable, device.reserved)
    if total is not None and None not in parts and sum(part or 0 for part in parts) > total:
        entry.wrong("usable and reserved together are more than total")


def _with_usable(device: Device) -> Device:
    """Usable memory by what the file says of reserved memory, else by the rule for described cards."""
    if device.usable is not None or device.total is None:
        return device
    if device.unified:
        return replace(
            device, usable=unified_usable_bytes(device.vendor, device.total, own_memory=device.vendor == "nvidia")
        )
    reserved = device.reserved if device.reserved is not None else reserved_bytes(device.total)
    return replace(device, reserved=reserved, usable=max(0, device.total - reserved))


def _host(entry: Located) -> Host:
    members = entry.known(_HOST)
    sizes = ("total", "available", "physical_total")
    values: dict[str, Any] = {name: members[name].size() for name in sizes if name in members}
    values |= {name: members[name].text() for name in ("limit_source", "platform") if name in members}
    if "cpu_count" in members:
        values["cpu_count"] = members["cpu_count"].integer(1, 2**20)
    if "bandwidth" in members:
        values["bandwidth"] = _bandwidth(members["bandwidth"])
    values.setdefault("available", values.get("total"))
    if None not in (values.get("total"), values["available"]) and values["available"] > values["total"]:
        entry.wrong("available is more than total")
    return Host(**values)
