"""Fitting the two constants of a group of cards to measured speeds, and the interval that holds rows left out.

``t = bytes / (bandwidth e) + c layers``: e and c minimise the weighted sum of absolute log errors (a row of a card with
n rows counts 1/sqrt(n)), errors cut at 0.6 so that one odd row does not decide. Builds before 2025 get a c of their own.
A small group is held near its parent group's constants by a penalty worth a fraction of a row. Pure Python.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import ceil, exp, log
from typing import NamedTuple

from llmpick.fit.speed.measured import Sample

CUT = 0.6
PULL = 0.2
"""Weight of the parent group's constants, in rows."""
LEVEL = 0.9
LEAST_ROWS = 9
"""Rows that a 90 % quantile needs: with fewer, the largest residual would stand for it."""


class Point(NamedTuple):
    """e, and c in microseconds of builds before 2025 and since (None: no row tells); ``drift_share``: how far the
    published c goes from the earlier to the current one, in logarithms."""

    efficiency: float
    earlier_us: float | None
    current_us: float | None
    drift_share: float = 1.0

    @property
    def published_us(self) -> float:
        """The c of an estimate that knows no build."""
        earlier, current = self.layer_us(False), self.layer_us(True)
        if earlier <= 0 or current <= 0:
            return current if self.drift_share == 1.0 else earlier
        return float(earlier ** (1 - self.drift_share) * current**self.drift_share)

    def layer_us(self, current: bool) -> float:
        """c of an era; of the other where that is all there is."""
        chosen = self.current_us if current else self.earlier_us
        other = self.earlier_us if current else self.current_us
        return chosen if chosen is not None else other or 0.0


class _Row(NamedTuple):
    read: float
    """Seconds at peak bandwidth over seconds measured."""
    layers: float
    """Layers by microsecond measured."""
    weight: float


def seconds(sample: Sample, efficiency: float, layer_us: float, overlaps: bool = False) -> float:
    """What the constants predict for a decode sample on one card."""
    read = sample.read_bytes / sample.device.bandwidth / efficiency
    fixed = 1e-6 * layer_us * sample.layers
    return max(read, fixed) if overlaps else read + fixed


def residual(sample: Sample, point: Point, overlaps: bool = False) -> float:
    """log(measured speed / predicted speed)."""
    return log(seconds(sample, point.efficiency, point.layer_us(sample.current), overlaps) / sample.seconds)


def fit(samples: Sequence[Sample], overlaps: bool = False, parent: Point | None = None) -> Point:
    """The constants of one group, all samples of dense models on one card."""
    counts = Counter((sample.device.gpu_id, sample.current) for sample in samples)
    eras = {era: [_row(sample, counts) for sample in samples if sample.current is era] for era in (False, True)}
    largest = 2000.0 if overlaps else 400.0

    def best_us(era: bool, efficiency: float, near: float | None, step: float) -> tuple[float, float | None]:
        if not eras[era]:
            return 0.0, None
        tried = [step * i for i in range(round(largest / step) + 1)] if near is None else _around(near, step)
        prior = parent.layer_us(era) if parent else None
        return min((_loss(eras[era], efficiency, us, overlaps) + _pull(us, prior), us) for us in tried)

    def at(efficiency: float, near: Point | None, step: float) -> tuple[float, Point]:
        losses = [best_us(era, efficiency, near.layer_us(era) if near else None, step) for era in (False, True)]
        pull = PULL * abs(log(efficiency / parent.efficiency)) if parent else 0.0
        return losses[0][0] + losses[1][0] + pull, Point(efficiency, losses[0][1], losses[1][1])

    best = min((at(share / 20, None, largest / 20) for share in range(2, 21)), key=lambda found: found[0])
    for fraction in (1.0, 0.25, 0.06):
        middle = best[1]
        shares = [middle.efficiency + fraction * each * 0.0125 for each in range(-4, 5)]
        tried = [at(share, middle, fraction * largest / 80) for share in shares if 0.05 < share <= 1.0]
        best = min([best, *tried], key=lambda found: found[0])
    return best[1]


def fit_layer_us(samples: Sequence[Sample], efficiency: float, overlaps: bool = False) -> float:
    """c alone, in microseconds, for mixtures of experts: their small matrices leave a fast card waiting."""
    counts = Counter((sample.device.gpu_id, sample.current) for sample in samples)
    rows = [_row(sample, counts) for sample in samples]
    return min((_loss(rows, efficiency, float(us), overlaps), float(us)) for us in range(0, 400, 4))[1]


def quantile(values: Iterable[float], level: float = LEVEL) -> float:
    """The conformal quantile: the ``ceil((n + 1) level)``-th smallest of n values (the largest, if there are too few)."""
    ordered = sorted(values)
    return ordered[min(len(ordered), ceil((len(ordered) + 1) * level)) - 1]


def factors(residuals: Sequence[float], one_sided: bool) -> tuple[float, float]:
    """(low, high) on a speed. ``one_sided``: each end alone leaves out a tenth, because the ends belong to two eras."""
    if one_sided:
        return exp(-max(0.0, quantile(-each for each in residuals))), exp(max(0.0, quantile(residuals)))
    width = quantile(abs(each) for each in residuals)
    return exp(-width), exp(width)


def _row(sample: Sample, counts: Counter[tuple[str | None, bool]]) -> _Row:
    return _Row(sample.read_bytes / sample.device.bandwidth / sample.seconds, 1e-6 * sample.layers / sample.seconds,
                counts[sample.device.gpu_id, sample.current] ** -0.5)  # fmt: skip


def _loss(rows: Sequence[_Row], efficiency: float, layer_us: float, overlaps: bool) -> float:
    total = 0.0
    for read, layers, weight in rows:
        taken = max(read / efficiency, layer_us * layers) if overlaps else read / efficiency + layer_us * layers
        total += weight * min(abs(log(taken)), CUT)
    return total


def _pull(layer_us: float, prior: float | None) -> float:
    """How far c is from the parent's."""
    return 0.5 * PULL * abs(log((layer_us + 5.0) / (prior + 5.0))) if prior else 0.0


def _around(middle: float, step: float) -> list[float]:
    return [max(0.0, middle + step * each) for each in range(-4, 5)]
