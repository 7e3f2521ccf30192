"""llama.cpp's caches, to the byte (llama-kv-cache.cpp, llama-kv-cache-iswa.cpp, llama-memory-recurrent.cpp).

Checked against every row of what llama.cpp itself allocated for true shapes (docs/memory.md).
"""

from collections.abc import Mapping
from typing import NamedTuple

from llmpick.errors import UsageError
from llmpick.inventory.caches import CacheLayer

PAD_CELLS = 256
_STATE_BYTES = 4  # recurrent states are F32 whatever the cache type
_LATENT = ("latent", "indexer")


class Cells(NamedTuple):
    """Cells per stream: of full layers and of the smaller cache of sliding and chunked layers."""

    streams: int
    full: int
    windowed: int


def pad(count: int, multiple: int = PAD_CELLS) -> int:
    """``count`` rounded up."""
    return -(-count // multiple) * multiple


def row_bytes(elements: int, cache_type: str, types: Mapping[str, tuple[int, int]]) -> int:
    """Bytes of one cell's row; rows must consist of whole blocks."""
    if cache_type not in types:
        raise UsageError(f"unknown cache type {cache_type!r}", f"one of {', '.join(sorted(types))}")
    block, size = types[cache_type]
    if elements % block:
        raise UsageError(
            f"llama.cpp refuses {cache_type} here: a row of {elements} elements is not a multiple of {block}"
        )
    return elements // block * size


def cells(n_ctx: int, n_seq_max: int, window: int, micro_batch: int, kv_unified: bool, swa_full: bool) -> Cells:
    """Cells for ``n_ctx`` tokens over all sequences.

    Each stream of a split cache gets its share padded to 256; a window needs itself (times the sequences that share a
    unified cache) and the micro-batch in flight.
    """
    streams = 1 if kv_unified else n_seq_max
    full = pad(n_ctx) if kv_unified else pad(pad(n_ctx) // n_seq_max)
    windowed = full if swa_full or not window else pad(
        min(full, window * (n_seq_max if kv_unified else 1) + micro_batch))  # fmt: skip
    return Cells(streams, full, windowed)


def layer_bytes(cache: CacheLayer, found: Cells, type_k: str, type_v: str, n_seq_max: int,
                types: Mapping[str, tuple[int, int]]) -> int:  # fmt: skip
    """Bytes of one layer's cache."""
    if cache.kind == "recurrent":
        return n_seq_max * _STATE_BYTES * (cache.recurrent_elements + cache.convolution_elements)
    held, streams = found.windowed if cache.window else found.full, found.streams
    if cache.fixed_tokens:
        held, streams = cache.fixed_tokens, n_seq_max
    key = row_bytes(cache.num_key_value_heads * cache.key_head_dim, type_k, types)
    value = 0 if cache.kind in _LATENT else row_bytes(cache.num_key_value_heads * cache.value_head_dim, type_v, types)
    return streams * held * (key + value)


def widest_window(caches: tuple[CacheLayer, ...]) -> int:
    """The window of the model's sliding or chunked layers (0: none)."""
    return max((cache.window or 0 for cache in caches), default=0)
