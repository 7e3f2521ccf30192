"""How good a model is known to be, and what a format takes away: evidence with an interval, never an invented score."""

from collections.abc import Iterable, Mapping, Sequence
from math import log2, sqrt
from typing import Any, NamedTuple

CHANCE = 28.0
"""MMLU below this cannot be told from guessing (25): such models are not ordered by it."""
SAMPLING_POINTS = 0.8
"""95 % sampling error of MMLU (14,042 questions) in points."""
_BETWEEN_LABORATORIES = {"base": 1.0, "instruct": 3.0}
_Z90 = 1.645


class Evidence(NamedTuple):
    """A benchmark figure with its 90 % interval, in points, and where it is from."""

    benchmark: str
    value: float
    low: float
    high: float
    variant: str
    setting: str
    reported_by: str
    source: str

    @property
    def at_chance(self) -> bool:
        """Whether the figure says no more than guessing would."""
        return self.value < CHANCE


class Loss(NamedTuple):
    """Points of MMLU that a format costs; ``measured`` False: nobody measured it near this size."""

    points: float
    low: float
    high: float
    measured: bool


def evidence(benchmarks: Iterable[Mapping[str, Any]], benchmark: str = "MMLU") -> Evidence | None:
    """The best of the model's figures of one benchmark, its interval from the spread of reports and known noise.

    Sampling error plus the spread between laboratories (1 point for base models, 3 for chat models, measured on models
    with several reports; docs/ranking.md).
    """
    rows = [row for row in benchmarks if row["benchmark"] == benchmark]
    if not rows:
        return None
    row = max(rows, key=lambda found: found["value"])
    variant = row.get("variant", "instruct")
    noise = _Z90 * sqrt((SAMPLING_POINTS / 1.96) ** 2 + _BETWEEN_LABORATORIES.get(variant, 3.0) ** 2)
    low = min(row["value"] - noise, row.get("low", row["value"]))
    return Evidence(benchmark, row["value"], low, row["value"] + noise, variant, row.get("setting", ""),
                    row.get("reported_by", ""), row["source"])  # fmt: skip


def format_loss(format_name: str, parameters: int, measurements: Sequence[Mapping[str, Any]]) -> Loss:
    """What the format costs a model of this size: the measured losses, nearest sizes first.

    Measurements within a factor of four in size count as near; their spread and half a point of noise make the
    interval. Without any, the loss is unknown (0..10 points).
    """
    if format_name in ("F32", "F16", "BF16"):
        return Loss(0.0, 0.0, 0.0, True)
    rows = [row for row in measurements if row["format"] == format_name]
    near = [row for row in rows if abs(log2(row["parameters"] / parameters)) <= 2]
    if not near:
        far = [max(0.0, row["loss_points"]) for row in rows]
        return Loss(max(far, default=1.0), 0.0, max(10.0, *far, 0.0), False)
    losses = [row["loss_points"] for row in near]
    points = max(0.0, sum(losses) / len(losses))
    return Loss(points, max(0.0, min(losses) - 0.5), max(losses) + 0.5, True)


class Quality(NamedTuple):
    """Evidence less loss: ``estimate`` with its interval (None without evidence)."""

    evidence: Evidence | None
    loss: Loss

    @property
    def estimate(self) -> float | None:
        """Points expected in this format."""
        return None if self.evidence is None else self.evidence.value - self.loss.points

    @property
    def interval(self) -> tuple[float, float] | None:
        """Its 90 % interval."""
        if self.evidence is None:
            return None
        return self.evidence.low - self.loss.high, self.evidence.high - self.loss.low

    def to_json(self) -> dict[str, Any]:
        """The ``quality`` object of the contract."""
        found = self.evidence
        data: dict[str, Any] = {"format_loss": {"points": round(self.loss.points, 2), "measured": self.loss.measured}}
        if found is not None:
            interval = self.interval or (0.0, 0.0)
            data |= {
                "benchmark": found.benchmark, "value": found.value, "estimate": round(found.value - self.loss.points, 2),
                "low": round(interval[0], 2), "high": round(interval[1], 2), "at_chance": found.at_chance,
                "variant": found.variant, "setting": found.setting, "reported_by": found.reported_by,
                "source": found.source,
            }  # fmt: skip
        return data
