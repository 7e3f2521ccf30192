"""What one step of a model reads and computes, before any device is named. Bytes are exact; no efficiency here.

A step of ``sequences`` tokens, one each, reads: every weight that all tokens use (the input embedding gives one row
each and counts as nothing); of E routed experts, of which each token picks k, the expected number of different ones,
``E (1 - (1 - k/E)^B)``; and every sequence's own cache. Left out: activations, and rows of the input embedding.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from llmpick.architecture.decoder import Architecture
from llmpick.formats.base import WeightBytes
from llmpick.inventory.caches import CacheLayer
from llmpick.inventory.tensors import TOWER_ROLES, Tensor
from llmpick.runtimes.base import Model, Request
from llmpick.runtimes.llama_cpp import cached_by_llama_cpp
from llmpick.runtimes.llama_cpp_shape import Shape, shape_of
from llmpick.runtimes.registry import runtime_named

_STATE_BYTES = 4
_LATENT = ("latent", "indexer")


class Work(NamedTuple):
    """What a model in one format asks of a step.

    ``always_bytes``: weights that every token reads; ``expert_bytes``: all routed experts, of which a token uses
    ``experts_used`` of ``experts`` in a layer; ``layer_bytes`` and ``layer_expert_bytes``: the same by layer (empty if
    only the sums are known); ``matrix_parameters``: weights of one token's matrix products, without embedding and head;
    ``head_parameters``: the output head's; ``attention_width``: query heads times their width.
    """

    layers: int
    always_bytes: int
    expert_bytes: int
    experts: int
    experts_used: int
    caches: tuple[CacheLayer, ...]
    matrix_parameters: int
    head_parameters: int
    attention_width: int
    layer_bytes: tuple[int, ...] = ()
    layer_expert_bytes: tuple[int, ...] = ()

    @property
    def is_mixture(self) -> bool:
        """Whether a router picks experts."""
        return bool(self.experts and self.expert_bytes)

    def looped(self, passes: float, outside_bytes: int) -> "Work":
        """The work of a model whose layers a token goes through ``passes`` times, in the mean: all of them read anew."""
        if passes == 1.0:
            return self
        return self._replace(
            always_bytes=outside_bytes + round(passes * (self.always_bytes - outside_bytes)),
            expert_bytes=round(passes * self.expert_bytes), matrix_parameters=round(passes * self.matrix_parameters),
            layer_bytes=tuple(round(passes * size) for size in self.layer_bytes),
            layer_expert_bytes=tuple(round(passes * size) for size in self.layer_expert_bytes),
        )  # fmt: skip

    def expert_share(self, sequences: int) -> float:
        """The share of the routed experts that a step of ``sequences`` tokens is expected to read."""
        if not self.experts:
            return 1.0
        return 1.0 - (1.0 - self.experts_used / self.experts) ** sequences

    def read_bytes(self, sequences: int = 1) -> float:
        """Weight bytes that a step reads."""
        return self.always_bytes + self.expert_bytes * self.expert_share(sequences)


def work_of(model: Model) -> Work:
    """From the inventory. A tied head is read where the runtime keeps it, a copy or the table itself; towers are not."""
    architecture, weights = model.architecture, model.weights
    outside = weights.output_bytes + weights.other_bytes
    width = 4 if weights.format == "F32" else 2
    towers = width * sum(
        tensor.parameters for tensor in model.tensors if tensor.role in TOWER_ROLES and not tensor.layers
    )
    outside -= towers if weights.other_bytes >= towers else 0
    if not is_tied(weights):
        outside += _tied_head_bytes(architecture, model.tensors)
    active = sum(tensor.active_parameters for tensor in model.tensors if tensor.role not in TOWER_ROLES)
    return of_parts(weights, outside, shape_of(architecture), model.caches, active, architecture.embeddings.tied)


def work_of_model(model: Model, runtime: str) -> Work:
    """What a model asks of a step in a runtime; llama.cpp keeps whole caches where it does not implement a window."""
    if not runtime_named(runtime).gguf:
        return work_of(model)
    return work_of(model._replace(caches=cached_by_llama_cpp(model.architecture, model.caches)))


def of_parts(weights: WeightBytes, outside_bytes: int, shape: Shape, caches: tuple[CacheLayer, ...], active: int,
             tied: bool) -> Work:  # fmt: skip
    """From what is known of a model: ``outside_bytes`` are read outside the layers, ``active`` parameters used."""
    experts = sum(weights.layer_expert_bytes)
    head = shape.n_vocab * shape.n_embd
    return Work(
        layers=len(weights.layer_bytes), always_bytes=outside_bytes + sum(weights.layer_bytes) - experts,
        expert_bytes=experts, experts=shape.n_expert, experts_used=shape.n_expert_used, caches=caches,
        matrix_parameters=max(0, active - (head if tied else 2 * head)), head_parameters=head,
        attention_width=shape.n_head * shape.d_head, layer_bytes=weights.layer_bytes,
        layer_expert_bytes=weights.layer_expert_bytes,
    ).looped(shape.passes, outside_bytes)  # fmt: skip


def is_tied(weights: WeightBytes) -> bool:
    """Whether the output is counted as a copy of the embedding: then the parts hold more than the file."""
    parts = weights.input_embedding_bytes + weights.output_bytes + sum(weights.layer_bytes) + weights.other_bytes
    return parts > weights.tensor_bytes


def cache_read_bytes(caches: tuple[CacheLayer, ...], tokens: int, bits: tuple[float, float]) -> float:
    """Bytes that one token's attention reads of one sequence's cache holding ``tokens``; states are read and written.

    ``bits``: of one element of keys and of values. Layers that share another's cache read it again.
    """
    total = 0.0
    for cache in caches:
        readers = len(cache.layers) + len(cache.shared_by)
        if cache.kind == "recurrent":
            total += readers * 2 * _STATE_BYTES * (cache.recurrent_elements + cache.convolution_elements)
            continue
        value = 0.0 if cache.kind in _LATENT else cache.value_head_dim * bits[1]
        row = cache.num_key_value_heads * (cache.key_head_dim * bits[0] + value)
        total += readers * cache.tokens_held(tokens) * row / 8
    return total


def cache_bits(request: Request, kv_types: Mapping[str, Any]) -> tuple[float, float]:
    """Bits of one cached key and value, by the runtime's own cache types (16 for a type that has no row)."""
    return _bits(kv_types.get(request.type_k, 16)), _bits(kv_types.get(request.type_v, 16))


