"""Keys that no mapping reads: those of published configs that say nothing of the shape pass, the others are refused."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmpick.catalog import open_catalog
from llmpick.errors import UnsupportedArchitecture
from llmpick.inventory.decoder import inventory
from llmpick.readers.hf_config import architecture_from_config

SPECS = open_catalog().specs
LLAMA: dict[str, Any] = {
    "model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 100,
    "intermediate_size": 96,
}  # fmt: skip
TOTAL = sum(tensor.parameters for tensor in inventory(architecture_from_config(LLAMA, SPECS)))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("_from_model_config", True), ("cache_implementation", "hybrid"), ("interpolate_factor", 1), ("full_attn_mod", 1),
        ("lm_head_bias", False), ("is_llama_config", True), ("rope_interleaved", False), ("context_window_size", 4096),
        ("transformers.js_config", {"kv_cache_dtype": {"q4f16": "float16"}}), ("attention_softmax_in_fp32", True),
        ("rope_local_base_freq", 10000), ("unsloth_fixed", True), ("max_length", 20), ("predict_special_tokens", True),
        ("quantization_config", {"bits": 4}), ("num_experts", None), ("use_sliding_window", False),
        ("quantization", {"group_size": 64, "bits": 4}), ("tokenizer_type", "GPT2BPETokenizer"), ("bias", False),
        ("ignore_index", -100), ("mask_value", -10000), ("fuse_norm", True), ("fuse_cross_entropy", True),
    ],
)  # fmt: skip
def test_keys_of_published_configs_that_say_nothing_of_the_shape_pass(key: str, value: object) -> None:
    """The count is the same with the key as without it."""
    found = architecture_from_config({**LLAMA, key: value}, SPECS)
    assert sum(tensor.parameters for tensor in inventory(found)) == TOTAL


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("num_experts", 8), ("n_shared_experts", 1), ("moe_intermediate_size", 32), ("kv_lora_rank", 512), ("use_qk_norm", True),
        ("q_bias", True), ("mlp_type", "gated"), ("layer_pattern", "MMA"), ("block_configs", [{"attention": None}]),
        ("vision_config", {"hidden_size": 8}), ("expand", 2.0), ("surprise", 7), ("tie_encoder", False), ("ssm_state", 16),
        ("block_types", ["a", "b"]), ("something", [1, 2]), ("num_nextn_predict_layers", 1), ("share_layers", True),
    ],
)  # fmt: skip
def test_keys_that_may_change_the_shape_are_refused_by_name(key: str, value: object) -> None:
    """The refusal names the key."""
    with pytest.raises(UnsupportedArchitecture, match=re.escape(repr(key))):
        architecture_from_config({**LLAMA, key: value}, SPECS)


def test_a_catalog_record_may_not_carry_what_nobody_reads() -> None:
    """Strictly read, every unknown key is refused."""
    with pytest.raises(UnsupportedArchitecture, match="cache_implementation"):
        architecture_from_config({**LLAMA, "cache_implementation": "hybrid"}, SPECS, strict=True)


@given(st.from_regex(r"[a-z]{3,8}(_[a-z]{3,8})?", fullmatch=True), st.integers(2, 10**6))
def test_no_unknown_whole_number_passes_unnoticed(key: str, value: int) -> None:
    """Whatever it is called, a number that could be a size changes nothing only if it is refused or known."""
    try:
        found = architecture_from_config({**LLAMA, key: value}, SPECS)
    except UnsupportedArchitecture:
        return
    assert sum(tensor.parameters for tensor in inventory(found)) == TOTAL
