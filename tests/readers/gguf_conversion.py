"""What convert_hf_to_gguf.py writes for a Hugging Face config, as far as shapes go: metadata and tensors.

Written from the converter's classes (set_gguf_parameters), not from the mapping under test.
"""

from typing import Any

from llmpick.architecture.decoder import Architecture
from llmpick.inventory.decoder import inventory
from llmpick.inventory.tensors import Tensor

BASE = {
    "token_embedding": "token_embd", "position_embedding": "position_embd", "embedding_norm": "token_embd_norm",
    "final_norm": "output_norm", "output_head": "output",
    "attention_q": "attn_q", "attention_k": "attn_k", "attention_v": "attn_v", "attention_qkv": "attn_qkv",
    "attention_output": "attn_output", "attention_sinks": "attn_sinks", "attention_gate": "attn_gate",
    "attention_q_a": "attn_q_a", "attention_q_b": "attn_q_b", "attention_kv_a": "attn_kv_a_mqa",
    "attention_kv_b": "attn_kv_b", "q_norm": "attn_q_norm", "k_norm": "attn_k_norm",
    "mlp_gate": "ffn_gate", "mlp_up": "ffn_up", "mlp_gate_up": "ffn_up", "mlp_down": "ffn_down",
    "expert_gate": "ffn_gate_exps", "expert_up": "ffn_up_exps", "expert_down": "ffn_down_exps",
    "shared_expert_gate": "ffn_gate_shexp", "shared_expert_up": "ffn_up_shexp", "shared_expert_down": "ffn_down_shexp",
    "router": "ffn_gate_inp", "shared_expert_router": "ffn_gate_inp_shexp",
    "ssm_in": "ssm_in", "ssm_conv": "ssm_conv1d", "ssm_x": "ssm_x", "ssm_dt": "ssm_dt", "ssm_a": "ssm_a",
    "ssm_d": "ssm_d", "ssm_out": "ssm_out", "ssm_norm": "ssm_norm",
}  # fmt: skip
NORMS = {"input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "ln_attn": "attn_norm",
         "ln_mlp": "attn_norm_2", "pre_feedforward_layernorm": "ffn_norm2", "q_a_layernorm": "attn_q_a_norm",
         "kv_a_layernorm": "attn_kv_a_norm"}  # fmt: skip


def text_rows(architecture: Architecture) -> list[Tensor]:
    """The language model's weights: towers and projectors go to a file of their own."""
    return [row for row in inventory(architecture) if row.component not in ("vision", "audio", "projector")]


def tensors_of(architecture: Architecture) -> list[tuple[str, str, tuple[int, ...]]]:
    """(GGUF name, type, Hugging Face shape) of every weight; experts stacked."""
    tensors: dict[str, tuple[int, ...]] = {}
    for row in text_rows(architecture):
        kind = row.name.rsplit(".", 1)[-1]
        ending = f".{kind}" if kind in ("weight", "bias") else ""
        module = row.name.removesuffix(ending).rsplit(".", 1)[-1]
        base = BASE.get(row.role) or NORMS.get(module, module)
        shape = (row.experts, *row.shape) if row.experts > 1 else row.shape
        for layer in row.layers or (None,):
            stem = base if layer is None else f"blk.{layer}.{base}"
            name = stem + ending
            while name in tensors:
                stem += "_x"
                name = stem + ending
            tensors[name] = shape
    return [(name, "F16", shape) for name, shape in tensors.items()]


