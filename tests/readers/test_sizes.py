"""A size that no model can have is refused by the config's own key and value."""

from typing import Any

import pytest

from llmpick.catalog import Catalog
from llmpick.errors import InvalidFile
from llmpick.readers.hf_config import architecture_from_config

LLAMA = {
    "model_type": "llama", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 256,
}  # fmt: skip
GPT2 = {"model_type": "gpt2", "n_embd": 64, "n_layer": 2, "n_head": 4, "vocab_size": 256, "n_positions": 32}
VISION = {"model_type": "siglip_vision_model", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
GEMMA3 = {"model_type": "gemma3", "text_config": {"model_type": "gemma3_text"}, "vision_config": VISION}


@pytest.mark.parametrize(
    ("config", "key", "value"),
    [
        *((LLAMA, key, value) for key in LLAMA if key not in ("model_type", "intermediate_size") for value in (0, -8)),
        (LLAMA, "intermediate_size", -128),
        (LLAMA, "head_dim", -16),
        (LLAMA, "hidden_size", -0.5),
        *((GPT2, key, value) for key in ("n_embd", "n_layer", "n_head") for value in (0, -1)),
        (GPT2, "n_inner", -3),
    ],
)
def test_an_impossible_size_is_named_with_its_value(
    config: dict[str, Any], key: str, value: float, catalog: Catalog
) -> None:
    """Negative everywhere, and nought where a model has at least one."""
    with pytest.raises(InvalidFile) as caught:
        architecture_from_config(config | {key: value}, catalog.specs)
    assert caught.value.message.startswith(f"{key} is {value}: impossible")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("part", "key", "value"), [("vision_config", "hidden_size", -1152), ("vision_config", "patch_size", 0)]
)
def test_a_part_is_named_with_its_key(part: str, key: str, value: int, catalog: Catalog) -> None:
    """Inside a tower's config as well."""
    config = GEMMA3 | {part: VISION | {key: value}}
    with pytest.raises(InvalidFile, match=rf"{part}\.{key} is {value}: impossible"):
        architecture_from_config(config, catalog.specs)


def test_a_language_models_own_key_is_named(catalog: Catalog) -> None:
    """Where it stands under text_config, its key alone says which."""
    with pytest.raises(InvalidFile, match="num_attention_heads is 0: impossible"):
        architecture_from_config(GEMMA3 | {"text_config": {"num_attention_heads": 0}}, catalog.specs)


@pytest.mark.parametrize("extra", [{"pad_token_id": -1}, {"mlp_bias": False}, {"rope_theta": -1.0}])
def test_a_negative_number_that_is_no_size_passes(extra: dict[str, Any], catalog: Catalog) -> None:
    """Ids, truth values and frequencies."""
    assert architecture_from_config(LLAMA | extra, catalog.specs).hidden_size == 64


def test_what_cannot_be_computed_says_what_the_config_gives(catalog: Catalog) -> None:
    """A text where a number belongs is shown with its key."""
    with pytest.raises(InvalidFile, match="num_attention_heads is 'four'"):
        architecture_from_config(LLAMA | {"num_attention_heads": "four"}, catalog.specs)


def test_minus_one_is_no_size_where_the_mapping_leaves_it_there(catalog: Catalog) -> None:
    """Configs whose own default of a width is -1 (as the hidden size says) state it, but nothing below it."""
    config = {
        "model_type": "nemotron_flash", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "vocab_size": 256, "ffn_expand_ratio": 2, "layer_types": ["a", "f"],
    }  # fmt: skip
    stated = architecture_from_config(config | {"kq_head_dim": -1}, catalog.specs)
    assert stated == architecture_from_config(config, catalog.specs)
    with pytest.raises(InvalidFile, match="kq_head_dim is -2"):
        architecture_from_config(config | {"kq_head_dim": -2}, catalog.specs)
