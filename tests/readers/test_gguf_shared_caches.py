"""GGUF files of models whose last layers read earlier layers' caches, as llama.cpp's converter describes them."""

from pathlib import Path
from typing import Any

import pytest
from gguf_conversion import tensors_of, text_rows
from model_writers import write_gguf

from llmpick.catalog import Catalog
from llmpick.inventory.caches import cache_layers
from llmpick.readers.gguf import read_gguf
from llmpick.readers.gguf_config import architecture_from_gguf
from llmpick.readers.hf_config import architecture_from_config

FOUR_TO_ONE = (["sliding_attention"] * 4 + ["full_attention"]) * 2
FIVE_TO_ONE = (["sliding_attention"] * 5 + ["full_attention"]) * 2
GEMMA_3N = {
    "model_type": "gemma3n_text", "hidden_size": 256, "num_hidden_layers": 10, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 64, "intermediate_size": 512, "vocab_size": 1000,
    "vocab_size_per_layer_input": 1000, "hidden_size_per_layer_input": 32, "num_kv_shared_layers": 5,
    "sliding_window": 512, "layer_types": FOUR_TO_ONE, "max_position_embeddings": 32768,
}  # fmt: skip
GEMMA_4 = {
    "model_type": "gemma4_text", "hidden_size": 256, "num_hidden_layers": 12, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 64, "global_head_dim": 128, "intermediate_size": 512, "vocab_size": 1000,
    "vocab_size_per_layer_input": 1000, "hidden_size_per_layer_input": 32, "num_kv_shared_layers": 6,
    "use_double_wide_mlp": True, "sliding_window": 512, "layer_types": FIVE_TO_ONE, "max_position_embeddings": 131072,
}  # fmt: skip
GEMMA_4_DENSE = {**GEMMA_4, "num_kv_shared_layers": 0, "use_double_wide_mlp": False, "hidden_size_per_layer_input": 0,
                 "attention_k_eq_v": True, "num_global_key_value_heads": 1}  # fmt: skip
GEMMA_4_EXPERTS = {**GEMMA_4_DENSE, "enable_moe_block": True, "num_experts": 8, "top_k_experts": 2,
                   "moe_intermediate_size": 64}  # fmt: skip


def metadata_of(name: str, config: dict[str, Any]) -> dict[str, Any]:
    """What the converter's Gemma3NModel and Gemma4Model set, in the words of gguf's constants."""
    slides = [kind == "sliding_attention" for kind in config["layer_types"]]
    shared = config["num_kv_shared_layers"]
    own, wide = config["num_hidden_layers"] - shared, config["intermediate_size"]
    heads, global_heads = config["num_key_value_heads"], config.get("num_global_key_value_heads")
    plain = {
        "block_count": config["num_hidden_layers"], "context_length": config["max_position_embeddings"],
        "embedding_length": config["hidden_size"], "attention.head_count": config["num_attention_heads"],
        "attention.head_count_kv": [heads if each else global_heads for each in slides] if global_heads else heads,
        "feed_forward_length": [wide] * own + [2 * wide] * shared if config.get("use_double_wide_mlp") else wide,
        "attention.sliding_window": config["sliding_window"], "attention.sliding_window_pattern": slides,
        "attention.shared_kv_layers": shared,
        "embedding_length_per_layer_input": config["hidden_size_per_layer_input"],
        "attention.key_length": config.get("global_head_dim", config["head_dim"]),
        "attention.value_length": config.get("global_head_dim", config["head_dim"]),
    }  # fmt: skip
    if "global_head_dim" in config:
        plain |= {"attention.key_length_swa": config["head_dim"], "attention.value_length_swa": config["head_dim"]}
    if "num_experts" in config:
        plain |= {"expert_count": config["num_experts"], "expert_used_count": config["top_k_experts"],
                  "expert_feed_forward_length": config["moe_intermediate_size"]}  # fmt: skip
    return {"general.architecture": name} | {f"{name}.{key}": value for key, value in plain.items()}


@pytest.mark.parametrize(("name", "config"), [
    ("gemma3n", GEMMA_3N), ("gemma4", GEMMA_4), ("gemma4", GEMMA_4_DENSE), ("gemma4", GEMMA_4_EXPERTS),
])  # fmt: skip
def test_weights_and_caches_survive_the_conversion(
    name: str, config: dict[str, Any], catalog: Catalog, tmp_path: Path
) -> None:
    """The architecture read from the metadata has the weights and the caches of the converted config."""
    original = architecture_from_config(config, catalog.specs)
    write_gguf(tmp_path / "model.gguf", metadata_of(name, config), tensors_of(original))
    again = architecture_from_gguf(read_gguf(tmp_path / "model.gguf"), catalog.specs)
    assert cache_layers(again) == cache_layers(original)
    assert sum(row.parameters for row in text_rows(again)) == sum(row.parameters for row in text_rows(original))
    assert sum(row.active_parameters for row in text_rows(again)) == sum(
        row.active_parameters for row in text_rows(original)
    )
