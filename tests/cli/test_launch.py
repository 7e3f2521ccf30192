"""``launch`` prints what can be pasted: shells, parsers and loaders accept it, and the plan is what `memory` says."""

import ast
import json
import shlex
import shutil
import subprocess
from itertools import pairwise
from typing import Any

import pytest
import yaml

from llmpick.catalog import open_catalog
from llmpick.cli.main import run
from reference_rows import DATA

DENSE = ["launch", "qwen3-14b", "--gpu", "24GB"]


def lines(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert run(list(arguments)) == 0
    return capsys.readouterr().out.splitlines()


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert run([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    "arguments",
    [
        DENSE,
        [*DENSE, "--quant", "IQ4_XS+imatrix"],
        [*DENSE, "-r", "ollama"],
        [*DENSE, "-r", "vllm", "--quant", "FP8"],
        [*DENSE, "-r", "vllm", "--quant", "FP8", "--target", "ray"],
        [*DENSE, "-r", "sglang", "--quant", "FP8"],
    ],
    ids=["llama.cpp", "imatrix", "ollama", "vllm", "ray", "sglang"],
)
@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_a_shell_reads_the_lines(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    text = "\n".join(lines(capsys, *arguments))
    checked = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("engine", ["llama.cpp", "vllm", "sglang"])
def test_only_options_that_the_engine_documents_are_printed(engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(lines(capsys, *DENSE, "-r", engine)[-1])
    flags = {word for word in words if word.startswith("--")} - {"--model-path"}
    assert flags
    assert flags <= set(open_catalog().runtimes["launch"][engine]["flags"].values())


@pytest.mark.parametrize("engine", ["vllm", "sglang"])
def test_every_option_stands_in_the_engine_s_own_parser(engine: str) -> None:
    """The options that the published wheels' parsers define, of the versions that launch names."""
    known = json.loads((DATA / "launch" / "known_options.json").read_text(encoding="utf-8"))[engine]
    told = open_catalog().runtimes["launch"][engine]
    assert told["version"] == known["version"]
    assert set(told["flags"].values()) <= set(known["options"])


def test_the_command_is_the_plan(capsys: pytest.CaptureFixture[str]) -> None:
    """Experts that were planned onto the CPU stay there, and the context is that of all slots together."""
    arguments = ["qwen3-30b-a3b", "--gpu", "16GB", "--ram", "64GB", "--quant", "Q4_K_M", "--users", "2"]
    planned = answer(capsys, "memory", *arguments)["placement"]
    words = shlex.split(answer(capsys, "launch", *arguments)["lines"][-1])
    options = dict(pairwise(words))
    assert int(options["--n-cpu-moe"]) == planned["n_cpu_moe"] > 0
    assert int(options["--n-gpu-layers"]) == planned["n_gpu_layers"]
    assert (options["--ctx-size"], options["--parallel"]) == ("16384", "2")


def test_tensor_parallel_is_the_planned_one(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "launch", "qwen3-32b", "-r", "vllm", "--gpu", "2x RTX A6000", "--quant", "BF16")
    assert "--tensor-parallel-size 2" in found["lines"][-1]


def test_the_manifest_asks_for_the_cards_it_uses(capsys: pytest.CaptureFixture[str]) -> None:
    text = "\n".join(
        lines(capsys, "launch", "qwen3-32b", "-r", "vllm", "--gpu", "2x RTX A6000", "--target", "kubernetes")
    )
    deployment, service = yaml.safe_load_all(text)
    pod = deployment["spec"]["template"]
    container = pod["spec"]["containers"][0]
    assert container["resources"]["limits"] == {"nvidia.com/gpu": 2}
    assert (container["command"], container["args"][0]) == (["vllm", "serve"], "Qwen/Qwen3-32B")
    assert service["spec"]["selector"] == pod["metadata"]["labels"] == deployment["spec"]["selector"]["matchLabels"]
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["spec"]["volumes"]}


def test_the_snippet_is_python(capsys: pytest.CaptureFixture[str]) -> None:
    tree = ast.parse("\n".join(lines(capsys, "launch", "qwen3-8b", "-r", "transformers", "--gpu", "12GB")))
    calls = {
        node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert {"from_pretrained", "generate"} <= calls


def test_a_modelfile_holds_instructions_only(capsys: pytest.CaptureFixture[str]) -> None:
    found = lines(capsys, *DENSE, "-r", "ollama", "--gguf", "a.gguf")
    inside = found[found.index("cat > Modelfile <<'END'") + 1 : found.index("END")]
    assert inside[0] == "FROM ./a.gguf"
    assert {line.split()[0] for line in inside[1:]} == {"PARAMETER"}
    assert "PARAMETER num_ctx 8192" in inside


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["launch", "llama-3.1-405b", "--gpu", "24GB", "--quant", "Q4_K_M"], 1, "no"),
        ([*DENSE, "--target", "ray"], 2, "vLLM"),
        ([*DENSE, "--target", "moon"], 2, "kubernetes"),
        ([*DENSE, "-r", "vllm", "--quant", "AWQ"], 2, "--repository"),
        ([*DENSE, "-r", "transformers", "--quant", "GPTQ"], 2, "--repository"),
        ([*DENSE, "-r", "exllamav3"], 2, "known"),
        ([*DENSE, "-r", "ollama", "--kv-cache-type", "q8_0,f16"], 2, "one type"),
        ([*DENSE, "-r", "vllm", "--kv-cache-type", "q8_0"], 2, "fp8"),
    ],
)
def test_what_cannot_be_run_is_said(
    arguments: list[str], code: int, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == code
    assert word in capsys.readouterr().err


def test_what_does_not_fit_is_printed_only_when_forced(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["launch", "llama-3.1-405b", "--gpu", "24GB", "--quant", "Q4_K_M"]
    assert run(asked) == 1
    assert capsys.readouterr().out.strip() == ""
    assert run([*asked, "--force"]) == 1
    assert "llama-server" in capsys.readouterr().out


def test_where_nothing_fits_the_smallest_of_the_ladder_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["launch", "llama-3.1-405b", "--gpu", "24GB"]) == 1
    assert "# Q2_K: no" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["-r", "ollama", "--gguf", "/data/a.gguf"], "FROM /data/a.gguf"),
        (["-r", "ollama", "--gguf", "a.gguf", "--set", "num_gpu=20"], "PARAMETER num_gpu 20"),
        (["-r", "ollama", "--gguf", "a.gguf", "--set", "num_ctx=4096"], "PARAMETER num_ctx 4096"),
    ],
)
def test_a_modelfile_says_what_was_asked(arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert line in lines(capsys, *DENSE, *arguments)


@pytest.mark.parametrize(
    ("runtime", "setting", "words"),
    [
        ("llama.cpp", "swa_full=1", "--swa-full --port"),
        ("llama.cpp", "flash_attn=0", "--flash-attn off"),
        ("vllm", "enforce_eager=true", "--enforce-eager --"),
        ("vllm", "max_num_seqs=3", "--max-num-seqs 3"),
        ("vllm", "max_model_len=4096", "--max-model-len 4096"),
    ],
)
def test_settings_are_the_engine_s_own_options(
    runtime: str, setting: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in lines(capsys, *DENSE, "-r", runtime, "--set", setting)[-1]


def test_a_quantised_cache_of_ollama_comes_with_flash_attention(capsys: pytest.CaptureFixture[str]) -> None:
    found = lines(capsys, *DENSE, "-r", "ollama", "--gguf", "a.gguf", "--set", "kv_cache_type=q8_0")
    assert any("OLLAMA_KV_CACHE_TYPE=q8_0" in line and "OLLAMA_FLASH_ATTENTION=1" in line for line in found)
