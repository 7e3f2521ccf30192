"""Windows without NVIDIA: graphics cards by the driver keys in the registry.

The registry's 64-bit size is right where the older interface (AdapterRAM) stops at 4 GB. Free memory is unknown:
Windows pages graphics memory, so any figure would flatter.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping

from llmpick.hardware.described_memory import reserved_bytes
from llmpick.hardware.device import Device, Found, Probe

_CLASS = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}"
_VENDORS = {"1002": "amd", "8086": "intel"}
_PCI_ID = re.compile(r"VEN_([0-9A-F]{4})&DEV_([0-9A-F]{4})", re.IGNORECASE)


def probe_windows() -> Found:
    """AMD and Intel cards of this Windows machine; absent elsewhere."""
    if os.name != "nt":
        return Found(Probe(probe="windows-registry", status="absent", detail="not Windows"))
    return interpret(_keys())


def interpret(keys: Iterable[Mapping[str, object]]) -> Found:
    """The devices that the display class's ``keys`` describe. NVIDIA's are NVML's business."""
    devices = tuple(device for key in keys if (device := _device(key)) is not None)
    if not devices:
        return Found(Probe(probe="windows-registry", status="absent", detail="no AMD or Intel card"))
    return Found(Probe(probe="windows-registry", status="ok", detail="free memory is not published"), devices)


def _device(key: Mapping[str, object]) -> Device | None:
    match = _PCI_ID.search(str(key.get("MatchingDeviceId", "")))
    size = key.get("HardwareInformation.qwMemorySize")
    if match is None or match[1].upper() not in _VENDORS or not isinstance(size, int) or not size:
        return None
    return Device(
        name=str(key.get("DriverDesc") or "GPU"),
        vendor=_VENDORS[match[1].upper()],
        source="windows-registry",
        total=size,
        usable=size - reserved_bytes(size),
        pci_device_id=f"{match[1]}:{match[2]}".lower(),
    )


def _keys() -> Iterator[dict[str, object]]:
    """The values of each display driver's key."""
    # Only Windows has winreg; its names are looked up late so that type checkers elsewhere need not know them.
    from importlib import import_module
    from typing import Any

    winreg: Any = import_module("winreg")
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _CLASS) as display:
        for number in range(winreg.QueryInfoKey(display)[0]):
            try:
                with winreg.OpenKey(display, winreg.EnumKey(display, number)) as key:
                    values = [winreg.EnumValue(key, index) for index in range(winreg.QueryInfoKey(key)[1])]
            except OSError:
                continue  # a key for administrators only
            yield {name: value for name, value, _ in values}
