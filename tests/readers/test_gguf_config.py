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
from llmpick.readers.gguf_config import _spec, architecture_from_gguf, config_from_gguf, with_known_ties
from llmpick.readers.gguf_names import place_of
from llmpick.readers.hf_config import architecture_from_config, resolve
from llmpick.readers.stored import logical_parameters
from llmpick.readers.unknown_keys import known_keys

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
def test_caches_are_what_llama_cpp_allocates(name: str, specs: dict[str, Any], tmp_path: Path) -> None:
    """To the byte: 2 bytes an element, 4 for states; a window holds one more batch, in cells of 256."""
    row = BY_NAME[name]
    _, model = converted(row, specs, tmp_path / "model.gguf")
    context, batch = row["kv_cache"]["n_ctx"], row["kv_cache"]["n_ubatch"]
    total = 0
    for layer in cache_layers(architecture_from_gguf(model, specs)):
        cells = context if layer.window is None else min(context, -(-(layer.window + batch) // 256) * 256)
        total += 2 * cells * layer.elements_per_token
        total += 4 * len(layer.layers) * (layer.recurrent_elements + layer.convolution_elements)
    assert total == row["kv_cache"]["bytes"]


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


@pytest.mark.parametrize(("pattern", "sliding"), [
    ([layer % 2 == 0 for layer in range(34)], range(0, 34, 2)), (2, range(0, 34, 2)), (1, range(0)),
    (4, [layer for layer in range(34) if layer % 4 < 3]), (None, [layer for layer in range(34) if layer % 6 < 5]),
])  # fmt: skip
def test_window_pattern_of_the_file_wins(pattern: Any, sliding: Any, specs: dict[str, Any], tmp_path: Path) -> None:
    """A flag a layer or a period in the metadata decides which layers slide; without one the model type does."""
    row = BY_NAME["gemma-3-4b"]
    architecture = architecture_from_config(row["config"], specs)
    metadata = metadata_of("gemma3", row["config"], architecture)
    if pattern is not None:
        metadata["gemma3.attention.sliding_window_pattern"] = pattern
    write_gguf(tmp_path / "g.gguf", metadata, tensors_of(architecture))
    layers = cache_layers(architecture_from_gguf(read_gguf(tmp_path / "g.gguf"), specs))
    assert [index for row in layers if row.kind == "sliding" for index in row.layers] == list(sliding)
    assert sum(len(row.layers) for row in layers) == 34


@pytest.mark.parametrize("name", ["gemma-2-2b", "gemma-3-4b", "command-r7b-12-2024", "gpt-oss-20b"])
def test_without_a_window_every_layer_is_full(name: str, specs: dict[str, Any], tmp_path: Path) -> None:
    """What the file does not bound is not bounded, whatever the model type's default."""
    row = BY_NAME[name]
    architecture = architecture_from_config(row["config"], specs)
    metadata = metadata_of(row["architecture"], row["config"], architecture)
    del metadata[f"{row['architecture']}.attention.sliding_window"]
    write_gguf(tmp_path / "g.gguf", metadata, tensors_of(architecture))
    layers = cache_layers(architecture_from_gguf(read_gguf(tmp_path / "g.gguf"), specs))
    assert {row.kind for row in layers} == {"full"}


def mapped() -> list[str]:
    mapping = yaml.safe_load((ROOT / "catalog/architectures/_gguf.yaml").read_text())["architectures"]
    computed = {name for name, spec in mapping.items() if str(spec.get("model_type")).startswith("=")}
    return [name for name in mapping if name not in computed]


@pytest.mark.parametrize("name", mapped())
def test_every_key_is_one_that_the_model_type_reads(name: str, specs: dict[str, Any]) -> None:
    """A mapping names a known model type and only keys that this model type understands."""
    mapping = specs["_gguf"]
    spec = _spec(mapping["architectures"], name)
    if spec["model_type"] is None:
        assert spec["because"]
        return
    target = specs[spec["model_type"]]
    keys = {key for key, value in {**mapping["config"], **spec["config"]}.items() if value is not None}
    assert keys - known_keys(target) <= set(specs["_harmless"]["keys"])
