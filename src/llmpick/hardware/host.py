"""Main memory and processors, as this process may use them.

Linux is read from /proc directly: psutil knows no cgroups and costs more to import than everything here. Elsewhere
psutil is asked.
"""

import os
import sys

from llmpick.hardware.cgroup import cpu_limit, memory_limits
from llmpick.hardware.device import Host, Probe
from llmpick.hardware.files import properties, read_text


def probe_host(root: str = "/") -> tuple[Host, Probe]:
    """The host and how it was read. ``root`` replaces / on Linux."""
    if sys.platform == "linux" or root != "/":
        return _linux(root)
    return _by_psutil()


def _linux(root: str) -> tuple[Host, Probe]:
    meminfo = properties(read_text(root, "/proc/meminfo"))
    physical, available = meminfo.get("MemTotal"), meminfo.get("MemAvailable")
    if physical is None:
        detail = "/proc/meminfo gives no MemTotal"
        return Host(cpu_count=_cpu_count(root)), Probe(probe="host", status="broken", detail=detail, remedy=_SAY_RAM)
    limits = [limit for limit in memory_limits(root) if limit.limit_bytes < physical]
    tightest = min(limits, key=lambda limit: limit.limit_bytes, default=None)
    left = [limit.left_bytes for limit in limits if limit.left_bytes is not None]
    host = Host(
        total=tightest.limit_bytes if tightest else physical,
        available=min([available, *left]) if available is not None else min(left, default=None),
        physical_total=physical,
        limit_source=tightest.source if tightest else "physical",
        cpu_count=_cpu_count(root),
        platform=_linux_kind(root),
    )
    return host, Probe(probe="host", status="ok", detail=_detail(host), remedy=_wsl_remedy(host))


_SAY_RAM = "Say how much memory there is with --ram."


def _detail(host: Host) -> str:
    detail = f"memory limit: {host.limit_source}"
    if host.platform == "wsl2":
        detail += "; WSL2: Windows decides how much memory Linux sees"
    return detail


def _wsl_remedy(host: Host) -> str:
    """WSL2 gives Linux half of the machine's memory unless told otherwise."""
    return "Raise [wsl2] memory= in .wslconfig to give Linux more memory." if host.platform == "wsl2" else ""


def _linux_kind(root: str) -> str:
    version = (read_text(root, "/proc/version") or "").lower()
    return "wsl2" if "microsoft" in version else "linux"


def _cpu_count(root: str) -> int | None:
    """Processors this process may run on (affinity), no more than its share of time allows, at least one."""
    allowed = _allowed_processors(read_text(root, "/proc/self/status") or "")
    quota = cpu_limit(root)
    counts = [count for count in (allowed, None if quota is None else max(1, int(quota))) if count is not None]
    return min(counts, default=None)


def _allowed_processors(status: str) -> int | None:
    """``Cpus_allowed_list: 0-3,8`` -> 5."""
    for line in status.splitlines():
        name, _, ranges = line.partition(":")
        if name == "Cpus_allowed_list":
            bounds = [part.strip().split("-") for part in ranges.split(",") if part.strip()]
            return sum(int(bound[-1]) - int(bound[0]) + 1 for bound in bounds) or None
    return None


def _by_psutil() -> tuple[Host, Probe]:
    try:
        import psutil
    except ImportError:
        host = Host(cpu_count=os.cpu_count(), platform=_platform_name())
        return host, Probe(probe="host", status="broken", detail="psutil is not installed", remedy=_SAY_RAM)
    memory = psutil.virtual_memory()
    host = Host(
        total=memory.total,
        available=memory.available,
        physical_total=memory.total,
        limit_source="physical",
        cpu_count=os.cpu_count(),
        platform=_platform_name(),
    )
    return host, Probe(probe="host", status="ok", detail="psutil")


def _platform_name() -> str:
    return {"darwin": "macos", "win32": "windows"}.get(sys.platform, sys.platform)


def unknown_host(error: Exception) -> tuple[Host, Probe]:
    """What stands for the host when reading it failed altogether."""
    detail = f"{type(error).__name__}: {error}"
    return Host(), Probe(probe="host", status="broken", detail=detail, remedy=_SAY_RAM)
