"""Huawei Ascend devices by the text that ``npu-smi info`` prints.

The text has no stable format; it is read by its shape: a row with an NPU's number and name, followed by rows of its
chips that end in ``used / total`` pairs in MB (HBM last; boards without HBM show their DDR there).
"""

import os
import re
from collections.abc import Mapping

from llmpick.hardware.device import Device, Found, Probe
from llmpick.hardware.files import exists

_TOOL = "/usr/local/sbin/npu-smi"
_LIMIT_SECONDS = 10.0
_MEBI = 2**20
_PAIR = re.compile(r"([0-9]+)\s*/\s*([0-9]+)")
_ADDRESS = re.compile(r"[0-9A-Fa-f]{4}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.[0-9]")


def probe_ascend(environment: Mapping[str, str]) -> Found:
    """All chips that npu-smi lists."""
    import subprocess

    tool = next((path for path in _tools(environment) if exists("/", path)), None)
    if tool is None:
        remedy = "Install npu-smi or describe the devices with --gpu."
        return Found(Probe(probe="npu-smi", status="unsupported", detail="Ascend devices, no npu-smi", remedy=remedy))
    try:
        run = subprocess.run([tool, "info"], capture_output=True, text=True, timeout=_LIMIT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return Found(Probe(probe="npu-smi", status="broken", detail="npu-smi hangs", remedy="Restart the machine."))
    devices = parse_npu_smi(run.stdout)
    if devices:
        return Found(Probe(probe="npu-smi", status="ok", detail=f"{len(devices)} chips"), devices)
    detail = (run.stdout + run.stderr).strip().splitlines()[-1:] or ["npu-smi printed nothing"]
    return Found(Probe(probe="npu-smi", status="broken", detail=detail[0], remedy="Check that npu-smi info works."))


def _tools(environment: Mapping[str, str]) -> list[str]:
    return [os.path.join(path, "npu-smi") for path in environment.get("PATH", "").split(":") if path] + [_TOOL]


def parse_npu_smi(text: str) -> tuple[Device, ...]:
    """The devices in the table of ``npu-smi info``; chips that show no memory are left out."""
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in text.splitlines()]
    held = _process_bytes(rows)
    devices: list[Device] = []
    npu = name = ""
    for cells in rows:
        words = cells[0].split()
        if len(cells) != 3 or not words or not words[0].isdigit():
            continue
        address = _ADDRESS.search(cells[1])
        if address is None:
            npu, name = words[0], words[1] if len(words) > 1 else ""
        elif name:
            devices += _chip(name, address[0], cells[2], held.get((npu, words[0]), 0))
    return tuple(devices)


def _process_bytes(rows: list[list[str]]) -> dict[tuple[str, str], int]:
    """(NPU, chip) -> memory of its processes, from the second table: NPU and chip, process id, name, memory in MB."""
    held: dict[tuple[str, str], int] = {}
    for cells in rows:
        place = tuple(cells[0].split())
        if len(cells) >= 4 and len(place) == 2 and cells[1].isdigit() and cells[3].isdigit():
            held[place[0], place[1]] = held.get((place[0], place[1]), 0) + int(cells[3]) * _MEBI
    return held


def _chip(name: str, address: str, usage: str, held: int) -> list[Device]:
    """``used`` contains what firmware and driver keep, which is what neither is free nor belongs to a process."""
    sizes = [(int(used), int(total)) for used, total in _PAIR.findall(usage) if int(total) > 0]
    if not sizes:
        return []
    used, total = (size * _MEBI for size in sizes[-1])
    usable = min(total, total - used + held)
    return [
        Device(
            name=f"Ascend {name}",
            vendor="huawei",
            source="npu-smi",
            total=total,
            reserved=total - usable,
            usable=usable,
            free=total - used,
            processes_used=held,
            pci_bus_id=address.lower(),
        )
    ]
