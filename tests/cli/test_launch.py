"""``launch`` prints what can be pasted: shells, parsers and loaders accept it, and the plan is what `memory` says."""

import argparse
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
        [*DENSE, "-r", "exllamav3", "--kv-cache-type", "q8,q6"],
        ["launch", "qwen3-8b", "--gpu", "80GB", "-r", "tensorrt-llm", "--kv-cache-type", "fp8"],
        ["launch", "qwen3-14b", "--gpu", "M4 Max 36GB", "-r", "mlx"],
    ],
    ids=["llama.cpp", "imatrix", "ollama", "vllm", "ray", "sglang", "exllamav3", "tensorrt-llm", "mlx"],
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


KNOWN = json.loads((DATA / "launch" / "known_options.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("engine", KNOWN)
def test_every_option_stands_in_the_engine_s_own_parser(engine: str) -> None:
    """The options that the engines' own parsers define, of the versions that launch names."""
    told = open_catalog().runtimes["launch"][engine]
    assert KNOWN[engine]["version"] in f"{told['version']} {told['source']}"
    assert set(told["flags"].values()) <= set(KNOWN[engine]["options"])


def parser_of(engine: str) -> argparse.ArgumentParser:
    """A parser with the engine's options, which of them stand alone, and the values that some are limited to."""
    parser = argparse.ArgumentParser(allow_abbrev=False, exit_on_error=False)
    for option in KNOWN[engine]["options"]:
        if option != "--help":
            choices = KNOWN[engine]["choices"].get(option)
            stands_alone = option in KNOWN[engine]["switches"]
            parser.add_argument(option, **({"action": "store_true"} if stands_alone else {"choices": choices}))  # type: ignore[arg-type]
    return parser


@pytest.mark.parametrize(
    ("engine", "more"),
    [
        ("llama.cpp", ["--kv-cache-type", "q8_0", "--set", "swa_full=1"]),
        ("vllm", ["--quant", "FP8", "--kv-cache-type", "fp8", "--set", "enforce_eager=1"]),
        ("sglang", ["--quant", "FP8", "--kv-cache-type", "fp8", "--set", "cuda_graph_max_bs=4"]),
    ],
)
def test_values_and_switches_are_such_as_the_engine_takes(
    engine: str, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = shlex.split(lines(capsys, *DENSE, "-r", engine, *more)[-1])
    first = next(position for position, word in enumerate(words) if word.startswith("--"))
    assert parser_of(engine).parse_known_args(words[first:])[1] == []


def test_the_command_is_the_plan(capsys: pytest.CaptureFixture[str]) -> None:
    """Experts that were planned onto the CPU stay there, and the context is that of all slots together."""
    arguments = ["qwen3-30b-a3b", "--gpu", "16GB", "--ram", "64GB", "--quant", "Q4_K_M", "--users", "2"]
    planned = answer(capsys, "memory", *arguments)["placement"]
    words = shlex.split(answer(capsys, "launch", *arguments)["lines"][-1])
    options = dict(pairwise(words))
    assert int(options["--n-cpu-moe"]) == planned["n_cpu_moe"] > 0
    assert int(options["--n-gpu-layers"]) == planned["n_gpu_layers"]
    assert (options["--ctx-size"], options["--parallel"]) == ("16384", "2")


def test_unequal_cards_get_unequal_shares_in_the_order_planned(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["launch", "qwen3-32b", "--gpu", "RTX 3090,RTX 3060 12GB", "--quant", "Q4_K_M"]) == 0
    printed = capsys.readouterr()
    first, second = dict(pairwise(shlex.split(printed.out.splitlines()[-1])))["--tensor-split"].split(",")
    assert int(first) > 1.9 * int(second)
    assert "--list-devices" in printed.err


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


ACROSS = ["launch", "deepseek-v3", "--gpu", "8x H100 SXM", "--nodes", "2"]


def test_sglang_s_line_is_the_same_on_every_node(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = lines(capsys, *ACROSS, "-r", "sglang")
    assert line.endswith('--nnodes 2 --node-rank "$NODE_RANK" --dist-init-addr "$HEAD_NODE_ADDRESS:5000"')
    assert "--tp-size 8 --pp-size 2" in line


def test_vllm_s_first_node_serves_and_the_others_work(capsys: pytest.CaptureFixture[str]) -> None:
    head, other = lines(capsys, *ACROSS, "-r", "vllm")
    assert head.endswith("--node-rank 0")
    assert other.endswith('--node-rank "$NODE_RANK" --headless')
    assert "--tensor-parallel-size 8 --pipeline-parallel-size 2" in head


def test_whole_experts_and_groups_of_attention_are_told_to_the_engines(capsys: pytest.CaptureFixture[str]) -> None:
    """vLLM's requests are those of one group, SGLang's of all."""
    asked = ["launch", "deepseek-v3", "--gpu", "8x H200", "--users", "256"]
    (line,) = lines(capsys, *asked, "-r", "vllm", "--set", "data_parallel_size=8", "--set", "enable_expert_parallel=1")
    assert "--max-num-seqs 32 --data-parallel-size 8 --enable-expert-parallel" in line
    (line,) = lines(capsys, *asked, "-r", "sglang", "--set", "dp_size=8", "--set", "enable_dp_attention=1")
    assert "--max-running-requests 256" in line
    assert "--dp-size 8 --enable-dp-attention" in line


def test_one_node_is_taken_where_it_is_enough(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = lines(capsys, *DENSE, "-r", "vllm", "--nodes", "4", "--quant", "FP8")
    assert "--nnodes" not in line


def test_every_option_is_explained(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each option of the line stands in the table with the same value, a reason, and where it was read."""
    monkeypatch.setenv("COLUMNS", "80")
    asked = ["launch", "qwen3-30b-a3b", "--gpu", "16GB", "--ram", "64GB", "--quant", "Q4_K_M", "--users", "2"]
    found = answer(capsys, *asked)
    options = dict(pairwise(shlex.split(found["lines"][-1])))
    assert {flag["option"]: flag["value"] for flag in found["flags"]}.items() <= options.items()
    assert all(flag["why"] for flag in found["flags"])
    assert found["engine"]["version"] in found["notes"][0]
    table = "\n".join(lines(capsys, *asked, "--explain"))
    assert all(flag["why"] in table for flag in found["flags"])


@pytest.mark.parametrize(
    ("runtime", "words"), [("vllm", "--trust-remote-code"), ("transformers", "trust_remote_code=True")]
)
def test_a_repository_s_own_code_runs_only_where_it_is_allowed(
    runtime: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["launch", "baichuan2-13b", "--gpu", "48GB", "-r", runtime, "--quant", "BF16"]
    assert run(asked) == 0
    printed = capsys.readouterr()
    assert "add --trust-remote-code" in printed.err
    assert words not in printed.out
    assert run([*asked, "--trust-remote-code"]) == 0
    printed = capsys.readouterr()
    assert words in printed.out
    assert "add --trust-remote-code" not in printed.err


def test_terms_that_have_to_be_accepted_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["launch", "llama-3.1-8b", "--gpu", "24GB"]) == 0
    assert "is gated" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "verdict"),
    [
        (["qwen3-14b", "--gpu", "24GB", "--quant", "Q8_0"], "fits"),
        (["qwen3-30b-a3b", "--gpu", "16GB", "--ram", "64GB", "--quant", "Q4_K_M"], "offload"),
        (["qwen3-32b", "-r", "vllm", "--gpu", "24GB", "--quant", "AWQ", "--repository", "a/b"], "tight"),
        (["llama-3.1-405b", "--gpu", "24GB", "--quant", "Q4_K_M"], "no"),
    ],
)
def test_the_exit_code_is_that_of_memory(
    arguments: list[str], verdict: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 where it can run at all, tight and offload too; 1 where nothing fits."""
    code = run(["launch", *arguments, "--json"])
    assert json.loads(capsys.readouterr().out)["verdict"] == verdict
    asked = arguments[: arguments.index("--repository")] if "--repository" in arguments else arguments
    assert run(["memory", *asked, "--json"]) == code == (1 if verdict == "no" else 0)
    assert json.loads(capsys.readouterr().out)["verdict"] == verdict


def test_a_modelfile_holds_instructions_only(capsys: pytest.CaptureFixture[str]) -> None:
    found = lines(capsys, *DENSE, "-r", "ollama", "--gguf", "a.gguf")
    inside = found[found.index("cat > Modelfile <<'END'") + 1 : found.index("END")]
    assert inside[0] == "FROM ./a.gguf"
    assert {line.split()[0] for line in inside[1:]} == {"PARAMETER"}
    assert "PARAMETER num_ctx 8192" in inside


def between(found: list[str], first: str) -> dict[str, Any]:
    """The YAML of a here-document."""
    inside: dict[str, Any] = yaml.safe_load("\n".join(found[found.index(first) + 1 : found.index("END")]))
    return inside


def test_tabby_s_file_holds_the_plan_and_nothing_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    found = lines(capsys, *DENSE, "-r", "exllamav3", "--users", "3", "-c", "5000", "--kv-cache-type", "q8,q6")
    model = between(found, "cat > config.yml <<'END'")["model"]
    assert set(model) <= set(KNOWN["exllamav3"]["options"])
    assert (model["max_seq_len"], model["max_batch_size"], model["cache_mode"]) == (5000, 3, "8,6")
    assert 15000 <= model["cache_size"] < 15256
    assert model["cache_size"] % 256 == 0
    assert found[1].endswith(f"-o models/{model['model_name']} -w qwen3-14b-work -b 6.0")


def test_mlx_packs_what_was_planned(capsys: pytest.CaptureFixture[str]) -> None:
    made, served = lines(capsys, "launch", "qwen3-14b", "--gpu", "M4 Max 36GB", "-r", "mlx", "--quant", "MLX-4bit-32g")
    assert "--q-bits 4 --q-group-size 32" in made
    assert shlex.split(served)[2] == shlex.split(made)[-1]


def test_tensorrt_llm_reads_its_cache_from_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    found = lines(capsys, "launch", "qwen3-8b", "--gpu", "80GB", "-r", "tensorrt-llm", "--kv-cache-type", "fp8")
    assert between(found, "cat > trtllm.yaml <<'END'") == {"kv_cache_config": {"dtype": "fp8"}}
    assert found[-1].endswith("--extra_llm_api_options trtllm.yaml")


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["launch", "llama-3.1-405b", "--gpu", "24GB", "--quant", "Q4_K_M"], 1, "no"),
        ([*DENSE, "--target", "ray"], 2, "vllm"),
        ([*DENSE, "--nodes", "2"], 2, "one machine"),
        ([*DENSE, "-r", "sglang", "--target", "ray"], 2, "vllm"),
        ([*DENSE, "--target", "moon"], 2, "kubernetes"),
        ([*DENSE, "-r", "ollama", "--gguf", "a.gguf\nEND\nfalse"], 2, "control characters"),
        ([*DENSE, "-r", "vllm", "--quant", "AWQ"], 2, "--repository"),
        ([*DENSE, "-r", "transformers", "--quant", "GPTQ"], 2, "--repository"),
        ([*DENSE, "-r", "exllamav3", "--kv-cache-type", "q8,f16"], 2, "both or neither"),
        ([*DENSE, "-r", "tensorrt-llm", "--quant", "FP8"], 2, "--repository"),
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
        (["-r", "ollama", "--gguf", "a.gguf", "--ram", "64GB", "--set", "num_gpu=20"], "PARAMETER num_gpu 20"),
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
