"""Parameter counts of models whose code lives beside their weights, tensor by tensor from the published modeling code.

    python scripts/reference_remote_code.py ROWS.jsonl.gz

recomputes every row ({model_type, config, total}) and names those that differ. Written apart from the mappings of
catalog/architectures: nothing here reads them. A maintainer's tool, not shipped.
"""

import gzip
import json
import sys
from collections.abc import Callable
from pathlib import Path
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


@of("xverse")
def xverse(c: Config) -> int:
    """LLaMA's shape; XVERSE-MoE has experts of intermediate_size, and shared ones side by side."""
    if not c.get("num_experts"):
        return llama(c)
    h, f = c["hidden_size"], c["intermediate_size"]
    experts = c["num_experts"] * gated(h, f) + c["num_experts"] * h + gated(h, f * c["num_shared_experts"])
    return llama(c, mlp=experts)


@of("minicpm")
def minicpm(c: Config) -> int:
    """LLaMA's shape, tied unless stated; MiniCPM-MoE has eight experts a layer."""
    tied = c.get("tie_word_embeddings", True)
    if not c.get("num_experts"):
        return llama(c, tied=tied)
    h = c["hidden_size"]
    return llama(c, tied=tied, mlp=c["num_experts"] * (gated(h, c["intermediate_size"]) + h))


