"""Attention parts of a layer. Widths are elements; nothing is computed here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """Softmax attention with ``num_key_value_heads`` shared among ``num_attention_heads`` (MHA, GQA, MQA).

    ``query_norm_elements`` and ``key_norm_elements`` are the weights of per-layer norms on q and k (0: none).
    ``window`` bounds the cache (sliding), ``chunk`` likewise (attention inside fixed chunks);
    ``shares_cache_with`` names the layer whose keys and values this one reads instead of making its own.
    """

    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    value_head_dim: int
    query_bias: bool = False
    key_bias: bool = False
    value_bias: bool = False
    output_bias: bool = False
    output_projection: bool = True
    fused_qkv: bool = False
    query_norm_elements: int = 0
    key_norm_elements: int = 0
    value_norm_elements: int = 0
    sinks: bool = False
    query_key_norm_bias: bool = False
    output_gate_elements: int = 0
    """Rows of a gate on the attention output."""
    gate_in_query: bool = False
    """The gate's rows are part of the query projection (Qwen3-Next), not a projection of their own."""
    value_from_key: bool = False
    window: int | None = None
    chunk: int | None = None
    cross_tokens: int | None = None
    """Keys and values come from this many states of an image, not from the text: they are cached once a sequence."""
    passes: int = 1
    """How often a token goes through the layer, each time with a cache of its own (recurrent depth)."""
    shares_cache_with: int | None = None
    keeps_cache: bool = True
    """False: keys and values are made anew at each step."""
    makes_keys_and_values: bool = True
    input_size: int | None = None
    """Width of the input when it is not ``hidden_size`` (Zamba2 attends over two streams side by side)."""
    output_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LatentAttention:
    """Multi-head latent attention (DeepSeek-V2, arXiv:2405.04434): K and V are up-projected from one latent row.

    The cache holds ``kv_lora_rank + qk_rope_head_dim`` elements a token and layer, shared by all heads;
    ``shares_cache_with`` names the layer whose latent rows this one reads instead of making its own.
    ``q_lora_rank`` None: the query is projected directly. The indexer selects keys (DeepSeek-V3.2) and keeps
    ``index_head_dim`` key elements a token of its own.
    """

    num_attention_heads: int
    q_lora_rank: int | None
    kv_lora_rank: int
    qk_nope_head_dim: int
    qk_rope_head_dim: int
    v_head_dim: int
    bias: bool = False
    output_bias: bool = False
    index_n_heads: int = 0
    index_head_dim: int = 0
    window: int | None = None
    """Bounds the cache, as in sliding attention."""
    shares_cache_with: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedState:
    """What a layer keeps between tokens when it is described by raw tensors rather than by a part above."""

    kind: str
    """``full``, ``sliding``, ``latent``, ``indexer`` or ``recurrent``."""
    num_key_value_heads: int = 0
    key_head_dim: int = 0
    value_head_dim: int = 0
    window: int | None = None
    tokens_per_entry: int = 1
    """How many tokens share one cache entry (compressed caches)."""
    recurrent_elements: int = 0
    convolution_elements: int = 0
