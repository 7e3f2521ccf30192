"""What a command line answers: exit code, which stream, which words."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from llmpick.cli.main import run

LLAMA = {
    "model_type": "llama", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 256, "tie_word_embeddings": False,
    "rms_norm_eps": 1e-5, "max_position_embeddings": 512, "hidden_act": "silu",
}  # fmt: skip


def written(folder: Path, config: object) -> str:
    path = folder / "config.json"
    path.write_text(config if isinstance(config, str) else json.dumps(config), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["params", "llama-7"], 4, "llama-7b"),
        (["params", "no-such-model-at-all"], 4, "no-such-model-at-all"),
        (["params", "./absent/config.json"], 4, "absent"),
        (["fit", "--gpu", "RTX 9999"], 4, "RTX 4090"),
        (["memory", "llama-7b", "--quant", "Q4_K_X"], 4, "Q4_K_M"),
        (["list", "--family", "lama"], 4, "llama"),
        (["fit", "--gpu", "24GB", "--family", "qwenn"], 4, "qwen"),
        (["fit", "--gpu", "24GB", "--for", "poetry"], 4, "knowledge"),
        (["compare", "qwen3-8b"], 2, "llama-3.1-8b"),
        (["list", "--min-params", "many"], 2, "many"),
        (["list", "--no-such-option"], 2, "--no-such-option"),
        (["no-such-command"], 2, "no-such-command"),
        (["memory", "llama-7b", "--set", "n_no_such=1"], 2, "n_no_such"),
        (["list", "--catalog", "./absent"], 3, "absent"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_refusal_says_what_is_wrong_on_stderr(
    arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its exit code tells the kind of mistake, and nothing is printed where an answer would be."""
    assert run(arguments) == code
    streams = capsys.readouterr()
    assert streams.out == ""
    assert said in streams.err
    assert "Traceback" not in streams.err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model_type": "nobody_knows"}, "nobody_knows"),
        ({"a_key_nobody_knows": 7}, "a_key_nobody_knows"),
        ({"hidden_size": -64}, "-64"),
        ({"num_hidden_layers": 10**9}, "num_hidden_layers"),
        ({"num_hidden_layers": "two"}, "num_hidden_layers"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else None,
)
def test_a_config_that_is_not_understood_is_refused(
    change: dict[str, object], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A model type or key that may change the shape is named, not guessed at."""
    assert run(["params", written(tmp_path, LLAMA | change)]) == 3
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"model_type": "llama"}', "[" * 100_000, "\x00"])
def test_a_damaged_config_is_refused(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever stands in the file, the answer is exit code 3 and a message."""
    assert run(["params", written(tmp_path, text)]) == 3
    assert capsys.readouterr().err.startswith("error: ")


def test_a_config_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The count of a small config equals the sum done by hand."""
    attention, mlp, norms = 64 * 64 * 2 + 64 * 32 * 2, 3 * 64 * 128, 2 * 64
    assert run(["params", written(tmp_path, LLAMA), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["parameters"]["total"] == 2 * 256 * 64 + 2 * (attention + mlp + norms) + 64


def test_nothing_fits_is_an_answer_with_its_own_code(capsys: pytest.CaptureFixture[str]) -> None:
    """A model too large for the card is exit code 1 and still shown in full."""
    assert run(["memory", "llama-65b", "--gpu", "24GB", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["verdict"] == "no"
    assert document["memory"]["high"] > 24 * 2**30


def test_no_gpu_can_be_described(capsys: pytest.CaptureFixture[str]) -> None:
    """`--gpu none` is the CPU with the memory of `--ram`, which then has to be said."""
    assert run(["memory", "llama-3.1-8b", "--gpu", "none", "--ram", "64GB", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "offload"
    assert run(["memory", "llama-3.1-70b", "--gpu", "CPU", "--ram", "16GB", "--json"]) == 1
    assert run(["memory", "llama-3.1-8b", "--gpu", "none", "--ram", "64GB"]) == 0
    said = capsys.readouterr().out
    assert "besides" not in said
    assert "in host memory at most: 131,072 tokens" in said
    assert run(["fit", "--gpu", "none", "--ram", "16GB", "--limit", "1"]) == 0
    assert "No GPU: CPU and 16.0 GiB" in capsys.readouterr().out
    assert run(["fit", "--gpu", "none"]) == 2
    assert "--ram" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["memory", "llama-7b"], ["fit", "--gpu", "24GB"], ["plan", "llama-7b"]])
def test_no_context_is_refused(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing else is answered than what was asked: 0 tokens are a usage error, not the default."""
    assert run([*command, "--context", "0"]) == 2
    assert "'0' tokens" in capsys.readouterr().err


@pytest.mark.parametrize("runtime", ["llama.cpp", "ollama"])
def test_more_users_than_llama_cpp_serves_are_refused(runtime: str, capsys: pytest.CaptureFixture[str]) -> None:
    """LLAMA_MAX_SEQ is 256: a server with 300 slots does not start, whatever the memory."""
    asked = ["memory", "smollm2-135m", "--gpu", "80GB", "--context", "512", "--runtime", runtime]
    assert run([*asked, "--users", "256"]) == 0
    assert run([*asked, "--users", "257"]) == 2
    assert "at most 256 sequences" in capsys.readouterr().err


def test_a_mistyped_command_is_told_its_near_names(capsys: pytest.CaptureFixture[str]) -> None:
    """`llmpick fti` is a usage error that names `fit`."""
    assert run(["fti", "--gpu", "24GB"]) == 2
    assert "Did you mean fit" in capsys.readouterr().err
    assert run(["zzzz"]) == 2
    assert "Did you mean" not in capsys.readouterr().err


def test_output_goes_to_the_file_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--output` writes the answer there and prints none of it."""
    path = tmp_path / "answer.json"
    assert run(["params", "llama-7b", "--json", "--output", str(path)]) == 0
    assert json.loads(path.read_text(encoding="utf-8"))["parameters"]["total"] == 6_738_415_616
    assert "6738415616" not in capsys.readouterr().out


def test_the_program_as_a_process() -> None:
    """`python -m llmpick` keeps answer and complaint apart, and its exit code reaches the shell."""
    command = [sys.executable, "-m", "llmpick", "params"]
    good = subprocess.run([*command, "llama-7b"], capture_output=True, text=True, check=False)
    assert (good.returncode, good.stderr) == (0, "")
    assert "6,738,415,616" in good.stdout
    bad = subprocess.run([*command, "lama-7b"], capture_output=True, text=True, check=False)
    assert (bad.returncode, bad.stdout) == (4, "")
    assert "llama-7b" in bad.stderr


def test_a_reader_that_goes_away_is_no_error() -> None:
    """`llmpick list | head -1` ends quietly."""
    process = subprocess.Popen(
        [sys.executable, "-m", "llmpick", "list", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0