@of("telechat", "telechat2")
def telechat(c: Config) -> int:
    """query and key_value without, dense and down_proj with biases."""
    h, f, heads = c["hidden_size"], c["ffn_hidden_size"], c["n_head"]
    kv = c.get("num_key_value_heads") or heads
    block = linear(h, h) + linear(2 * kv * (h // heads), h) + linear(h, h, True)
    block += 2 * linear(f, h) + linear(h, f, True) + 2 * h
    return c["n_layer"] * block + h + tables(c, h, c["vocab_size"], c.get("tie_word_embeddings", True))


@of("telechat3", "nanbeige", "skywork", "aquila")
def plain_llama(c: Config) -> int:
    """LLaMA's own shape under another name."""
    bias = c.get("attention_bias", False)
    return llama(c, qkv_bias=bias, o_bias=bias, mlp_bias=c.get("mlp_bias", False))


@of("orion")
def orion(c: Config) -> int:
    """LLaMA with LayerNorms."""
    return llama(c, norm=2)


@of("codeshell")
def codeshell(c: Config) -> int:
    """GPT-2's layers with grouped rotary attention; the head is a table of its own."""
    h, heads, inner = c["n_embd"], c["n_head"], c.get("n_inner") or 4 * c["n_embd"]
    groups = c["num_query_groups"] if c.get("group_query_attention", True) else heads
    block = qkvo(h, heads, groups, h // heads, True, True) + plain(h, inner, True) + 4 * h
    return c["n_layer"] * block + 2 * h + tables(c, h, c["vocab_size"], c.get("tie_word_embeddings", True))


@of("gpt_refact")
def refact(c: Config) -> int:
    """One key and value head, no biases, RMS norms; the gated MLP's width is two thirds of four, in steps of 256."""
    h, heads = c["n_embd"], c["n_head"]
    inner = -(-int(2 * 4 * h / 3) // 256) * 256
    block = qkvo(h, heads, 1, h // heads) + gated(h, inner) + 2 * h
    return c["n_layer"] * block + h + 2 * c["vocab_size"] * h


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


def ling_mlp(c: Config, layer: int) -> int:
    """A dense MLP in the first layers, then experts and shared ones; the bias of the choice is a buffer."""
    h = c["hidden_size"]
    if layer < c.get("first_k_dense_replace", 0):
        return gated(h, c["intermediate_size"], c.get("use_bias", False))
    shared = c.get("moe_shared_expert_intermediate_size", c["moe_intermediate_size"]) * c["num_shared_experts"]
    one = gated(h, c["moe_intermediate_size"], c.get("use_bias", False))
    return c["num_experts"] * (one + h) + gated(h, shared)


@of("bailing_moe", "llada2_moe", "sarvam_moe", "sarvam_mla", "bailing_moe_linear", "bailing_hybrid")
def ling(c: Config) -> int:
    """Ling's generations; one kind of attention in the last layer of a group, another in the others."""
    h, (heads, kv, dim) = c["hidden_size"], heads_of(c)
    group, layers = c.get("layer_group_size", 1), c["num_hidden_layers"]
    bias, qkv_bias = c.get("use_bias", False), c.get("use_qkv_bias", False)
    normed = 2 * dim if c.get("use_qk_norm", c["model_type"] != "bailing_moe") else 0
    width = heads * dim
    lightning = linear(3 * width, h, qkv_bias) + linear(h, width, bias) + linear(width, h) + width + normed
    delta = 6 * linear(width, h) + 3 * width * c.get("short_conv_kernel_size", 0)
    delta += heads + width + linear(heads, h) + dim
    softmax = qkvo(h, heads, kv, dim, bias or qkv_bias, bias) + normed
    total = h + tables(c, h, c["vocab_size"], False)
    for layer in range(layers):
        last = (layer + 1) % group == 0 or layer >= layers // group * group
        if last:
            total += mla(c, heads, qkv_bias) if "kv_lora_rank" in c else softmax
            total += linear(heads, h) if "short_conv_kernel_size" in c else 0
        else:
            total += delta if "short_conv_kernel_size" in c else lightning
        total += ling_mlp(c, layer) + 2 * h
    return total


@of("rwkv5", "rwkv6")
def rwkv56(c: Config) -> int:
    """Eagle and Finch (arXiv:2404.05892, appendix): Finch adds low-rank mixing and decay."""
    h, a = c["hidden_size"], c.get("attention_hidden_size") or c["hidden_size"]
    inner = c.get("intermediate_size") or int(h * 3.5) // 32 * 32
    mixing = 4 * h
    if c["model_type"] == "rwkv6":
        mix, decay = (64, 128) if h == 4096 else (32, 64)
        mixing = 6 * h + 2 * 5 * mix * h + decay * (h + a)
    block = 4 * a * h + h * a + 2 * a + 2 * a + mixing + 2 * h + 2 * inner * h + h * h + 4 * h
    return c["num_hidden_layers"] * block + 4 * h + tables(c, h, c["vocab_size"], False)


@of("rwkv7")
def rwkv7(c: Config) -> int:
    """Goose: six mixes, three vectors a head, four low-rank products (no value mixing in the first layer)."""
    h, inner = c["hidden_size"], c.get("intermediate_size") or 4 * c["hidden_size"]
    block = 9 * h + 4 * h * h + 2 * h
    block += sum(2 * c[f"{name}_low_rank_dim"] * h + h for name in ("decay", "a", "v"))
    block += 2 * c["gate_low_rank_dim"] * h + h + 2 * inner * h + 4 * h
    first = 2 * c["v_low_rank_dim"] * h + h
    return c["num_hidden_layers"] * block - first + 4 * h + tables(c, h, c["vocab_size"], False)


@of("rwkv6qwen2")
def qrwkv6(c: Config) -> int:
    """Qwen2's MLP and norms; Finch's mixing, with a gate, biases on q, k and v and no bonus."""
    h, (heads, kv, dim) = c["hidden_size"], heads_of(c)
    mix = c.get("lora_rank_tokenshift") or (64 if h >= 4096 else 32)
    decay = c.get("lora_rank_decay") or (128 if h >= 4096 else 64)
    block = qkvo(h, heads, kv, dim, True) + heads * dim * h + 7 * h + 10 * mix * h + decay * (h + heads * dim)
    block += gated(h, c["intermediate_size"]) + 2 * h
    return c["num_hidden_layers"] * block + h + tables(c, h, c["vocab_size"], False)


@of("plamo")
def plamo(c: Config) -> int:
    """One norm a layer; n_shared_head queries to a key and value head."""
    h, heads = c["hidden_size"], c["num_attention_heads"]
    block = qkvo(h, heads, -(-heads // c.get("n_shared_head", 8)), h // heads) + gated(h, c["intermediate_size"]) + h
    return c["num_hidden_layers"] * block + h + tables(c, h, c["vocab_size"], False)


@of("plamo2")
def plamo2(c: Config) -> int:
    """Four norms a layer; attention at every mamba_step-th layer."""
    h, dim, state, step = c["hidden_size"], c["hidden_size_per_head"], c["mamba_d_state"], c["mamba_step"]
    inner, rank, mixers = c["mamba_num_heads"] * dim, max(64, h // 16), c["mamba_num_heads"]
    mamba = linear(2 * inner, h) + inner * c["mamba_d_conv"] + linear(rank + 2 * state, inner) + linear(mixers, rank)
    mamba += 3 * mixers + rank + 2 * state + linear(h, inner)
    heads, kv = c["num_attention_heads"], c["num_key_value_heads"]
    attention = qkvo(h, heads, kv, dim) + (heads + kv) * dim
    attended = sum(layer % step == step // 2 for layer in range(c["num_hidden_layers"]))
    both = c["num_hidden_layers"] * (gated(h, c["intermediate_size"]) + 4 * h)
    mixed = (c["num_hidden_layers"] - attended) * mamba + attended * attention
    return both + mixed + h + tables(c, h, c["vocab_size"], c.get("tie_word_embeddings", True))


@of("plamo3")
def plamo3(c: Config) -> int:
    """Four norms a layer, norms of one head's width on q and k."""
    tied = c.get("tie_word_embeddings", True)
    return llama(c, layer_extra=2 * c["head_dim"] + 2 * c["hidden_size"], tied=tied)


@of("openelm")
def openelm(c: Config) -> int:
    """Heads by layer, widths by layer in steps of ffn_dim_divisor, shared tables."""
    h, dim, step = c["model_dim"], c["head_dim"], c["ffn_dim_divisor"]
    total = h + c["vocab_size"] * h * (1 if c["share_input_output_layers"] else 2)
    for layer in range(c["num_transformer_layers"]):
        wanted = c["ffn_multipliers"][layer] * h
        inner = max(step, int(wanted + step / 2) // step * step)
        inner += step if inner < 0.9 * wanted else 0
        total += qkvo(h, c["num_query_heads"][layer], c["num_kv_heads"][layer], dim) + 2 * h + gated(h, inner)
        total += 2 * dim if c["normalize_qk_projections"] else 0
    return total


@of("hunyuan")
def hunyuan(c: Config) -> int:
    """Keys and values at every cla_share_factor-th layer; both norms of q and k everywhere."""
    h, (heads, kv, dim) = c["hidden_size"], heads_of(c)
    share = c["cla_share_factor"] if c.get("use_cla") else 1
    at: Callable[[Any, int], int] = lambda value, layer: value[layer] if isinstance(value, list) else value  # noqa: E731
    total = h + tables(c, h, c["vocab_size"], False)
    for layer in range(c["num_hidden_layers"]):
        total += qkvo(h, heads, kv if layer % share == 0 else 0, dim) + 2 * h + (2 * dim if c.get("use_qk_norm") else 0)
        if c["num_experts"] == 1:
            total += gated(h, c["intermediate_size"])
            continue
        inner = at(c.get("moe_intermediate_size", c["intermediate_size"]), layer)
        total += c["num_experts"] * (gated(h, inner) + h)
        if c.get("use_mixed_mlp_moe"):
            total += gated(h, c["intermediate_size"] * at(c["num_shared_expert"], layer))
    return total


@of("minimax_text_01", "minimax_m1")
def minimax01(c: Config) -> int:
    """Lightning attention where attn_type_list says 0: fused qkv, a gate and a norm over all heads; experts throughout."""
    h, (heads, kv, dim) = c["hidden_size"], heads_of(c)
    width, n = heads * dim, c["num_local_experts"]
    lightning = linear(3 * width, h) + linear(h, width) + linear(width, h) + width
    softmax = qkvo(h, heads, kv, dim)
    attention = sum(softmax if kind else lightning for kind in c["attn_type_list"])
    both = c["num_hidden_layers"] * (n * (gated(h, c["intermediate_size"]) + h) + 2 * h)
    return attention + both + h + tables(c, h, c["vocab_size"], False)


@of("llada")
def llada(c: Config) -> int:
    """LLaMA's shape under OLMo's keys; the mixture normalises each head of q and k."""
    if "d_model" in c:
        h, heads = c["d_model"], c["n_heads"]
        block = qkvo(
            h, heads, c["n_kv_heads"], h // heads, c["include_bias"] or c["include_qkv_bias"], c["include_bias"]
        )
        block += gated(h, c["mlp_hidden_size"], c["include_bias"]) + 2 * h
        return c["n_layers"] * block + h + c["embedding_size"] * h * (1 if c["weight_tying"] else 2)
    h, dim = c["hidden_size"], heads_of(c)[2]
    experts = c["num_experts"] * (gated(h, c["expert_intermediate_size"]) + h)
    return llama(c, mlp=experts, layer_extra=2 * dim if c["qk_layernorm"] else 0)


@of("smallthinker")
def smallthinker(c: Config) -> int:
    """LLaMA's attention, experts on all layers."""
    h = c["hidden_size"]
    return llama(c, mlp=c["moe_num_primary_experts"] * (gated(h, c["moe_ffn_hidden_size"]) + h))


@of("PanguEmbedded")
def pangu_embedded(c: Config) -> int:
    """Biases on the four projections of attention."""
    return llama(c, qkv_bias=c.get("bias", True), o_bias=c.get("bias", True))


@of("PanguProMoE")
def pangu_pro_moe(c: Config) -> int:
    """Biases on the four projections; a scale for each expert; a shared expert without a gate."""
    h, n = c["hidden_size"], c["num_experts"]
    experts = n * (gated(h, c["moe_intermediate_size"]) + h + 1) + gated(h, c["shared_expert_intermediate_size"])
    return llama(c, qkv_bias=True, o_bias=True, mlp=experts)


@of("arctic")
def arctic(c: Config) -> int:
    """Experts at every moe_layer_frequency-th layer, beside an MLP as wide as the model with a norm of its own."""
    h, inner, n = c["hidden_size"], c["intermediate_size"], c["num_local_experts"]
    sparse = n * (gated(h, inner) + h) + (gated(h, h) + h if c["parallel_attn_mlp_res"] else 0)
    kinds = [
        sparse if (i + 1) % c["moe_layer_frequency"] == 0 else gated(h, inner) for i in range(c["num_hidden_layers"])
    ]
    return llama(c, mlp=0) + sum(kinds)


@of("jais", "btlm")
def jais(c: Config) -> int:
    """GPT-2's biases everywhere; a third matrix when the MLP is gated; ALiBi instead of positions."""
    h, inner = c["n_embd"], c.get("n_inner") or 4 * c["n_embd"]
    mlp = gated(h, inner, True) if c["activation_function"] == "swiglu" else plain(h, inner, True)
    block = linear(3 * h, h, True) + linear(h, h, True) + mlp + 4 * h
    positions = 0 if c["position_embedding_type"] == "alibi" else c["n_positions"] * h
    return c["n_layer"] * block + 2 * h + positions + tables(c, h, c["vocab_size"], c.get("tie_word_embeddings", True))


@of("ouro")
def ouro(c: Config) -> int:
    """Four norms a layer and an exit gate of one row with a bias."""
    return llama(c, layer_extra=2 * c["hidden_size"]) + c["hidden_size"] + 1


@of("solar")
def solar(c: Config) -> int:
    """LLaMA's weights."""
    return llama(c)


@of("step1")
def step1(c: Config) -> int:
    """LLaMA's weights with num_attention_groups keys and values."""
    return llama({**c, "num_key_value_heads": c["num_attention_groups"]})


def step3_language(c: Config) -> int:
    """A query of share_q_dim, normalised and projected to all heads; one key and value head."""
    h, dim, shared = c["hidden_size"], c["head_dim"], c["share_q_dim"]
    wide = c["num_attention_heads"] * dim
    attention = linear(shared + 2 * dim, h) + shared + linear(wide, shared) + linear(h, wide)
    enum = c.get("moe_layers_enum")
    sparse = range(1, c["num_hidden_layers"]) if enum is None else [int(i) for i in enum.split(",")]
    experts = c["moe_num_experts"] * (gated(h, c["moe_intermediate_size"]) + h) + gated(h, c["share_expert_dim"])
    total = h + tables(c, h, c["vocab_size"], False)
    for layer in range(c["num_hidden_layers"]):
        total += attention + 2 * h + (experts if layer in sparse else gated(h, c["intermediate_size"]))
    return total


@of("step3_text", "step3_vl")
def step3(c: Config) -> int:
    """The language model, and the tower with its downsamplers."""
    if "vision_config" not in c:
        return step3_language(c)
    t, e = c["text_config"], c["vision_config"]
    v, f, out = e["hidden_size"], e["intermediate_size"], e["output_hidden_size"]
    block = 4 * linear(v, v, True) + plain(v, f, True) + 4 * v
    patches = (e["image_size"] // e["patch_size"]) ** 2
    tower = v + 3 * e["patch_size"] ** 2 * v + v + (patches + 1) * v + e["num_hidden_layers"] * block
    down = out * v * 4 + out + 2 * out * out * 9 + 2 * out
    return step3_language(t) + tower + down + linear(t["hidden_size"], 2 * out, c.get("projector_bias", False))


def vit_layers(width: int, inner: int, layers: int) -> int:
    """Layers of a plain vision transformer: LayerNorms and biases everywhere."""
    return layers * (4 * linear(width, width, True) + plain(width, inner, True) + 4 * width)


def siglip(e: Config, layers: int) -> int:
    """SigLIP without its pooling head."""
    width, side = e["hidden_size"], e["image_size"] // e["patch_size"]
    patches = 3 * e["patch_size"] ** 2 * width + width + side * side * width
    return patches + vit_layers(width, e["intermediate_size"], layers) + 2 * width


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


def text_part(c: Config) -> int:
    """Language models inside InternVL."""
    if c["model_type"] == "qwen2":
        return llama(c, layer_extra=(c["num_attention_heads"] + 2 * c["num_key_value_heads"]) * heads_of(c)[2])
    if c["model_type"] == "qwen3_moe":
        one = gated(c["hidden_size"], c["moe_intermediate_size"]) + c["hidden_size"]
        return llama(c, mlp=c["num_experts"] * one, layer_extra=2 * c["head_dim"])
    return llama(c)


@of("internvl_chat")
def internvl_chat(c: Config) -> int:
    """InternViT, a LayerNorm and two layers over four merged patches, and a language model."""
    e, h = c["vision_config"], c["llm_config"]["hidden_size"]
    v, f, norm = e["hidden_size"], e["intermediate_size"], 1 if e["norm_type"] == "rms_norm" else 2
    block = linear(3 * v, v, e["qkv_bias"]) + linear(v, v, True) + plain(v, f, True) + 2 * norm * v + 2 * v
    block += 2 * v if e["qk_normalization"] else 0
    side = e["image_size"] // e["patch_size"]
    tower = v + 3 * e["patch_size"] ** 2 * v + v + (side * side + 1) * v + e["num_hidden_layers"] * block
    return tower + 8 * v + linear(h, 4 * v, True) + linear(h, h, True) + text_part(c["llm_config"])


@of("kimi_vl")
def kimi_vl(c: Config) -> int:
    """MoonViT with a learned grid of positions; two layers over merged patches."""
    e, h = c["vision_config"], c["text_config"]["hidden_size"]
    v, merged = e["hidden_size"], e["hidden_size"] * e["merge_kernel_size"][0] * e["merge_kernel_size"][1]
    grid = e["init_pos_emb_height"] * e["init_pos_emb_width"] * v
    tower = 3 * e["patch_size"] ** 2 * v + v + grid + vit_layers(v, e["intermediate_size"], e["num_hidden_layers"])
    return tower + 2 * v + 2 * v + linear(merged, merged, True) + linear(h, merged, True) + moe_mla(c["text_config"])


@of("phi3_v")
def phi3_v(c: Config) -> int:
    """CLIP ViT-L/14 at 336 pixels, two separators and two layers over four merged patches."""
    h, v = c["hidden_size"], 1024
    tower = v + 3 * 14 * 14 * v + (24 * 24 + 1) * v + vit_layers(v, 4 * v, 24) + 4 * v
    return llama(c) + tower + 8 * v + linear(h, 4 * v, True) + linear(h, h, True)


@of("minicpmv")
def minicpmv(c: Config) -> int:
    """SigLIP and one cross-attention of learned queries."""
    h, e, version = c["hidden_size"], c["vision_config"], str(c.get("version", 2.5))
    tower = siglip(e, e["num_hidden_layers"] - (1 if c["drop_vision_last_layer"] else 0))
    resampler = c["query_num"] * h + linear(h, e["hidden_size"]) + 4 * linear(h, h, True) + 6 * h + h * h
    return (
        llama(c, qkv_bias=version == "2.6", layer_extra=2 * heads_of(c)[2] if version == "4.5" else 0)
        + tower
        + resampler
    )


@of("deepseek_vl_v2")
def deepseek_vl_v2(c: Config) -> int:
    """SigLIP so400m with its pooling head, two layers over four merged patches, two learned separators."""
    e, text, out = c["vision_config"], c["language_config"], c["projector_config"]["n_embed"]
    shape = {"hidden_size": e["width"], "intermediate_size": int(e["width"] * e["mlp_ratio"]), "image_size": 384}
    tower = siglip({**shape, "patch_size": e["patch_size"]}, e["layers"])
    v, f = e["width"], shape["intermediate_size"]
    pool = v + 4 * linear(v, v, True) + 2 * v + plain(v, f, True)
    return tower + pool + linear(out, 4 * v, True) + linear(out, out, True) + 2 * out + moe_mla(text)


def mimo_towers(c: Config) -> int:
    """A vision tower of grouped attention with sinks in its windowed blocks; a transformer over summed code tables."""
    total = 0
    if e := c.get("vision_config"):
        v, f, heads, kv = e["hidden_size"], e["intermediate_size"], e["num_heads"], e["num_key_value_heads"]
        block = linear((heads + 2 * kv) * 64, v, True) + linear(v, heads * 64, True) + gated(v, f, True) + 2 * v
        sinks = heads * (e["depth"] - len(e["fullatt_block_indexes"])) if e["use_sink"] else 0
        total += v * 3 * e["temporal_patch_size"] * e["patch_size"] ** 2 + e["depth"] * block + sinks
        total += v + linear(4 * v, 4 * v) + linear(e["out_hidden_size"], 4 * v)
    if e := c.get("audio_config"):
        a, grouped = e["input_local_dim"], e["input_local_dim"] * e["group_size"]
        block = linear(3 * a, a, True) + linear(a, a) + gated(a, e["input_local_intermediate_size"]) + 2 * a
        total += e["audio_channels"] * int(e["speech_vocab_size"]) * a + e["input_local_layers"] * block + a
        total += linear(4 * grouped, grouped) + linear(e["out_hidden_size"], 4 * grouped)
    return total


@of("mimo_v2")
def mimo_v2(c: Config) -> int:
    """Full and sliding layers with heads of their own, sinks in the sliding ones, experts by layer."""
    h, total = c["hidden_size"], c["hidden_size"] + tables(c, c["hidden_size"], c["vocab_size"], False)
    for slides, sparse in zip(c["hybrid_layer_pattern"], c["moe_layer_freq"], strict=True):
        prefix = "swa_" if slides else ""
        heads, kv = c[prefix + "num_attention_heads"], c[prefix + "num_key_value_heads"]
        key, value = c[prefix + "head_dim"], c[prefix + "v_head_dim"]
        total += linear(heads * key + kv * (key + value), h) + linear(h, heads * value) + 2 * h
        total += heads if slides and c["add_swa_attention_sink_bias"] else 0
        experts = (c["n_routed_experts"] or 0) * (gated(h, c["moe_intermediate_size"]) + h)
        total += experts if sparse else gated(h, c["intermediate_size"])
    return total + mimo_towers(c)


@of("mistral3")
def mistral3(c: Config) -> int:
    """Pixtral (RMS norms, no biases), a norm, four merged patches and two layers, and a mixture with latent attention."""
    e, h = c["vision_config"], c["text_config"]["hidden_size"]
    v, f = e["hidden_size"], e["intermediate_size"]
    tower = 3 * e["patch_size"] ** 2 * v + v + e["num_hidden_layers"] * (4 * v * v + gated(v, f) + 2 * v)
    return tower + v + linear(v, 4 * v) + linear(h, v) + linear(h, h) + moe_mla(c["text_config"])


def main() -> None:
    """Recomputes the rows of the file."""
    rows = [json.loads(line) for line in gzip.decompress(Path(sys.argv[1]).read_bytes()).splitlines()]
    wrong = [row for row in rows if count(row["config"]) != row["total"]]
    for row in wrong:
        print(row["model_type"], count(row["config"]), row["total"])
    print(f"{len(rows) - len(wrong)} of {len(rows)} agree")


if __name__ == "__main__":
    main()
