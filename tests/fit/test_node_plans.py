"""``plan --inventory``: of one's own cards the fewest that run a model, in a node and across nodes."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from llmpick.cli.main import run

NODES = """
nodes:
- {name: big, count: 2, gpus: [4x A100 80GB SXM], ram: 512GB}
- {name: pair, count: 3, gpus: [2x RTX 4090], ram: 128GB}
- {name: odd, gpus: [RTX 3060 12GB, RTX 3090], ram: 64GB}
"""


@pytest.fixture
def nodes(tmp_path: Path) -> str:
    file = tmp_path / "nodes.yaml"
    file.write_text(NODES, encoding="utf-8")
    return str(file)


def plans(capsys: pytest.CaptureFixture[str], nodes: str, *arguments: str, code: int = 0) -> dict[str, Any]:
    assert run(["plan", *arguments, "--inventory", nodes, "--json"]) == code
    kinds: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["nodes"]
    return {kind["names"][0]: kind for kind in kinds}


def test_a_plan_on_a_node_is_what_memory_says_of_its_cards(nodes: str, capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = plans(capsys, nodes, "qwen3-32b", "-r", "vllm", "--quant", "FP8")["pair"]["options"]
    assert (row["count"], row["nodes"], row["copies"]) == (2, 1, 3)
    assert run(["memory", "qwen3-32b", "-r", "vllm", "--quant", "FP8", "--gpu", "2x RTX 4090", "--json"]) == 0
    alone = json.loads(capsys.readouterr().out)
    assert row["memory"] == alone["memory"]
    assert row["placement"] == alone["placement"]
    assert (row["max_context"], row["max_users"]) == (alone["max_context"], alone["max_users"])
    assert row["decode_tokens_per_second"]["estimate"] == alone["decode_tokens_per_second"]["estimate"]


def test_nodes_are_joined_only_where_one_is_too_small(nodes: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Tensor parallel inside a node, a stage in each; no option takes more nodes than there are."""
    found = plans(capsys, nodes, "qwen3-32b", "-r", "vllm", "--all")
    across = [row for row in found["pair"]["options"] if row["nodes"] > 1]
    assert [row["quantization"] for row in across] == ["BF16"]
    assert across[0]["placement"]["tensor_parallel_size"] == 2
    assert across[0]["placement"]["pipeline_parallel_size"] == across[0]["nodes"] == 2
    assert all(row["nodes"] == 1 for row in found["big"]["options"])
    for kind in found.values():
        assert all(row["count"] <= kind["gpus"] * kind["count"] for row in kind["options"])


def test_every_device_holds_its_share(nodes: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Memory of cards is never summed: what fits does so on each card of an unequal pair."""
    found = plans(capsys, nodes, "qwen3-32b", "--all")["odd"]["options"]
    assert any(row["count"] == 2 and row["verdict"] == "fits" for row in found)
    for row in found:
        assert row["verdict"] != "fits" or all(device["high"] <= device["usable"] for device in row["devices"])


def test_sets_of_unequal_cards_are_counted_by_the_smallest(nodes: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One card of the pair is large enough: that is one copy, not two."""
    rows = plans(capsys, nodes, "qwen3-14b", "--quant", "Q8_0")["odd"]["options"]
    assert [(row["count"], row["copies"]) for row in rows] == [(1, 1)]


def test_what_only_offloading_runs_is_told(nodes: str, capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = plans(capsys, nodes, "llama-3.1-70b", "--quant", "Q4_K_M")["odd"]["options"]
    assert (row["verdict"], row["count"]) == ("offload", 2)


def test_more_cards_are_taken_for_speed(nodes: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["qwen2.5-32b", "-r", "vllm", "--quant", "BF16"]
    (usual,) = plans(capsys, nodes, *asked)["big"]["options"]
    speed = usual["decode_tokens_per_second"]
    (faster,) = plans(capsys, nodes, *asked, "--min-speed", f"{speed['low'] * 1.1:.3f}")["big"]["options"]
    assert faster["count"] > usual["count"]
    assert faster["decode_tokens_per_second"]["low"] >= speed["low"] * 1.1


def test_what_nothing_reaches_is_said_with_the_fastest(nodes: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "qwen3-8b", "--inventory", nodes, "--min-speed", "100000"]) == 1
    printed = capsys.readouterr().out
    assert "runs at 100000 tokens per second or more" in printed
    assert printed.count("fastest: ") == 3


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["qwen3-8b", "--budget", "500"], 2, "--budget"),
        (["qwen3-8b", "--train", "lora"], 2, "--train"),
        (["qwen3-8b", "--quant", "AWQ"], 2, "vllm"),
        (["opt-6.7b"], 2, "converter"),
        (["no-such-model"], 4, "no-such-model"),
    ],
)
def test_refusals(arguments: list[str], code: int, word: str, nodes: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", *arguments, "--inventory", nodes]) == code
    assert word in capsys.readouterr().err


def test_nothing_there_runs_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "nodes.yaml"
    file.write_text("nodes:\n- {name: a, gpus: [RTX 3060 12GB]}\n", encoding="utf-8")
    assert run(["plan", "llama-3.1-405b", "--inventory", str(file)]) == 1
    assert "no format of" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["qwen3-32b", "-r", "vllm"], ["llama-3.1-70b"]], ids=" ".join)
def test_tables_keep_to_the_terminal(
    arguments: list[str], nodes: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["plan", *arguments, "--inventory", nodes]) == 0
    table = [line for line in capsys.readouterr().out.splitlines() if "  " in line.strip()]
    assert table
    assert [line for line in table if len(line) > 80] == []


def test_csv_is_one_table_with_the_kind_of_node_in_each_row(nodes: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "qwen3-14b", "--inventory", nodes, "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len({row["Nodes"] for row in rows}) == 3
    assert all(row["Format"] in ("Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M") for row in rows)
