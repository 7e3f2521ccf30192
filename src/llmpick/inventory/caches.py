"""What a model keeps between tokens, layer kind by layer kind. Elements here; bytes are the runtime's business."""

from collections.abc import Iterator
from typing import NamedTuple

from llmpick.architecture.attention import Attention, LatentAttention
from llmpick.architecture.decoder import Architecture, Layer, Part
from llmpick.architecture.state_space import GatedDeltaNet, Mamba, Mamba2, ShortConvolution


class CacheLayer(NamedTuple):
    """``len(layers)`` layers with the same cache.

    ``kind``: ``full`` (every token), ``sliding`` (the last ``window`` tokens), ``chunked`` (the current chunk of
    ``window`` tokens), ``latent`` (one compressed row a token, no V), ``indexer`` (keys of a sparse indexer),
    ``cross`` (``fixed_tokens`` states of an image, whatever the context; one image a sequence is assumed),
    ``recurrent`` (a fixed state per sequence). Sizes are elements per token and layer (heads * head_dim), or, for
    ``recurrent``, elements per sequence and layer.
    """

    kind: str
    layers: tuple[int, ...]
    num_key_value_heads: int = 0
    key_head_dim: int = 0
    value_head_dim: int = 0
    window: int | None = None
    tokens_per_entry: int = 1
    recurrent_elements: int = 0
    convolution_elements: int = 0
    shared_by: tuple[int, ...] = ()
    """Layers without a cache of their own that read this one."""
    fixed_tokens: int = 0
    """Tokens held from the start, instead of those of the context."""

    @property
    def elements_per_token(self) -> int:
        """Elements one further token adds in all of these layers (before any window is full)."""
        if self.fixed_tokens:
            return 0
        row = self.num_key_value_heads * (self.key_head_dim + self.value_head_dim)
        return len(self.layers) * row // self.tokens_per_entry

    def tokens_held(self, context: int) -> int:
        """Tokens that the cache holds at a ``context``: all of it, the window, or those of the image."""
        if self.kind == "recurrent" or self.fixed_tokens:
            return self.fixed_tokens
        held = context if self.window is None else min(context, self.window)
        return -(-held // self.tokens_per_entry)


def cache_layers(architecture: Architecture) -> tuple[CacheLayer, ...]:
    """What every layer keeps between tokens; layers that read another layer's cache are named in ``shared_by``."""
    rows = [row for layer in architecture.layers for row in _layer_caches(layer, architecture.hidden_size)]
    sharing = _sharing(architecture)
    return tuple(
        row._replace(shared_by=tuple(sorted(reader for owner in row.layers for reader in sharing.get(owner, ()))))
        for row in rows
    )


def kv_elements_per_token(layers: tuple[CacheLayer, ...]) -> int:
    """Elements that one more token adds to all caches before any window is full."""
    return sum(layer.elements_per_token for layer in layers)


def _sharing(architecture: Architecture) -> dict[int, list[int]]:
    sharing: dict[int, list[int]] = {}
    for layer in architecture.layers:
        for part in layer.parts:
            if isinstance(part, (Attention, LatentAttention)) and part.shares_cache_with is not None:
                sharing.setdefault(part.shares_cache_with, []).extend(layer.indices)
    return sharing


def _layer_caches(layer: Layer, hidden_size: int) -> Iterator[CacheLayer]:
    for part in layer.parts:
        yield from _part_caches(part, layer.indices, hidden_size)
    for state in layer.cached:
        yield CacheLayer(
            state.kind, layer.indices, state.num_key_value_heads, state.key_head_dim, state.value_head_dim,
            state.window, state.tokens_per_entry, state.recurrent_elements, state.convolution_elements,
        )  # fmt: skip


def _part_caches(part: Part, layers: tuple[int, ...], hidden_size: int) -> Iterator[CacheLayer]:
    if isinstance(part, Attention) and part.cross_tokens:
        heads, held = part.num_key_value_heads, part.cross_tokens
        yield CacheLayer("cross", layers, heads, part.head_dim, part.value_head_dim, fixed_tokens=held)
    elif isinstance(part, Attention) and part.keeps_cache and part.shares_cache_with is None:
        kind, window = ("chunked", part.chunk) if part.chunk else ("sliding", part.window)
        kind, heads = kind if window else "full", part.num_key_value_heads * part.passes
        yield CacheLayer(kind, layers, heads, part.head_dim, part.value_head_dim, window or None)
    elif isinstance(part, LatentAttention):
        if part.shares_cache_with is None:
            row = part.kv_lora_rank + part.qk_rope_head_dim
            yield CacheLayer("latent", layers, 1, row, 0, part.window or None)
        if part.index_n_heads:
            yield CacheLayer("indexer", layers, 1, part.index_head_dim, 0)
    else:
        recurrent, convolution = _state_elements(part, hidden_size)
        if recurrent or convolution:
            yield CacheLayer("recurrent", layers, recurrent_elements=recurrent, convolution_elements=convolution)


def _state_elements(part: Part, hidden_size: int) -> tuple[int, int]:
    """(recurrent, convolution) elements per sequence and layer; the convolution keeps kernel - 1 inputs."""
    if isinstance(part, Mamba):
        return part.state_size * part.intermediate_size, (part.conv_kernel - 1) * part.intermediate_size
    if isinstance(part, Mamba2):
        convolved = part.intermediate_size + 2 * part.n_groups * part.state_size
        return part.state_size * part.intermediate_size, (part.conv_kernel - 1) * convolved
    if isinstance(part, GatedDeltaNet):
        key = part.linear_num_key_heads * part.linear_key_head_dim
        value = part.linear_num_value_heads * part.linear_value_head_dim
        return value * part.linear_key_head_dim, (part.linear_conv_kernel_dim - 1) * (2 * key + value)
    if isinstance(part, ShortConvolution):
        return 0, (part.kernel_size - 1) * hidden_size
    return 0, 0
