"""Cross-attention layers keep the states of an image: a fixed number of tokens a sequence, whatever the context."""

import pytest

from llmpick.architecture.attention import Attention
from llmpick.catalog import Catalog
from llmpick.fit.speed.work import attended_tokens, cache_read_bytes
from llmpick.inventory.caches import CacheLayer, cache_layers, kv_elements_per_token
from llmpick.inventory.decoder import part_rows
from llmpick.readers.hf_config import architecture_from_config
from llmpick.runtimes.llama_cpp_cache import Cells, layer_bytes
from llmpick.runtimes.token_caches import sequence_bytes

IMAGE = 4 * (40 * 40 + 1)
CONFIG = {
    "model_type": "mllama",
    "text_config": {"num_hidden_layers": 5, "cross_attention_layers": [1, 3]},
    "vision_config": {"image_size": 560},
}


@pytest.fixture(scope="module")
def caches(catalog: Catalog) -> tuple[CacheLayer, ...]:
    return cache_layers(architecture_from_config(CONFIG, catalog.specs))


def test_the_layers_of_both_kinds_are_told_apart(caches: tuple[CacheLayer, ...]) -> None:
    """Layers 1 and 3 hold the image (1600 patches and a class state in each of four tiles), the others the text."""
    assert [(cache.kind, cache.layers, cache.fixed_tokens) for cache in caches] == [
        ("full", (0, 2, 4), 0),
        ("cross", (1, 3), IMAGE),
    ]


def test_only_the_text_layers_grow(caches: tuple[CacheLayer, ...]) -> None:
    """A token adds K and V of eight heads of 128 in three of five layers."""
    assert kv_elements_per_token(caches) == 3 * 2 * 8 * 128
    assert [cache.tokens_held(10) for cache in caches] == [10, IMAGE]


@pytest.mark.parametrize("tokens", [1, 512, 100_000])
def test_bytes_do_not_depend_on_the_context(tokens: int, caches: tuple[CacheLayer, ...]) -> None:
    """Runtimes that count in tokens or blocks hold the whole image in 16 bit for each sequence."""
    row = 2 * 8 * 128 * 2
    cross = caches[1]
    assert sequence_bytes(cross, tokens, (16, 16)) == IMAGE * row
    assert sequence_bytes(cross, tokens, (16, 16), block=16) == (IMAGE + 12) * row
    assert layer_bytes(cross, Cells(1, tokens, 0), "f16", "f16", 3, {"f16": (1, 2)}) == 3 * IMAGE * row
    assert cache_read_bytes((cross,), tokens, (16, 16)) == 2 * IMAGE * row
    assert attended_tokens((cross,), tokens) == 2 * IMAGE


def test_cross_attention_has_names_of_its_own() -> None:
    """The weights are those of any attention, under another module."""
    part = Attention(num_attention_heads=4, num_key_value_heads=2, head_dim=8, value_head_dim=8, cross_tokens=9,
                     query_norm_elements=8)  # fmt: skip
    assert [row.name for row in part_rows(part, 32)] == [
        *(f"cross_attn.{name}_proj.weight" for name in "qkvo"),
        "cross_attn.q_norm.weight",
    ]
