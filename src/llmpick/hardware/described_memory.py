"""How much of a described GPU's memory programs can have, where nobody can ask its driver.

Pessimistic on purpose: a plan that counts on memory the driver keeps would not run.
"""

_MIB, _GIB = 2**20, 2**30

SPREAD_BYTES = 170 * _MIB
"""By how much `reserved_bytes` missed at most over the cards of up to 48 GB that it was fitted to."""


def reserved_bytes(total_bytes: int) -> int:
    """What the driver keeps: 200 MiB + 0.6 % of the total. Certainty C.

    Fitted to the differences between NVML's total and CUDA's in public out-of-memory messages, from a GTX 1080 Ti
    (99 MiB) to an H100 (up to 480 MiB). Leaves out ECC on GDDR cards (1/16 more) and whatever a display uses.
    """
    return 200 * _MIB + total_bytes * 6 // 1000


def unknown_card_usable_bytes(total_bytes: int) -> int:
    """For a card of which only the size is known: also without what the rule can miss."""
    return max(0, total_bytes - reserved_bytes(total_bytes) - SPREAD_BYTES)


def unified_usable_bytes(vendor: str, total_bytes: int, own_memory: bool) -> int:
    """What a GPU may take of memory that it shares with the processor. Certainty C.

    Apple: two thirds up to 32 GB, three quarters above: ``recommendedMaxWorkingSetSize`` as public llama.cpp logs
    print it (21845 MB of 32 GB, 27648 MiB of 36 GB, 48 GiB of 64 GB); newer macOS gives large Macs more.
    A processor with graphics (``own_memory`` false): half, the default of amdgpu's GTT and of Intel's drivers, which
    users can raise. Boards sold with their memory (Jetson, GB10, MI300A): all but a tenth, at least 2 GiB, for the
    operating system.
    """
    if vendor == "apple":
        return total_bytes * 2 // 3 if total_bytes <= 32 * _GIB else total_bytes * 3 // 4
    if not own_memory:
        return total_bytes // 2
    return max(0, total_bytes - max(2 * _GIB, total_bytes // 10))
