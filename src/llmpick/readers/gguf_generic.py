"""An architecture for GGUF files whose ``general.architecture`` nobody mapped, from the keys that all files share.

Only for what is plain: softmax attention, full or sliding where the file says so, feed-forward networks and routed
experts. Such an architecture serves caches and buffers; its weights are the file's own list, never computed from it.
"""

from collections.abc import Iterator

from llmpick.architecture.attention import Attention
from llmpick.architecture.decoder import Architecture, Embeddings, Layer, Norm, Part
from llmpick.architecture.feed_forward import Experts, Mlp
from llmpick.errors import UnsupportedArchitecture
from llmpick.inventory.caches import CacheLayer
from llmpick.readers.gguf_shape import GgufShape, shape_cache_layers, shape_of
from llmpick.readers.stored import StoredModel, StoredTensor, has_output_head

_PLAIN = frozenset({"full", "sliding", "moe", "mlp"})
_UP = ("mlp_up", "mlp_gate_up")
_EXPERT_UP = ("expert_up", "expert_gate_up")
_SHARED_UP = ("shared_expert_up", "shared_expert_gate_up")


def generic_architecture(model: StoredModel) -> Architecture:
    """Raises UnsupportedArchitecture when a layer is of another kind or a size is missing."""
    shape = shape_of(model)
    odd = next((kind for kind in shape.layer_kinds if kind not in _PLAIN), None) or ("latent" if shape.latent else None)
    if odd or shape.shared_kv_layers:
        raise _refused(shape, f"its {odd or 'shared'} layers are not described by the keys that all files share")
    if not shape.hidden_size or not shape.vocab_size:
        raise _refused(shape, "embedding_length or the token table is missing")
    tied, positions = not has_output_head(model), _rows(model, "position_embedding")
    tables = Embeddings(vocab_size=shape.vocab_size, embedding_size=shape.hidden_size, tied=tied,
                        output_rows=shape.vocab_size, position_rows=positions)  # fmt: skip
    return Architecture(
        model_type=shape.architecture, hidden_size=shape.hidden_size, num_hidden_layers=shape.num_hidden_layers,
        max_position_embeddings=shape.max_position_embeddings, embeddings=tables, norm=Norm(),
        layers=tuple(_layers(model, shape)),
    )  # fmt: skip


def _refused(shape: GgufShape, why: str) -> UnsupportedArchitecture:
    return UnsupportedArchitecture(f"GGUF architecture {shape.architecture!r} has no mapping to a known model type, and {why}",
                                   "its weights are counted all the same: llmpick params; give config.json for the rest")  # fmt: skip


def _layers(model: StoredModel, shape: GgufShape) -> Iterator[Layer]:
    caches = {layer: cache for cache in shape_cache_layers(shape) for layer in cache.layers}
    held: dict[int, list[StoredTensor]] = {}
    for tensor in model.tensors:
        if tensor.layer is not None:
            held.setdefault(tensor.layer, []).append(tensor)
    found: dict[tuple[Part, ...], list[int]] = {}
    for layer in range(shape.num_hidden_layers):
        parts = (*_attention(shape, layer, caches.get(layer)), *_feed_forward(shape, held.get(layer, [])))
        found.setdefault(parts, []).append(layer)
    for parts, layers in found.items():
        yield Layer(indices=tuple(layers), parts=parts)


def _attention(shape: GgufShape, layer: int, cache: CacheLayer | None) -> Iterator[Part]:
    if cache is not None:
        yield Attention(
            num_attention_heads=shape.num_attention_heads[layer], num_key_value_heads=cache.num_key_value_heads,
            head_dim=cache.key_head_dim, value_head_dim=cache.value_head_dim, window=cache.window,
        )  # fmt: skip


def _feed_forward(shape: GgufShape, tensors: list[StoredTensor]) -> Iterator[Part]:
    roles = {tensor.role: tensor for tensor in tensors if tensor.name.endswith("weight")}
    up = next((roles[role] for role in _UP if role in roles), None)
    if up is not None:
        fused = up.role == "mlp_gate_up"
        yield Mlp(
            intermediate_size=up.shape[0] // (2 if fused else 1),
            gated=fused or "mlp_gate" in roles,
            fused_gate_up=fused,
        )
    expert = next((roles[role] for role in _EXPERT_UP if role in roles), None)
    if expert is not None:
        if not shape.expert_count or not shape.expert_used_count:
            raise _refused(shape, "expert_count or expert_used_count is missing")
        fused = expert.role == "expert_gate_up"
        shared = next((roles[role].shape[0] for role in _SHARED_UP if role in roles), 0)
        yield Experts(
            num_experts=shape.expert_count, num_experts_per_tok=shape.expert_used_count,
            moe_intermediate_size=expert.shape[-2] // (2 if fused else 1), gated=fused or "expert_gate" in roles,
            shared_intermediate_size=shared,
        )  # fmt: skip


def _rows(model: StoredModel, role: str) -> int:
    return next((tensor.shape[0] for tensor in model.tensors if tensor.role == role and len(tensor.shape) == 2), 0)
