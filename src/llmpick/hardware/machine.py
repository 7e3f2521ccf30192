"""Looking at this machine: every probe in turn, none of which can end the program."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping

from llmpick.hardware.device import Found, Host, Machine, Probe, described_machine, interconnect_of, safely
from llmpick.hardware.files import exists, list_dir
from llmpick.hardware.host import probe_host, unknown_host
from llmpick.hardware.pci import Card, drm_cards

NVML_LIMIT_SECONDS = 5.0
AMD_VENDOR, INTEL_VENDOR = 0x1002, 0x8086
ROOT_VARIABLE = "LLMPICK_SYSFS_ROOT"


def detect(
    root: str | None = None,
    environment: Mapping[str, str] | None = None,
    nvml_limit_seconds: float = NVML_LIMIT_SECONDS,
) -> Machine:
    """The devices a program started here would see, the host's memory, and a report of every probe.

    ``root`` (or ``LLMPICK_SYSFS_ROOT``) replaces / for everything read from /proc, /sys and /dev. Never raises.
    """
    environment = os.environ if environment is None else environment
    root = root or environment.get(ROOT_VARIABLE) or "/"
    host, host_probe = _host(root)
    found = [safely(name, look) for name, look in _probes(root, environment, host, nvml_limit_seconds)]
    devices = tuple(device for each in found for device in each.devices)
    return Machine(
        devices=devices,
        host=host,
        probes=(*(each.probe for each in found), host_probe),
        source="detected",
        interconnect=interconnect_of(devices),
        hidden=tuple(device for each in found for device in each.hidden),
        notes=tuple(note for each in found for note in each.notes),
    )


def _host(root: str) -> tuple[Host, Probe]:
    """A replaced root without /proc describes cards only; the host is then the real one."""
    try:
        return probe_host(root if exists(root, "/proc") else "/")
    except Exception as error:
        return unknown_host(error)


def _probes(
    root: str, environment: Mapping[str, str], host: Host, nvml_limit_seconds: float
) -> Iterator[tuple[str, Callable[[], Found]]]:
    """Modules are imported only where their hardware may be: most machines need one of them."""
    yield "nvml", lambda: _nvidia(root, environment, host, nvml_limit_seconds)
    if sys.platform == "darwin" and root == "/":
        yield "metal", lambda: _apple(host)
    elif sys.platform == "win32" and root == "/":
        yield "windows-registry", _windows
    else:
        shown = drm_cards(root)
        yield "amdgpu", lambda: _amd(root, environment, host, shown)
        yield "intel", lambda: _intel(root, host, shown)
        yield "npu-smi", lambda: _ascend(root, environment)


def _nvidia(root: str, environment: Mapping[str, str], host: Host, limit_seconds: float) -> Found:
    from llmpick.hardware.driver import library_answers, without_library

    if not library_answers(environment):
        return without_library(root, host)
    from llmpick.hardware.nvidia import probe_nvidia

    return probe_nvidia(root, environment, host, limit_seconds)


def _amd(root: str, environment: Mapping[str, str], host: Host, shown: list[Card]) -> Found:
    cards = [card for card in shown if card.vendor == AMD_VENDOR]
    if not cards:
        return _absent("amdgpu", "no AMD card in /sys/class/drm")
    from llmpick.hardware.amd import probe_amd

    return probe_amd(root, environment, host, cards)


def _intel(root: str, host: Host, shown: list[Card]) -> Found:
    cards = [card for card in shown if card.vendor == INTEL_VENDOR]
    if not cards:
        return _absent("intel", "no Intel card in /sys/class/drm")
    from llmpick.hardware.intel import probe_intel

    return probe_intel(root, host, cards)


def _apple(host: Host) -> Found:
    from llmpick.hardware.apple import probe_apple

    return probe_apple(host)


def _windows() -> Found:
    from llmpick.hardware.windows import probe_windows

    return probe_windows()


def _ascend(root: str, environment: Mapping[str, str]) -> Found:
    if not any(name.startswith("davinci") for name in list_dir(root, "/dev")):
        return _absent("npu-smi", "no /dev/davinci*")
    from llmpick.hardware.ascend import probe_ascend

    return probe_ascend(environment)


def _absent(probe: str, detail: str) -> Found:
    return Found(Probe(probe=probe, status="absent", detail=detail))


__all__ = ["Machine", "described_machine", "detect"]