def metadata_of(architecture_name: str, config: dict[str, Any], architecture: Architecture) -> dict[str, Any]:
    """The converter's metadata for ``config``, under ``architecture_name``."""
    get = config.get
    heads = get("num_attention_heads") or get("n_head") or 0
    kv_heads = get("num_key_value_heads", heads)
    plain = {
        "block_count": architecture.num_hidden_layers,
        "context_length": architecture.max_position_embeddings,
        "embedding_length": architecture.hidden_size,
        "feed_forward_length": get("intermediate_size"),
        "attention.head_count": heads,
        "attention.head_count_kv": kv_heads,
    }
    if "head_dim" in config and "mamba" not in architecture_name:
        plain |= {"attention.key_length": config["head_dim"], "attention.value_length": config["head_dim"]}
    extra = _EXTRA.get(architecture_name, lambda config, architecture: {})(config, architecture)
    values = {key: value for key, value in {**plain, **extra}.items() if value is not None}
    return {"general.architecture": architecture_name, "general.alignment": 32} | {
        f"{architecture_name}.{key}": value for key, value in values.items()
    }


def _experts(config: dict[str, Any], _: Architecture) -> dict[str, Any]:
    count = config.get("num_experts") or config.get("num_local_experts") or config.get("n_routed_experts")
    return {
        "expert_count": count,
        "expert_used_count": config.get("num_experts_per_tok"),
        "expert_feed_forward_length": config.get("moe_intermediate_size"),
        "expert_shared_feed_forward_length": config.get("shared_expert_intermediate_size"),
    } if count else {}  # fmt: skip


def _deepseek2(config: dict[str, Any], architecture: Architecture) -> dict[str, Any]:
    rope, nope = config["qk_rope_head_dim"], config["qk_nope_head_dim"]
    return _experts(config, architecture) | {
        "attention.head_count_kv": 1,
        "attention.q_lora_rank": config["q_lora_rank"],
        "attention.kv_lora_rank": config["kv_lora_rank"],
        "attention.key_length": config["kv_lora_rank"] + rope,
        "attention.value_length": config["kv_lora_rank"],
        "attention.key_length_mla": nope + rope,
        "attention.value_length_mla": config["v_head_dim"],
        "rope.dimension_count": rope,
        "leading_dense_block_count": config["first_k_dense_replace"],
        "expert_shared_count": config["n_shared_experts"],
    }


def _sliding(config: dict[str, Any], architecture: Architecture) -> dict[str, Any]:
    return {"attention.sliding_window": config.get("sliding_window")} | _experts(config, architecture)


def _gpt_oss(config: dict[str, Any], architecture: Architecture) -> dict[str, Any]:
    return _sliding(config, architecture) | {"expert_feed_forward_length": config["intermediate_size"]}


def _falcon(config: dict[str, Any], _: Architecture) -> dict[str, Any]:
    return {"feed_forward_length": 4 * config["hidden_size"], "attention.head_count_kv": 1}


def _learned_positions(config: dict[str, Any], architecture: Architecture) -> dict[str, Any]:
    wide = config.get("n_inner") or 4 * architecture.hidden_size
    return {
        "feed_forward_length": wide,
        "attention.head_count_kv": 1 if config.get("multi_query") else config["n_head"],
    }


def _bloom(config: dict[str, Any], architecture: Architecture) -> dict[str, Any]:
    return {"feed_forward_length": 4 * architecture.hidden_size, "attention.head_count_kv": config["n_head"]}


def _chatglm(config: dict[str, Any], _: Architecture) -> dict[str, Any]:
    groups = config["multi_query_group_num"]
    return {"feed_forward_length": config["ffn_hidden_size"], "attention.head_count_kv": groups,
            "attention.key_length": config["kv_channels"], "attention.value_length": config["kv_channels"]}  # fmt: skip


def _mamba(config: dict[str, Any], _: Architecture) -> dict[str, Any]:
    inner = config["expand"] * config["hidden_size"]
    return {
        "attention.head_count": 0, "attention.head_count_kv": None, "feed_forward_length": 0,
        "ssm.conv_kernel": config["conv_kernel"], "ssm.inner_size": inner, "ssm.state_size": config["state_size"],
        "ssm.time_step_rank": config.get("time_step_rank") or config["num_heads"],
        "ssm.group_count": config.get("n_groups"),
    }  # fmt: skip


