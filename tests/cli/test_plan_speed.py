"""``plan`` says how fast each option is, and keeps to the speed asked for."""

import json
from typing import Any

import pytest

from llmpick.cli.main import run


def options(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert run(["plan", "qwen3-8b", "--vendor", "nvidia", "--json", "--limit", "200", *arguments]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["options"]
    return found


def test_a_plan_s_speed_is_the_one_that_memory_gives(capsys: pytest.CaptureFixture[str]) -> None:
    planned = {row["gpu"]: row for row in options(capsys, "--quant", "Q4_K_M", "--all")}["nvidia-rtx-4090"]
    assert run(["memory", "qwen3-8b", "--quant", "Q4_K_M", "--gpu", "RTX 4090", "--json"]) == 0
    alone = json.loads(capsys.readouterr().out)
    for key in ("estimate", "low", "high"):
        assert planned["decode_tokens_per_second"][key] == alone["decode_tokens_per_second"][key]


def test_the_low_end_reaches_the_speed_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    everything = {row["gpu"] for row in options(capsys, "--all")}
    fast = options(capsys, "--all", "--min-speed", "60")
    assert fast
    assert {row["gpu"] for row in fast} < everything
    assert min(row["decode_tokens_per_second"]["low"] for row in fast) >= 60


def test_no_card_is_that_fast(capsys: pytest.CaptureFixture[str]) -> None:
    """Then the fastest is named: nothing that holds the model has a higher low end."""
    assert run(["plan", "qwen3-8b", "--min-speed", "100000"]) == 1
    printed = capsys.readouterr().out
    assert "100000 tokens per second" in printed
    assert "Fastest: " in printed
    assert run(["plan", "qwen3-8b", "--vendor", "nvidia", "--min-speed", "100000", "--json"]) == 1
    fastest = json.loads(capsys.readouterr().out)["fastest"]["decode_tokens_per_second"]["low"]
    assert fastest >= max(
        row["decode_tokens_per_second"]["low"] for row in options(capsys, "--all", "--min-speed", "1")
    )


def test_a_smaller_format_is_taken_for_speed(capsys: pytest.CaptureFixture[str]) -> None:
    """The card that runs Q8_0 too slowly is kept with a format that is fast enough, and no better one is."""
    (usual,) = (row for row in options(capsys, "--all") if row["gpu"] == "nvidia-rtx-4090")
    wanted = str(usual["decode_tokens_per_second"]["low"] * 1.2)
    (faster,) = (row for row in options(capsys, "--all", "--min-speed", wanted) if row["gpu"] == "nvidia-rtx-4090")
    assert usual["quantization"] == "Q8_0"
    assert faster["quantization"] in ("Q6_K", "Q5_K_M", "Q4_K_M")
    assert faster["decode_tokens_per_second"]["low"] >= float(wanted)


def test_more_cards_are_taken_for_speed(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["-r", "vllm", "--quant", "BF16", "--all"]
    usual = {row["gpu"]: row for row in options(capsys, *asked) if row["decode_tokens_per_second"]}
    card = usual["nvidia-a100-sxm4-80-gb"]
    wanted = str(card["decode_tokens_per_second"]["low"] * 1.2)
    (faster,) = (row for row in options(capsys, *asked, "--min-speed", wanted) if row["gpu"] == card["gpu"])
    assert faster["count"] > card["count"] == 1
    assert faster["decode_tokens_per_second"]["low"] >= float(wanted)
