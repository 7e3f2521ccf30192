"""What a Hugging Face tensor is, from its name. Names decide the component it is shown under, never a count,
except that buffers (masks, rotary tables, load-balancing biases) and multi-token-prediction blocks are no parameters.
"""

import re
from functools import lru_cache

from llmpick.readers.gguf_names import Place

_LAYER = re.compile(r"(?:^|\.)(?:layers|layer|h|blocks|block)\.([0-9]{1,5})\.")
_NUMBER = re.compile(r"\.[0-9]+(?=\.)")
_TOWERS = (
    ("projector", re.compile(r"(?:^|[._])(?:multi_modal_projector|mm_projector|projector|merger|connector|aligner|"
                             r"embed_vision|embed_audio|vision_embed_tokens|img_projection|audio_projection|"
                             r"qformer|query_tokens|language_projection)(?:[._]|$)")),
    ("vision", re.compile(r"(?:^|[._])(?:vision(?!_moe)\w*|visual|vit|image_\w+|img_processor|resampler|vpm|"
                          r"video_tower|vqmodel|generation_\w+|view_sep\w+)(?:[._]|$)")),
    ("audio", re.compile(r"(?:^|[._])(?:audio\w*|speech\w*|apm)(?:[._]|$)")),
)  # fmt: skip
_BUFFERS = (
    ("rotary frequencies", re.compile(r"(?:inv_freq|cos_cached|sin_cached|freqs_cis|rope\.freqs)$")),
    ("attention mask", re.compile(r"(?:masked_bias|causal_mask|attn_mask)$")),
    ("router bias that balances load", re.compile(r"(?:(?<!moe_statics\.)e_score_correction_bias|expert_bias)$")),
    ("quantisation scale", re.compile(r"(?:[kvq]_scale|[kv]_zero_point|input_scale|(?<!correct_)output_scale|kv_scale|"
                                      r"pre_quant_scale|_quantizer\._\w+)$")),
    ("running statistic", re.compile(r"(?:running_mean|running_var|num_batches_tracked)$")),
    ("position index", re.compile(r"position_ids$")),
)  # fmt: skip
_MTP = re.compile(r"(?:^|\.)(?:mtp|mtp_layers|mtp_block|nextn|eh_proj|enorm|hnorm|shared_head)(?:\.|$)")
_EXPERT = re.compile(r"(?:^|\.)(?:experts|local_experts|block_sparse_moe\.(?:input|output)_linear)(?:\.|$)")
_SHARED = re.compile(r"shared_expert|shared_mlp|shared_moe")


