"""``plan --train``: the cards that hold a fine-tuning run, by `train`'s own figures."""

import json
from typing import Any

import pytest

from llmpick.cli.main import run


def planned(capsys: pytest.CaptureFixture[str], method: str, *more: str) -> dict[str, Any]:
    assert run(["plan", "llama-3.1-8b", "--train", method, "--limit", "300", "--json", *more]) == 0
    return {row["gpu"]: row for row in json.loads(capsys.readouterr().out)["options"]}


@pytest.mark.parametrize("method", ["lora", "qlora"])
def test_the_memory_is_what_train_gives(method: str, capsys: pytest.CaptureFixture[str]) -> None:
    row = planned(capsys, method)["nvidia-rtx-4090"]
    assert row["count"] == 1
    assert run(["train", "llama-3.1-8b", "--method", method, "--gpu", "RTX 4090", "--json"]) == 0
    alone = json.loads(capsys.readouterr().out)
    assert alone["verdict"] == "fits"
    assert row["memory"] == {key: alone["memory"][key] for key in ("total", "low", "high")}


def test_every_option_holds_the_high_end(capsys: pytest.CaptureFixture[str]) -> None:
    for row in planned(capsys, "full").values():
        assert row["memory"]["high"] <= row["usable"]
        assert row["sharding"] == {"zero": 3 if row["count"] > 1 else 0, "fsdp": False}


def test_a_budget_holds_for_training_too(capsys: pytest.CaptureFixture[str]) -> None:
    found = planned(capsys, "qlora", "--budget", "600")
    assert found
    assert all(row["launch_price_usd"] <= 600 for row in found.values())


def test_an_unknown_method_lists_the_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "llama-3.1-8b", "--train", "magic"]) == 2
    assert "qlora" in capsys.readouterr().err
