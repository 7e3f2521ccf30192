"""Listing a file's tensors and computing them from its description give the same counts."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from gguf_conversion import metadata_of, tensors_of, text_rows
from model_writers import checkpoint, write_gguf, write_safetensors

from llmpick.errors import UnsupportedArchitecture
from llmpick.inventory.decoder import inventory
from llmpick.readers.described import describe, stored_inventory
from llmpick.readers.hf_config import architecture_from_config, resolve
from llmpick.readers.source import open_source

ROOT = Path(__file__).parents[2]
LINES = (ROOT / "tests/data/readers/gguf_models.jsonl").read_text().splitlines()
BY_NAME = {row["model"]: row for row in map(json.loads, LINES)}
MIXTRAL = {"model_type": "mixtral", "hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4,
           "num_key_value_heads": 2, "intermediate_size": 96, "vocab_size": 100, "num_local_experts": 4,
           "num_experts_per_tok": 2}  # fmt: skip


@pytest.fixture(scope="module")
def specs() -> dict[str, dict[str, Any]]:
    folder = ROOT / "catalog" / "architectures"
    return resolve({path.stem: yaml.safe_load(path.read_text()) for path in folder.glob("*.yaml")})


@pytest.mark.parametrize("name", ["Llama-3.1-70B", "Mixtral-8x7B", "DeepSeek-V3", "gpt-oss-20b", "Qwen3-Next-80B-A3B"])
def test_listed_gguf_tensors_are_the_computed_ones(name: str, specs: dict[str, Any], tmp_path: Path) -> None:
    """Total and active parameters, listed and computed, are equal; rows stay few."""
    row = BY_NAME[name]
    architecture = architecture_from_config(row["config"], specs)
    write_gguf(
        tmp_path / "m.gguf", metadata_of(row["architecture"], row["config"], architecture), tensors_of(architecture)
    )
    listed = stored_inventory(describe(open_source(tmp_path / "m.gguf"), specs))
    computed = text_rows(architecture)
    assert sum(row.parameters for row in listed) == sum(row.parameters for row in computed)
    assert sum(row.active_parameters for row in listed) == sum(row.active_parameters for row in computed)
    assert len(listed) <= len(computed) + 4


def test_listed_safetensors_are_the_computed_ones(specs: dict[str, Any], tmp_path: Path) -> None:
    """Experts in tensors of their own become one row a matrix."""
    computed = inventory(architecture_from_config(MIXTRAL, specs))
    write_safetensors(tmp_path / "model.safetensors", checkpoint(computed))
    (tmp_path / "config.json").write_text(json.dumps(MIXTRAL))
    described = describe(open_source(tmp_path), specs)
    listed = stored_inventory(described)
    assert sorted((row.role, row.layers, row.experts, row.experts_used, row.shape) for row in listed) == sorted(
        (row.role, row.layers, row.experts, row.experts_used, row.shape) for row in computed
    )
    assert inventory(described.architecture) == computed


def test_a_type_that_ties_by_default_ties_its_stored_head(specs: dict[str, Any], tmp_path: Path) -> None:
    """Falcon's config does not say that the head is tied; its model type does."""
    config = {
        "model_type": "falcon",
        "hidden_size": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 4,
        "vocab_size": 50,
    }
    computed = inventory(architecture_from_config(config, specs))
    header = {**checkpoint(computed), "lm_head.weight": ("BF16", (50, 64))}
    write_safetensors(tmp_path / "model.safetensors", header)
    (tmp_path / "config.json").write_text(json.dumps(config))
    listed = stored_inventory(describe(open_source(tmp_path), specs))
    assert sum(row.parameters for row in listed) == sum(row.parameters for row in computed)


@pytest.mark.parametrize("model_type", ["llama", "qwen2"])
def test_biases_that_a_quantiser_added_do_not_count(model_type: str, specs: dict[str, Any], tmp_path: Path) -> None:
    """Old GPTQ files give every linear layer a bias; only those that the model has are parameters."""
    config = {"model_type": model_type, "hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
              "intermediate_size": 256, "vocab_size": 100, "num_key_value_heads": 4}  # fmt: skip
    computed = inventory(architecture_from_config(config, specs))
    header: dict[str, tuple[str, tuple[int, ...]]] = {}
    for name, (dtype, shape) in checkpoint(computed).items():
        if "proj" not in name or name.endswith("bias"):
            header[name] = (dtype, shape)
            continue
        (out, inn), stem = shape, name.removesuffix(".weight")
        header |= {f"{stem}.qweight": ("I32", (inn // 8, out)), f"{stem}.qzeros": ("I32", (1, out // 8)),
                   f"{stem}.scales": ("F16", (1, out)), f"{stem}.g_idx": ("I32", (inn,)),
                   f"{stem}.bias": ("F16", (out,))}  # fmt: skip
    write_safetensors(tmp_path / "model.safetensors", header)
    (tmp_path / "config.json").write_text(json.dumps(config))
    listed = stored_inventory(describe(open_source(tmp_path), specs))
    assert sum(row.parameters for row in listed) == sum(row.parameters for row in computed)


def test_a_config_alone_has_no_tensors(specs: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(MIXTRAL))
    described = describe(open_source(tmp_path / "config.json"), specs)
    assert described.stored is None
    assert stored_inventory(described) == ()


def test_safetensors_without_a_config_are_not_guessed(specs: dict[str, Any], tmp_path: Path) -> None:
    write_safetensors(tmp_path / "model.safetensors", {"a.weight": ("BF16", (4, 4))})
    with pytest.raises(UnsupportedArchitecture, match=r"config\.json"):
        describe(open_source(tmp_path / "model.safetensors"), specs)
