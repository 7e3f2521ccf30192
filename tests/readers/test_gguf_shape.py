"""Caches of a GGUF file from its metadata alone agree with those of its architecture, and are never smaller."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from gguf_conversion import metadata_of, tensors_of
from model_writers import write_gguf

from llmpick.errors import InvalidFile, UnsupportedArchitecture
from llmpick.inventory.caches import CacheLayer, cache_layers
from llmpick.readers.gguf import read_gguf
from llmpick.readers.gguf_config import architecture_from_gguf
from llmpick.readers.gguf_shape import shape_cache_layers, shape_of
from llmpick.readers.hf_config import architecture_from_config, resolve

ROOT = Path(__file__).parents[2]
LINES = (ROOT / "tests/data/readers/gguf_models.jsonl").read_text().splitlines()
BY_NAME = {row["model"]: row for row in map(json.loads, LINES)}
NO_STATE_SIZES = ("lfm2",)


def elements(layers: tuple[CacheLayer, ...], context: int) -> int:
    held = sum(row.tokens_held(context) * row.elements_per_token for row in layers)
    return held + sum(len(row.layers) * (row.recurrent_elements + row.convolution_elements) for row in layers)


@pytest.fixture(scope="module")
def specs() -> dict[str, dict[str, Any]]:
    folder = ROOT / "catalog" / "architectures"
    return resolve({path.stem: yaml.safe_load(path.read_text()) for path in folder.glob("*.yaml")})


@pytest.mark.parametrize("name", [name for name, row in BY_NAME.items() if row["architecture"] not in NO_STATE_SIZES])
def test_never_smaller_than_the_architecture_says(name: str, specs: dict[str, Any], tmp_path: Path) -> None:
    """Equal while no window is full (windows without a pattern are not believed), and never less."""
    row = BY_NAME[name]
    architecture = architecture_from_config(row["config"], specs)
    write_gguf(
        tmp_path / "m.gguf", metadata_of(row["architecture"], row["config"], architecture), tensors_of(architecture)
    )
    model = read_gguf(tmp_path / "m.gguf")
    ours, theirs = shape_cache_layers(shape_of(model)), cache_layers(architecture_from_gguf(model, specs))
    assert elements(ours, 64) == elements(theirs, 64)
    assert elements(ours, 100_000) >= elements(theirs, 100_000)


def written(path: Path, metadata: dict[str, Any], tensors: list[str]) -> Any:
    named = {"general.architecture": "new", **{f"new.{key}": value for key, value in metadata.items()}}
    write_gguf(path / "m.gguf", named, [(name, "F32", (4, 4)) for name in tensors])
    return shape_of(read_gguf(path / "m.gguf"))


def test_heads_that_differ_by_layer(tmp_path: Path) -> None:
    """A pruned model: eight heads, four, and a layer without attention."""
    shape = written(tmp_path, {
        "block_count": 3, "embedding_length": 256, "attention.head_count": [8, 8, 0], "attention.head_count_kv": [8, 4, 0],
    }, ["blk.0.attn_k.weight", "blk.1.attn_k.weight", "blk.2.ffn_up.weight"])  # fmt: skip
    assert shape_cache_layers(shape) == (CacheLayer("full", (0,), 8, 32, 32), CacheLayer("full", (1,), 4, 32, 32))


def test_pattern_and_shared_layers(tmp_path: Path) -> None:
    """Layers slide where the pattern says so; the last ones read an earlier cache."""
    shape = written(tmp_path, {
        "block_count": 4, "embedding_length": 64, "attention.head_count": 2, "attention.sliding_window": 512,
        "attention.sliding_window_pattern": [True, False, True, False], "attention.shared_kv_layers": 2,
    }, [f"blk.{layer}.attn_k.weight" for layer in range(4)])  # fmt: skip
    assert shape_cache_layers(shape) == (
        CacheLayer("sliding", (0,), 2, 32, 32, 512),
        CacheLayer("full", (1,), 2, 32, 32),
    )


def test_latent_weights_without_a_latent_cache(specs: dict[str, Any], tmp_path: Path) -> None:
    """A DeepSeek file without lengths for the latent form: llama.cpp caches 128 heads of 192 and 128 elements."""
    shape = written(tmp_path, {
        "block_count": 1, "attention.head_count": 128, "attention.kv_lora_rank": 512, "attention.key_length": 192,
        "attention.value_length": 128, "rope.dimension_count": 64,
    }, ["blk.0.attn_kv_a_mqa.weight"])  # fmt: skip
    assert shape_cache_layers(shape) == (CacheLayer("full", (0,), 128, 192, 128),)
    metadata = {
        "general.architecture": "deepseek2",
        "deepseek2.block_count": 1,
        "deepseek2.attention.kv_lora_rank": 512,
    }
    write_gguf(tmp_path / "old.gguf", metadata, [])
    with pytest.raises(UnsupportedArchitecture, match="caches every head"):
        architecture_from_gguf(read_gguf(tmp_path / "old.gguf"), specs)


def test_attention_beside_a_state_space(tmp_path: Path) -> None:
    """A layer with both keeps both (Falcon-H1)."""
    shape = written(tmp_path, {
        "block_count": 1, "embedding_length": 64, "attention.head_count": 2, "ssm.conv_kernel": 4, "ssm.inner_size": 32,
        "ssm.state_size": 16, "ssm.group_count": 1,
    }, ["blk.0.attn_k.weight", "blk.0.ssm_in.weight"])  # fmt: skip
    recurrent, full = shape_cache_layers(shape)
    assert (recurrent.recurrent_elements, recurrent.convolution_elements) == (16 * 32, 3 * (32 + 2 * 16))
    assert full == CacheLayer("full", (0,), 2, 32, 32)


@pytest.mark.parametrize(("metadata", "tensors"), [
    ({"block_count": 1}, ["blk.0.ssm_in.weight"]),
    ({"block_count": 1, "embedding_length": 8}, ["blk.0.attn_k.weight"]),
    ({"block_count": 1, "attention.kv_lora_rank": 8, "attention.key_length_mla": 4}, ["blk.0.attn_kv_a_mqa.weight"]),
])  # fmt: skip
def test_what_is_not_given_is_not_guessed(tmp_path: Path, metadata: dict[str, Any], tensors: list[str]) -> None:
    with pytest.raises(UnsupportedArchitecture):
        shape_cache_layers(written(tmp_path, metadata, tensors))


@pytest.mark.parametrize("metadata", [
    {}, {"block_count": 0}, {"block_count": 2**31}, {"block_count": 2, "attention.head_count": [1]},
    {"block_count": 1, "embedding_length": "wide"}, {"block_count": 1, "attention.head_count": 0.5},
])  # fmt: skip
def test_sizes_that_are_none_are_refused(tmp_path: Path, metadata: dict[str, Any]) -> None:
    with pytest.raises(InvalidFile):
        written(tmp_path, metadata, [])
