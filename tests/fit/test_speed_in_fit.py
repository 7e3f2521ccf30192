"""Speeds in the answers of ``fit`` and ``memory``: the contract's keys, the order, the least speed."""

import json
from itertools import pairwise
from typing import Any

import pytest

from llmpick.cli.main import run


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run([*arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_known_card_has_speeds_with_their_interval(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "fit", "--gpu", "RTX 4090", "--limit", "30")
    speeds = [row["decode_tokens_per_second"] for row in found["results"]]
    assert all(each["low"] <= each["estimate"] <= each["high"] <= each["ceiling"] for each in speeds)
    assert all(each["basis"] and each["rows"] > 8 and each["tokens_in_context"] > 0 for each in speeds)


def test_a_size_alone_has_none(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "fit", "--gpu", "24GB", "--limit", "5")
    assert {row["decode_tokens_per_second"] for row in found["results"]} == {None}
    assert answer(capsys, "memory", "llama-7b", "--gpu", "24GB")["decode_tokens_per_second"] is None


def test_fit_and_memory_say_the_same_speed(capsys: pytest.CaptureFixture[str]) -> None:
    row = answer(capsys, "fit", "--gpu", "2x RTX 3090", "--limit", "1")["results"][0]
    model, quant = row["model"], row["quantization"]
    alone = answer(capsys, "memory", model, "--gpu", "2x RTX 3090", "--quant", quant)["decode_tokens_per_second"]
    assert row["decode_tokens_per_second"]["estimate"] == alone["estimate"]


def test_the_terms_come_with_explain(capsys: pytest.CaptureFixture[str]) -> None:
    """In milliseconds, summing to the step."""
    row = answer(capsys, "fit", "--gpu", "RTX 4090", "--limit", "1", "--explain")["results"][0]
    speed = row["decode_tokens_per_second"]
    assert sum(term["ms"] for term in speed["terms"]) == pytest.approx(1e3 / speed["estimate"], rel=0.001)
    assert run(["fit", "--gpu", "RTX 4090", "--limit", "2", "--explain"]) == 0
    assert "One step in milliseconds" in capsys.readouterr().out


def test_the_least_speed_takes_a_smaller_format_before_it_gives_up(capsys: pytest.CaptureFixture[str]) -> None:
    """At 100 tokens per second a model may still run in fewer bits; what cannot reach it is left out."""
    every = {row["model"]: row for row in answer(capsys, "fit", "--gpu", "RTX 4090", "--all")["results"]}
    fast = answer(capsys, "fit", "--gpu", "RTX 4090", "--all", "--min-speed", "100")["results"]
    assert all(row["decode_tokens_per_second"]["estimate"] >= 100 for row in fast)
    assert 50 < len(fast) < len(every)
    phi = next(row for row in fast if row["model"] == "phi-4")
    assert (every["phi-4"]["quantization"], every["phi-4"]["decode_tokens_per_second"]["estimate"] < 100) == (
        "Q8_0",
        True,
    )
    assert phi["quantization"] != "Q8_0"


def test_a_least_speed_without_a_known_speed_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fit", "--gpu", "24GB", "--min-speed", "10"]) == 2
    assert "RTX 4090" in capsys.readouterr().err
    assert run(["fit", "--gpu", "24GB", "--sort", "size"]) == 2


def test_sorted_by_speed_no_verdict_is_mixed(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "fit", "--gpu", "RTX 4090", "--ram", "64GB", "--limit", "300", "--sort", "speed")["results"]
    verdicts = [row["verdict"] for row in found]
    assert verdicts == sorted(verdicts, key=["fits", "tight", "offload", "no"].index)
    speeds = [row["decode_tokens_per_second"]["estimate"] for row in found if row["verdict"] == "fits"]
    assert all(second <= 1.02 * first for first, second in pairwise(speeds))


def test_without_a_gpu_the_processor_has_a_speed(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    rig = tmp_path / "rig.yaml"
    rig.write_text("devices: []\nhost: {total: 32GiB}\n", encoding="utf-8")
    assumed = answer(capsys, "memory", "llama-3-8b", "--hardware", str(rig))["decode_tokens_per_second"]
    assert "two memory channels assumed" in assumed["basis"][0]
    rig.write_text("devices: []\nhost: {total: 32GiB, bandwidth: 300GB/s}\n", encoding="utf-8")
    known = answer(capsys, "memory", "llama-3-8b", "--hardware", str(rig))["decode_tokens_per_second"]
    assert known["estimate"] > 3 * assumed["estimate"]
    assert known["high"] / known["low"] < assumed["high"] / assumed["low"]
    rows = answer(capsys, "fit", "--hardware", str(rig), "--limit", "3")["results"]
    assert all(row["decode_tokens_per_second"]["estimate"] > 0 for row in rows)


def test_a_device_outside_the_catalog_is_told_by_its_bandwidth(
    capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    rig = tmp_path / "rig.yaml"
    rig.write_text(
        "devices:\n- {name: Prototype, vendor: nvidia, total: 24GiB, bandwidth: 900GB/s}\n", encoding="utf-8"
    )
    speed = answer(capsys, "memory", "llama-3-8b", "--hardware", str(rig))["decode_tokens_per_second"]
    assert 60 < speed["estimate"] < 200
    assert "llama.cpp, nvidia" in speed["basis"][0]


def test_the_depth_of_the_context_can_be_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Between the speeds at the context's start and end; beyond the context it is refused."""
    found = answer(capsys, "memory", "llama-2-7b", "--gpu", "RTX 3090", "--context", "32k", "--depth", "30k")
    speed = found["decode_tokens_per_second"]
    assert speed["tokens_in_context"] == 30 * 1024
    assert speed["full"] < speed["estimate"] < speed["empty"]
    assert run(["memory", "llama-2-7b", "--gpu", "RTX 3090", "--depth", "30k"]) == 2
