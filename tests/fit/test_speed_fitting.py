"""The fit finds constants that it was given, and the promise of the published intervals is kept by rows left out."""

from math import exp
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmpick.fit.speed import fitting
from llmpick.fit.speed.constants import CALIBRATED, constants_for
from llmpick.fit.speed.devices import DeviceSpeed, groups_of, row_speed
from llmpick.fit.speed.fitting import Point
from llmpick.fit.speed.groups import Judged, constants_table, possible
from llmpick.fit.speed.measured import Sample, samples

CARD = DeviceSpeed("a card", 1e12, 100e12, ("Made GDDR", "made GDDR", "made", "any"), "a-card")


def made(position: int, read: float, layers: int, point: Point, *, current: bool = True, card: str = "a-card",
         noise: float = 0.0, overlaps: bool = False) -> Sample:  # fmt: skip
    """A sample that the constants give, off by a factor ``exp(noise)``."""
    device = CARD._replace(gpu_id=card)
    sample = Sample(f"b.rows.{position}", "llama.cpp", f"m{position}", "Q4_0", device, 1, "none", layers, False, read, 0.0,
                    0.0, 1.0, "2026", current, False)  # fmt: skip
    return sample._replace(
        seconds=exp(noise) * fitting.seconds(sample, point.efficiency, point.layer_us(current), overlaps)
    )


SIZES = [(2e9, 26), (5e9, 32), (15e9, 32), (40e9, 80), (8e9, 48)]


@pytest.mark.parametrize(("efficiency", "layer_us"), [(0.9, 40.0), (0.6, 120.0), (0.75, 0.0)])
def test_the_constants_that_made_the_samples_are_found(efficiency: float, layer_us: float) -> None:
    point = Point(efficiency, None, layer_us)
    found = fitting.fit([made(i, read, layers, point) for i, (read, layers) in enumerate(SIZES)])
    assert found.efficiency == pytest.approx(efficiency, abs=0.02)
    assert found.layer_us(True) == pytest.approx(layer_us, abs=6)


def test_builds_of_two_kinds_get_a_layer_time_each() -> None:
    point = Point(0.85, 100.0, 40.0)
    rows = [
        made(2 * i + era, read, layers, point, current=bool(era))
        for i, (read, layers) in enumerate(SIZES)
        for era in (0, 1)
    ]
    found = fitting.fit(rows)
    assert found.earlier_us == pytest.approx(100, abs=8)
    assert found.current_us == pytest.approx(40, abs=8)


def test_one_odd_row_does_not_decide() -> None:
    point = Point(0.9, None, 50.0)
    rows = [made(i, read, layers, point, noise=2.0 if i == 1 else 0.0) for i, (read, layers) in enumerate(SIZES)]
    assert fitting.fit(rows).efficiency == pytest.approx(0.9, abs=0.04)


def test_launches_beside_the_reads_are_not_added() -> None:
    point = Point(0.5, None, 1000.0)
    found = fitting.fit([made(i, read, layers, point, overlaps=True) for i, (read, layers) in enumerate(SIZES)], True)
    assert found.efficiency == pytest.approx(0.5, abs=0.03)
    assert found.layer_us(True) == pytest.approx(1000, abs=40)


@given(st.lists(st.floats(-1, 1), min_size=9, max_size=60))
def test_the_conformal_factors_hold_nine_of_ten(residuals: list[float]) -> None:
    """The interval made from residuals holds at least 90 % of them, and holds the estimate."""
    low, high = fitting.factors(residuals, one_sided=False)
    assert low <= 1 <= high
    assert sum(low <= exp(each) * (1 + 1e-12) and exp(each) <= high * (1 + 1e-12) for each in residuals) >= 0.9 * len(
        residuals
    )


@pytest.fixture(scope="module")
def kept(catalog: Any) -> list[Sample]:
    found, refused = possible(samples(catalog, catalog.measurements))
    assert refused == []
    return found


@pytest.fixture(scope="module")
def fitted(kept: list[Sample]) -> tuple[dict[str, Any], list[Judged]]:
    return constants_table(kept)


def test_the_published_constants_are_what_the_rows_give(
    catalog: Any, fitted: tuple[dict[str, Any], list[Judged]]
) -> None:
    """catalog/speed/constants.yaml is in step with measurements.yaml (scripts/fit_speed.py writes it)."""
    assert catalog.speed["constants"] == fitted[0]


