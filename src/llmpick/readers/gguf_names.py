"""What a GGUF tensor is, from its name (llama.cpp's naming: gguf-py constants.py, TENSOR_NAMES)."""

import re
from collections.abc import Mapping
from typing import NamedTuple

_LAYER_NAME = re.compile(r"blk\.([0-9]{1,5})\.(.+)")

_IN_LAYER = {
    "attn_q": "attention_q", "attn_k": "attention_k", "attn_v": "attention_v", "attn_qkv": "attention_qkv",
    "attn_output": "attention_output", "attn_gate": "attention_gate", "attn_sinks": "attention_sinks",
    "attn_q_a": "attention_q_a", "attn_q_b": "attention_q_b", "attn_kv_a_mqa": "attention_kv_a",
    "attn_kv_b": "attention_kv_b", "attn_k_b": "attention_kv_b", "attn_v_b": "attention_kv_b",
    "attn_q_norm": "q_norm", "attn_k_norm": "k_norm", "attn_q_a_norm": "latent_norm", "attn_kv_a_norm": "latent_norm",
    "attn_norm": "norm", "attn_norm_2": "norm", "attn_output_norm": "norm",
    "attn_sub_norm": "norm", "post_attention_norm": "norm",
    "ffn_norm": "norm", "post_ffw_norm": "norm", "pre_ffw_norm_2": "norm", "post_ffw_norm_1": "norm",
    "post_ffw_norm_2": "norm", "ffn_norm_exps": "norm", "ffn_sub_norm": "norm",
    "layer_output_norm": "norm", "post_norm": "norm",
    "ffn_gate": "mlp_gate", "ffn_up": "mlp_up", "ffn_down": "mlp_down",
    "ffn_gate_exps": "expert_gate", "ffn_up_exps": "expert_up", "ffn_down_exps": "expert_down",
    "ffn_gate_up_exps": "expert_gate_up",
    "ffn_gate_chexps": "expert_gate", "ffn_up_chexps": "expert_up", "ffn_down_chexps": "expert_down",
    "ffn_gate_shexp": "shared_expert_gate", "ffn_up_shexp": "shared_expert_up", "ffn_down_shexp": "shared_expert_down",
    "ffn_latent_down": "expert_latent", "ffn_latent_up": "expert_latent",
    "ffn_gate_inp": "router", "ffn_gate_inp_shexp": "shared_expert_router",
    "ssm_in": "ssm_in", "ssm_conv1d": "ssm_conv", "ssm_x": "ssm_x", "ssm_dt": "ssm_dt", "ssm_a": "ssm_a",
    "ssm_d": "ssm_d", "ssm_out": "ssm_out", "ssm_norm": "ssm_norm", "ssm_dt_norm": "ssm_norm",
    "ssm_b_norm": "ssm_norm", "ssm_c_norm": "ssm_norm", "ssm_ba": "ssm_x", "ssm_conv1d_q": "ssm_conv",
    "ssm_conv1d_k": "ssm_conv", "ssm_conv1d_v": "ssm_conv",
    "shortconv.conv": "ssm_conv", "shortconv.in_proj": "ssm_in", "shortconv.out_proj": "ssm_out",
    "inp_gate": "per_layer_embedding", "proj": "per_layer_embedding",
    "indexer.k_norm": "k_norm", "indexer.proj": "indexer", "indexer.attn_k": "indexer", "indexer.attn_q_b": "indexer",
    "vis_attn_qkv": "vision", "vis_attn_output": "vision", "vis_gate": "vision", "vis_down": "vision",
    "vis_up": "vision",
}  # fmt: skip
_OUTSIDE = {
    "token_embd": "token_embedding", "position_embd": "position_embedding", "token_embd_norm": "embedding_norm",
    "output_norm": "final_norm", "output": "output_head", "per_layer_token_embd": "per_layer_embedding",
    "per_layer_model_proj": "per_layer_embedding", "per_layer_proj_norm": "per_layer_embedding",
}  # fmt: skip
_PREFIXES = (
    ("nextn.", "mtp"), ("ssm_", "ssm_other"), ("time_mix_", "ssm_other"), ("channel_mix_", "mlp_up"),
    ("indexer.", "indexer"), ("v.", "vision"), ("a.", "audio"), ("mm.", "projector"), ("resampler.", "projector"),
)  # fmt: skip
_BUFFERS = {
    "rope_freqs": "rotary frequencies",
    "rope_factors_long": "rotary frequencies",
    "rope_factors_short": "rotary frequencies",
    "attn_rot_embd": "rotary frequencies",
    "exp_probs_b": "router bias that balances load",
}
_ENDINGS = (".weight", ".bias", ".scale", ".input_scale")
# Architectures before stacked experts: blk.0.ffn_up.3.weight is expert 3.
_SPLIT_EXPERT = re.compile(r"(ffn_(?:gate|up|down))\.[0-9]+")


class Place(NamedTuple):
    """Where a tensor belongs; ``not_counted`` as in `StoredTensor`."""

    role: str
    layer: int | None
    not_counted: str


def place_of(name: str, layers_in_use: int | None = None) -> Place:
    """Role and layer of the tensor ``name``; layers from ``layers_in_use`` on belong to multi-token prediction.

    A name that nobody knows has the role ``other``: its bytes count, its component is not guessed.
    """
    match = _LAYER_NAME.fullmatch(name)
    layer, rest = (int(match[1]), match[2]) if match else (None, name)
    base = next((rest.removesuffix(ending) for ending in _ENDINGS if rest.endswith(ending)), rest)
    if base in _BUFFERS:
        return Place("buffer", layer, _BUFFERS[base])
    if rest.endswith((".scale", ".input_scale")):
        return Place("buffer", layer, "quantisation scale")
    if base.startswith("nextn.") or (layer is not None and layers_in_use is not None and layer >= layers_in_use):
        return Place("mtp", layer, "multi-token prediction")
    return Place(_role(base, layer is not None), layer, "")


def _role(base: str, in_layer: bool) -> str:
    known = (_IN_LAYER if in_layer else _OUTSIDE).get(base)
    if known:
        return known
    split = _SPLIT_EXPERT.fullmatch(base)
    if in_layer and split:
        return _IN_LAYER[split[1] + "_exps"]
    return next((role for prefix, role in _PREFIXES if base.startswith(prefix)), "other")


def copies_in(names: Mapping[str, object]) -> frozenset[str]:
    """Tensors that repeat others: files of early 2025 hold attn_kv_b and, split from it, attn_k_b and attn_v_b."""
    return frozenset(
        name
        for name in names
        if name.endswith((".attn_k_b.weight", ".attn_v_b.weight"))
        and f"{name[: -len('k_b.weight')]}kv_b.weight" in names
    )
