"""A figure carried over from a neighbouring benchmark: only where the model has none of its own, and never from guessing."""

import importlib.util
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmpick.catalog import open_catalog
from llmpick.fit.quality import Evidence, evidence, logit, points

ROOT = Path(__file__).resolve().parents[2]
FACTS = open_catalog().benchmarks["scales"]["benchmarks"]


def row(benchmark: str, value: float) -> dict[str, object]:
    return {"benchmark": benchmark, "value": value, "variant": "instruct", "source": "a source"}


def carried(value: float) -> Evidence:
    found = evidence([row("MMLU-Pro", value)], "MMLU", FACTS)
    assert found is not None
    return found


@given(st.floats(0.1, 99.9), st.sampled_from([0, 10, 25]))
def test_log_odds_and_points_are_inverse(above: float, chance: int) -> None:
    """Points above chance come back from their log odds."""
    value = chance + (100 - chance) * above / 100
    assert points(logit(value, chance), chance) == pytest.approx(value)


@given(st.floats(12, 99), st.floats(12, 99))
def test_a_higher_figure_never_carries_over_to_a_lower_one(one: float, other: float) -> None:
    """The bridge is monotone and stays above guessing and under 100."""
    low, high = sorted((one, other))
    assert 25 < carried(low).value <= carried(high).value < 100


def test_a_models_own_figure_wins() -> None:
    """A reported MMLU is used as it is, whatever MMLU-Pro says."""
    found = evidence([row("MMLU", 70.0), row("MMLU-Pro", 85.0)], "MMLU", FACTS)
    assert found is not None
    assert (found.value, found.bridged_from) == (70.0, "")


def test_it_says_where_it_came_from_and_how_sure_it_is() -> None:
    """The figure names its origin; its interval is the held-out error."""
    found = carried(60.0)
    assert found.bridged_from == "MMLU-Pro 60.0"
    assert found.value - found.low == pytest.approx(1.645 * FACTS["MMLU"]["bridge"]["sd"], abs=0.1)


@pytest.mark.parametrize("value", [0.0, 11.0, 100.0])
def test_guessing_and_the_ceiling_carry_nothing_over(value: float) -> None:
    """Near chance and at the very top a figure says too little."""
    assert evidence([row("MMLU-Pro", value)], "MMLU", FACTS) is None


def test_other_benchmarks_are_not_bridged() -> None:
    """GPQA does not stand for MMLU, nor MMLU for anything."""
    assert evidence([row("GPQA-Diamond", 80.0)], "MMLU", FACTS) is None
    assert evidence([row("MMLU", 80.0)], "MMLU-Pro", FACTS) is None


def test_the_scales_are_those_that_the_catalog_gives() -> None:
    """catalog/benchmarks/scales.yaml is what its script writes today."""
    spec = importlib.util.spec_from_file_location("benchmark_scales", ROOT / "scripts" / "benchmark_scales.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.written(open_catalog()) == script.PAGE.read_text(encoding="utf-8")
