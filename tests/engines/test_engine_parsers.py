"""What ``launch`` prints, given to the engines' own parsers.

Each engine is asked in the first interpreter that has it: this one, or those named in ``LLMPICK_ENGINES`` (paths
separated by ``:``; engines seldom live together in one environment). Where none has it the test is skipped. Nothing is
started: parsing is where an engine is stopped, and no GPU is needed.
"""

import json
import os
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from llmpick.cli.main import run

PYTHONS = (sys.executable, *filter(None, os.environ.get("LLMPICK_ENGINES", "").split(":")))
STOPPED = """
import argparse, json, os, runpy, sys
parse = argparse.ArgumentParser.parse_args
def stop(self, args=None, namespace=None):
    print("PARSED " + json.dumps(vars(parse(self, args, namespace)), default=str), flush=True)
    os._exit(0)
argparse.ArgumentParser.parse_args = stop
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
RAY = """
import json, sys
from ray.scripts.scripts import cli
print("PARSED " + json.dumps(cli.commands["start"].make_context("start", sys.argv[1:]).params, default=str))
"""


@cache
def python_with(module: str) -> str | None:
    """The first interpreter that has a module."""
    look = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    return next(
        (python for python in PYTHONS if not subprocess.run([python, "-c", look], check=False).returncode), None
    )


def parsed(module: str, script: str, *words: str, env: dict[str, str] | None = None) -> dict[str, Any]:
    """What the engine's parser makes of the words."""
    python = python_with(module)
    if python is None:
        pytest.skip(f"{module} is not installed here, nor in an interpreter that LLMPICK_ENGINES names")
    ended = subprocess.run(
        [python, "-c", script, *words], capture_output=True, text=True, check=False, env={**os.environ, **(env or {})}
    )
    told = [line for line in ended.stdout.splitlines() if line.startswith("PARSED ")]
    assert told, ended.stderr[-3000:]
    found: dict[str, Any] = json.loads(told[0].removeprefix("PARSED "))
    return found


