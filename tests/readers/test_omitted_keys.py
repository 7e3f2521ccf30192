"""Configs that leave out what their model type's class assumes, as published ones may."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from llmpick.catalog import Catalog
from llmpick.errors import InvalidFile, LlmpickError
from llmpick.inventory.caches import cache_layers
from llmpick.inventory.decoder import inventory
from llmpick.readers.hf_config import architecture_from_config
from llmpick.readers.model_types import model_type_of

REFERENCE = Path(__file__).parents[1] / "data" / "reference" / "model_types.jsonl.gz"
ROWS = [json.loads(line) for line in gzip.decompress(REFERENCE.read_bytes()).decode().splitlines()]

STATED: dict[str, frozenset[str] | set[str]] = {
    "deepseek_v3": {"q_lora_rank"},
    "deepseek_v32": {"q_lora_rank"},
    "glm_moe_dsa": {"q_lora_rank"},
    "mistral4": {"q_lora_rank"},
    "falcon_h1": {"mamba_d_ssm"},
    "kimi_k25": {"tie_word_embeddings"},
    "lighton_ocr": {"tie_word_embeddings"},
    "nemotron": {"num_key_value_heads"},
    "hunyuan_v1_moe": {"num_experts"},
    "lfm2": {"block_auto_adjust_ff_dim"},
}
"""Keys whose absence a mapping takes for the larger shape (null means something else), or that the reference sets."""

NEEDED = {"deepseek_v4", "gemma4_text", "kimi_linear", "lfm2", "lfm2_moe", "mimo_v2_flash", "nemotron_h"}
"""Types whose layers must be stated; otherwise they are refused."""


def total(config: Mapping[str, Any], catalog: Catalog) -> int | None:
    """Parameters; None for a refusal."""
    try:
        return sum(tensor.parameters for tensor in inventory(architecture_from_config(config, catalog.specs)))
    except LlmpickError:
        return None


def test_what_a_config_leaves_out_is_what_its_class_assumes(catalog: Catalog) -> None:
    """All keys that a mapping has a default for, left out of the default config, count as before."""
    wrong = {}
    for row in ROWS:
        config = {"model_type": row["model_type"], **row["config"]}
        whole = total(config, catalog)
        if whole is None:
            continue
        assumed = set(catalog.specs[model_type_of(config, catalog.specs)].get("defaults", {})) - STATED.get(
            row["model_type"], frozenset()
        )
        left = {key: value for key, value in config.items() if key not in assumed or isinstance(value, dict)}
        if total(left, catalog) != (None if row["model_type"] in NEEDED else whole):
            wrong[row["model_type"]] = total(left, catalog), whole
    assert wrong == {}


@pytest.mark.parametrize("model_type", ["llama", "qwen3_moe", "hy_v3"])
def test_null_heads_are_one_for_each_query_head(model_type: str, catalog: Catalog) -> None:
    """Whatever the class assumes of a key that is left out."""
    config = {
        "model_type": model_type, "hidden_size": 256, "num_hidden_layers": 2, "num_attention_heads": 16,
        "intermediate_size": 64, "vocab_size": 100, "num_key_value_heads": None,
    }  # fmt: skip
    caches = cache_layers(architecture_from_config(config, catalog.specs))
    assert {cache.num_key_value_heads for cache in caches} == {16}


def test_a_size_without_a_default_is_asked_for(catalog: Catalog) -> None:
    """DeepSeek-V2's class assumes no number of experts a token uses, and could not run without one."""
    config = {"model_type": "deepseek_v2", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
              "intermediate_size": 32, "vocab_size": 100}  # fmt: skip
    with pytest.raises(InvalidFile, match="the config has no num_experts_per_tok"):
        architecture_from_config(config, catalog.specs)
