"""The inventory as a GGUF file holds it: llama.cpp's tensor names, experts merged, MLA's up-projection split."""

from collections.abc import Iterator
from typing import NamedTuple

from llmpick.architecture.attention import Attention, LatentAttention
from llmpick.architecture.decoder import Architecture, Layer
from llmpick.architecture.feed_forward import Experts
from llmpick.architecture.state_space import GatedDeltaNet
from llmpick.inventory.decoder import LAYER_PREFIX
from llmpick.inventory.tensors import TOWER_ROLES, Tensor

_NAMES = {
    "attention_q": "attn_q", "attention_k": "attn_k", "attention_v": "attn_v", "attention_qkv": "attn_qkv",
    "attention_output": "attn_output", "attention_gate": "attn_gate", "attention_sinks": "attn_sinks",
    "attention_q_a": "attn_q_a", "attention_q_b": "attn_q_b", "attention_kv_a": "attn_kv_a_mqa",
    "indexer": "indexer.attn", "mlp_gate": "ffn_gate", "mlp_up": "ffn_up", "mlp_gate_up": "ffn_up",
    "mlp_down": "ffn_down", "expert_gate": "ffn_gate_exps", "expert_up": "ffn_up_exps",
    "expert_gate_up": "ffn_gate_up_exps", "expert_down": "ffn_down_exps", "expert_latent": "ffn_latent",
    "shared_expert_gate": "ffn_gate_shexp", "shared_expert_up": "ffn_up_shexp",
    "shared_expert_down": "ffn_down_shexp", "router": "ffn_gate_inp", "shared_expert_router": "ffn_gate_inp_shexp",
    "ssm_in": "ssm_in", "ssm_conv": "ssm_conv1d", "ssm_x": "ssm_x", "ssm_dt": "ssm_dt", "ssm_a": "ssm_a",
    "ssm_d": "ssm_d", "ssm_out": "ssm_out", "ssm_other": "ssm_other", "token_embedding": "token_embd",
    "position_embedding": "position_embd", "per_layer_embedding": "per_layer_token_embd", "output_head": "output",
    "embedding_projection": "token_embd_proj",
}  # fmt: skip
_OWN_NAMES = {
    "altup_projections.weight": "altup_proj", "altup_unembed_projections.weight": "altup_unembd_proj",
    "altup.modality_router.weight": "altup_router", "altup.prediction_coefs.weight": "altup_predict_coef",
    "altup.correction_coefs.weight": "altup_correct_coef", "laurel.linear_left.weight": "laurel_l",
    "laurel.linear_right.weight": "laurel_r", "per_layer_model_projection.weight": "per_layer_model_proj",
}  # fmt: skip
"""Weights that the mixes treat by name, of roles that others share."""
_OUTSIDE = TOWER_ROLES | {"mtp"}
"""Roles that a text model's GGUF does not hold: towers go to a separate mmproj file."""


class GgufTensor(NamedTuple):
    """``len(layers)`` tensors (one, outside the layers) of ``rows`` rows of ``row_elements`` each."""

    name: str
    row_elements: int
    rows: int
    layers: tuple[int, ...]
    dimensions: int
    role: str
    copies: int = 1

    @property
    def merged_3d(self) -> bool:
        """Whether it has a third dimension (merged experts, per-head MLA projections)."""
        return self.dimensions >= 3


def gguf_tensors(architecture: Architecture, tensors: tuple[Tensor, ...], splits_qkv: bool = False) -> list[GgufTensor]:
    """Every tensor of the text model's GGUF file; ``splits_qkv``: a fused projection is stored as its parts."""
    inside = [tensor for tensor in tensors if tensor.role not in _OUTSIDE]
    if splits_qkv:
        inside = [part for tensor in inside for part in _split_qkv(architecture, tensor)]
    found = [each for tensor in inside for each in _converted(architecture, tensor)]
    for layer in architecture.layers:
        found += _score_biases(layer)
        if architecture.gguf.keeps_shared_keys_and_values:
            found += _shared_keys_and_values(layer, architecture.hidden_size)
    tables = architecture.embeddings
    if tables.tied and architecture.gguf.stores_tied_output:
        found.append(GgufTensor("output.weight", tables.embedding_size, tables.vocab_size, (), 2, "output_head"))
    for raw in architecture.gguf.tensors:
        found.append(GgufTensor(raw.name, raw.shape[0], 1, (), 1, "other"))
    return [*found, *_prediction(architecture, found)]


def _prediction(architecture: Architecture, inside: list[GgufTensor]) -> Iterator[GgufTensor]:
    """Prediction blocks where the converter keeps them: layers behind the last, with a projection of both inputs."""
    predicted, width = architecture.prediction, architecture.hidden_size
    if not architecture.gguf.keeps_prediction or not predicted.blocks:
        return
    last = architecture.num_hidden_layers
    blocks = tuple(range(last, last + predicted.blocks))
    for row in inside:
        times = sum(layer in row.layers for layer in predicted.like_layers or (last - 1,))
        if times:
            yield row._replace(layers=blocks, copies=row.copies * times)
    yield GgufTensor("blk.{i}.nextn.eh_proj.weight", 2 * width, width, blocks, 2, "mtp")
    for norm in ("enorm", "hnorm", "shared_head_norm"):
        yield GgufTensor(f"blk.{{i}}.nextn.{norm}.weight", width, 1, blocks, 1, "mtp")
    tables = architecture.embeddings
    rows = {"embed_tokens": tables.vocab_size, "lm_head": tables.output_rows}
    for table in predicted.tables:
        name = table.replace("lm_head", "shared_head_head")
        yield GgufTensor(f"blk.{{i}}.nextn.{name}.weight", tables.embedding_size, rows[table], blocks, 2, "mtp")


