"""Limits that a container, a service manager or a batch system puts on memory and processors (cgroup v1 and v2).

Each limit on the way from this process's group up to the root counts: the smallest wins. Where the group's own path
does not exist (a container that sees the host's path), walking up ends at the mount's root, which is the container.
"""

from collections.abc import Iterator
from typing import NamedTuple

from llmpick.hardware.files import exists, properties, read_int, read_text

_V2_MOUNTS = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
_V1_UNLIMITED = 2**60
"""Version 1 writes "no limit" as the largest page-aligned number, a little below 2**63."""


class MemoryLimit(NamedTuple):
    """``limit_bytes`` from ``source`` (a file), and ``left_bytes`` of it that can still be taken (None: unknown)."""

    limit_bytes: int
    left_bytes: int | None
    source: str


def memory_limits(root: str) -> list[MemoryLimit]:
    """Every memory limit that applies to this process, both versions, innermost first."""
    return [*_v2_memory(root), *_v1_memory(root)]


def cpu_limit(root: str) -> float | None:
    """Processors' worth of time this process may use, by ``cpu.max`` or ``cpu.cfs_quota_us``; None if unlimited."""
    limits = [quota / period for quota, period in (*_v2_cpu(root), *_v1_cpu(root)) if quota > 0 and period > 0]
    return min(limits, default=None)


def _groups(root: str) -> dict[str, str]:
    """``/proc/self/cgroup`` as controller -> path; version 2 has the controller ''."""
    groups = {}
    for line in (read_text(root, "/proc/self/cgroup") or "").splitlines():
        parts = line.split(":", 2)
        if len(parts) == 3:
            groups.update(dict.fromkeys(parts[1].split(","), parts[2]))
    return groups


def _upwards(mount: str, path: str) -> Iterator[str]:
    """``mount/a/b``, ``mount/a``, ``mount`` for the group ``/a/b``; ``/..`` parts come from outer namespaces."""
    parts = [part for part in path.split("/") if part and part != ".."]
    for depth in range(len(parts), -1, -1):
        yield "/".join((mount, *parts[:depth]))


def _v2_directories(root: str) -> Iterator[str]:
    path = _groups(root).get("")
    if path is not None:
        for mount in _V2_MOUNTS:
            yield from _upwards(mount, path)


def _v2_memory(root: str) -> Iterator[MemoryLimit]:
    """``memory.max`` kills, ``memory.high`` throttles to a crawl: neither leaves room for a model."""
    for directory in _v2_directories(root):
        for name in ("memory.max", "memory.high"):
            limit = read_int(root, f"{directory}/{name}")
            if limit is not None:
                used = read_int(root, f"{directory}/memory.current")
                cache = properties(read_text(root, f"{directory}/memory.stat")).get("inactive_file", 0)
                yield MemoryLimit(limit, _left(limit, used, cache), f"{directory}/{name}")


def _v1_memory(root: str) -> Iterator[MemoryLimit]:
    path = _groups(root).get("memory")
    for directory in _upwards("/sys/fs/cgroup/memory", path) if path is not None else ():
        limit = read_int(root, f"{directory}/memory.limit_in_bytes")
        stat = properties(read_text(root, f"{directory}/memory.stat")) if limit is not None else {}
        limits = [size for size in (limit, stat.get("hierarchical_memory_limit")) if size is not None]
        if limits and min(limits) < _V1_UNLIMITED:
            used = read_int(root, f"{directory}/memory.usage_in_bytes")
            left = _left(min(limits), used, stat.get("total_inactive_file", 0))
            yield MemoryLimit(min(limits), left, f"{directory}/memory.limit_in_bytes")


def _left(limit: int, used: int | None, reclaimable: int) -> int | None:
    """File cache that the kernel drops first does not count as used."""
    return None if used is None else max(0, limit - max(0, used - reclaimable))


def _v2_cpu(root: str) -> Iterator[tuple[int, int]]:
    for directory in _v2_directories(root):
        words = (read_text(root, f"{directory}/cpu.max") or "").split()
        if len(words) == 2 and words[0].isdigit() and words[1].isdigit():
            yield int(words[0]), int(words[1])


def _v1_cpu(root: str) -> Iterator[tuple[int, int]]:
    path = _groups(root).get("cpu")
    mounts = [mount for mount in ("/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct") if exists(root, mount)]
    for mount in mounts if path is not None else ():
        for directory in _upwards(mount, path or "/"):
            quota = read_int(root, f"{directory}/cpu.cfs_quota_us")
            period = read_int(root, f"{directory}/cpu.cfs_period_us")
            if quota is not None and period is not None:
                yield quota, period