def _rules(*rules: tuple[str, str]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((role, re.compile(rf"(?:^|\.)(?:{pattern})(?:[._](?:weight|bias))?$")) for role, pattern in rules)


# Read from the top: the first pattern that matches the end of the name wins.
_IN_LAYER = _rules(
    ("shared_expert_router", r"shared_expert_gate"),
    ("indexer", r"indexer\.(?!.*norm).*"),
    ("attention_sinks", r"(?:self_attn|attn|attention)\.sinks?"),
    ("ssm_conv", r"conv1d|conv\.conv|[qkv]_conv1d|linear_attn\.conv"),
    ("ssm_x", r"x_proj|in_proj_ba|in_proj_[ab]|x_param_proj|bcdt_proj"),
    ("ssm_dt", r"dt_proj|dt_bias|dt"),
    ("ssm_a", r"A_log|A"),
    ("ssm_d", r"mixer\.D|mamba\.D|ssm\.D"),
    ("ssm_norm", r"dt_layernorm|[bc]_layernorm|(?:mixer|mamba|linear_attn)\.norm"),
    ("ssm_in", r"(?:mixer|mamba|linear_attn|conv|ssm)\.(?:in_proj|in_proj_\w+)"),
    ("ssm_out", r"(?:mixer|mamba|linear_attn|conv|ssm)\.out_proj"),
    ("latent_norm", r"q_a_layernorm|kv_a_layernorm|q_a_norm|kv_a_norm"),
    ("q_norm", r"q_norm|q_layernorm|q_ln|query_layernorm|q_norm\.norms\.\d+"),
    ("k_norm", r"k_norm|k_layernorm|k_ln|key_layernorm|k_norm\.norms\.\d+"),
    ("v_norm", r"v_norm"),
    ("attention_q_a", r"q_a_proj"),
    ("attention_q_b", r"q_b_proj"),
    ("attention_kv_a", r"kv_a_proj_with_mqa|kv_a_proj"),
    ("attention_kv_b", r"kv_b_proj|k_b_proj|v_b_proj"),
    ("attention_qkv", r"qkv_proj|query_key_value|c_attn|Wqkv|wqkv|W_pack|qkv|(?:attn|attention)\.in_proj"),
    ("attention_gate", r"(?:self_attn|attn|attention)\.(?:g_proj|gate_proj|gate)"),
    ("attention_q", r"q_proj|(?:attention|attn|self_attention)\.(?:wq|query|q_lin)"),
    ("attention_k", r"k_proj|(?:attention|attn|self_attention)\.(?:wk|key|k_lin)"),
    ("attention_v", r"v_proj|(?:attention|attn|self_attention)\.(?:wv|value|v_lin)"),
    ("attention_output", r"o_proj|(?:attn|attention|self_attn|self_attention)\.(?:out_proj|c_proj|dense|wo|o_lin)"),
    ("router", r"(?:mlp|feed_forward|block_sparse_moe|moe|ffn|mixer|text_moe|vision_moe)\.(?:gate|gate\.wg)"),
    ("router", r"router(?:\.layer|\.proj|\.gate|\.classifier)?"),
    ("router", r"moe_statics\.\w+"),
    ("mlp_gate_up", r"gate_up_proj|dense_h_to_4h_swiglu|up_gate_proj|input_linear|gate_and_up_proj"),
    ("mlp_gate", r"gate_proj|w1|linear_1|(?:mlp|feed_forward)\.gate|w2_gate"),
    ("mlp_down", r"down_proj|dense_4h_to_h|fc2|fc_out|mlp\.c_proj|output_linear|ffn\.down_proj"),
    ("mlp_up", r"up_proj|dense_h_to_4h|fc1|fc_in|mlp\.c_fc|w3|linear_v|c_fc2?|experts\.mlp\.v1"),
    ("expert_latent", r"fc[12]_latent_proj"),
    ("norm", r".*(?:norm|layernorm|ln_?\w*|norm_?\w*)"),
    ("per_layer_embedding", r"per_layer_\w+"),
)  # fmt: skip
# w2 is the down projection in LLaMA's own naming and the up projection in Qwen-1, which has c_proj for down.
_W2 = _rules(("mlp_down", r"w2"))
_OUTSIDE = _rules(
    ("per_layer_embedding", r"embed_tokens_per_layer|per_layer_\w+"),
    ("output_head", r"lm_head|embed_out|output_layer|output|lm_head\.linear"),
    ("position_embedding", r"wpe|embed_positions|positions_embed|position_embeddings?|position_embedding"),
    ("embedding_norm", r"word_embeddings_layernorm|embed_norm|emb_ln|embedding_norm"),
    ("token_embedding", r"embed_tokens|tokens_embed|wte|word_embeddings?|tok_embeddings|embed_in|embeddings?|embedding\.\w+"),
    ("embedding_projection", r"project_in|project_out"),
    ("final_norm", r"norm|ln_f|final_layernorm|final_layer_norm|norm_f|final_norm|ln_out|embedding_norm|\w*norm"),
)  # fmt: skip


def place_of(name: str, square: bool = False, layers_in_use: int | None = None) -> Place:
    """Role, layer and whether it counts. ``square`` says the tensor has three or more dimensions, the last two equal.

    A name that nobody knows has the role ``other``: its bytes count, its component is not guessed.
    """
    role, not_counted, in_layer = _kind(_NUMBER.sub(".0", name), square)
    layer = _layer_of(name) if in_layer else None
    if layer is not None and layers_in_use is not None and layer >= layers_in_use and not not_counted:
        return Place("mtp", layer, "multi-token prediction")
    return Place(role, layer, not_counted)


@lru_cache(maxsize=4096)
def _kind(pattern: str, square: bool) -> tuple[str, str, bool]:
    """(role, why it does not count, whether it is in a layer) of names that differ in their numbers only."""
    tower = next((role for role, expression in _TOWERS if expression.search(pattern)), None)
    reason = next((reason for reason, expression in _BUFFERS if expression.search(pattern)), None)
    in_layer = tower is None and _LAYER.search(pattern) is not None
    if reason or (square and pattern.endswith("bias")):
        return "buffer", reason or "attention mask", in_layer
    if tower:
        return tower, "", False
    if _MTP.search(pattern):
        return "mtp", "multi-token prediction", in_layer
    return _role(pattern, in_layer), "", in_layer


def _layer_of(name: str) -> int | None:
    match = _LAYER.search(name)
    return int(match[1]) if match else None


def _role(name: str, in_layer: bool) -> str:
    rules = _IN_LAYER + _W2 if in_layer else _OUTSIDE
    role = next((role for role, pattern in rules if pattern.search(name)), "other")
    if role.startswith("mlp_"):
        part = role.removeprefix("mlp_")
        if _SHARED.search(name):
            return f"shared_expert_{part}"
        if _EXPERT.search(name):
            return f"expert_{part}"
    return role
