"""GGUF metadata give the same architecture as the Hugging Face config that was converted."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from gguf_conversion import metadata_of, tensors_of, text_rows
from model_writers import write_gguf

from llmpick.errors import InvalidFile, UnsupportedArchitecture
from llmpick.inventory.caches import cache_layers
from llmpick.inventory.tensors import COMPONENT_OF
from llmpick.readers.gguf import read_gguf
from llmpick.readers.gguf_config import architecture_from_gguf, config_from_gguf, with_known_ties
from llmpick.readers.gguf_names import place_of
from llmpick.readers.hf_config import architecture_from_config, resolve
from llmpick.readers.stored import logical_parameters

ROOT = Path(__file__).parents[2]
MODELS = [json.loads(line) for line in (ROOT / "tests/data/readers/gguf_models.jsonl").read_text().splitlines()]
BY_NAME = {row["model"]: row for row in MODELS}


@pytest.fixture(scope="module")
def specs() -> dict[str, dict[str, Any]]:
    folder = ROOT / "catalog" / "architectures"
    return resolve({path.stem: yaml.safe_load(path.read_text()) for path in folder.glob("*.yaml")})


def converted(row: dict[str, Any], specs: dict[str, Any], path: Path) -> Any:
    architecture = architecture_from_config(row["config"], specs)
    write_gguf(path, metadata_of(row["architecture"], row["config"], architecture), tensors_of(architecture))
    return architecture, read_gguf(path)


@pytest.mark.parametrize("name", BY_NAME)
def test_cache_layers_survive_the_conversion(name: str, specs: dict[str, Any], tmp_path: Path) -> None:
    """The caches computed from the GGUF file are those of the original config."""
    row = BY_NAME[name]
    if row["architecture"] == "phi3":  # llama.cpp does not apply Phi-3's window
        row = {**row, "config": {**row["config"], "sliding_window": None}}
    architecture, model = converted(row, specs, tmp_path / "model.gguf")
    assert cache_layers(architecture_from_gguf(model, specs)) == cache_layers(architecture)


@pytest.mark.parametrize("name", BY_NAME)
def test_weights_survive_the_conversion(name: str, specs: dict[str, Any], tmp_path: Path) -> None:
    """Parameters and active parameters computed from the GGUF file's metadata are those of the original config."""
    architecture, model = converted(BY_NAME[name], specs, tmp_path / "model.gguf")
    again, original = text_rows(architecture_from_gguf(model, specs)), text_rows(architecture)
    assert sum(row.parameters for row in again) == sum(row.parameters for row in original)
    assert sum(row.active_parameters for row in again) == sum(row.active_parameters for row in original)
    assert logical_parameters(with_known_ties(model, specs)) == sum(row.parameters for row in original)


# What llama.cpp counts beyond the model: rotary frequencies, load-balancing biases, Falcon's copy of its table.
UNCOUNTED = {"Llama-3.1-8B": 64, "Llama-3.2-1B": 32, "Llama-3.1-70B": 64, "Llama-4-Scout": 64, "DeepSeek-V3": 58 * 256,
             "falcon-7b": 65024 * 4544}  # fmt: skip


@pytest.mark.parametrize("name", BY_NAME)
def test_llama_cpp_counts_the_same_parameters(name: str, specs: dict[str, Any]) -> None:
    """The count that llama.cpp printed is the architecture's, but for what is no parameter."""
    rows = text_rows(architecture_from_config(BY_NAME[name]["config"], specs))
    assert BY_NAME[name]["parameters"] == sum(row.parameters for row in rows) + UNCOUNTED.get(name, 0)


@pytest.mark.parametrize("name", BY_NAME)
def test_names_that_llama_cpp_writes_are_known(name: str) -> None:
    """Every tensor of a model that llama.cpp quantised has a role other than `other`."""
    for pattern in BY_NAME[name]["tensors"]:
        place = place_of(pattern.replace("*", "7"))
        assert place.role in COMPONENT_OF
        assert place.role != "other", pattern
        assert (place.layer == 7) == pattern.startswith("blk.")
        assert bool(place.not_counted) == (place.role == "buffer")


def test_unknown_architecture_is_named(specs: dict[str, Any], tmp_path: Path) -> None:
    write_gguf(tmp_path / "x.gguf", {"general.architecture": "quetzal"}, [])
    with pytest.raises(UnsupportedArchitecture, match="quetzal"):
        config_from_gguf(read_gguf(tmp_path / "x.gguf"), specs)


def test_missing_size_is_named(specs: dict[str, Any], tmp_path: Path) -> None:
    metadata = {"general.architecture": "llama", "llama.block_count": 2, "llama.attention.head_count": 4}
    write_gguf(tmp_path / "x.gguf", metadata, [])
    with pytest.raises(InvalidFile, match="embedding_length"):
        config_from_gguf(read_gguf(tmp_path / "x.gguf"), specs)


def test_falcon_head_is_a_copy(specs: dict[str, Any], tmp_path: Path) -> None:
    """Falcon files store the tied table twice; the model has it once."""
    row = BY_NAME["falcon-7b"]
    architecture = architecture_from_config(row["config"], specs)
    tensors = [*tensors_of(architecture), ("output.weight", "F16", (65024, 4544))]
    write_gguf(tmp_path / "falcon.gguf", metadata_of("falcon", row["config"], architecture), tensors)
    model = read_gguf(tmp_path / "falcon.gguf")
    assert logical_parameters(model) == row["parameters"] == 7217189760
    assert logical_parameters(with_known_ties(model, specs)) == 7217189760 - 65024 * 4544


def test_window_pattern_of_the_file_wins(specs: dict[str, Any], tmp_path: Path) -> None:
    """A per-layer pattern in the metadata decides which layers slide."""
    row = BY_NAME["gemma-3-4b"]
    architecture = architecture_from_config(row["config"], specs)
    slides = [layer % 2 == 0 for layer in range(34)]
    metadata = metadata_of("gemma3", row["config"], architecture) | {"gemma3.attention.sliding_window_pattern": slides}
    write_gguf(tmp_path / "g.gguf", metadata, tensors_of(architecture))
    layers = cache_layers(architecture_from_gguf(read_gguf(tmp_path / "g.gguf"), specs))
    assert {layer.kind: layer.layers for layer in layers} == {
        "sliding": tuple(range(0, 34, 2)),
        "full": tuple(range(1, 34, 2)),
    }