@pytest.mark.parametrize("runtime", ["llama.cpp", "vllm", "exllamav3", ""])
def test_the_promise_is_kept_by_cards_left_out(fitted: tuple[dict[str, Any], list[Judged]], runtime: str) -> None:
    """Median error at most 15 %, and 85 to 97 % of the rows inside the 90 % interval (all runtimes: 85 to 95)."""
    dense = [each for each in fitted[1] if not each.sample.is_mixture]
    rows = [each for each in dense if each.sample.runtime == runtime or not runtime]
    assert len(rows) >= 30
    assert median(abs(each.error) for each in rows) <= 0.15
    inside = sum(each.is_inside for each in rows) / len(rows)
    assert 0.85 <= inside <= (0.97 if runtime else 0.95)


def test_mixtures_of_experts_are_held_by_models_left_out(fitted: tuple[dict[str, Any], list[Judged]]) -> None:
    rows = [each for each in fitted[1] if each.sample.is_mixture]
    assert len(rows) >= 50
    assert median(abs(each.error) for each in rows) <= 0.15
    assert sum(each.is_inside for each in rows) >= 0.85 * len(rows)


def test_a_row_above_the_peak_is_refused_unless_it_says_why(kept: list[Sample]) -> None:
    """Three times as fast as measured is more than any card's memory delivers; drafting may be."""
    sample = next(
        each for each in kept if each.cards == 1 and not each.flops and each.ceiling_seconds > 0.4 * each.seconds
    )
    fast = sample._replace(seconds=sample.seconds / 3)
    assert possible([sample, fast, fast._replace(declared=True)]) == ([sample, fast._replace(declared=True)], [fast])


@pytest.mark.parametrize(
    ("gpu", "expected"),
    [
        ("nvidia-rtx-4090", "Ada GDDR"), ("nvidia-h100-sxm5-80-gb", "Hopper HBM"), ("apple-m4", "Apple shared"),
        ("nvidia-dgx-spark-gb10", "Blackwell shared"), ("amd-radeon-780m", "RDNA3 shared"),
    ],
)  # fmt: skip
def test_cards_are_grouped_by_generation_and_memory(catalog: Any, gpu: str, expected: str) -> None:
    groups = groups_of(catalog.gpus[gpu])
    assert (groups[0], groups[-1]) == (expected, "any")


def test_a_card_not_measured_does_not_take_one_card_for_its_generation(catalog: Any) -> None:
    """Hopper was measured on one H100 PCIe: it speaks for itself, an H100 SXM takes the wider group."""
    table = catalog.speed["constants"]
    own = constants_for(table, "llama.cpp", row_speed("nvidia-h100-pcie-80-gb", catalog.gpus["nvidia-h100-pcie-80-gb"]))
    other = constants_for(
        table, "llama.cpp", row_speed("nvidia-h100-sxm5-80-gb", catalog.gpus["nvidia-h100-sxm5-80-gb"])
    )
    assert own is not None
    assert other is not None
    assert (own.group, other.group) == ("Hopper HBM", "nvidia HBM")


def test_a_machines_own_constants_come_first(catalog: Any) -> None:
    row = {**catalog.speed["constants"]["llama.cpp"]["any"], "efficiency": 0.5, "basis": "calibrated"}
    table = {"llama.cpp": {**catalog.speed["constants"]["llama.cpp"], f"{CALIBRATED} nvidia-rtx-4090": row}}
    card = row_speed("nvidia-rtx-4090", catalog.gpus["nvidia-rtx-4090"])
    found = constants_for(table, "llama.cpp", card)
    assert found is not None
    assert (found.efficiency, found.basis) == (0.5, "calibrated")


def test_a_runtime_that_nobody_measured_has_no_constants(catalog: Any) -> None:
    assert constants_for(catalog.speed["constants"], "nothing", CARD) is None


def test_the_hosts_share_is_what_its_rows_reached(catalog: Any) -> None:
    """catalog/speed/host.yaml: every row's share of the bandwidth lies in the interval it is said to show."""
    from llmpick.fit.speed.measured import _Makers

    host, makers = catalog.speed["host"], _Makers(catalog)
    for row in host["rows"]:
        work, _ = makers.weighed(row["model"], row["format"], "llama.cpp")
        share = work.read_bytes() * row["decode"] / (1e9 * row["bandwidth_gbs"])
        assert host["share"]["low"] <= share <= host["share"]["high"]
