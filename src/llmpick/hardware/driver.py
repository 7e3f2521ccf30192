"""Is there an NVIDIA driver at all? Answered without ctypes and pynvml where the answer is plainly no.

Most machines without NVIDIA hardware import nothing of `nvidia` and `nvml`.
"""

import os
import sys
from collections.abc import Mapping
from typing import Any

from llmpick.hardware.device import Device, Found, Host, Probe
from llmpick.hardware.files import exists, read_bytes, read_text
from llmpick.hardware.pci import cards

NVIDIA_VENDOR = 0x10DE
_LIBRARY = "libnvidia-ml.so.1"
_DIRECTORIES = (
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/lib",
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib/wsl/lib",
    "/run/opengl-driver/lib",
)
_SIGNS = ("/dev/nvidiactl", "/proc/driver/nvidia", "/dev/dxg", "/dev/nvhost-ctrl")
_LARGEST_LOADER_CACHE = 2**24


def library_answers(environment: Mapping[str, str]) -> bool:
    """Whether NVML's library can be loaded (on Windows: whether it is worth asking pynvml, which knows the places)."""
    if sys.platform == "linux":
        return _may_exist(environment) and _loads(_LIBRARY)
    return sys.platform == "win32"


def _may_exist(environment: Mapping[str, str]) -> bool:
    """Where the loader would look; where it keeps no cache (musl, NixOS) it has to be asked itself."""
    paths = [path for path in environment.get("LD_LIBRARY_PATH", "").split(":") if path]
    if any(os.path.exists(os.path.join(path, _LIBRARY)) for path in (*paths, *_DIRECTORIES)):
        return True
    if any(exists("/", sign) for sign in _SIGNS):
        return True
    cache = read_bytes("/", "/etc/ld.so.cache", _LARGEST_LOADER_CACHE)
    return cache is None or _LIBRARY.encode() in cache


def _loads(library: str) -> bool:
    import ctypes

    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def without_library(root: str, host: Host) -> Found:
    """No NVML: a Jetson of before JetPack 6, a card without its driver, or (mostly) no NVIDIA card."""
    tegra = _tegra_device(root, host)
    if tegra is not None:
        return Found(Probe(probe="nvml", status="ok", detail="no NVML; an NVIDIA chip by its device tree"), (tegra,))
    if cards(root, NVIDIA_VENDOR):
        detail = "an NVIDIA card is on the PCI bus, but the driver's library libnvidia-ml is not here"
        remedy = "Install NVIDIA's driver; in a container, run it with --gpus all."
        return Found(Probe(probe="nvml", status="broken", detail=detail, remedy=remedy))
    return Found(Probe(probe="nvml", status="absent", detail="no NVIDIA driver"))


def _tegra_device(root: str, host: Host) -> Device | None:
    """The GPU of a Jetson whose system has no NVML: it shares the host's memory (from the device tree)."""
    if "nvidia,tegra" not in (read_text(root, "/proc/device-tree/compatible") or ""):
        return None
    name = read_text(root, "/proc/device-tree/model")
    return Device(
        name=name or "NVIDIA Tegra",
        vendor="nvidia",
        source="device-tree",
        **unified_memory(host),
    )


def unified_memory(host: Host) -> dict[str, Any]:
    """Sizes for a GPU without memory of its own: the host's, less what the operating system must keep."""
    from llmpick.hardware.described_memory import unified_usable_bytes

    usable = None if host.total is None else unified_usable_bytes("nvidia", host.total, own_memory=True)
    return {"total": host.physical_total, "usable": usable, "free": host.available, "unified": True}
