"""What a runtime cannot load is said by every command that would plan it."""

import json
from pathlib import Path

import pytest

from llmpick.cli.main import run


@pytest.mark.parametrize(
    "arguments",
    [
        ["fit", "--gpu", "24GB", "--quant", "GPTQ"],
        ["fit", "--gpu", "24GB", "-r", "vllm", "--quant", "EXL3-4.0bpw"],
        ["plan", "qwen3-8b", "--quant", "Q4_K_M,AWQ"],
        ["plan", "qwen3-8b", "-r", "exllamav3", "--quant", "Q4_K_M"],
        ["launch", "qwen3-8b", "--gpu", "24GB", "-r", "llama.cpp", "--quant", "NVFP4"],
        ["compare", "qwen3-8b", "qwen3-14b", "-r", "llama.cpp", "--quant", "GPTQ"],
        ["memory", "qwen3-8b", "-r", "llama.cpp", "--quant", "GPTQ"],
    ],
    ids=" ".join,
)
def test_a_format_is_refused_with_the_runtimes_that_load_it(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    said = capsys.readouterr().err
    assert "does not load" in said
    assert "--runtime" in said


@pytest.mark.parametrize("arguments", [["plan", "opt-6.7b"], ["launch", "opt-6.7b", "--gpu", "24GB"]], ids=" ".join)
def test_an_architecture_without_a_converter_is_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    assert "no converter for this architecture (opt)" in capsys.readouterr().err


def test_a_file_that_is_there_needs_no_converter(tmp_path: Path) -> None:
    assert run(["launch", "opt-6.7b", "--gpu", "24GB", "--gguf", str(tmp_path / "opt.gguf")]) == 0


def test_compare_names_the_model_that_cannot_be_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", "opt-6.7b", "qwen3-8b", "-r", "llama.cpp", "--json"]) == 0
    notes = json.loads(capsys.readouterr().out)["notes"]
    assert any(note.startswith("opt-6.7b: llama.cpp has no converter") for note in notes)


def test_fit_counts_what_it_leaves_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fit", "--gpu", "24GB", "-n", "1", "--json"]) == 0
    assert any(
        "llama.cpp does not run their architecture" in note for note in json.loads(capsys.readouterr().out)["notes"]
    )


def test_what_cannot_be_loaded_never_fits(capsys: pytest.CaptureFixture[str]) -> None:
    """Memory enough is not enough: the verdict is no, with the reason, and another runtime is named."""
    assert run(["memory", "opt-6.7b", "--gpu", "80GB", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "no"
    assert "no converter" in found["why"]
    assert run(["memory", "opt-6.7b", "--gpu", "80GB", "-r", "transformers"]) == 0
