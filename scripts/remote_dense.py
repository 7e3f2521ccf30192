"""Dense models: GPT's and LLaMA's relatives."""

from remote_counting import Config, gated, linear, llama, of, plain, qkvo, tables


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
