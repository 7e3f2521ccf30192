"""Mappings put together from parts: which part is chosen, who has the last word, what is refused."""

from typing import Any

import pytest

from llmpick.catalog import Catalog
from llmpick.errors import UnsupportedArchitecture
from llmpick.readers.composition import completed, composed, merged
from llmpick.readers.hf_config import architecture_from_config

SPECS: dict[str, Any] = {
    "text": {"defaults": {"width": 1, "depth": 2}, "class_defaults": {"width": 8}, "aliases": ["text_old"]},
    "_tower": {"defaults": {"v": 3}},
    "nested": {"language_config": "text_config"},
    "seeing": {"tensors": {"eye": {"role": "vision"}}},
    "wrapper": {
        "language_config": "text_config",
        "absent": {"text_config": {"model_type": "text"}},
        "defaults": {"depth": 5},
        "composes": {
            "text_config": {"default": "text", "of": "any"},
            "vision_config": {"default": "tower", "of": {"tower": "_tower", "removed": None}},
        },
    },
}


@pytest.mark.parametrize(
    ("base", "over", "expected"),
    [
        ({"a": {"x": 1}}, {"a": {"y": 2}}, {"a": {"x": 1, "y": 2}}),
        ({"a": {"kind": "mlp", "x": 1}}, {"a": {"kind": "experts"}}, {"a": {"kind": "experts"}}),
        ({"a": {"x": 1}}, {"a": None}, {"a": None}),
    ],
)
def test_the_later_mapping_has_the_last_word(base: Any, over: Any, expected: Any) -> None:
    """Mappings merge key by key; a part of another kind replaces the old one whole."""
    assert merged(base, over) == expected


def test_the_parts_lie_below_the_mapping_that_composes_them() -> None:
    """Class defaults of the language model outrank its own defaults; the wrapper outranks both."""
    spec = composed("wrapper", {"text_config": {"model_type": "text_old"}}, SPECS)
    assert spec["defaults"] == {"width": 8, "depth": 5, "v": 3}


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"text_config": {"model_type": "unheard"}}, "text_config of model_type 'unheard'"),
        ({"text_config": {"model_type": "_tower"}}, "'_tower' is not described"),
        ({"text_config": {"model_type": "nested"}}, "'nested' is not described"),
        ({"text_config": {"model_type": "seeing"}}, "'seeing' is not described"),
        ({"vision_config": {"model_type": "removed"}}, "'removed' is not described: tower"),
    ],
)
def test_a_part_without_a_mapping_is_refused_by_name(config: Any, named: str) -> None:
    """A tower or language model that nothing describes is not guessed."""
    with pytest.raises(UnsupportedArchitecture, match=named):
        composed("wrapper", config, SPECS)


def test_a_sub_config_left_out_is_the_one_that_the_model_type_assumes() -> None:
    """Null counts as left out; a partial sub-config is taken as it is."""
    assert completed({"text_config": None}, SPECS["wrapper"]) == {"text_config": {"model_type": "text"}}
    partial = {"text_config": {"width": 3}}
    assert completed(partial, SPECS["wrapper"]) == partial


@pytest.mark.parametrize(
    ("model_type", "whole", "inner", "tied"),
    [
        ("llava_onevision", False, True, True),
        ("llava_onevision", True, False, True),
        ("llava_onevision", False, False, False),
        ("llava_onevision", None, True, True),
        ("llava_next", False, True, False),
        ("blip-2", False, True, True),
        ("blip-2", True, False, False),
    ],
)
def test_who_says_that_the_head_is_tied(model_type: str, whole: Any, inner: bool, tied: bool, catalog: Catalog) -> None:
    """The whole model's word counts; some model types take the language model's, or either."""
    text = {"model_type": "qwen2", "num_hidden_layers": 1, "tie_word_embeddings": inner}
    config = {"model_type": model_type, "text_config": text, "tie_word_embeddings": whole}
    assert architecture_from_config(config, catalog.specs).embeddings.tied is tied


def test_a_name_that_both_parts_compute_is_refused() -> None:
    """A tower's intermediate result must not replace a language model's of the same name."""
    specs = {**SPECS, "wrapper": {**SPECS["wrapper"], "defaults": {"width": "=2 * v"}}}
    with pytest.raises(UnsupportedArchitecture, match="both say 'width'"):
        composed("wrapper", {}, specs)


@pytest.mark.parametrize("text", ["llama", "qwen2", "qwen3", "mistral", "gemma", "gemma2", "phi3", "opt"])
def test_the_usual_language_models_stand_below_every_wrapper(text: str, catalog: Catalog) -> None:
    """Names do not clash where it matters."""
    wrappers = [
        name
        for name, spec in catalog.specs.items()
        if not name.startswith("_") and any(choice["of"] == "any" for choice in spec.get("composes", {}).values())
    ]
    assert len(wrappers) > 10
    for name in wrappers:
        config = {**catalog.specs[name].get("absent", {}), "text_config": {"model_type": text}}
        assert composed(name, config, catalog.specs)["layer"]["attention"]["kind"] == "attention"
