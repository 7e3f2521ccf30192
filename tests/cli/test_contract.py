"""The contracts of the command line: JSON shapes, exit codes, error manners."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from llmpick.cli.main import run


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert run([*arguments, "--json"]) in (0, 1)
    return json.loads(capsys.readouterr().out)


def test_params_contract(capsys: pytest.CaptureFixture[str]) -> None:
    """The published figures of LLaMA 7B, components summing to the total."""
    found = answer(capsys, "params", "llama-7b")
    assert found["schema"] == 1
    assert found["command"] == "params"
    assert found["model"] == {"id": "llama-7b", "name": "LLaMA 7B", "source": "catalog"}
    parameters = found["parameters"]
    assert parameters["total"] == parameters["active"] == 6_738_415_616
    assert parameters["embedding"] == 262_144_000
    assert parameters["non_embedding"] == 6_476_271_616
    assert {"component": "token_embedding", "parameters": 131_072_000} in parameters["components"]
    assert sum(row["parameters"] for row in parameters["components"]) == parameters["total"]
    assert found["published"]["text"] == "6.7B"
    assert found["published"]["relative_difference"] == 0.0057


def test_memory_contract(capsys: pytest.CaptureFixture[str]) -> None:
    """Integers in bytes; the parts are the total; the estimate lies in its interval."""
    found = answer(capsys, "memory", "llama-3.1-8b", "--gpu", "24GB", "--context", "8192", "--quant", "q4_k_m")
    memory = found["memory"]
    assert memory["kv_cache"] == 1024 * 2**20
    assert memory["low"] <= memory["total"] <= memory["high"]
    device = found["devices"][0]
    assert device["weights"] + device["kv_cache"] + device["compute"] + device["runtime"] == device["total"]
    assert found["tensors"] == {"bytes": 4_912_898_304, "bits_per_weight": pytest.approx(4.8944, abs=1e-3)}
    assert found["verdict"] == "fits"
    assert found["quantization"] == "Q4_K_M"


def test_fit_contract(capsys: pytest.CaptureFixture[str]) -> None:
    """Results carry what the contract names, in order of rank, best first."""
    found = answer(capsys, "fit", "--gpu", "24GB", "--limit", "7")
    assert found["hardware"]["source"] == "described"
    assert len(found["results"]) == 7
    for row in found["results"]:
        assert {
            "rank",
            "model",
            "quantization",
            "verdict",
            "memory",
            "max_context",
            "placement",
            "quality",
            "why",
        } <= set(row)
        assert row["memory"]["high"] <= found["hardware"]["devices"][0]["usable"]
    ranks = [row["rank"] for row in found["results"]]
    assert ranks == sorted(ranks)


def test_hardware_contract(capsys: pytest.CaptureFixture[str]) -> None:
    """No GPU is an answer; every probe reports."""
    found = answer(capsys, "hardware")
    assert {"devices", "host", "probes"} <= set(found["hardware"])
    assert {probe["status"] for probe in found["hardware"]["probes"]} <= {
        "ok",
        "absent",
        "denied",
        "broken",
        "unsupported",
    }


def test_a_small_card_never_gets_a_model_that_does_not_fit(capsys: pytest.CaptureFixture[str]) -> None:
    """Every `fits` of a sweep of sizes has its high end inside the card."""
    for size in ("4GB", "8GB", "12GB", "48GB"):
        for row in answer(capsys, "fit", "--gpu", size, "--all")["results"]:
            device = row["devices"][0]
            assert row["verdict"] != "fits" or device["high"] <= device["usable"], (size, row["model"])


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["params", "lama-7b"], 4, "Did you mean: llama-7b"),
        (["fit", "--gpu", "RTX 9999"], 4, "unknown GPU"),
        (["fit", "--gpu", "24 bananas"], 4, ""),
        (["memory", "llama-7b", "--quant", "Q9_Z"], 4, "unknown format"),
        (["memory", "llama-7b", "--set", "n_gpu=3"], 2, "its settings"),
        (["memory", "llama-7b", "--context", "many"], 2, "not a number of tokens"),
        (["list", "--sort", "beauty"], 2, "one of"),
        (["memory", "llama-65b", "--gpu", "8GB", "--quant", "F16"], 1, ""),
        (["params", "does-not-exist.json"], 4, "no file"),
        (["validate", "no/such/path"], 2, "no such file"),
    ],
)  # fmt: skip
def test_errors_say_what_and_why_on_stderr(
    arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code by kind of error, the words on stderr, and never a traceback."""
    assert run(arguments) == code
    printed = capsys.readouterr()
    assert said in printed.err
    assert "Traceback" not in printed.err + printed.out


