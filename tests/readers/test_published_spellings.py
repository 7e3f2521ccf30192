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


def parameters(config: dict[str, Any], catalog: Catalog) -> int:
    """All that the config describes."""
    return sum(tensor.parameters for tensor in inventory(architecture_from_config(config, catalog.specs)))


@pytest.mark.parametrize(
    ("config", "elements_of_the_checkpoint", "stored_besides"),
    [
        pytest.param(FALCON_40B, 83671941120 // 2, 65024 * 8192, id="falcon-40b: a copy of the tied head"),
        pytest.param(MINICPM_V_2, 6869931584 // 2, 64 * 2304, id="minicpm-v-2: sine positions of the queries"),
    ],
)
def test_checkpoints_of_first_published_configs_are_explained(
    config: dict[str, Any], elements_of_the_checkpoint: int, stored_besides: int, catalog: Catalog
) -> None:
    """The published total_size of the weights is the count and what is stored besides."""
    assert parameters(config, catalog) + stored_besides == elements_of_the_checkpoint


def test_the_smaller_falcons_have_one_norm(catalog: Catalog) -> None:
    """RefinedWebModel with multi_query is Falcon-7B: its count is not changed by the larger one's mapping."""
    config = {"model_type": "RefinedWebModel", "hidden_size": 4544, "n_head": 71, "n_layer": 32, "multi_query": True}
    assert parameters(config, catalog) == 6921720704


def test_refined_web_without_its_heads_is_refused(catalog: Catalog) -> None:
    """How many heads keep keys cannot be guessed."""
    config = {key: value for key, value in FALCON_40B.items() if key != "n_head_kv"}
    with pytest.raises(UnsupportedArchitecture, match="n_head_kv"):
        architecture_from_config(config, catalog.specs)
