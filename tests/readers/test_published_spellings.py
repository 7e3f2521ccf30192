"""Configs as first published, before a type's keys settled: counted as their checkpoints are, or refused."""

from typing import Any

import pytest

from llmpick.catalog import Catalog
from llmpick.errors import UnsupportedArchitecture
from llmpick.inventory.decoder import inventory
from llmpick.readers.hf_config import architecture_from_config

FALCON_40B = {
    "model_type": "RefinedWeb",
    "hidden_size": 8192,
    "n_head": 128,
    "n_head_kv": 8,
    "n_layer": 60,
    "bias": False,
}
MINICPM_V_2 = {
    "model_type": "minicpmv", "hidden_size": 2304, "intermediate_size": 5760, "num_attention_heads": 36, "num_hidden_layers": 40,
    "num_key_value_heads": 36, "vocab_size": 122753, "query_num": 64, "drop_vision_last_layer": True,
    "vision_encoder": "vit_so400m_patch14_siglip_384.webli", "image_size": 448, "tie_word_embeddings": False,
}  # fmt: skip

MOLMO_7B_D = {
    "model_type": "molmo", "hidden_size": 3584, "intermediate_size": 37888, "num_attention_heads": 28, "num_hidden_layers": 28,
    "num_key_value_heads": 4, "vocab_size": 152064, "embedding_size": 152064, "qkv_bias": True, "weight_tying": False,
}  # fmt: skip
YUAN_2B = {
    "model_type": "yuan", "hidden_size": 2048, "intermediate_size": 8192, "num_attention_heads": 32, "num_hidden_layers": 24,
    "vocab_size": 135040, "tie_word_embeddings": True,
}  # fmt: skip

DEEPSEEK_OCR_TEXT = {
    "hidden_size": 1280, "intermediate_size": 6848, "moe_intermediate_size": 896, "n_routed_experts": 64, "n_shared_experts": 2,
    "num_attention_heads": 10, "num_key_value_heads": 10, "num_experts_per_tok": 6, "num_hidden_layers": 12,
    "first_k_dense_replace": 1, "use_mla": False, "q_lora_rank": None, "qk_nope_head_dim": 0, "vocab_size": 129280,
}  # fmt: skip
DEEPSEEK_OCR = {
    "model_type": "deepseek_vl_v2", "architectures": ["DeepseekOCRForCausalLM"], "language_config": DEEPSEEK_OCR_TEXT,
    "projector_config": {"input_dim": 2048, "n_embed": 1280, "projector_type": "linear"},
    "vision_config": {"image_size": 1024, "model_name": "deeplip_b_l", "width": {"clip-l-14-224": {"layers": 24}}},
}  # fmt: skip
DEEPSEEK_OCR_2 = {
    "model_type": "deepseek_vl_v2", "architectures": ["DeepseekOCR2ForCausalLM"], "language_config": DEEPSEEK_OCR_TEXT,
    "projector_config": {"input_dim": 896, "n_embed": 1280, "projector_type": "linear"},
    "vision_config": {"image_size": 1024, "model_name": "deepencoderv2", "width": {"qwen2-0-5b": {"dim": 896}}},
}  # fmt: skip


def parameters(config: dict[str, Any], catalog: Catalog) -> int:
    """All that the config describes."""
    return sum(tensor.parameters for tensor in inventory(architecture_from_config(config, catalog.specs)))


