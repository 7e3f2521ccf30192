"""Pairs of unequal cards in ``plan --budget``: within the money, each card holding its share, and worth it."""

import json
from typing import Any

import pytest

from llmpick.catalog import open_catalog
from llmpick.cli.main import run
from llmpick.fit.planning import usable_bytes
from llmpick.hardware.description import GpuParser

ROWS = open_catalog(None).gpus


def planned(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert run(["plan", *arguments, "--json", "--limit", "500", "--all"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["options"]
    return found


def pairs(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in found if len(row["gpus"]) > 1]


@pytest.fixture
def found(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return planned(capsys, "qwen3-32b", "--budget", "2500", "--vendor", "nvidia")


def test_a_pair_costs_what_its_cards_cost_and_keeps_to_the_budget(found: list[dict[str, Any]]) -> None:
    assert pairs(found)
    for row in pairs(found):
        price = sum(ROWS[card["gpu"]]["launch_price_usd"] * card["count"] for card in row["gpus"])
        assert price == row["launch_price_usd"] <= 2500
        assert row["count"] == sum(card["count"] for card in row["gpus"]) == 2


def test_each_card_of_a_pair_holds_its_own_share(
    capsys: pytest.CaptureFixture[str], found: list[dict[str, Any]]
) -> None:
    """What plan says of a pair is what memory says of the two cards."""
    row = pairs(found)[0]
    spec = ",".join(card["name"] for card in row["gpus"])
    assert run(["memory", "qwen3-32b", "--quant", row["quantization"], "--gpu", spec, "--json"]) == 0
    alone = json.loads(capsys.readouterr().out)
    assert alone["verdict"] == "fits"
    assert alone["memory"] == row["memory"]


def test_no_pair_is_beaten_by_something_cheaper(found: list[dict[str, Any]]) -> None:
    ladder = ["Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M"]

    def merits(row: dict[str, Any]) -> tuple[float, ...]:
        speed = row["decode_tokens_per_second"]
        return -row["launch_price_usd"], -ladder.index(row["quantization"]), row["usable"], speed["estimate"]

    for row in pairs(found):
        beaten = [other for other in found if other is not row and other["decode_tokens_per_second"]
                  and other["count"] <= row["count"]
                  and all(its > own for its, own in zip(merits(other), merits(row), strict=True))]  # fmt: skip
        assert not beaten


def test_pairs_are_of_one_vendor(capsys: pytest.CaptureFixture[str]) -> None:
    rows = pairs(planned(capsys, "qwen3-32b", "--budget", "1500"))
    assert rows
    assert all(len({ROWS[card["gpu"]]["vendor"] for card in row["gpus"]}) == 1 for row in rows)


def test_a_pair_reaches_the_speed_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    rows = planned(capsys, "qwen3-32b", "--budget", "2500", "--vendor", "nvidia", "--min-speed", "18")
    assert pairs(rows)
    assert all(row["decode_tokens_per_second"]["low"] >= 18 for row in rows)


@pytest.mark.parametrize(
    "arguments", [["--vendor", "nvidia"], ["--budget", "2500", "-r", "transformers"]], ids=" ".join
)
def test_pairs_need_a_budget_and_a_runtime_that_shares_layers(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert pairs(planned(capsys, "qwen3-8b", *arguments)) == []


def test_every_card_gives_plan_what_it_gives_a_described_machine() -> None:
    """One rule: boards sold with their memory, Apple's shared memory, measured cards and all others."""
    parser = GpuParser(ROWS)
    for row in ROWS.values():
        if row.get("memory_mib"):
            (device,) = parser.parse(row["name"]).devices()
            assert usable_bytes(row) == device.usable, row["name"]
