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


def kimi_delta(h: int, heads: int, dim: int, kernel: int, full: bool = False) -> int:
    """q, k, v and their convolutions, decay and gate (low-rank unless ``full``), beta, a norm of one head, output."""
    width = heads * dim
    low = linear(width, h) if full else linear(dim, h) + linear(width, dim)
    return 4 * linear(width, h) + 3 * width * kernel + width + heads + 2 * low + linear(heads, h) + dim


@of("alice_ai")
def alice(c: Config) -> int:
    """Gated attention every fourth layer; a norm and a projection to one row for each residual that is read."""
    h, (heads, kv, dim), layers = c["hidden_size"], heads_of(c), c["num_hidden_layers"]
    delta = kimi_delta(h, c["linear_num_key_heads"], c["linear_key_head_dim"], c["linear_conv_kernel_dim"])
    softmax = qkvo(h, heads, kv, dim) + linear(heads * dim, h) + 2 * dim
    experts = c["num_experts"] * (gated(h, c["moe_intermediate_size"]) + h)
    experts += gated(h, c["shared_expert_intermediate_size"]) + h
    total = sum(delta if kind == "linear_attention" else softmax for kind in c["layer_types"])
    total += layers * (experts + 2 * h) + (2 * layers - 1) * 2 * h + 2 * h + h
    return total + tables(c, h, c["vocab_size"], False)


@of("solar_open2")
def solar_open2(c: Config) -> int:
    """Attention with a gate in ``gqa_layers``, delta attention elsewhere; experts throughout."""
    h, (heads, kv, dim), mixed = c["hidden_size"], heads_of(c), c["linear_attn_config"]
    full = c.get("kda_use_full_proj", False)
    delta = kimi_delta(h, mixed["num_heads"], mixed["head_dim"], mixed["short_conv_kernel_size"], full)
    gate = linear(heads * dim, h, c.get("use_gqa_gate_bias", False)) if c.get("use_gqa_gate", True) else 0
    experts = c["n_routed_experts"] * (gated(h, c["moe_intermediate_size"]) + h)
    experts += gated(h, c["n_shared_experts"] * c["moe_intermediate_size"])
    total = sum(qkvo(h, heads, kv, dim) + gate if layer in c["gqa_layers"] else delta
                for layer in range(c["num_hidden_layers"]))  # fmt: skip
    return total + c["num_hidden_layers"] * (experts + 2 * h) + h + tables(c, h, c["vocab_size"], False)


@of("gigachat3_5")
def gigachat(c: Config) -> int:
    """Norms with a gate of rank 16; latent attention with a gate, or a gated delta net."""
    h, heads, gate = c["hidden_size"], c["num_attention_heads"], 33 if c["norm_type"] == "ZeroCenteredGatedNorm" else 1
    latents = c["kv_lora_rank"] + c["q_lora_rank"]
    latent = mla(c, heads) + (gate - 1) * latents + linear(heads * c["v_head_dim"], h)
    keys, values = (c[f"linear_num_{one}_heads"] * c[f"linear_{one}_head_dim"] for one in ("key", "value"))
    net = linear(2 * keys + 2 * values, h) + linear(2 * c["linear_num_value_heads"], h) + linear(h, values)
    net += (2 * keys + values) * c["linear_conv_kernel_dim"]
    net += 2 * c["linear_num_value_heads"] + c["linear_value_head_dim"]
    experts = c["n_routed_experts"] * (gated(h, c["moe_intermediate_size"]) + h)
    experts += gated(h, c["n_shared_experts"] * c["moe_intermediate_size"])
    total = gate * h + tables(c, h, c["vocab_size"], False)
    for layer in range(c["num_hidden_layers"]):
        mixer = latent if layer in c["full_attention_layers"] else net
        mlp = gated(h, c["intermediate_size"]) if layer < c["first_k_dense_replace"] else experts
        total += mixer + mlp + 4 * gate * h
    return total


@of("hymba")
def hymba(c: Config) -> int:
    """One projection into queries, keys, values, Mamba's input and gate; layers that follow in a group have no k and v."""
    h, (_, kv, dim) = c["hidden_size"], heads_of(c)
    inner, state, rank = c["mamba_expand"] * h, c["mamba_d_state"], c["mamba_dt_rank"]
    mixer = linear(2 * inner + h, h) + inner * (c["mamba_d_conv"] + 1) + linear(rank + 2 * state, inner)
    mixer += linear(inner, rank, True) + inner * (state + 1) + rank + 2 * state + 2 * inner + linear(h, inner)
    made = linear(kv * dim * (1 + c["mamba_expand"]), h)
    reading = sum(len(group) - 1 for group in c["kv_reuse_group"] or ())
    layers = c["num_hidden_layers"]
    total = layers * (mixer + gated(h, c["intermediate_size"]) + 2 * h) + (layers - reading) * made
    return total + h + c["num_memory_tokens"] * h + tables(c, h, c["vocab_size"], False)


@of("nemotron_flash")
def nemotron_flash(c: Config) -> int:
    """One part a layer, each behind a norm."""
    h, (heads, kv, dim) = c["hidden_size"], heads_of(c)
    inner, state, kernel = c["mamba_expand"] * h, c["mamba_d_state"], c["mamba_d_conv"]
    mixers = inner // c["mamba2_headdim"]
    mamba = linear(2 * inner + 2 * state + mixers, h) + (inner + 2 * state) * (kernel + 1) + 3 * mixers + inner
    delta = 4 * linear(h, h) + linear(heads, h) + 3 * h * 4 + h // heads
    attention = qkvo(h, heads, kv, dim) + (2 * dim if c["kq_norm"] == "rms" else 0)
    mlp = gated(h, int(c["ffn_expand_ratio"] * h) // 128 * 128)
    kinds = {"deltanet": delta, "m": mamba + linear(h, inner), "m2": mamba + linear(h, inner), "a": attention, "f": mlp}
    total = sum(kinds[kind] + h for kind in c["layer_types"])
    return total + h + c["num_memory_tokens"] * h + tables(c, h, c["vocab_size"], False)