def _jamba(config: dict[str, Any], architecture: Architecture) -> dict[str, Any]:
    period, offset = config["attn_layer_period"], config["attn_layer_offset"]
    heads = [
        config["num_key_value_heads"] if layer % period == offset else 0 for layer in range(config["num_hidden_layers"])
    ]
    return _experts(config, architecture) | {
        "attention.head_count_kv": heads, "ssm.conv_kernel": config["mamba_d_conv"],
        "ssm.inner_size": config["mamba_expand"] * config["hidden_size"], "ssm.state_size": config["mamba_d_state"],
        "ssm.time_step_rank": config["mamba_dt_rank"],
    }  # fmt: skip


def _granite_hybrid(config: dict[str, Any], architecture: Architecture) -> dict[str, Any]:
    heads = [config["num_key_value_heads"] if kind == "attention" else 0 for kind in config["layer_types"]]
    return _experts(config, architecture) | {
        "attention.head_count_kv": heads, "expert_shared_feed_forward_length": config["shared_intermediate_size"],
        "ssm.conv_kernel": config["mamba_d_conv"], "ssm.state_size": config["mamba_d_state"],
        "ssm.inner_size": config["mamba_n_heads"] * config["mamba_d_head"], "ssm.group_count": config["mamba_n_groups"],
        "ssm.time_step_rank": config["mamba_n_heads"],
    }  # fmt: skip


def _nemotron_h(config: dict[str, Any], _: Architecture) -> dict[str, Any]:
    pattern = config["hybrid_override_pattern"]
    return {
        "attention.head_count_kv": [config["num_key_value_heads"] if kind == "*" else 0 for kind in pattern],
        "feed_forward_length": [config["intermediate_size"] if kind == "-" else 0 for kind in pattern],
        "ssm.conv_kernel": config["conv_kernel"], "ssm.state_size": config["ssm_state_size"],
        "ssm.inner_size": config["mamba_num_heads"] * config["mamba_head_dim"], "ssm.group_count": config["n_groups"],
        "ssm.time_step_rank": config["mamba_num_heads"],
    }  # fmt: skip


def _qwen3next(config: dict[str, Any], architecture: Architecture) -> dict[str, Any]:
    values = config["linear_num_value_heads"]
    return _experts(config, architecture) | {
        "ssm.conv_kernel": config["linear_conv_kernel_dim"], "ssm.state_size": config["linear_key_head_dim"],
        "ssm.group_count": config["linear_num_key_heads"], "ssm.time_step_rank": values,
        "ssm.inner_size": values * config["linear_value_head_dim"],
    }  # fmt: skip


def _lfm2(config: dict[str, Any], architecture: Architecture) -> dict[str, Any]:
    attends = config["full_attn_idxs"]
    heads = [config["num_key_value_heads"] if layer in attends else 0 for layer in range(config["num_hidden_layers"])]
    width = next(row.shape[0] for row in inventory(architecture) if row.role == "mlp_up")
    return {"attention.head_count_kv": heads, "shortconv.l_cache": config["conv_L_cache"], "feed_forward_length": width}


def _llama4(config: dict[str, Any], architecture: Architecture) -> dict[str, Any]:
    return _experts(config, architecture) | {
        "interleave_moe_layer_step": config["interleave_moe_layer_step"],
        "feed_forward_length": config["intermediate_size_mlp"],
        "expert_feed_forward_length": config["intermediate_size"],
    }


_EXTRA = {
    "llama": _experts, "qwen2moe": _experts, "qwen3moe": _experts, "deepseek2": _deepseek2, "gemma2": _sliding,
    "gemma3": _sliding, "cohere2": _sliding, "phi3": _sliding, "gpt-oss": _gpt_oss, "falcon": _falcon,
    "gpt2": _learned_positions, "starcoder": _learned_positions, "bloom": _bloom, "chatglm": _chatglm, "mamba": _mamba,
    "mamba2": _mamba, "jamba": _jamba, "granitehybrid": _granite_hybrid, "nemotron_h": _nemotron_h,
    "qwen3next": _qwen3next, "lfm2": _lfm2, "llama4": _llama4,
}  # fmt: skip
