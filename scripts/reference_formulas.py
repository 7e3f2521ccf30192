"""What transformers has no class for: an equivalent class, or every weight written down by hand.

A maintainer's tool, used by reference_counts.py; see README.md in this directory. Each function takes a config and
gives the weights as (name, shape); the docstring of each says where the layout comes from.
"""

from collections.abc import Callable

Weight = tuple[str, tuple[int, ...]]
Weights = list[Weight]

RENAMED = {"num_layers": "num_hidden_layers", "multi_query_group_num": "num_key_value_heads"}


def equivalent(raw: dict) -> tuple[str, dict | None, Weights]:
    """(method, config for transformers or None, weights to add by hand) for one config."""
    kind = raw["model_type"]
    variant = "chatglm1" if kind == "chatglm" and "padded_vocab_size" not in raw else kind
    if variant in FORMULAS:
        formula = FORMULAS[variant]
        return f"hand formula: {' '.join((formula.__doc__ or '').split())}", None, formula(raw)
    if kind == "step3p7" and "text_config" not in raw:
        return f"transformers: {STEP_NOTE}", step_config(raw), []
    if kind in EQUIVALENT:
        other, change, note = EQUIVALENT[kind]
        config = {RENAMED.get(key, key): value for key, value in raw.items() if key != "architectures"}
        config = {**config, **change(raw), "model_type": other}
        return f"equivalent transformers class {other}: {note}", config, mtp_layer(raw) if kind == "mimo" else []
    return "transformers", raw, []


STEP_NOTE = (
    "the flat config's values put where transformers reads them (text_config), default vision tower, and 96 heads in "
    "the sliding layers, which the config does not state and the checkpoint's total needs"
)


def step_config(raw: dict) -> dict:
    """A flat Step-3.7 config as the composite one that transformers has."""
    text = {
        key: value
        for key, value in raw.items()
        if key not in ("model_type", "architectures", "num_nextn_predict_layers")
    }
    dense = raw["first_k_dense_replace"]
    kinds = ["dense"] * dense + ["sparse"] * (raw["num_hidden_layers"] - dense)
    text |= {"n_routed_experts": raw["num_experts"], "mlp_layer_types": kinds, "num_sliding_attention_heads": 96}
    return {"model_type": "step3p7", "text_config": text}


def multi_head(raw: dict) -> dict:
    """As many key-value heads as heads."""
    return {"num_key_value_heads": raw["num_attention_heads"]}