def attended_tokens(caches: tuple[CacheLayer, ...], tokens: int) -> float:
    """Sum over layers of the tokens that attention covers on average while ``tokens`` of a prompt are read."""
    total = 0.0
    for cache in caches:
        if cache.kind == "recurrent" or not tokens:
            continue
        window = min(tokens, cache.window or tokens)
        mean = cache.fixed_tokens or (window * window / 2 + (tokens - window) * window) / tokens
        total += (len(cache.layers) + len(cache.shared_by)) * mean
    return total


def prompt_flops(work: Work, tokens: int, depth: int = 0) -> float:
    """FLOPs of reading ``tokens`` of a prompt when ``depth`` are in the cache.

    ``2 * parameters * tokens`` of matrix products, once the head, and causal attention of ``4 * width`` for each token
    and each token that it sees (QK and PV).
    """
    seen = attended_tokens(work.caches, tokens) + depth * sum(
        len(cache.layers) for cache in work.caches if cache.kind not in ("recurrent", "cross") and not cache.window
    )
    products = 2.0 * (work.matrix_parameters * tokens + work.head_parameters)
    return products + 4.0 * work.attention_width * seen * tokens


def _bits(row: Any) -> float:
    """A cache type is a number of bits, or (elements, bytes) of a block."""
    return float(row) if isinstance(row, (int, float)) else 8.0 * row[1] / row[0]


def _tied_head_bytes(architecture: Architecture, tensors: tuple[Tensor, ...]) -> int:
    if not architecture.embeddings.tied:
        return 0
    return 2 * sum(tensor.parameters for tensor in tensors if tensor.role == "token_embedding")
