"""GGUF and safetensors files wherever a model is asked for: bytes as stored, parameters as the model runs."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from llmpick.catalog import Catalog
from llmpick.cli.main import run
from llmpick.inventory.decoder import inventory
from llmpick.readers.hf_config import architecture_from_config

sys.path.append(str(Path(__file__).parents[1] / "readers"))  # the writers of model files
from gguf_conversion import metadata_of, tensors_of
from model_writers import checkpoint, write_gguf, write_safetensors

ROWS = (Path(__file__).parents[1] / "data/readers/gguf_models.jsonl").read_text(encoding="utf-8").splitlines()
MODELS = {row["model"]: row for row in map(json.loads, ROWS)}
TINY = {"model_type": "llama", "hidden_size": 256, "intermediate_size": 512, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 512, "max_position_embeddings": 512}  # fmt: skip


def answer(arguments: list[str], capsys: pytest.CaptureFixture[str], code: int = 0) -> Any:
    assert run([*arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def gguf_file(path: Path, model: str, catalog: Catalog, architecture_name: str | None = None) -> int:
    """Write the model as Q4_K with norms in F32; returns its tensor bytes."""
    row = MODELS[model]
    architecture = architecture_from_config(row["config"], catalog.specs)
    tensors = [(name, "Q4_K" if len(shape) > 1 and shape[-1] % 256 == 0 else "F32", shape)
               for name, _, shape in tensors_of(architecture)]  # fmt: skip
    metadata = metadata_of(row["architecture"], row["config"], architecture)
    metadata |= {"general.file_type": 15, "general.name": model}
    if architecture_name:
        metadata = {
            key.replace(f"{row['architecture']}.", f"{architecture_name}."): value for key, value in metadata.items()
        }
        metadata["general.architecture"] = architecture_name
    header = write_gguf(path, metadata, tensors)
    return path.stat().st_size - header


@pytest.mark.parametrize("model", ["Llama-3.1-8B", "DeepSeek-V3", "gpt-oss-20b", "Qwen3-Next-80B-A3B"])
def test_a_gguf_file_is_counted_and_weighed(
    model: str, tmp_path: Path, catalog: Catalog, capsys: pytest.CaptureFixture[str]
) -> None:
    """Logical parameters from the tensors, bytes to the byte, whatever the size of the (sparse) file."""
    size = gguf_file(tmp_path / "m.gguf", model, catalog)
    params = answer(["params", str(tmp_path / "m.gguf")], capsys)
    expected = sum(
        row.parameters for row in inventory(architecture_from_config(MODELS[model]["config"], catalog.specs))
    )
    assert params["parameters"]["total"] == expected
    assert params["model"]["source"] == "gguf"
    assert 0 <= size - params["stored"]["tensor_bytes"] < 32 * 4000  # padding between tensors
    assert sum(row["bytes"] for row in params["stored"]["types"]) == params["stored"]["tensor_bytes"]
    memory = answer(["memory", str(tmp_path / "m.gguf")], capsys)
    assert memory["quantization"] == "Q4_K_M (as stored)"
    assert memory["tensors"]["bytes"] == params["stored"]["tensor_bytes"]
    assert memory["memory"]["weights"] == memory["tensors"]["bytes"]


def test_another_format_is_weighed_from_the_shapes(
    tmp_path: Path, catalog: Catalog, capsys: pytest.CaptureFixture[str]
) -> None:
    """--quant on a file gives what the same model of the catalog takes."""
    gguf_file(tmp_path / "m.gguf", "Mixtral-8x7B", catalog)
    file = answer(["memory", str(tmp_path / "m.gguf"), "--quant", "Q6_K"], capsys)
    known = answer(["memory", "mixtral-8x7b", "--quant", "Q6_K"], capsys)
    assert file["memory"] == known["memory"]
    assert file["tensors"] == known["tensors"]


def safetensors_model(
    folder: Path, catalog: Catalog, extra: Mapping[str, tuple[str, tuple[int, ...]]] | None = None
) -> int:
    """A tiny tied model and its config; returns its parameters."""
    config = {**TINY, "tie_word_embeddings": True}
    rows = inventory(architecture_from_config(config, catalog.specs))
    write_safetensors(folder / "model.safetensors", {**checkpoint(rows), **(extra or {})})
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return sum(row.parameters for row in rows)


def test_what_a_file_stores_besides_is_itemised(
    tmp_path: Path, catalog: Catalog, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tied head stored again and rotary frequencies are no parameters; the items lead to the file's elements."""
    extra = {"lm_head.weight": ("BF16", (512, 256)), "model.layers.0.self_attn.rotary_emb.inv_freq": ("F32", (32,))}
    count = safetensors_model(tmp_path, catalog, extra)
    found = answer(["params", str(tmp_path)], capsys)
    assert found["parameters"]["total"] == count
    assert found["checkpoint"]["parameters"] == count + 512 * 256 + 32
    assert sorted(item["elements"] for item in found["checkpoint"]["items"]) == [32, 512 * 256]
    assert found["checkpoint"]["unexplained"] == 0


