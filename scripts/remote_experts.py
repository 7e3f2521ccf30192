"""Mixtures of experts."""

from collections.abc import Callable
from typing import Any

from remote_counting import Config, gated, heads_of, linear, llama, mla, moe_mla, of, qkvo, tables


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


@of("longcat_flash", "longcat_flash_ngram")
def longcat(c: Config) -> int:
    """Two latent attentions and two dense MLPs a layer, experts across both; tables of n-grams and their projections."""
    h, heads, vocab = c["hidden_size"], c["num_attention_heads"], c["vocab_size"]
    experts = c["n_routed_experts"] * gated(h, c["expert_ffn_hidden_size"])
    router = (c["n_routed_experts"] + c["zero_expert_num"]) * h
    block = 2 * (mla(c, heads) + gated(h, c["ffn_hidden_size"]) + 2 * h) + experts + router
    total = c["num_layers"] * block + h + tables(c, h, vocab, False)
    if "ngram" in c["model_type"]:
        n = c["emb_split_num"] * (c["emb_neighbor_num"] - 1)
        rows = sum(c["ngram_vocab_size_ratio"] * vocab + 2 * i + 1 for i in range(n))
        total += rows * (h // n) + n * h * (h // n)
    return total


@of("deepseek_v41")
def deepseek_v41(c: Config) -> int:
    """One key-value row a token and layer, compressors and indexers at source layers, engram tables, a gated ViT."""
    t, e = c.get("text_config", c), c.get("vision_config")
    h, heads, dim, hc = t["hidden_size"], t["num_attention_heads"], t["head_dim"], t["hc_mult"]
    low, groups, rank = t["q_lora_rank"], t["o_groups"], t["o_lora_rank"]
    attention = low * h + low + heads * dim * low + dim * h + dim + heads
    attention += groups * rank * (heads * dim // groups) + h * groups * rank
    mix = hc * (hc + 2)
    block = attention + 2 * (mix * hc * h + mix + 3) + 2 * h + t["n_routed_experts"] * h
    block += (t["n_routed_experts"] + t["n_shared_experts"]) * gated(h, t["moe_intermediate_size"])
    total = t["num_hidden_layers"] * block + h + 2 * t["vocab_size"] * h
    for layer in t["kv_source_layer_ids"]:
        total += dim * h * (2 if t["compress_ratios"][layer] > 1 else 1) + dim
    for layer in t["index_source_layer_ids"]:
        total += t["index_n_heads"] * (t["index_head_dim"] * low + h)
        total += t["index_head_dim"] * (dim + 1) if layer in t["kv_source_layer_ids"] else 0
    for rows in t.get("engram_num_embeddings", []):
        columns = (t["engram_max_ngram_size"] - 1) * t["engram_n_heads"]
        total += rows * t["engram_head_dim"] + (hc + 1) * h * columns * t["engram_head_dim"] + 2 * hc * h
    if e:
        v, f = e["hidden_size"], e["intermediate_size"]
        total += linear(v, 3 * e["patch_size"] ** 2, True) + v
        total += e["num_hidden_layers"] * (4 * linear(v, v, True) + gated(v, f) + 2 * v)
        total += linear(h, v * e["downsample_ratio"] ** 2, True) + linear(h, h, True) + 3 * h
    return total


@of("xing4_0", "gravity_moe")
def deepseek_joined(c: Config) -> int:
    """DeepSeek-V3; Xing 4 joins its layers with two hyper-connections each."""
    streams = c.get("hc_mult", 0)
    mixing = (2 + streams) * streams * (streams * c["hidden_size"] + 1) + 3 if streams else 0
    return moe_mla(c) + c["num_hidden_layers"] * 2 * mixing


@of("mobilemoe")
def mobilemoe(c: Config) -> int:
    """LLaMA's attention; experts and a shared one of intermediate_size_mlp."""
    h = c["hidden_size"]
    experts = c["num_local_experts"] * (gated(h, c["intermediate_size"]) + h) + gated(h, c["intermediate_size_mlp"])
    return llama(c, mlp=experts)
