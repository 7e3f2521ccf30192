"""Whether a run fits the devices it was meant for, and how far it can be stretched."""

from bisect import bisect_left
from collections.abc import Callable, Sequence

from llmpick.training.records import TrainingEstimate

HOST_RESERVE_BYTES = 2 * 2**30
"""What the operating system and other programs keep of the host's memory."""
HOST_SLACK = 1.5
"""DeepSpeed's own estimate of offloading multiplies by this (``additional_buffer_factor``): pinned and staged copies."""


def judge(found: TrainingEstimate, usable: Sequence[int], host_bytes: int | None) -> tuple[str, str]:
    """(verdict, reason). ``fits``: the high end fits every device and the host; ``tight``: only the low end does.

    ``usable``: bytes of each device in order. Host memory that is needed but not known leaves it ``tight`` at best.
    """
    pairs = [(found.device(index), size) for index, size in enumerate(usable)]
    if found.host and host_bytes is not None and found.host > host_bytes - HOST_RESERVE_BYTES:
        return "no", f"{_gib(found.host - host_bytes + HOST_RESERVE_BYTES)} too large for host memory"
    short = max(device.low - size for device, size in pairs)
    if short > 0:
        return "no", f"{_gib(short)} too large for a GPU even at the low end"
    spare = min(size - device.high for device, size in pairs)
    if spare < 0:
        return "tight", f"the high end is {_gib(-spare)} over what a GPU gives, the low end fits"
    if found.host and host_bytes is not None and HOST_SLACK * found.host > host_bytes - HOST_RESERVE_BYTES:
        return "tight", f"{_gib(found.host)} of host memory, and half as much again for buffers, is more than there is"
    if found.host and host_bytes is None:
        return "tight", f"needs {_gib(found.host)} of host memory: say how much there is with --ram"
    return "fits", f"{_gib(spare)} to spare at the high end"


def most(holds: Callable[[int], bool], limit: int) -> int:
    """The largest count from 1 to ``limit`` that holds, 0 when none does; ``holds`` turns false once. By bisection."""
    return bisect_left(range(1, limit + 1), True, key=lambda count: not holds(count))


def _gib(size_bytes: int) -> str:
    return f"{size_bytes / 2**30:.1f} GiB"