def _converted(architecture: Architecture, tensor: Tensor) -> Iterator[GgufTensor]:
    if tensor.role == "attention_kv_b":
        yield from _split_up_projection(architecture, tensor)
    elif tensor.role == "ssm_in" and tensor.name.endswith("in_proj_qkvz.weight"):
        yield from _split_delta_input(architecture, tensor)
    else:
        yield _plain(architecture, tensor)


def _split_qkv(architecture: Architecture, tensor: Tensor) -> Iterator[Tensor]:
    """q, k and v of a fused projection, weight or bias."""
    if tensor.role != "attention_qkv":
        yield tensor
        return
    part = next(part for layer in architecture.layers if tensor.layers[0] in layer.indices
                for part in layer.parts if isinstance(part, Attention))  # fmt: skip
    key = part.num_key_value_heads * part.head_dim
    value = part.num_key_value_heads * part.value_head_dim
    for letter, rows in (("q", tensor.shape[0] - key - value), ("k", key), ("v", value)):
        name = tensor.name.replace("qkv_proj", f"{letter}_proj")
        yield tensor._replace(name=name, role=f"attention_{letter}", shape=(rows, *tensor.shape[1:]))


def _plain(architecture: Architecture, tensor: Tensor) -> GgufTensor:
    name = _gguf_name(tensor)
    if tensor.experts > 1:
        shape = tensor.shape if len(tensor.shape) > 1 else (1, *tensor.shape)
        dimensions = 3 if len(tensor.shape) > 1 else 2
        return GgufTensor(name, shape[1], shape[0] * tensor.experts, tensor.layers, dimensions, tensor.role)
    row, rows = tensor.shape[-1], tensor.elements // tensor.shape[-1]
    if tensor.role == "token_embedding" and architecture.gguf.vocab_size:
        rows = architecture.gguf.vocab_size
    dimensions = 1 if rows == 1 else len([side for side in tensor.shape if side > 1])
    return GgufTensor(name, row, rows, tensor.layers, dimensions, tensor.role, tensor.copies)


def _gguf_name(tensor: Tensor) -> str:
    prefix = "blk.{i}." if tensor.layers else ""
    own = _OWN_NAMES.get(tensor.name.removeprefix(LAYER_PREFIX))
    if own:
        return f"{prefix}{own}.weight"
    if tensor.component == "norms" or tensor.role.endswith("_norm"):
        return f"{prefix}{tensor.role}_norm.weight"
    kind = "bias" if tensor.name.endswith(("bias", "_log", ".D")) or len(tensor.shape) == 1 else "weight"
    if tensor.role in ("ssm_a", "ssm_d"):
        return f"{prefix}{_NAMES[tensor.role]}"
    if tensor.role == "ssm_conv" and tensor.name.startswith("model.layers.{i}.conv."):
        return f"{prefix}shortconv.conv.{kind}"
    return f"{prefix}{_NAMES.get(tensor.role, tensor.role)}.{kind}"


def _split_up_projection(architecture: Architecture, tensor: Tensor) -> Iterator[GgufTensor]:
    """kv_b becomes attn_k_b (transposed per head) and attn_v_b, both with a head dimension (since April 2025)."""
    part = next(part for layer in architecture.layers if layer.indices == tensor.layers
                for part in layer.parts if isinstance(part, LatentAttention))  # fmt: skip
    heads, latent = part.num_attention_heads, part.kv_lora_rank
    yield GgufTensor("blk.{i}.attn_k_b.weight", part.qk_nope_head_dim, latent * heads, tensor.layers, 3, "other")
    yield GgufTensor("blk.{i}.attn_v_b.weight", latent, part.v_head_dim * heads, tensor.layers, 3, "other")


def _split_delta_input(architecture: Architecture, tensor: Tensor) -> Iterator[GgufTensor]:
    """The delta rule's q, k, v rows are one tensor, its gate another."""
    rows, width = tensor.shape
    part = next(part for layer in architecture.layers if tensor.layers[0] in layer.indices
                for part in layer.parts if isinstance(part, GatedDeltaNet))  # fmt: skip
    gate = part.linear_num_value_heads * part.linear_value_head_dim
    yield GgufTensor("blk.{i}.attn_qkv.weight", width, rows - gate, tensor.layers, 2, "attention_qkv")
    yield GgufTensor("blk.{i}.attn_gate.weight", width, gate, tensor.layers, 2, "attention_gate")


def _shared_keys_and_values(layer: Layer, hidden_size: int) -> Iterator[GgufTensor]:
    """Projections and key norm that a layer has in the checkpoint although it reads another layer's cache."""
    for part in layer.parts:
        if isinstance(part, Attention) and not part.makes_keys_and_values:
            for letter, width in (("k", part.head_dim), ("v", part.value_head_dim)):
                rows = part.num_key_value_heads * width
                name, role = f"blk.{{i}}.attn_{letter}.weight", f"attention_{letter}"
                yield GgufTensor(name, hidden_size, rows, layer.indices, 2, role)
            yield GgufTensor("blk.{i}.attn_k_norm.weight", part.key_norm_elements, 1, layer.indices, 1, "k_norm")


def _score_biases(layer: Layer) -> Iterator[GgufTensor]:
    for part in layer.parts:
        if isinstance(part, Experts) and part.score_correction_bias:
            yield GgufTensor("blk.{i}.exp_probs_b.bias", part.num_experts, 1, layer.indices, 1, "router")
