"""Dense models: GPT's and LLaMA's relatives."""

from remote_counting import Config, gated, heads_of, linear, llama, of, plain, qkvo, tables


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


@of("plamo")
def plamo(c: Config) -> int:
    """One norm a layer; n_shared_head queries to a key and value head."""
    h, heads = c["hidden_size"], c["num_attention_heads"]
    block = qkvo(h, heads, -(-heads // c.get("n_shared_head", 8)), h // heads) + gated(h, c["intermediate_size"]) + h
    return c["num_hidden_layers"] * block + h + tables(c, h, c["vocab_size"], False)


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


@of("PanguEmbedded")
def pangu_embedded(c: Config) -> int:
    """Biases on the four projections of attention."""
    return llama(c, qkv_bias=c.get("bias", True), o_bias=c.get("bias", True))


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


@of("phi-msft", "mixformer-sequential")
def phi_msft(c: Config) -> int:
    """Phi: one LayerNorm a layer, biases everywhere, also on the head."""
    h, heads = c["n_embd"], c["n_head"]
    block = qkvo(h, heads, c.get("n_head_kv") or heads, h // heads, True, True)
    block += plain(h, c.get("n_inner") or 4 * h, True) + 2 * h
    return c["n_layer"] * block + 2 * h + 2 * c["vocab_size"] * h + c["vocab_size"]


@of("deci")
def deci(c: Config) -> int:
    """Key and value heads by layer."""
    h, heads = c["hidden_size"], c["num_attention_heads"]
    attention = sum(qkvo(h, heads, kv, h // heads) for kv in c["num_key_value_heads_per_layer"])
    block = gated(h, c["intermediate_size"]) + 2 * h
    return attention + c["num_hidden_layers"] * block + h + tables(c, h, c["vocab_size"], False)


@of("baichuan_m1")
def baichuan_m1(c: Config) -> int:
    """Other heads in sliding layers; two weights a key and value head for the convolutions."""
    h, total = c["hidden_size"], c["hidden_size"] + tables(c, c["hidden_size"], c["vocab_size"], False)
    for layer in range(c["num_hidden_layers"]):
        heads, kv = c["num_attention_heads"], c["num_key_value_heads"]
        if layer in c["sliding_window_layers"]:
            heads, kv = c["num_swa_attention_heads"] or heads, c["num_swa_key_value_heads"] or kv
        total += qkvo(h, heads, kv, h // heads) + 2 * kv * c["conv_window"] + gated(h, c["intermediate_size"]) + 2 * h
    return total


@of("afm7")
def afm7(c: Config) -> int:
    """Tied; the last layers have a query, an output and a norm of the query only."""
    h, heads = c["hidden_dim"], c["num_heads"]
    dim, reuse = h // heads, c["num_kv_reuse_layers"]
    both = gated(h, int(h * c["hidden_dim_scale_factor"])) + 2 * h
    own = (c["num_layers"] - reuse) * (qkvo(h, heads, c["num_kv_heads"], dim) + 2 * dim + both)
    return own + reuse * (2 * h * h + dim + both) + h + c["vocab_size"] * h


@of("spark2_5")
def spark(c: Config) -> int:
    """A gate of one row a head."""
    h, bias = c["hidden_size"], c.get("attention_bias", False)
    gate = linear(c["num_attention_heads"], h, bias)
    return llama(c, qkv_bias=bias, o_bias=bias, mlp_bias=c.get("mlp_bias", False), layer_extra=gate)


@of("internlm")
def internlm(c: Config) -> int:
    """One switch for all biases of attention."""
    return llama(c, qkv_bias=c.get("bias", True), o_bias=c.get("bias", True))


def qwen_towers(c: Config) -> int:
    """A vision transformer with learned positions and a resampler; Whisper's encoder. Fixed positions do not count."""
    total = 0
    if e := c.get("visual"):
        v, out, inner = e["width"], e["output_dim"], int(e["width"] * e["mlp_ratio"])
        block = 4 * linear(v, v, True) + plain(v, inner, True) + 4 * v
        total += 3 * e["patch_size"] ** 2 * v + 256 * v + 2 * v + e["layers"] * block
        total += 256 * out + linear(out, v) + 4 * linear(out, out, True) + 6 * out + out * out
    if e := c.get("audio"):
        a = e["n_state"]
        block = 4 * a * a + 3 * a + plain(a, 4 * a, True) + 4 * a
        total += a * e["n_mels"] * 3 + a + 3 * a * a + a + e["n_layer"] * block + 2 * a
        total += 2 * e["output_dim"] + linear(e["output_dim"], a, True)
    return total


@of("qwen")
def qwen(c: Config) -> int:
    """Biases on the fused qkv; intermediate_size counts gate and up together."""
    return llama({**c, "intermediate_size": c["intermediate_size"] // 2}, qkv_bias=True) + qwen_towers(c)


@of("k2_horizon")
def k2_horizon(c: Config) -> int:
    """LLaMA's shape; in sparse layers experts, and experts of values beside a router."""
    h, (heads, kv, dim), n = c["hidden_size"], heads_of(c), c.get("num_experts", 0)
    mova, bias = c.get("mova_num_experts", 0), 1 if c.get("moe_gate_bias") else 0
    shared = (heads + kv) * dim if c.get("query_key_norm") else 0
    shared += heads * dim * h if c.get("attention_gate_func") else 0
    total = h + tables(c, h, c["vocab_size"], False) + c["num_hidden_layers"] * (2 * h + shared)
    for layer in range(c["num_hidden_layers"]):
        if n and layer not in c.get("mlp_only_layers", []):
            inner = c["moe_intermediate_size"]
            total += n * (gated(h, inner) + h + bias) + gated(h, inner * c.get("num_shared_experts", 0))
            values = mova * (kv * dim * h + h + bias) if mova else kv * dim * h
            total += 2 * heads * dim * h + kv * dim * h + values
        else:
            total += qkvo(h, heads, kv, dim) + gated(h, c["intermediate_size"])
    return total


@of("talkie")
def talkie(c: Config) -> int:
    """No norm has weights; a gain a head, three gains a layer and one on the head."""
    heads, _, dim = heads_of(c)
    block = 4 * c["hidden_size"] * heads * dim + gated(c["hidden_size"], c["intermediate_size"]) + heads + 3
    return c["num_hidden_layers"] * block + tables(c, c["hidden_size"], c["vocab_size"], False) + 1


@of("iquestloopcoder")
def loop_coder(c: Config) -> int:
    """A gate of one row a head over the query's width."""
    heads, _, dim = heads_of(c)
    return llama(c, layer_extra=heads * dim + heads)


@of("sdar", "sdar_moe")
def sdar(c: Config) -> int:
    """Qwen3, dense and with experts."""
    if not c.get("num_experts"):
        return llama(c, layer_extra=2 * c["head_dim"])
    experts = c["num_experts"] * (gated(c["hidden_size"], c["moe_intermediate_size"]) + c["hidden_size"])
    return llama(c, mlp=experts, layer_extra=2 * c["head_dim"])


@of("hf_olmo")
def hf_olmo(c: Config) -> int:
    """mlp_hidden_size counts gate and up together; norms without weights."""
    h = c["d_model"]
    block = 4 * h * h + gated(h, (c.get("mlp_hidden_size") or c["mlp_ratio"] * h) // 2)
    return c["n_layers"] * block + c["embedding_size"] * h * (1 if c["weight_tying"] else 2)


@of("Motif")
def motif(c: Config) -> int:
    """Four lambdas of a head's width, a norm of two heads' width, four weights of PolyNorm."""
    return llama(c, layer_extra=6 * heads_of(c)[2] + 4)


@of("nandi")
def nandi(c: Config) -> int:
    """LLaMA's layers, used several times over, behind a table of lower rank."""
    h, rank = c["hidden_size"], c["embedding_rank"]
    inner = llama(c) - tables(c, h, c["vocab_size"], False)
    return inner + 2 * linear(h, rank) + tables(c, rank, c["vocab_size"], False)