def lines(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert run(["launch", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


VLLM = [
    (["qwen3-14b", "--gpu", "24GB", "--quant", "FP8"], {"max_model_len": 8192, "quantization": "fp8", "max_num_seqs": 1}),
    (["qwen3-32b", "--gpu", "2x RTX A6000", "--quant", "BF16", "--users", "4"],
     {"tensor_parallel_size": 2, "max_num_seqs": 4, "model_tag": "Qwen/Qwen3-32B"}),
    (["qwen3-32b", "--gpu", "2x RTX A6000", "--target", "ray"], {"distributed_executor_backend": "ray"}),
    (["qwen3-14b", "--gpu", "24GB", "--quant", "FP8", "--kv-cache-type", "fp8", "--set", "enforce_eager=1", "--set",
      "max_num_batched_tokens=2048", "--set", "block_size=32", "--set", "gpu_memory_utilization=0.9"],
     {"kv_cache_dtype": "fp8", "enforce_eager": True, "max_num_batched_tokens": 2048, "block_size": 32,
      "gpu_memory_utilization": 0.9}),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "told"), VLLM, ids=" ".join)
def test_vllm_reads_the_plan(arguments: list[str], told: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(lines(capsys, *arguments, "-r", "vllm")[-1])
    assert words[:2] == ["vllm", "serve"]
    found = parsed("vllm", STOPPED, "vllm.entrypoints.cli.main", *words[1:])
    assert {key: found[key] for key in told} == told


SGLANG = [
    (["qwen3-14b", "--gpu", "24GB", "--quant", "FP8"], {"context_length": 8192, "quantization": "fp8"}),
    (["qwen3-32b", "--gpu", "2x RTX A6000", "--quant", "BF16", "--users", "4"],
     {"tp_size": 2, "max_running_requests": 4, "model_path": "Qwen/Qwen3-32B"}),
    (["qwen3-14b", "--gpu", "24GB", "--quant", "FP8", "--kv-cache-type", "fp8", "--set", "cuda_graph_max_bs=8", "--set",
      "chunked_prefill_size=2048", "--set", "page_size=16", "--set", "mem_fraction_static=0.8"],
     {"kv_cache_dtype": "fp8_e4m3", "cuda_graph_max_bs_decode": 8, "chunked_prefill_size": 2048, "page_size": 16,
      "mem_fraction_static": 0.8}),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "told"), SGLANG, ids=" ".join)
def test_sglang_reads_the_plan(arguments: list[str], told: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(lines(capsys, *arguments, "-r", "sglang")[-1])
    assert words[:3] == ["python", "-m", "sglang.launch_server"]
    found = parsed("sglang", STOPPED, *words[2:])
    assert {key: found[key] for key in told} == told


ACROSS = ["deepseek-v3", "--gpu", "8x H100 SXM", "--nodes", "2"]


def told(line: str) -> list[str]:
    """The words of a line with the shell's variables filled in."""
    return shlex.split(line.replace("$HEAD_NODE_ADDRESS", "10.0.0.1").replace("$NODE_RANK", "1"))


def test_sglang_reads_the_line_of_a_node(capsys: pytest.CaptureFixture[str]) -> None:
    found = parsed("sglang", STOPPED, *told(lines(capsys, *ACROSS, "-r", "sglang")[0])[2:])
    assert (found["nnodes"], found["node_rank"], found["dist_init_addr"]) == (2, 1, "10.0.0.1:5000")
    assert found["tp_size"] * found["pp_size"] == 16


def test_vllm_reads_the_lines_of_the_nodes(capsys: pytest.CaptureFixture[str]) -> None:
    head, other = (
        parsed("vllm", STOPPED, "vllm.entrypoints.cli.main", *told(line)[1:])
        for line in lines(capsys, *ACROSS, "-r", "vllm")
    )
    assert (head["nnodes"], head["node_rank"], head["headless"]) == (2, 0, False)
    assert (other["node_rank"], other["headless"], other["master_addr"]) == (1, True, "10.0.0.1")


@pytest.mark.parametrize("runtime", ["vllm", "sglang"])
def test_the_container_s_arguments_are_read(runtime: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = "\n".join(lines(capsys, "qwen3-14b", "-r", runtime, "--gpu", "24GB", "--target", "kubernetes"))
    container = next(yaml.safe_load_all(text))["spec"]["template"]["spec"]["containers"][0]
    module = {"vllm": ["vllm.entrypoints.cli.main", "serve"], "sglang": ["sglang.launch_server"]}[runtime]
    found = parsed(runtime, STOPPED, *module, *container["args"])
    assert found["port"] == container["ports"][0]["containerPort"]


def test_mlx_reads_the_plan(capsys: pytest.CaptureFixture[str]) -> None:
    """Both the conversion and the server; ``mlx-lm[cpu]`` is small and runs on Linux."""
    arguments = ["qwen3-14b", "--gpu", "M4 Max 36GB", "-r", "mlx", "--quant", "MLX-4bit", "--users", "3"]
    made, served = (shlex.split(line) for line in lines(capsys, *arguments))
    assert (made[0], served[0]) == ("mlx_lm.convert", "mlx_lm.server")
    converted = parsed("mlx_lm", STOPPED, *made)
    assert (converted["q_bits"], converted["q_group_size"], converted["hf_path"]) == (4, 64, "Qwen/Qwen3-14B")
    found = parsed("mlx_lm", STOPPED, *served)
    assert (found["model"], found["decode_concurrency"], found["port"]) == (converted["mlx_path"], 3, 8000)


def test_ray_reads_the_cluster_s_lines(capsys: pytest.CaptureFixture[str]) -> None:
    head, worker, _ = lines(capsys, "qwen3-32b", "--gpu", "2x RTX A6000", "-r", "vllm", "--target", "ray")
    first, other = (shlex.split(line.replace("$HEAD_NODE_ADDRESS", "10.0.0.1")) for line in (head, worker))
    assert first[:2] == other[:2] == ["ray", "start"]
    assert parsed("ray", RAY, *first[2:])["head"] is True
    assert parsed("ray", RAY, *other[2:])["address"] == "10.0.0.1:6379"


TINY = """
import sys
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
words = Tokenizer(models.WordLevel({"Hello": 0, "<unk>": 1, "<eos>": 2}, unk_token="<unk>"))
words.pre_tokenizer = pre_tokenizers.Whitespace()
PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>", eos_token="<eos>").save_pretrained(sys.argv[1])
LlamaForCausalLM(LlamaConfig(vocab_size=3, hidden_size=16, intermediate_size=32, num_hidden_layers=2,
                             num_attention_heads=2, eos_token_id=2)).save_pretrained(sys.argv[1])
"""


def test_transformers_runs_the_snippet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The program that is printed, with the repository exchanged for a model of two layers, writes an answer."""
    if any(python_with(module) is None for module in ("transformers", "torch", "accelerate")):
        pytest.skip("transformers with torch and accelerate is not installed")
    python = python_with("accelerate")
    assert python is not None
    program = "\n".join(lines(capsys, "qwen3-8b", "-r", "transformers", "--gpu", "24GB", "--quant", "BF16", "-c", "64"))
    assert "repository = 'Qwen/Qwen3-8B'" in program
    subprocess.run([python, "-c", TINY, str(tmp_path)], check=True, capture_output=True)
    program = program.replace("'Qwen/Qwen3-8B'", repr(str(tmp_path)))
    ended = subprocess.run([python, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert ended.stdout.startswith("Hello")
