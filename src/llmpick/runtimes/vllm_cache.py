"""vLLM's KV cache: layers in groups, groups in one pool of equal blocks, tokens that the pool holds.

All layers that need the same slots form one group. A hybrid (windows, chunks, recurrent states beside full attention)
has several groups of as many layers as its rarest kind; each group draws blocks of its own from the pool, so pages are
made equal first: attention with smaller pages gets more tokens a block, states are padded, and the block of a model with
states grows until a page of attention holds one. A request takes the sum over the groups.

Sources: vllm 0.33.0, v1/core/kv_cache_planning.py, v1/core/kv_cache_utils.py, v1/kv_cache_interface.py,
platforms/interface.py. Left out: caches compressed over several tokens and image caches, which are summed layer by
layer; prefix sharing; speculation.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import lcm
from typing import Any, NamedTuple

from llmpick.inventory.caches import CacheLayer
from llmpick.runtimes.token_caches import LATENT, cache_bytes, sequence_bytes

CROWDED = 1.5
"""Kinds whose layer counts differ by less form groups as large as the more frequent one."""
LATENT_BLOCK = 128
"""What blocks of latent attention beside states are a multiple of."""


class Kind(NamedTuple):
    """Layers with the same slots and pages. ``kind``: ``full``, ``sliding``, ``chunked`` or ``recurrent``."""

    kind: str
    window: int | None
    block: int
    page_bytes: int


class Settings(NamedTuple):
    """What of the engine the cache depends on. ``bits`` of keys and values; ``state_bytes``: of a state's element."""

    block: int
    in_flight: int
    ranks: int
    bits: tuple[float, float]
    state_bytes: int = 2
    convolution_bytes: int = 2
    states_per_request: int = 2
    state_step: int = 1
    """What blocks beside states are a multiple of."""


class Group(NamedTuple):
    """Layers that share a block table, with the bytes of each one's page."""

    kind: Kind
    pages: tuple[tuple[int, int], ...]


@lru_cache(maxsize=256)
def groups(caches: tuple[CacheLayer, ...], settings: Settings) -> tuple[Group, ...]:
    """The groups of a whole model; empty without caches that come in blocks."""
    rows = [(_kind(cache, settings), layer) for cache in caches for layer in cache.layers]
    if len({(kind.kind, kind.window) for kind, _ in rows}) <= 1:
        return _uniform(rows)
    return tuple(_hybrid(_equal_pages(rows, caches, settings)))


def _kind(cache: CacheLayer, settings: Settings) -> Kind:
    if cache.kind == "recurrent":
        return Kind("recurrent", None, 0, _state_bytes(cache, settings))
    kind = "full" if cache.kind in LATENT else cache.kind
    page = sequence_bytes(cache._replace(window=None), settings.block, settings.bits, ranks=settings.ranks)
    return Kind(kind, cache.window, settings.block, page)


