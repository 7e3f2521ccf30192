"""What the counts of reference_remote_code have in common: layers, and the registry of model types."""

from collections.abc import Callable
from typing import Any

Config = dict[str, Any]
COUNTS: dict[str, Callable[[Config], int]] = {}


def of(*names: str) -> Callable[[Callable[[Config], int]], Callable[[Config], int]]:
    """Registers a count for model types."""

    def register(function: Callable[[Config], int]) -> Callable[[Config], int]:
        COUNTS.update(dict.fromkeys(names, function))
        return function

    return register


def count(config: Config) -> int:
    """Weights of the model that ``config`` describes."""
    return COUNTS[config["model_type"]](config)


def linear(out: int, into: int, bias: bool = False) -> int:
    """A linear layer."""
    return out * into + (out if bias else 0)


def tables(c: Config, hidden: int, vocab: int, tied: bool) -> int:
    """Input and output tables."""
    return vocab * hidden * (1 if tied or c.get("tie_word_embeddings") else 2)


def gated(hidden: int, inner: int, bias: bool = False) -> int:
    """gate, up and down."""
    return 2 * linear(inner, hidden, bias) + linear(hidden, inner, bias)


def plain(hidden: int, inner: int, bias: bool = False) -> int:
    """up and down."""
    return linear(inner, hidden, bias) + linear(hidden, inner, bias)


def qkvo(hidden: int, heads: int, kv: int, dim: int, qkv_bias: bool = False, o_bias: bool = False) -> int:
    """The four projections of grouped attention."""
    rows = (heads + 2 * kv) * dim
    return linear(rows, hidden, qkv_bias) + linear(hidden, heads * dim, o_bias)


def heads_of(c: Config) -> tuple[int, int, int]:
    """heads, key and value heads, width of one."""
    heads = c["num_attention_heads"]
    return heads, c.get("num_key_value_heads") or heads, c.get("head_dim") or c["hidden_size"] // heads


def llama(c: Config, norm: int = 1, qkv_bias: bool = False, o_bias: bool = False, mlp_bias: bool = False,
          tied: bool = False, layer_extra: int = 0, mlp: int | None = None) -> int:  # fmt: skip
    """Two norms (of ``norm`` weights an element), grouped attention and a gated MLP a layer; a final norm."""
    h = c["hidden_size"]
    block = qkvo(h, *heads_of(c), qkv_bias, o_bias) + 2 * norm * h + layer_extra
    block += gated(h, c["intermediate_size"], mlp_bias) if mlp is None else mlp
    return c["num_hidden_layers"] * block + norm * h + tables(c, h, c["vocab_size"], tied)


def mla(c: Config, heads: int, qkv_bias: bool = False) -> int:
    """DeepSeek's latent attention."""
    h, rank, key = c["hidden_size"], c["kv_lora_rank"], c["qk_nope_head_dim"] + c["qk_rope_head_dim"]
    if c.get("q_lora_rank"):
        query = linear(c["q_lora_rank"], h, qkv_bias) + c["q_lora_rank"] + linear(heads * key, c["q_lora_rank"])
    else:
        query = linear(heads * key, h)
    latent = linear(rank + c["qk_rope_head_dim"], h, qkv_bias) + rank
    return (
        query
        + latent
        + linear(heads * (c["qk_nope_head_dim"] + c["v_head_dim"]), rank)
        + linear(h, heads * c["v_head_dim"], qkv_bias)
    )


def moe_mla(c: Config) -> int:
    """DeepSeek-V2's and V3's layers; plain attention where use_mla is false."""
    h, heads = c["hidden_size"], c["num_attention_heads"]
    attention = mla(c, heads) if c.get("use_mla", True) else qkvo(h, heads, c["num_key_value_heads"], h // heads)
    total = h + tables(c, h, c["vocab_size"], False)
    for layer in range(c["num_hidden_layers"]):
        if layer < c["first_k_dense_replace"]:
            mlp = gated(h, c["intermediate_size"])
        else:
            mlp = c["n_routed_experts"] * (gated(h, c["moe_intermediate_size"]) + h)
            mlp += gated(h, c["n_shared_experts"] * c["moe_intermediate_size"])
        total += attention + 2 * h + mlp
    return total
