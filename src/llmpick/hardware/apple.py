"""Apple silicon: one GPU that shares the host's memory, up to a budget that Metal states.

The budget is Metal's ``recommendedMaxWorkingSetSize``, which follows ``sysctl iogpu.wired_limit_mb``.
"""

import sys
from typing import Any, NamedTuple

from llmpick.hardware.described_memory import unified_usable_bytes
from llmpick.hardware.device import Device, Found, Host, Probe

_MEBI = 2**20
_LIMIT_SECONDS = 5.0


class Readings(NamedTuple):
    """What the system said; None where it did not."""

    chip: str | None
    arm64: bool
    memory_bytes: int | None
    wired_limit_mib: int | None
    working_set_bytes: int | None
    gpu_cores: int | None


def probe_apple(host: Host) -> Found:
    """The GPU of this Mac; absent elsewhere, without importing anything."""
    if sys.platform != "darwin":
        return Found(Probe(probe="metal", status="absent", detail="not macOS"))
    return interpret(_read(), host)


def interpret(readings: Readings, host: Host) -> Found:
    """The device that ``readings`` describe."""
    if not readings.arm64:
        remedy = "Describe the GPU with --gpu."
        return Found(Probe(probe="metal", status="unsupported", detail="a Mac with an Intel processor", remedy=remedy))
    budget, origin = _budget(readings)
    free = min(budget, host.available) if budget is not None and host.available is not None else None
    device = Device(
        name=readings.chip or "Apple silicon",
        vendor="apple",
        source=origin,
        total=readings.memory_bytes,
        usable=budget,
        free=free,
        unified=True,
        cores=readings.gpu_cores,
    )
    detail = f"GPU memory budget from {origin}"
    return Found(Probe(probe="metal", status="ok", detail=detail), (device,))


def _budget(readings: Readings) -> tuple[int | None, str]:
    """Metal's figure; else the limit somebody set; else what macOS gives by default."""
    if readings.working_set_bytes:
        return readings.working_set_bytes, "metal"
    if readings.wired_limit_mib:
        return readings.wired_limit_mib * _MEBI, "sysctl iogpu.wired_limit_mb"
    if readings.memory_bytes:
        return unified_usable_bytes("apple", readings.memory_bytes, own_memory=True), "rule (Metal did not answer)"
    return None, "sysctl"


def _read() -> Readings:
    import ctypes

    libc = ctypes.CDLL(None)
    return Readings(
        chip=_sysctl_text(libc, b"machdep.cpu.brand_string"),
        arm64=_sysctl_number(libc, b"hw.optional.arm64") == 1,
        memory_bytes=_sysctl_number(libc, b"hw.memsize"),
        wired_limit_mib=_sysctl_number(libc, b"iogpu.wired_limit_mb"),
        working_set_bytes=_metal_working_set(),
        gpu_cores=_gpu_cores(),
    )


def _sysctl(libc: Any, name: bytes) -> bytes | None:
    import ctypes

    size = ctypes.c_size_t()
    if libc.sysctlbyname(name, None, ctypes.byref(size), None, ctypes.c_size_t(0)):
        return None
    buffer = ctypes.create_string_buffer(size.value)
    if libc.sysctlbyname(name, buffer, ctypes.byref(size), None, ctypes.c_size_t(0)):
        return None
    return buffer.raw[: size.value]


def _sysctl_text(libc: Any, name: bytes) -> str | None:
    value = _sysctl(libc, name)
    return value.rstrip(b"\0").decode("utf-8", "replace") if value else None


def _sysctl_number(libc: Any, name: bytes) -> int | None:
    value = _sysctl(libc, name)
    return int.from_bytes(value, "little") if value else None


def _metal_working_set() -> int | None:
    """``MTLCreateSystemDefaultDevice().recommendedMaxWorkingSetSize`` through the Objective-C runtime."""
    import ctypes

    try:
        metal = ctypes.CDLL("/System/Library/Frameworks/Metal.framework/Metal")
        objc = ctypes.CDLL("/usr/lib/libobjc.dylib")
        metal.MTLCreateSystemDefaultDevice.restype = ctypes.c_void_p
        objc.sel_registerName.restype = ctypes.c_void_p
        device = metal.MTLCreateSystemDefaultDevice()
        selector = objc.sel_registerName(b"recommendedMaxWorkingSetSize")
        send = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p, ctypes.c_void_p)(("objc_msgSend", objc))
        return int(send(device, selector)) if device else None
    except (OSError, AttributeError):
        return None


def _gpu_cores() -> int | None:
    """Only the I/O registry tells how many GPU cores this bin of the chip has."""
    import subprocess

    command = ["/usr/sbin/ioreg", "-rc", "AGXAccelerator", "-d1"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_gpu_cores(run.stdout)


def parse_gpu_cores(text: str) -> int | None:
    """``"gpu-core-count" = 40`` in ioreg's output."""
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if name.strip().endswith('"gpu-core-count"') and value.strip().isdigit():
            return int(value)
    return None
