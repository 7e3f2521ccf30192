"""What a model keeps between tokens, layer kind by layer kind. Elements here; bytes are the runtime's business."""

from typing import NamedTuple


class CacheLayer(NamedTuple):
    """``len(layers)`` layers with the same cache.

    ``kind``: ``full`` (every token), ``sliding`` (the last ``window`` tokens), ``chunked`` (the current chunk of
    ``window`` tokens), ``latent`` (one compressed row a token, no V), ``indexer`` (keys of a sparse indexer),
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

    @property
    def elements_per_token(self) -> int:
        """Elements one further token adds in all of these layers (before any window is full)."""
        row = self.num_key_value_heads * (self.key_head_dim + self.value_head_dim)
        return len(self.layers) * row // self.tokens_per_entry

    def tokens_held(self, context: int) -> int:
        """Tokens of a ``context`` that stay in the cache: all, or the window."""
        if self.kind == "recurrent":
            return 0
        held = context if self.window is None else min(context, self.window)
        return -(-held // self.tokens_per_entry)