def test_unknown_model_type_is_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A config of an unknown type, or with a key nobody knows, is refused with exit 3 naming it."""
    config = {"model_type": "llama", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
              "num_attention_heads": 4, "vocab_size": 100}  # fmt: skip
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**config, "model_type": "never_seen"}))
    assert run(["params", str(path)]) == 3
    assert "never_seen" in capsys.readouterr().err
    path.write_text(json.dumps({**config, "number_of_extra_heads": 3}))
    assert run(["params", str(path)]) == 3
    assert "number_of_extra_heads" in capsys.readouterr().err
    path.write_text(json.dumps(config))
    assert run(["params", str(path)]) == 0


@pytest.mark.parametrize("output_format", ["table", "json", "csv", "markdown", "html"])
def test_every_format_of_output(output_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    """All formats print the same models, without colour."""
    assert run(["list", "--family", "llama", "--format", output_format]) == 0
    printed = capsys.readouterr().out
    assert "llama-65b" in printed
    assert "\x1b[" not in printed


def test_start_up_imports_nothing_heavy() -> None:
    """`list`, `params` and `fit` with a warm cache import neither pydantic nor YAML, rich, psutil or NVML."""
    script = (
        "import sys; from llmpick.cli.main import run; run(sys.argv[1:]); "
        "print([name for name in ('pydantic', 'rich', 'yaml', 'pynvml', 'psutil') if name in sys.modules], file=sys.stderr)"
    )
    for command in (["list"], ["params", "llama-7b"], ["fit", "--gpu", "24GB"]):
        run(command)
        ended = subprocess.run([sys.executable, "-c", script, *command], capture_output=True, text=True, check=True)
        assert ended.stderr.strip().splitlines()[-1] == "[]", command


def test_same_input_same_output(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing depends on the day or on the order of a dictionary."""
    first = answer(capsys, "fit", "--gpu", "RTX 4090", "--limit", "30")
    assert answer(capsys, "fit", "--gpu", "RTX 4090", "--limit", "30") == first


def test_catalog_is_valid(capsys: pytest.CaptureFixture[str]) -> None:
    """What CI runs over the catalog finds nothing."""
    assert run(["validate"]) == 0
    assert "0 problem(s)" in capsys.readouterr().err


@pytest.mark.parametrize("runtime", ["llama.cpp", "vllm"])
def test_memory_solves_for_the_most_that_fits(runtime: str, capsys: pytest.CaptureFixture[str]) -> None:
    """At the solved figures the verdict is fits; one step further it is not."""
    asked = ["memory", "qwen3-8b", "--runtime", runtime, "--gpu", "24GB"]
    found = answer(capsys, *asked)
    users, context = found["max_users"], found["max_context"]
    assert answer(capsys, *asked, "--users", str(users))["verdict"] == "fits"
    assert answer(capsys, *asked, "--users", str(users + 1))["verdict"] != "fits"
    assert answer(capsys, *asked, "--context", str(context))["verdict"] == "fits"
    assert context == 40960 or answer(capsys, *asked, "--context", str(context + 256))["verdict"] != "fits"


@pytest.mark.parametrize(
    "arguments",
    [
        ["memory", "llama-2-7b"],
        ["compare", "llama-2-7b", "llama-3.1-8b"],
        ["launch", "llama-2-7b"],
        ["fit", "--family", "llama-2"],
    ],
    ids=lambda words: words[0],
)
def test_more_context_than_the_model_has_is_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever asks for 32,768 tokens of a model made for 4,096 reads so."""
    assert run([*arguments, "--gpu", "80GB", "--context", "32k"]) == 0
    said = capsys.readouterr()
    assert "32,768 tokens" in said.out + said.err
    assert "model's context of 4,096" in said.out + said.err or "judged at their own context" in said.out


def test_a_fit_row_names_its_own_context(capsys: pytest.CaptureFixture[str]) -> None:
    """A model made for less than was asked is judged at its own context, and its row says which."""
    found = answer(capsys, "fit", "--gpu", "80GB", "--context", "32k", "--family", "llama-2")
    assert {row["context"] for row in found["results"]} == {4096}