def test_a_runtime_that_shares_the_tied_table_holds_it_once(
    tmp_path: Path, catalog: Catalog, capsys: pytest.CaptureFixture[str]
) -> None:
    """safetensors are loaded as they are by transformers, unless another runtime is named."""
    count = safetensors_model(tmp_path, catalog, {"lm_head.weight": ("BF16", (512, 256))})
    found = answer(["memory", str(tmp_path)], capsys)
    assert (found["runtime"], found["quantization"]) == ("transformers", "BF16 (as stored)")
    assert found["tensors"]["bytes"] == 2 * count
    assert answer(["memory", str(tmp_path), "--runtime", "llama.cpp"], capsys)["quantization"] == "Q4_K_M"


def test_tensors_alone_are_counted_but_not_placed(
    tmp_path: Path, catalog: Catalog, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a config the parameters are exact; memory is refused, saying what is missing."""
    count = safetensors_model(tmp_path, catalog)
    (tmp_path / "config.json").unlink()
    assert answer(["params", str(tmp_path / "model.safetensors")], capsys)["parameters"]["total"] == count
    assert run(["memory", str(tmp_path / "model.safetensors")]) == 3
    assert "config.json" in capsys.readouterr().err


@pytest.mark.parametrize("model", ["Llama-3.1-8B", "Mixtral-8x7B"])
def test_an_architecture_that_nobody_mapped(
    model: str, tmp_path: Path, catalog: Catalog, capsys: pytest.CaptureFixture[str]
) -> None:
    """The keys that all GGUF files share give the same weights, caches and buffers as the mapping, and say so."""
    gguf_file(tmp_path / "known.gguf", model, catalog)
    gguf_file(tmp_path / "new.gguf", model, catalog, architecture_name="newcomer")
    for options in ([], ["--quant", "Q8_0", "--context", "2k"]):
        known = answer(["memory", str(tmp_path / "known.gguf"), *options], capsys)
        new = answer(["memory", str(tmp_path / "new.gguf"), *options], capsys)
        assert new["memory"] == known["memory"]
    assert run(["memory", str(tmp_path / "new.gguf")]) == 0
    assert "newcomer is no architecture that we know" in capsys.readouterr().out


def test_a_newcomer_with_a_latent_cache_is_refused(
    tmp_path: Path, catalog: Catalog, capsys: pytest.CaptureFixture[str]
) -> None:
    gguf_file(tmp_path / "new.gguf", "DeepSeek-V3", catalog, architecture_name="newcomer")
    assert answer(["params", str(tmp_path / "new.gguf")], capsys)["parameters"]["total"] == 671_026_404_352
    assert run(["memory", str(tmp_path / "new.gguf")]) == 3
    assert "newcomer" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["params", "memory", "plan", "import"])
@pytest.mark.parametrize("damage", ["cut", "empty", "text"])
def test_a_damaged_file_is_refused(
    command: str, damage: str, tmp_path: Path, catalog: Catalog, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "m.gguf"
    gguf_file(path, "Llama-3.2-1B", catalog)
    data = {"cut": path.read_bytes()[:5000], "empty": b"", "text": b"not a model"}[damage]
    path.write_bytes(data)
    assert run([command, str(path)]) == 3
    assert capsys.readouterr().err.startswith("error: ")


def test_plan_takes_a_file_as_it_is(tmp_path: Path, catalog: Catalog, capsys: pytest.CaptureFixture[str]) -> None:
    """The cards that hold the stored bytes; another format only when one is named."""
    gguf_file(tmp_path / "m.gguf", "Llama-3.1-8B", catalog)
    found = answer(["plan", str(tmp_path / "m.gguf"), "--limit", "3"], capsys)
    assert {option["quantization"] for option in found["options"]} == {"Q4_K_M (as stored)"}
    named = answer(["plan", str(tmp_path / "m.gguf"), "--limit", "3", "--quant", "Q8_0"], capsys)
    assert {option["quantization"] for option in named["options"]} == {"Q8_0"}


def test_show_says_which_commands_take_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.json").write_text(json.dumps(TINY), encoding="utf-8")
    assert run(["show", str(tmp_path / "config.json")]) == 2
    assert "llmpick params" in capsys.readouterr().err


def test_a_word_that_the_catalog_knows_is_its_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A directory that happens to have a model's name does not hide the model; with ./ it is meant."""
    (tmp_path / "llama-7b").mkdir()
    (tmp_path / "llama-7b/config.json").write_text(json.dumps(TINY), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert answer(["params", "llama-7b"], capsys)["parameters"]["total"] == 6_738_415_616
    assert answer(["params", "./llama-7b"], capsys)["parameters"]["total"] < 10**7


def test_a_gguf_file_becomes_a_record(
    tmp_path: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The record drafted from metadata counts the same model."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    gguf_file(tmp_path / "m.gguf", "DeepSeek-V3", catalog)
    arguments = [
        "import",
        str(tmp_path / "m.gguf"),
        "--write",
        "--id",
        "drafted-671b",
        "--catalog",
        str(tmp_path / "mine"),
    ]
    assert run(arguments) == 0
    capsys.readouterr()
    drafted = answer(["params", "drafted-671b", "--catalog", str(tmp_path / "mine")], capsys)
    assert drafted["parameters"] == answer(["params", "deepseek-v3"], capsys)["parameters"]
