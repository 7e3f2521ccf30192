"""The share of a card's 16-bit rate that prompts reach, fitted by group, and the spread of what was left out."""

from collections.abc import Callable, Mapping, Sequence
from math import log
from statistics import median
from typing import Any

from llmpick.fit.speed import fitting
from llmpick.fit.speed.constants import ANY
from llmpick.fit.speed.measured import Sample

LEAST_ROWS = 3
LEAST_FOR_SPREAD = 19
"""Rows with which one odd row does not set the quantile."""
Row = dict[str, Any]


def prompt_row(inside: Sequence[Sample], wider: Mapping[str, Any], parent: str | None) -> Row:
    """``utilisation`` and the ``prefill`` spread of a group; with too few rows the parent's.

    Nothing is taken over from all cards together: their shares differ tenfold.
    """
    inherits = parent != ANY and "prefill" in wider
    if len(inside) < LEAST_ROWS:
        return {key: wider[key] for key in ("utilisation", "prefill")} if inherits else {}
    used = _typical(inside)
    row: Row = {"utilisation": round(used, 3)}
    if len(inside) < LEAST_FOR_SPREAD and inherits:
        return row | {"prefill": {**wider["prefill"], "of": wider["prefill"].get("of", parent)}}
    fold = _first_that_splits(inside)
    residuals = []
    for left in sorted({fold(sample) for sample in inside}):
        rest = [sample for sample in inside if fold(sample) != left]
        at = _typical(rest) if rest else used
        residuals += [log(_utilisation(sample) / at) for sample in inside if fold(sample) == left]
    return row | {"prefill": spread_row(*fitting.factors(residuals, one_sided=False), inside, "")}


def spread_row(low: float, high: float, inside: Sequence[Sample], held: str) -> Row:
    """The factors with what they rest on."""
    cards = len({sample.device.gpu_id for sample in inside})
    row: Row = {"low": round(low, 3), "high": round(high, 3), "rows": len(inside), "cards": cards}
    return row | ({"left_out": held} if held else {})


def _typical(inside: Sequence[Sample]) -> float:
    """The median of the cards' medians: a card with many rows counts once."""
    cards: dict[str | None, list[float]] = {}
    for sample in inside:
        cards.setdefault(sample.device.gpu_id, []).append(_utilisation(sample))
    return median(median(shares) for shares in cards.values())


def _utilisation(sample: Sample) -> float:
    return sample.flops / sample.seconds / (sample.device.rate(sample.runtime) or 1.0)


def _first_that_splits(inside: Sequence[Sample]) -> Callable[[Sample], str]:
    if len({sample.device.gpu_id for sample in inside}) > 1:
        return lambda sample: str(sample.device.gpu_id)
    return lambda sample: sample.model
