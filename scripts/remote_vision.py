"""Models with towers."""

from remote_counting import Config, gated, heads_of, linear, llama, moe_mla, of, plain, tables


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


def conformer(c: Config) -> int:
    """Phi-4-multimodal's audio tower: a depthwise-separable subsampling by eight, then conformer layers."""
    a, f, layers, channels, heads = 1024, 1536, 24, 1024, 16
    subsampling = channels * 9 + channels + 2 * (channels * 9 + channels * channels + 2 * channels)
    subsampling += linear(a, channels * c["input_size"] // c["time_reduction"], True)
    block = 2 * (linear(2 * f, a, True) + linear(a, f, True)) + 4 * linear(a, a, True) + 10 * a
    block += 2 * channels * a + 4 * channels + a * c["kernel_size"] + a + 2 * (a * a + a)
    return subsampling + layers * block + 2 * 500 * heads + 2 * c["input_size"]


@of("phi4mm")
def phi4mm(c: Config) -> int:
    """Phi-4-mini, SigLIP with its pooling head, two pairs of projections of speech, and adapters on all layers."""
    h, f, v, (heads, kv, dim) = c["hidden_size"], c["intermediate_size"], 1152, heads_of(c)
    shape = {"hidden_size": v, "intermediate_size": 4304, "image_size": 448, "patch_size": 14}
    image = siglip(shape, 27) + v + 4 * linear(v, v, True) + 2 * v + plain(v, 4304, True) + 2 * v
    projections = linear(h, v, True) + linear(h, h, True) + 2 * (linear(h, 1024, True) + linear(h, h, True))
    widths = (h + (heads + 2 * kv) * dim) + (h + heads * dim) + (h + 2 * f) + (h + f)
    adapters = c["num_hidden_layers"] * (c["vision_lora"]["r"] + c["speech_lora"]["r"]) * widths
    return llama(c) + image + projections + conformer(c["audio_processor"]["config"]) + adapters


@of("interns1")
def interns1(c: Config) -> int:
    """InternViT with q, k and v apart; the language model is Qwen3 or its mixture."""
    t, e = c["text_config"], c["vision_config"]
    h, v, f, norm = t["hidden_size"], e["hidden_size"], e["intermediate_size"], 1 if e["norm_type"] == "rms_norm" else 2
    block = 3 * linear(v, v, e["attention_bias"]) + linear(v, v, True) + plain(v, f, True) + 2 * norm * v + 2 * v
    block += 2 * v if e["use_qk_norm"] else 0
    side = e["image_size"][0] // e["patch_size"][0]
    tower = v + 3 * e["patch_size"][0] ** 2 * v + v + (side * side + 1) * v + e["num_hidden_layers"] * block
    language = text_part(t) if t["model_type"] == "qwen3_moe" else llama(t, layer_extra=2 * t["head_dim"])
    return tower + 8 * v + linear(h, 4 * v, True) + linear(h, h, True) + language
