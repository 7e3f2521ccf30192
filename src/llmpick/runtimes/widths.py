"""How wide a model's activations and caches are: what PyTorch runtimes need of an architecture."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from llmpick.architecture.attention import Attention, LatentAttention
from llmpick.architecture.decoder import Architecture, Part
from llmpick.architecture.feed_forward import Experts, Mlp
from llmpick.errors import UsageError
from llmpick.inventory.caches import CacheLayer
from llmpick.inventory.tensors import Tensor

REPLICATED_ROLES = frozenset(
    ("norm", "attention_norm", "mlp_norm", "q_norm", "k_norm", "latent_norm", "final_norm", "router",
     "shared_expert_router", "attention_q_a", "attention_kv_a", "indexer", "position_embedding")
)  # fmt: skip
"""Weights that every tensor-parallel rank holds whole."""


class Widths(NamedTuple):
    """Elements per token. ``inner``: the widest feed-forward, all its intermediate tensors together."""

    hidden: int
    vocab: int
    heads: int
    inner: int
    attention: int

    @property
    def layer(self) -> int:
        """Elements alive per token at the widest point of a layer, with the residual stream and its normed copy."""
        return max(self.inner, self.attention) + 4 * self.hidden


@lru_cache(maxsize=1024)
def widths_of(architecture: Architecture) -> Widths:
    """The widest of every kind of part."""
    parts = [part for layer in architecture.layers for part in layer.parts]
    return Widths(
        hidden=architecture.hidden_size, vocab=architecture.embeddings.output_rows,
        heads=max((_heads(part) for part in parts), default=0), inner=max((_inner(part) for part in parts), default=0),
        attention=max((_attention(part) for part in parts), default=0),
    )  # fmt: skip


def _heads(part: Part) -> int:
    return part.num_attention_heads if isinstance(part, (Attention, LatentAttention)) else 0


def _inner(part: Part) -> int:
    """Gate, up and their product (or up and its activation); experts also gather their inputs and outputs."""
    if isinstance(part, Mlp):
        return (3 if part.gated else 2) * part.intermediate_size
    if isinstance(part, Experts):
        shared = (3 if part.gated else 2) * part.shared_intermediate_size
        return max(part.num_experts_per_tok * (3 if part.gated else 2) * part.moe_intermediate_size, shared)
    return 0


def _attention(part: Part) -> int:
    """Query, output, and keys and values repeated for every head."""
    if isinstance(part, Attention):
        return 2 * part.num_attention_heads * (part.head_dim + part.value_head_dim)
    if isinstance(part, LatentAttention):
        return 2 * part.num_attention_heads * (part.qk_nope_head_dim + part.qk_rope_head_dim + part.v_head_dim)
    return 0


def expanded_caches(architecture: Architecture, caches: tuple[CacheLayer, ...]) -> tuple[CacheLayer, ...]:
    """Caches of a runtime that keeps latent attention's keys and values up-projected, head by head."""
    latent = [part for layer in architecture.layers for part in layer.parts if isinstance(part, LatentAttention)]
    if not latent:
        return caches
    part = latent[0]
    key = part.qk_nope_head_dim + part.qk_rope_head_dim
    return tuple(
        cache._replace(kind="full", num_key_value_heads=part.num_attention_heads, key_head_dim=key,
                       value_head_dim=part.v_head_dim) if cache.kind == "latent" else cache
        for cache in caches
    )  # fmt: skip


def replicated_elements(tensors: tuple[Tensor, ...]) -> int:
    """Weights that tensor parallelism does not split."""
    return sum(tensor.parameters for tensor in tensors if tensor.role in REPLICATED_ROLES)


def rank_heads(architecture: Architecture, ranks: int) -> None:
    """Raise UsageError unless every attention layer's heads divide among ``ranks``, keys and values too."""
    for part in _parts(architecture):
        if _refuses(part, ranks):
            shared = part.num_key_value_heads if isinstance(part, Attention) else _heads(part)
            raise UsageError(
                f"{_heads(part)} attention heads ({shared} for keys and values) do not divide among {ranks} GPUs",
                f"possible: {', '.join(map(str, divisors(architecture)))}; or pipeline_parallel_size={ranks}",
            )


def divisors(architecture: Architecture) -> list[int]:
    """Tensor-parallel sizes up to 64 that the heads allow."""
    parts = set(_parts(architecture))
    return [ranks for ranks in range(1, 65) if not any(_refuses(part, ranks) for part in parts)]


def _parts(architecture: Architecture) -> Iterator[Part]:
    for layer in architecture.layers:
        yield from layer.parts


def _refuses(part: Part, ranks: int) -> bool:
    shared = part.num_key_value_heads if isinstance(part, Attention) else 0
    return bool(_heads(part) % ranks or (shared and max(shared, ranks) % min(shared, ranks)))
