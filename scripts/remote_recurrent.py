"""Recurrent models, lightning and delta attention, and the mixtures that use them."""

from remote_counting import Config, gated, heads_of, linear, mla, of, qkvo, tables


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
