"""``memory --plot``: the same figures as ``memory``, drawn for terminals and for files."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from llmpick.cli.main import run

QWEN = ["memory", "qwen3-32b", "--gpu", "24GB", "--ram", "64GB"]


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert run([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_each_point_is_what_memory_answers_for_that_context(capsys: pytest.CaptureFixture[str]) -> None:
    for point in answer(capsys, *QWEN, "--plot")["series"]:
        alone = answer(capsys, *QWEN, "--context", str(point["context"]))
        assert {key: alone[key] for key in ("memory", "devices", "host", "verdict")} == {
            key: point[key] for key in ("memory", "devices", "host", "verdict")
        }


@pytest.mark.parametrize(("model", "asked", "last"), [("qwen3-32b", "5000", 40960), ("llama-7b", "8192", 8192)])
def test_contexts_are_doublings_with_the_limit_and_the_one_asked_for(
    model: str, asked: str, last: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """LLaMA 7B is made for 2,048 tokens; who asks for more is shown more."""
    found = [point["context"] for point in answer(capsys, "memory", model, "--plot", "--context", asked)["series"]]
    assert found == sorted({*found, int(asked), 1024, 2048})
    assert found[-1] == last


def test_bars_never_run_over_eighty_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run([*QWEN, "--plot"]) == 0
    bars = [
        line for line in capsys.readouterr().out.splitlines() if "█" in line and "GiB" in line and "usable" not in line
    ]
    assert len(bars) == 7
    assert max(map(len, bars)) <= 80
    limits = {line.index("┃") for line in bars}
    assert len(limits) == 1


def test_a_picture_is_the_same_every_time(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    files = [tmp_path / "one.svg", tmp_path / "two.svg"]
    for file in files:
        assert run([*QWEN, "--plot", "--output", str(file)]) == 0
    assert files[0].read_bytes() == files[1].read_bytes()
    words = " ".join(text for node in ElementTree.parse(files[0]).iter() for text in (node.text or "",))
    assert "Qwen3 32B" in words
    assert "23.5 GiB usable" in words


def test_the_suffix_says_what_is_written(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    beginnings = {"plot.png": b"\x89PNG", "plot.html": b"<!doctype html>", "plot.json": b'{"schema"', "plot.md": b"###"}
    for name, beginning in beginnings.items():
        assert run([*QWEN, "--plot", "--output", str(tmp_path / name)]) == 0
        assert (tmp_path / name).read_bytes().startswith(beginning)
    assert b"<svg" in (tmp_path / "plot.html").read_bytes()


def test_an_answer_without_a_picture_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*QWEN, "--output", str(tmp_path / "plot.svg")]) == 2
    assert "--plot" in capsys.readouterr().err
    assert not (tmp_path / "plot.svg").exists()
