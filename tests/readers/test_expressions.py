"""The language of the mappings computes and cannot act."""

from typing import Any

import pytest

from llmpick.catalog import Catalog
from llmpick.errors import InvalidFile, UnsupportedArchitecture
from llmpick.readers.expressions import Scope, compiled
from llmpick.readers.hf_config import architecture_from_config

CONFIG = {"hidden_size": 96, "heads": 8, "vision": {"depth": 3}, "nothing": None, "kinds": ["a", "b", "a"],
          "layers": {"02": {"heads": 4}}}  # fmt: skip


def computed(text: str) -> Any:
    return Scope([CONFIG], {"rate": 2, "width": "=hidden_size * rate", "nothing": 5, "nothing_said": None}).evaluate(
        f"={text}"
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("hidden_size // heads", 12),
        ("vision.depth", 3),
        ("width", 192),
        ("nothing", 5),
        ("pad(hidden_size, 64)", 128),
        ("count(kinds, 'a')", 2),
        ("isqrt(hidden_size)", 9),
        ("sum_primes(8, 1, 3)", 13 + 17 + 19),
        ("position(kinds, 'b')", 1),
        ("follows([[1, 2], [3, 4, 5]], 5)", True),
        ("follows([[1, 2], [3, 4, 5]], 3)", False),
        ("values(vision)", [3]),
        ("of_layer(layers, 2, 'heads', heads)", 4),
        ("of_layer(layers, 3, 'heads', heads)", 8),
        ("of_layer(nothing_said, 2, 'heads', heads)", 8),
        ("over_layers(layers, 4, 'heads', heads)", 28),
        ("overrides_only(layers, ['heads'])", True),
        ("overrides_only(layers, ['width'])", False),
        ("last_index(kinds, 'a', 2)", 0),
        ("1 if 'b' in kinds else 2", 1),
        ("hidden_size if heads > 8 else -1", -1),
    ],
)
def test_expressions_compute(text: str, value: object) -> None:
    """Keys, nested keys, defaults, computed defaults; a null is as good as absent."""
    assert computed(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "open('/etc/passwd')",
        "().__class__()",
        "(lambda: 1)()",
        "[x for x in kinds]",
        "eval('1')",
        "vision.depth()",
        "f'{hidden_size}'",
        "hidden_size ** 9999999",
        "(name := 3)",
        "min(*kinds)",
        "1 +",
        "(" * 5000,
    ],
    ids=lambda text: text[:24],
)
def test_nothing_else_is_in_the_language(text: str) -> None:
    """Refused when it is read, before anything runs."""
    with pytest.raises(InvalidFile):
        compiled(text)


@pytest.mark.parametrize(
    "text", ["absent", "vision.absent", "hidden_size // 0", "kinds + 1", "().__class__", "kinds[9]"]
)
def test_what_cannot_be_computed_is_the_files_fault(text: str) -> None:
    with pytest.raises(InvalidFile):
        computed(text)


LLAMA = {
    "model_type": "llama", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
    "num_attention_heads": 4, "vocab_size": 256,
}  # fmt: skip


@pytest.mark.parametrize("key", ["quantum_heads", "extra_layers", "num_hidden_layer"])
def test_an_unknown_key_is_named(key: str, catalog: Catalog) -> None:
    """Even one that differs from a known key by a letter."""
    with pytest.raises(UnsupportedArchitecture, match=repr(key)):
        architecture_from_config(LLAMA | {key: 1}, catalog.specs)


@pytest.mark.parametrize("name", ["gpt_future", "_decoder", "", None, 7])
def test_an_unknown_model_type_is_refused(name: object, catalog: Catalog) -> None:
    """Unless it is said which one to follow."""
    with pytest.raises(UnsupportedArchitecture):
        architecture_from_config(LLAMA | {"model_type": name}, catalog.specs)
    followed = architecture_from_config(LLAMA | {"model_type": name}, catalog.specs, assume="llama")
    assert followed == architecture_from_config(LLAMA, catalog.specs)


@pytest.mark.parametrize("key", ["hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size"])
@pytest.mark.parametrize("value", [0, -1, 2**70, 1.5, "many", [], True], ids=str)
def test_impossible_sizes_are_refused(key: str, value: object, catalog: Catalog) -> None:
    with pytest.raises(InvalidFile):
        architecture_from_config(LLAMA | {key: value}, catalog.specs)