EQUIVALENT: dict[str, tuple[str, Callable[[dict], dict], str]] = {
    "baichuan": ("llama", multi_head, "W_pack is a fused qkv without bias; NormHead has the shape of lm_head"),
    "Dream": ("qwen2", lambda raw: {}, "the same weights; a diffusion model with bidirectional attention"),
    "exaone": ("llama", lambda raw: {}, "c_fc_0 and c_fc_1 are gate and up"),
    "internlm": ("llama", lambda raw: {**multi_head(raw), "attention_bias": raw.get("bias", True)}, "biases on q, k, v, o where `bias`"),
    "internlm2": ("llama", lambda raw: {"attention_bias": raw.get("bias", False)}, "wqkv is a fused grouped qkv"),
    "gpt3": ("gpt2", lambda raw: {"n_embd": raw["hidden_size"], "n_layer": raw["num_hidden_layers"], "n_head": raw["num_attention_heads"],
                                  "n_positions": raw["max_position_embeddings"], "n_inner": raw["intermediate_size"]},
             "arXiv:2005.14165 Table 2.1: learned positions, biases, tied head"),
    "qwen": ("qwen2", lambda raw: {**multi_head(raw), "intermediate_size": raw["intermediate_size"] // 2},
             "intermediate_size is the sum of both halves; c_attn has a bias, the rest none"),
    "mimo": ("qwen2", lambda raw: {}, "qwen2 weights, and the multi-token-prediction layer that its own modeling code builds"),
    "kimi_k2": ("deepseek_v3", lambda raw: {}, "the modeling code is that of DeepSeek-V3"),
    "deepseek": ("glm4_moe", lambda raw: {"use_qk_norm": False, "head_dim": raw["hidden_size"] // raw["num_attention_heads"],
                                          "n_group": 1, "topk_group": 1},
                 "multi-head attention, first dense layers, routed and shared experts, as in modeling_deepseek.py"),
}  # fmt: skip
"""model_type -> (transformers model_type, what changes in the config, why it is the same)."""


def linear(name: str, outputs: int, inputs: int, bias: bool = False) -> Weights:
    """A linear layer."""
    return [(f"{name}.weight", (outputs, inputs))] + ([(f"{name}.bias", (outputs,))] if bias else [])


def norm(name: str, width: int, bias: bool = False) -> Weights:
    """A norm: a weight, and a bias for a LayerNorm that has one."""
    return [(f"{name}.weight", (width,))] + ([(f"{name}.bias", (width,))] if bias else [])


def gated_mlp(name: str, hidden: int, width: int) -> Weights:
    """gate, up, down without bias."""
    return [(f"{name}.gate_proj.weight", (width, hidden)), (f"{name}.up_proj.weight", (width, hidden)), (f"{name}.down_proj.weight", (hidden, width))]  # fmt: skip


def attention(name: str, raw: dict, bias: bool = False) -> Weights:
    """q, k, v, o with grouped key-value heads."""
    hidden, heads = raw["hidden_size"], raw["num_attention_heads"]
    width = raw.get("head_dim") or hidden // heads
    kv = raw.get("num_key_value_heads", heads) * width
    return linear(f"{name}.q_proj", heads * width, hidden, bias) + linear(f"{name}.k_proj", kv, hidden, bias) \
        + linear(f"{name}.v_proj", kv, hidden, bias) + linear(f"{name}.o_proj", hidden, heads * width, bias)  # fmt: skip


def embeddings(vocabulary: int, hidden: int, tied: bool) -> Weights:
    """Token embedding, and an output head unless tied."""
    table = [("model.embed_tokens.weight", (vocabulary, hidden))]
    return table if tied else [*table, ("lm_head.weight", (vocabulary, hidden))]


def mtp_layer(raw: dict) -> Weights:
    """One decoder layer of qwen2 shape with a 2h -> h input projection and three more norms."""
    hidden, name = raw["hidden_size"], "model.mtp_layers.0"
    weights = [w for w in attention(f"{name}.self_attn", raw, bias=True) if not w[0].endswith("o_proj.bias")]
    weights += gated_mlp(f"{name}.mlp", hidden, raw["intermediate_size"]) + linear(
        f"{name}.input_proj", hidden, 2 * hidden
    )
    for kind in (
        "input_layernorm",
        "post_attention_layernorm",
        "token_layernorm",
        "hidden_layernorm",
        "final_layernorm",
    ):
        weights += norm(f"{name}.{kind}", hidden)
    return weights


def chatglm1(raw: dict) -> Weights:
    """modeling_chatglm.py of ChatGLM-6B: LayerNorms, fused qkv, dense and a GELU MLP, all with bias; head tied; rotary has no weights."""
    hidden, inner, weights = (
        raw["hidden_size"],
        raw["inner_hidden_size"],
        embeddings(raw["vocab_size"], raw["hidden_size"], True),
    )
    for i in range(raw["num_layers"]):
        weights += two_matrix_block(f"transformer.layers.{i}", hidden, inner, inner)
    return weights + norm("transformer.final_layernorm", hidden, True)


def glm_130b(raw: dict) -> Weights:
    """THUDM/GLM-130B: DeepNorm LayerNorms, fused qkv and a GEGLU MLP (both halves in one matrix), all with bias; logits from the tied embedding."""
    hidden, inner, weights = (
        raw["hidden_size"],
        raw["inner_hidden_size"],
        embeddings(raw["vocab_size"], raw["hidden_size"], True),
    )
    for i in range(raw["num_layers"]):
        weights += two_matrix_block(f"transformer.layers.{i}", hidden, 2 * inner, inner)
    return weights + norm("transformer.final_layernorm", hidden, True)


def two_matrix_block(name: str, hidden: int, up: int, down: int) -> Weights:
    """A decoder layer with two LayerNorms, fused qkv and a two-matrix MLP, biases everywhere."""
    return norm(f"{name}.input_layernorm", hidden, True) + linear(f"{name}.attention.query_key_value", 3 * hidden, hidden, True) \
        + linear(f"{name}.attention.dense", hidden, hidden, True) + norm(f"{name}.post_attention_layernorm", hidden, True) \
        + linear(f"{name}.mlp.dense_h_to_4h", up, hidden, True) + linear(f"{name}.mlp.dense_4h_to_h", hidden, down, True)  # fmt: skip


def chatglm(raw: dict) -> Weights:
    """modeling_chatglm.py of ChatGLM2 and 3: RMSNorms, fused qkv with bias (grouped heads), the rest without, SwiGLU in one matrix, head not tied."""
    hidden, inner, width = raw["hidden_size"], raw["ffn_hidden_size"], raw["kv_channels"]
    fused = (raw["num_attention_heads"] + 2 * raw["multi_query_group_num"]) * width
    weights = embeddings(raw["padded_vocab_size"], hidden, False)
    for i in range(raw["num_layers"]):
        name = f"transformer.encoder.layers.{i}"
        weights += norm(f"{name}.input_layernorm", hidden) + linear(
            f"{name}.self_attention.query_key_value", fused, hidden, True
        )
        weights += linear(f"{name}.self_attention.dense", hidden, raw["num_attention_heads"] * width) + norm(
            f"{name}.post_attention_layernorm", hidden
        )
        weights += linear(f"{name}.mlp.dense_h_to_4h", 2 * inner, hidden) + linear(
            f"{name}.mlp.dense_4h_to_h", hidden, inner
        )
    return weights + norm("transformer.encoder.final_layernorm", hidden)


def pangu(raw: dict) -> Weights:
    """arXiv:2104.12369: GPT layers with biases, the last of the L being the query layer (query from a second position table); tied head. Whether L includes the query layer differs between sources."""
    hidden, positions = raw["hidden_size"], raw["max_position_embeddings"]
    weights = embeddings(raw["vocab_size"], hidden, True)
    weights += [
        ("model.position_embeddings.weight", (positions, hidden)),
        ("model.top_query_embeddings.weight", (positions, hidden)),
    ]
    for i in range(raw["num_layers"]):
        weights += two_matrix_block(f"model.layers.{i}", hidden, raw["intermediate_size"], raw["intermediate_size"])
    return weights + norm("model.final_layernorm", hidden, True)


def grok(raw: dict) -> Weights:
    """xai-org/grok-1 model.py: grouped attention without bias, gated experts, four RMSNorms a layer, tied head; Grok-2 adds a dense MLP beside the experts and unties the head (four norms assumed)."""
    hidden, dense = raw["hidden_size"], raw.get("moe_intermediate_size")
    experts = raw.get("num_experts") or raw["num_local_experts"]
    weights = embeddings(raw["vocab_size"], hidden, raw["tie_word_embeddings"]) + norm("model.norm", hidden)
    for i in range(raw["num_hidden_layers"]):
        name = f"model.layers.{i}"
        weights += attention(f"{name}.self_attn", raw) + linear(f"{name}.moe.gate", experts, hidden)
        for e in range(experts):
            weights += gated_mlp(f"{name}.moe.experts.{e}", hidden, dense or raw["intermediate_size"])
        if dense:
            weights += gated_mlp(f"{name}.mlp", hidden, raw["intermediate_size"])
        for kind in ("pre_attn_norm", "post_attn_norm", "pre_moe_norm", "post_moe_norm"):
            weights += norm(f"{name}.{kind}", hidden)
    return weights


def palm(raw: dict) -> Weights:
    """arXiv:2204.02311: parallel block with one LayerNorm (no bias), multi-query attention, SwiGLU of width 4h, no biases, tied head."""
    hidden = raw["hidden_size"]
    weights = embeddings(raw["vocab_size"], hidden, True) + norm("model.norm", hidden)
    for i in range(raw["num_hidden_layers"]):
        name = f"model.layers.{i}"
        weights += norm(f"{name}.input_layernorm", hidden) + attention(f"{name}.self_attn", raw)
        weights += gated_mlp(f"{name}.mlp", hidden, raw["intermediate_size"])
    return weights


def chinchilla(raw: dict) -> Weights:
    """arXiv:2203.15556 and 2112.11446: RMSNorms, no biases, two-matrix MLP, tied head, and an h x h projection of relative positions in each layer, without which the shape is 64.7B."""
    hidden, inner = raw["hidden_size"], raw["intermediate_size"]
    weights = embeddings(raw["vocab_size"], hidden, True) + norm("model.norm", hidden)
    for i in range(raw["num_hidden_layers"]):
        name = f"model.layers.{i}"
        weights += norm(f"{name}.input_layernorm", hidden) + norm(f"{name}.post_attention_layernorm", hidden)
        weights += attention(f"{name}.self_attn", raw) + linear(
            f"{name}.self_attn.relative_position_proj", hidden, hidden
        )
        weights += linear(f"{name}.mlp.up_proj", inner, hidden) + linear(f"{name}.mlp.down_proj", hidden, inner)
    return weights


def phi3small(raw: dict) -> Weights:
    """modeling_phi3_small.py: LayerNorms, fused qkv, dense and GEGLU, all with bias; tied head."""
    hidden, inner = raw["hidden_size"], raw["ff_intermediate_size"]
    width = hidden // raw["num_attention_heads"]
    fused = (raw["num_attention_heads"] + 2 * raw["num_key_value_heads"]) * width
    weights = embeddings(raw["vocab_size"], hidden, True) + norm("model.final_layernorm", hidden, True)
    for i in range(raw["num_hidden_layers"]):
        name = f"model.layers.{i}"
        weights += norm(f"{name}.input_layernorm", hidden, True) + norm(
            f"{name}.post_attention_layernorm", hidden, True
        )
        weights += linear(f"{name}.self_attn.query_key_value", fused, hidden, True) + linear(
            f"{name}.self_attn.dense", hidden, hidden, True
        )
        weights += linear(f"{name}.mlp.up_proj", 2 * inner, hidden, True) + linear(
            f"{name}.mlp.down_proj", hidden, inner, True
        )
    return weights


def nemotron_nas(raw: dict) -> Weights:
    """modeling_decilm.py: LLaMA layers whose block_configs drop attention or MLP (with its norm) or change its width: int(2 * ffn_mult * h / 3) rounded up to 256."""
    hidden, heads = raw["hidden_size"], raw["num_attention_heads"]
    weights = embeddings(raw["vocab_size"], hidden, raw.get("tie_word_embeddings", False)) + norm("model.norm", hidden)
    for i, block in enumerate(raw["block_configs"]):
        name, sub, ffn = f"model.layers.{i}", block["attention"], block["ffn"]
        if sub.get("replace_with_linear"):
            weights += norm(f"{name}.input_layernorm", hidden) + linear(f"{name}.self_attn.linear_attn", hidden, hidden)
        elif not sub.get("no_op"):
            grouped = {**raw, "num_key_value_heads": heads // sub["n_heads_in_group"]}
            weights += norm(f"{name}.input_layernorm", hidden) + attention(f"{name}.self_attn", grouped)
        if ffn.get("replace_with_linear"):
            weights += norm(f"{name}.post_attention_layernorm", hidden) + linear(
                f"{name}.mlp.linear_mlp", hidden, hidden
            )
        elif not ffn.get("no_op"):
            width = -(-int(2 * ffn["ffn_mult"] * hidden / 3) // 256) * 256
            weights += norm(f"{name}.post_attention_layernorm", hidden) + gated_mlp(f"{name}.mlp", hidden, width)
    return weights


def kimi_k3(raw: dict) -> Weights:
    """APPROXIMATE, no modeling code seen: KDA with a full-rank gate, MLA with an output gate, experts in a latent of routed_expert_hidden_size, dense first layer; without the vision tower and attention residuals."""
    text, linear_config = raw["text_config"], raw["text_config"]["linear_attn_config"]
    hidden, latent, width = text["hidden_size"], text["routed_expert_hidden_size"], text["moe_intermediate_size"]
    weights = embeddings(text["vocab_size"], hidden, False) + norm("model.norm", hidden)
    for i in range(text["num_hidden_layers"]):
        name = f"model.layers.{i}"
        weights += norm(f"{name}.input_layernorm", hidden) + norm(f"{name}.post_attention_layernorm", hidden)
        weights += (
            kda(f"{name}.kda", hidden, linear_config)
            if i + 1 in linear_config["kda_layers"]
            else mla(f"{name}.self_attn", text)
        )
        if i < text["first_k_dense_replace"]:
            weights += gated_mlp(f"{name}.mlp", hidden, text["intermediate_size"])
            continue
        weights += linear(f"{name}.mlp.gate", text["num_experts"], hidden)
        weights += linear(f"{name}.latent_proj.down", latent, hidden) + linear(f"{name}.latent_proj.up", hidden, latent)
        weights += [
            (f"{name}.mlp.experts.{part}", (text["num_experts"], width, latent)) for part in ("gate", "up", "down")
        ]
        weights += gated_mlp(f"{name}.mlp.shared_experts", hidden, text["num_shared_experts"] * width)
    return weights


def kda(name: str, hidden: int, config: dict) -> Weights:
    """Kimi delta attention: q, k, v with short convolutions, decay through a low rank, full-rank gate."""
    size = config["num_heads"] * config["head_dim"]
    weights = [w for part in ("q_proj", "k_proj", "v_proj", "g_proj") for w in linear(f"{name}.{part}", size, hidden)]
    weights += [(f"{name}.{part}_conv1d.weight", (size, 1, config["short_conv_kernel_size"])) for part in "qkv"]
    weights += linear(f"{name}.f_a_proj", config["head_dim"], hidden) + linear(
        f"{name}.f_b_proj", size, config["head_dim"]
    )
    weights += linear(f"{name}.b_proj", config["num_heads"], hidden) + linear(f"{name}.o_proj", hidden, size)
    return [
        *weights,
        (f"{name}.dt_bias", (size,)),
        (f"{name}.A_log", (config["num_heads"],)),
        (f"{name}.o_norm", (config["head_dim"],)),
    ]


def mla(name: str, text: dict) -> Weights:
    """Multi-head latent attention with an output gate."""
    hidden, heads, rank, latent = (
        text["hidden_size"],
        text["num_attention_heads"],
        text["q_lora_rank"],
        text["kv_lora_rank"],
    )
    nope, rope, value = text["qk_nope_head_dim"], text["qk_rope_head_dim"], text["v_head_dim"]
    return linear(f"{name}.q_a_proj", rank, hidden) + norm(f"{name}.q_a_layernorm", rank) \
        + linear(f"{name}.q_b_proj", heads * (nope + rope), rank) + linear(f"{name}.kv_a_proj_with_mqa", latent + rope, hidden) \
        + norm(f"{name}.kv_a_layernorm", latent) + linear(f"{name}.kv_b_proj", heads * (nope + value), latent) \
        + linear(f"{name}.g_proj", heads * value, hidden) + linear(f"{name}.o_proj", hidden, heads * value)  # fmt: skip


FORMULAS: dict[str, Callable[[dict], Weights]] = {
    "chatglm1": chatglm1, "chatglm": chatglm, "glm-130b": glm_130b, "gpt_pangu": pangu, "grok-1": grok, "grok-2": grok,
    "palm": palm, "chinchilla": chinchilla, "phi3small": phi3small, "nemotron-nas": nemotron_nas, "kimi_k3": kimi_k3,
}  # fmt: skip
"""model_type -> its weights by hand."""
