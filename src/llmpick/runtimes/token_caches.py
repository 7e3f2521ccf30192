"""Caches counted in tokens: bytes per layer for runtimes that allocate by token or by block of tokens."""

from collections.abc import Callable, Mapping

from llmpick.errors import UsageError
from llmpick.inventory.caches import CacheLayer
from llmpick.runtimes.base import Request

LATENT = ("latent", "indexer")


def element_bits(cache_type: str, types: Mapping[str, float], runtime: str) -> float:
    """Bits of one cached element. Raises UsageError naming the runtime's own cache types."""
    if cache_type not in types:
        raise UsageError(f"{runtime} has no cache type {cache_type!r}", f"one of {', '.join(types)}")
    return types[cache_type]


def cache_bits(request: Request, types: Mapping[str, float], runtime: str) -> tuple[float, float]:
    """Bits of one element of keys and of values, as the request wants them."""
    return element_bits(request.type_k, types, runtime), element_bits(request.type_v, types, runtime)


def held_tokens(cache: CacheLayer, tokens: int, block: int = 1, in_flight: int = 0) -> int:
    """Cache entries that one sequence of ``tokens`` occupies, in whole blocks.

    A window keeps itself and what is in flight: ``min(window - 1 + in_flight, tokens)``, and one block more because it
    need not start at a block's edge (vllm/v1/kv_cache_interface.py, SlidingWindowSpec). Cross-attention holds its image
    whatever the context (CrossAttentionSpec there).
    """
    if cache.fixed_tokens:
        held, extra = cache.fixed_tokens, 0
    elif cache.window is None or cache.window >= tokens:
        held, extra = tokens, 0
    else:
        held, extra = min(cache.window - 1 + in_flight, tokens), int(block > 1)
    entries = -(-held // cache.tokens_per_entry)
    return (-(-entries // block) + extra) * block


def sequence_bytes(cache: CacheLayer, tokens: int, bits: tuple[float, float], *, block: int = 1, in_flight: int = 0,
                   ranks: int = 1, state_bytes: int = 4) -> int:  # fmt: skip
    """Bytes that one sequence takes in ONE of ``cache``'s layers on one of ``ranks`` tensor-parallel devices.

    Heads are divided until one is left (``ranks`` beyond the number of heads replicate it); a latent row is on every
    rank; a recurrent state is divided.
    """
    if cache.kind == "recurrent":
        return -(-(cache.recurrent_elements + cache.convolution_elements) * state_bytes // ranks)
    heads = max(1, cache.num_key_value_heads // ranks)
    value = 0 if cache.kind in LATENT else cache.value_head_dim * bits[1]
    row = heads * (cache.key_head_dim * bits[0] + value)
    return int(held_tokens(cache, tokens, block, in_flight) * row / 8)


def cache_bytes(caches: tuple[CacheLayer, ...], tokens: int, sequences: int, bits: tuple[float, float],
                first: int = 0, last: int | None = None, **options: int) -> int:  # fmt: skip
    """Bytes of ``sequences`` sequences in all layers from ``first`` up to, not including, ``last``."""
    total = 0
    for cache in caches:
        layers = len(cache.layers) if last is None else sum(first <= layer < last for layer in cache.layers)
        if layers:
            total += layers * sequence_bytes(cache, tokens, bits, **options)
    return total * sequences


def most(holds: Callable[[int], bool], limit: int) -> int:
    """The largest count up to ``limit`` for which ``holds`` (true up to some count, then false) is true; 0: none."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low