@pytest.mark.parametrize(
    ("config", "elements_of_the_checkpoint", "stored_besides"),
    [
        pytest.param(FALCON_40B, 83671941120 // 2, 65024 * 8192, id="falcon-40b: a copy of the tied head"),
        pytest.param(MINICPM_V_2, 6869931584 // 2, 64 * 2304, id="minicpm-v-2: sine positions of the queries"),
        pytest.param(MOLMO_7B_D, 8021025280, 0, id="molmo-7b-d: total_parameters of its index"),
    ],
)
def test_checkpoints_of_first_published_configs_are_explained(
    config: dict[str, Any], elements_of_the_checkpoint: int, stored_besides: int, catalog: Catalog
) -> None:
    """The published total_size of the weights is the count and what is stored besides."""
    assert parameters(config, catalog) + stored_besides == elements_of_the_checkpoint


def test_yuan_filters_what_q_and_k_see(catalog: Catalog) -> None:
    """Two convolutions over two tokens (h to h/2 and back), their biases and a norm, beside a gated decoder."""
    h, f = 2048, 8192
    layer = 4 * h * h + 3 * h * f + 2 * h + 2 * (2 * h * h // 2) + h // 2 + h + h
    assert parameters(YUAN_2B, catalog) == 135040 * h + 24 * layer + h
    with pytest.raises(UnsupportedArchitecture, match="one projection"):
        architecture_from_config({**YUAN_2B, "use_shareqk": True}, catalog.specs)


def test_an_architecture_with_a_mapping_of_its_own_goes_before_the_model_type(catalog: Catalog) -> None:
    """DeepSeek-OCR and -OCR-2 are published as deepseek_vl_v2 and are neither."""
    for config, present, towers in (
        (DEEPSEEK_OCR, "unlimited_ocr", {}),
        (DEEPSEEK_OCR_2, "deepseek_ocr2", {"encoder_config": {"hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24,
                                                             "num_attention_heads": 14, "num_key_value_heads": 2}}),
    ):  # fmt: skip
        same = {"model_type": present, "text_config": DEEPSEEK_OCR_TEXT, "vision_config": towers}
        assert parameters(config, catalog) == parameters(same, catalog)
        with pytest.raises(UnsupportedArchitecture, match="tower"):
            architecture_from_config({**config, "vision_config": {"model_name": "another"}}, catalog.specs)


def test_the_smaller_falcons_have_one_norm(catalog: Catalog) -> None:
    """RefinedWebModel with multi_query is Falcon-7B: its count is not changed by the larger one's mapping."""
    config = {"model_type": "RefinedWebModel", "hidden_size": 4544, "n_head": 71, "n_layer": 32, "multi_query": True}
    assert parameters(config, catalog) == 6921720704


def test_refined_web_without_its_heads_is_refused(catalog: Catalog) -> None:
    """How many heads keep keys cannot be guessed."""
    config = {key: value for key, value in FALCON_40B.items() if key != "n_head_kv"}
    with pytest.raises(UnsupportedArchitecture, match="n_head_kv"):
        architecture_from_config(config, catalog.specs)


QWEN = {
    "model_type": "qwen", "n_embd": 4096, "n_layer": 32, "n_head": 32, "ffn_hidden_size": 22016, "n_positions": 6144,
    "vocab_size": 151936, "padded_vocab_size": 151936, "pos_emb": "rotary", "kv_channels": 128, "no_bias": True,
}  # fmt: skip
LING_PLUS = {
    "model_type": "bailing_moe", "hidden_size": 5376, "intermediate_size": 12288, "moe_intermediate_size": 3072,
    "n_routed_experts": 64, "n_shared_experts": 1, "num_attention_heads": 56, "num_key_value_heads": 8,
    "num_hidden_layers": 88, "num_experts_per_tok": 4, "vocab_size": 126464,
}  # fmt: skip


@pytest.mark.parametrize(
    ("config", "present"),
    [
        (QWEN, {"n_embd": "hidden_size", "n_layer": "num_hidden_layers", "n_head": "num_attention_heads",
                "ffn_hidden_size": "intermediate_size"}),
        (LING_PLUS, {"n_routed_experts": "num_experts", "n_shared_experts": "num_shared_experts"}),
    ],
    ids=["qwen", "ling-plus"],
)  # fmt: skip
def test_other_names_of_keys_count_as_the_present_ones(
    config: dict[str, Any], present: dict[str, str], catalog: Catalog
) -> None:
    """A key under its older name says what it says under its present one."""
    renamed = {present.get(key, key): value for key, value in config.items()}
    assert parameters(config, catalog) == parameters(renamed, catalog)


@pytest.mark.parametrize(
    ("config", "key", "value"),
    [
        (QWEN, "padded_vocab_size", 152064),
        (QWEN, "pos_emb", "learned"),
        ({"model_type": "mixtral", "hidden_size": 64, "vocab_size": 100}, "moe_frequency", 2),
        ({"model_type": "stablelm_epoch", "num_attention_heads": 32}, "num_heads", 16),
        ({"model_type": "mpt", "d_model": 128, "n_heads": 2, "n_layers": 2}, "ffn_config", {"ffn_type": "mb_dmoe"}),
        ({"model_type": "hunyuan", "hidden_size": 64, "intermediate_size": 96}, "vit_type", "NaVit"),
    ],
    ids=lambda part: part if isinstance(part, str) else None,
)  # fmt: skip
def test_a_value_that_would_change_the_shape_is_refused(
    config: dict[str, Any], key: str, value: object, catalog: Catalog
) -> None:
    """What a key says is read before it is passed over."""
    with pytest.raises(UnsupportedArchitecture, match=r"not described|differ"):
        architecture_from_config({**config, key: value}, catalog.specs)
