"""Whole answers as people see them, at a terminal of 80 columns; and the same answer every time."""

import json
import re
from pathlib import Path

import pytest

from llmpick.cli.main import run
from reference_rows import DATA

GOLDEN = {
    "params_llama-7b": ["params", "llama-7b"],
    "list_llama": ["list", "--family", "llama"],
    "train_llama-2-7b": ["train", "llama-2-7b", "--method", "qlora", "--sequence", "4k", "--gpu", "24GB"],
}


@pytest.mark.parametrize("name", GOLDEN)
def test_answer_is_the_golden_one(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run(GOLDEN[name]) == 0
    printed = re.sub(r"of \d+ models", "of N models", capsys.readouterr().out)  # the catalog grows
    assert printed == (DATA / "golden" / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "arguments",
    [["list"], ["params", "mixtral-8x7b"], ["gpus"], ["memory", "qwen2-7b", "--gpu", "2x 24GB"]],
    ids=lambda words: words[0],
)
def test_nothing_runs_over_the_edge(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tables are made for the terminal's width."""
    monkeypatch.setenv("COLUMNS", "80")
    assert run(arguments) == 0
    table = [line for line in capsys.readouterr().out.splitlines() if "  " in line.strip()]
    assert [line for line in table if len(line) > 80] == []


@pytest.mark.parametrize("style", ["table", "json", "csv", "markdown", "html"])
@pytest.mark.parametrize("arguments", [["list"], ["fit", "--gpu", "24GB"]], ids=lambda words: words[0])
def test_the_same_question_has_the_same_answer(
    arguments: list[str], style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No date, no order of a dictionary, and no colour where no terminal is."""
    answers = []
    for _ in range(2):
        assert run([*arguments, "--format", style]) == 0
        answers.append(capsys.readouterr().out)
    assert answers[0] == answers[1]
    assert "\x1b" not in answers[0]


@pytest.mark.parametrize("command", ["list", "params", "memory", "fit", "train", "gpus"])
def test_json_keeps_its_contract(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Schema and command lead every document."""
    arguments = {"params": ["llama-7b"], "memory": ["llama-7b"], "train": ["llama-7b"], "fit": ["--gpu", "24GB"]}.get(
        command, []
    )
    assert run([command, *arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["command"]) == (1, command)


def test_a_fit_is_ranked_and_inside_the_card(capsys: pytest.CaptureFixture[str]) -> None:
    """What is said to fit has its high end within the card's usable memory; ranks never fall."""
    assert run(["fit", "--gpu", "24GB", "--json", "--all"]) == 0
    document = json.loads(capsys.readouterr().out)
    usable = document["hardware"]["devices"][0]["usable"]
    fitting = [row for row in document["results"] if row["verdict"] == "fits"]
    assert len(fitting) > 50
    assert all(row["memory"]["low"] <= row["memory"]["high"] <= usable for row in fitting)
    ranks = [row["rank"] for row in document["results"]]
    assert ranks == sorted(ranks)


def test_a_file_named_as_output_is_all_that_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["list", "--format", "csv", "--output", "models.csv"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["models.csv"]