def _state_bytes(cache: CacheLayer, settings: Settings) -> int:
    size = cache.recurrent_elements * settings.state_bytes + cache.convolution_elements * settings.convolution_bytes
    return -(-size // settings.ranks)


def _uniform(rows: Sequence[tuple[Kind, int]]) -> tuple[Group, ...]:
    """One group for layers that need the same slots, whatever their widths."""
    if not rows:
        return ()
    return (Group(rows[0][0], tuple((layer, kind.page_bytes) for kind, layer in rows)),)


def _equal_pages(
    rows: Sequence[tuple[Kind, int]], caches: Sequence[CacheLayer], settings: Settings
) -> dict[Kind, list[int]]:
    """Layers by kind, all with the largest page: more tokens in a smaller page that divides it, padding otherwise."""
    grown = _grown_block(rows, caches, settings)
    rows = [(_with_block(kind, grown), layer) for kind, layer in rows]
    largest = max(kind.page_bytes for kind, _ in rows)
    found: dict[Kind, list[int]] = {}
    for kind, layer in rows:
        more = largest // kind.page_bytes if kind.block and largest % kind.page_bytes == 0 else 1
        found.setdefault(kind._replace(block=kind.block * more, page_bytes=largest), []).append(layer)
    return found


def _grown_block(rows: Sequence[tuple[Kind, int]], caches: Sequence[CacheLayer], settings: Settings) -> int:
    """Tokens a block so that a page of (the first) attention holds a state; as set where there are no states."""
    state = max((kind.page_bytes for kind, _ in rows if kind.kind == "recurrent"), default=0)
    if not state:
        return settings.block
    page = next(kind.page_bytes for kind, _ in rows if kind.kind != "recurrent")
    step = lcm(settings.block, settings.state_step)
    if any(cache.kind in LATENT for cache in caches):
        step = lcm(step, LATENT_BLOCK)
    return step * -(-state * settings.block // (step * page))


def _with_block(kind: Kind, block: int) -> Kind:
    return kind._replace(block=block, page_bytes=kind.page_bytes * block // kind.block) if kind.block else kind


def _hybrid(kinds: Mapping[Kind, Sequence[int]]) -> list[Group]:
    """As many layers a group as the rarest kind has (or the most frequent, if that is hardly more)."""
    fewest, most = min(map(len, kinds.values())), max(map(len, kinds.values()))
    size = most if most < fewest * CROWDED else fewest
    found = []
    for kind, layers in kinds.items():
        count = -(-len(layers) // size)
        for index in range(count):
            found.append(Group(kind, tuple((layer, kind.page_bytes) for layer in sorted(layers)[index::count])))
    return found


def block_bytes(found: Sequence[Group], first: int, last: int) -> int:
    """Bytes of one block on a worker with the layers from ``first`` up to, not including, ``last``."""
    return max((sum(page for layer, page in each.pages if first <= layer < last) for each in found), default=0)


def request_blocks(found: Sequence[Group], tokens: int, settings: Settings) -> int:
    """Blocks that one request of ``tokens`` tokens takes from the pool."""
    return sum(_group_blocks(each.kind, tokens, settings) for each in found)


def _group_blocks(kind: Kind, tokens: int, settings: Settings) -> int:
    """A window's slots are its own and those in flight, and it need not start at a block's edge."""
    if kind.kind == "recurrent":
        return settings.states_per_request
    if kind.window is None:
        return -(-tokens // kind.block)
    slots = kind.window - 1 if kind.kind == "sliding" else kind.window
    return -(-min(slots + settings.in_flight, tokens) // kind.block) + (kind.kind == "sliding")


class Pool(NamedTuple):
    """The pool on one worker: bytes of a block, blocks of one request of ``tokens`` tokens, and what lies apart of it."""

    block_bytes: int
    request_blocks: int
    tokens: int
    apart_bytes: int = 0

    def need(self, sequences: int) -> int:
        """Bytes that so many requests at once take (the engine holds one more block back, which nobody gets)."""
        return (self.block_bytes * self.request_blocks + self.apart_bytes) * sequences

    def capacity(self, available_bytes: int) -> int:
        """Tokens that vLLM prints for so many bytes ("KV cache size"): requests at once, times their length."""
        if available_bytes <= 0 or not self.need(1):
            return 0
        if self.apart_bytes:
            return available_bytes * self.tokens // self.need(1)
        return available_bytes // self.block_bytes * self.tokens // self.request_blocks


def pool(caches: tuple[CacheLayer, ...], tokens: int, first: int, last: int, settings: Settings) -> Pool:
    """The pool of a worker that holds the layers from ``first`` up to, not including, ``last``."""
    pooled = tuple(cache for cache in caches if not cache.fixed_tokens)
    if any(cache.tokens_per_entry > 1 for cache in caches):
        pooled = ()
    apart = tuple(cache for cache in caches if cache not in pooled)
    found = groups(pooled, settings)
    beside = cache_bytes(apart, tokens, 1, settings.bits, first, last, block=settings.block,
                         in_flight=settings.in_flight, ranks=settings.ranks, state_bytes=settings.state_bytes)  # fmt: skip
    return Pool(block_bytes(found, first, last), request_blocks(found, tokens, settings), tokens, beside)


def settings_of(caches: Sequence[CacheLayer], model_type: str, block: int, batched: int, pipeline: int, ranks: int,
                bits: tuple[float, float], data: Mapping[str, Any]) -> Settings:  # fmt: skip
    """``data``: catalog/runtimes/vllm.yaml. Asynchronous scheduling keeps one batch more than stages in flight.

    Beside attention, prefix caching keeps a state's last block, its next one and a checkpoint; without, there is one.
    """
    rows = data["states"]
    beside = any(cache.kind != "recurrent" for cache in caches)
    wide = rows["wide_model_types"].get(model_type, rows["state_bytes"])
    return Settings(block, (pipeline + 1) * batched, ranks, bits, wide, rows["convolution_bytes"],
                    rows["per_request"] if beside else 1, rows["step"])  # fmt: skip
