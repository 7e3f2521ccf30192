"""Models side by side: the same figures as the commands for one model, and what differs marked without colour."""

import json
from pathlib import Path
from typing import Any

import pytest

from llmpick.cli.main import run
from llmpick.report.comparison import DIFFERS


def answer(arguments: list[str], capsys: pytest.CaptureFixture[str], code: int = 0) -> Any:
    assert run([*arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("model", ["qwen3-8b", "deepseek-v3", "mamba2-1.3b"])
def test_figures_are_those_of_memory_and_params(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One formula in one place: compare says what the other commands say."""
    options = ["--context", "4k", "--quant", "Q8_0"]
    both = answer(["compare", model, "llama-7b", *options], capsys)
    memory = answer(["memory", model, *options], capsys)
    params = answer(["params", model], capsys)
    first = both["models"][0]
    assert first["memory"] == memory["memory"]
    assert first["tensors"]["bytes"] == memory["tensors"]["bytes"]
    assert first["parameters"]["total"] == params["parameters"]["total"]
    assert first["quantization"] == memory["quantization"]


def test_a_cache_takes_the_bytes_per_token_that_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Llama 7B: K and V of 32 layers, 4,096 wide, two bytes each."""
    assert (
        answer(["compare", "llama-7b", "qwen3-8b"], capsys)["models"][0]["kv_cache_bytes_per_token"]
        == 2 * 2 * 32 * 4096
    )


def test_a_model_does_not_differ_from_itself(capsys: pytest.CaptureFixture[str]) -> None:
    both = answer(["compare", "qwen3-8b", "Qwen/Qwen3-8B"], capsys)
    assert not any(row["differs"] for row in both["rows"])


def test_only_differences(capsys: pytest.CaptureFixture[str]) -> None:
    """The flag leaves out exactly the rows that say the same; where figures differ a sign stands in front."""
    models = ["llama-2-7b", "llama-7b"]
    every, some = answer(["compare", *models], capsys), answer(["compare", *models, "--differences"], capsys)
    assert some["rows"] == [row for row in every["rows"] if row["differs"]]
    assert {"release date", "context"} <= {row["key"] for row in some["rows"]}
    assert "layers" not in {row["key"] for row in some["rows"]}
    assert run(["compare", *models]) == 0
    printed = capsys.readouterr().out
    assert {line.startswith(DIFFERS) for line in printed.splitlines() if " layers " in line} == {False}
    assert {line.startswith(DIFFERS) for line in printed.splitlines() if "release date" in line} == {True}


def test_a_verdict_for_each_where_a_gpu_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """One that fits is an answer; when none does, the exit code says so."""
    found = answer(["compare", "llama-7b", "llama-65b", "--gpu", "24GB"], capsys)
    assert [model["verdict"] for model in found["models"]] == ["fits", "no"]
    answer(["compare", "llama-65b", "llama-2-70b", "--gpu", "24GB"], capsys, code=1)


def test_shared_benchmarks_are_of_one_setting(capsys: pytest.CaptureFixture[str]) -> None:
    """A figure stands beside another only where benchmark, setting and variant are the same."""
    found = answer(["compare", "gemma-2-9b", "llama-3.1-8b"], capsys)
    rows = [row for row in found["rows"] if row["group"] == "benchmarks"]
    assert rows
    assert all(sum(value is not None for value in row["values"]) > 1 for row in rows)


@pytest.mark.parametrize(
    "models", [["qwen3-8b", "llama-7b"], ["qwen3-32b", "gemma-3-27b", "deepseek-v3", "mixtral-8x7b"]]
)
def test_two_to_four_models_have_room_at_eighty_columns(
    models: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["compare", *models]) == 0
    table = capsys.readouterr().out.splitlines()[3:-1]
    assert max(map(len, table)) <= 80
    assert all(model in table[0] for model in models)


def test_a_file_beside_a_catalog_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The config of a catalog model is that model: shapes and memory do not differ."""
    config = {"model_type": "llama", "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
              "num_attention_heads": 32, "vocab_size": 32000, "max_position_embeddings": 2048}  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    found = answer(["compare", "llama-7b", str(tmp_path / "config.json")], capsys)
    differing = {row["key"] for row in found["rows"] if row["differs"]}
    assert not differing & {"layers", "width", "total", "weights", "KV cache", "KV a token"}


def test_one_runtime_for_all_that_loads_the_format(capsys: pytest.CaptureFixture[str]) -> None:
    """Figures are comparable only within one runtime; a contradiction is refused."""
    found = answer(["compare", "llama-7b", "qwen3-8b", "--quant", "AWQ"], capsys)
    runtimes = {model["runtime"] for model in found["models"]}
    assert len(runtimes) == 1
    assert "llama.cpp" not in runtimes
    assert run(["compare", "llama-7b", "qwen3-8b", "--quant", "AWQ", "--runtime", "llama.cpp"]) == 2


def test_one_model_is_no_comparison(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", "llama-7b"]) == 2
    assert "two models" in capsys.readouterr().err
