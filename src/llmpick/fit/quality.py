"""How good a model is known to be, and what a format takes away: evidence with an interval, never an invented score."""

from collections.abc import Iterable, Mapping, Sequence
from math import exp, log, log2, sqrt
from typing import Any, NamedTuple

from llmpick.catalog.catalog import Catalog
from llmpick.errors import UnknownName

_BETWEEN_LABORATORIES = {"base": 1.0, "instruct": 3.0}
"""Standard deviation in points of the same test on the same model in different hands (docs/ranking.md)."""
_Z90, _Z95 = 1.645, 1.96
KNOWLEDGE = "MMLU"
"""What models are ranked by when nobody says what for, and the scale on which formats' losses were measured."""

Facts = Mapping[str, Mapping[str, Any]]
"""Benchmark -> its facts in catalog/benchmarks/scales.yaml."""


class Evidence(NamedTuple):
    """A benchmark figure with its 90 % interval, in points or Elo, and where it is from."""

    benchmark: str
    value: float
    low: float
    high: float
    variant: str
    setting: str
    reported_by: str
    source: str
    at_chance: bool = False
    """Whether the figure says no more than guessing would: such models are not ordered by it."""
    unit: str = "%"
    bridged_from: str = ""
    """The figure it was carried over from (``MMLU-Pro 86.1``), by the models that were tested on both."""


class Loss(NamedTuple):
    """Points of MMLU that a format costs; ``measured`` False: nobody measured it near this size, or on this scale."""

    points: float
    low: float
    high: float
    measured: bool

    def on_scale(self, factor: float) -> "Loss":
        """The same loss on a scale where ``factor`` points go with one of MMLU."""
        if factor == 1.0:
            return self
        return Loss(self.points * factor, self.low * factor, self.high * factor, False)


def figures(catalog: Catalog, benchmark: str, facts: Facts) -> dict[str, Evidence]:
    """Model id -> its evidence on one benchmark: from the board that has it, else from the models' own rows."""
    for board in catalog.benchmarks.values():
        if benchmark in board.get("scores", ()):
            rows = board["scores"][benchmark]
            return {model: _rating(benchmark, row, board, facts[benchmark]) for model, row in rows.items()}
    found = (
        (model, evidence(catalog.model_data(model).get("benchmarks", []), benchmark, facts)) for model in catalog.ids
    )
    return {model: row for model, row in found if row is not None}


def _rating(benchmark: str, row: Mapping[str, Any], board: Mapping[str, Any], facts: Mapping[str, Any]) -> Evidence:
    """A board's row, with its 95 % interval as one of 90 %."""
    shrink = _Z90 / _Z95
    setting = f"{board['setting']}; {row['mode']}" if "mode" in row else board["setting"]
    return Evidence(
        benchmark, row["value"], row["value"] - (row["value"] - row["low"]) * shrink,
        row["value"] + (row["high"] - row["value"]) * shrink, row["release"], setting, board["reported_by"],
        board["source"], unit=facts["unit"],
    )  # fmt: skip


def evidence(benchmarks: Iterable[Mapping[str, Any]], benchmark: str, facts: Facts) -> Evidence | None:
    """The best of the model's figures of one benchmark, its interval from the spread of reports and known noise.

    Sampling error sqrt(p (1 - p) / questions) plus the spread between laboratories (1 point for base models, 3 for chat
    models, measured on models with several MMLU reports).
    """
    known, rows = facts[benchmark], list(benchmarks)
    row = best_row(rows, benchmark)
    if row is None:
        return _bridged(rows, benchmark, known, facts) if "bridge" in known else None
    value, variant = row["value"], row.get("variant", "instruct")
    sampling = sqrt(value * (100 - value) / known["questions"])
    noise = _Z90 * sqrt(sampling**2 + _BETWEEN_LABORATORIES.get(variant, 3.0) ** 2)
    return Evidence(
        benchmark, value, min(value - noise, row.get("low", value)), value + noise, variant, row.get("setting", ""),
        row.get("reported_by", ""), row["source"], value < known["at_chance_below"],
    )  # fmt: skip


def best_row(rows: Iterable[Mapping[str, Any]], benchmark: str) -> Mapping[str, Any] | None:
    """The row with the highest figure of one benchmark."""
    found = [row for row in rows if row["benchmark"] == benchmark]
    return max(found, key=lambda row: float(row["value"]), default=None)


def logit(value: float, chance: float) -> float:
    """Log odds of points (0..100) above what guessing gives."""
    return log((value - chance) / (100 - value))


def points(odds: float, chance: float) -> float:
    """The inverse of `logit`."""
    return chance + (100 - chance) / (1 + exp(-odds))


def _bridged(
    rows: Sequence[Mapping[str, Any]], benchmark: str, known: Mapping[str, Any], facts: Facts
) -> Evidence | None:
    """A figure carried over from a neighbouring benchmark by a line through the log odds of the models with both.

    ``known["bridge"]`` has the line and ``sd``, the error in points with the model itself left out.
    """
    bridge = known["bridge"]
    row, other = best_row(rows, bridge["from"]), facts[bridge["from"]]
    if row is None or not other["at_chance_below"] <= row["value"] < 100:
        return None
    value = points(bridge["slope"] * logit(row["value"], other["chance"]) + bridge["intercept"], known["chance"])
    noise = _Z90 * bridge["sd"]
    return Evidence(
        benchmark, round(value, 1), value - noise, min(100.0, value + noise), row.get("variant", "instruct"),
        row.get("setting", ""), row.get("reported_by", ""), row["source"], bridged_from=f"{bridge['from']} {row['value']}",
    )  # fmt: skip


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
                "benchmark": found.benchmark, "unit": found.unit, "value": found.value,
                "estimate": round(found.value - self.loss.points, 2),
                "low": round(interval[0], 2), "high": round(interval[1], 2), "at_chance": found.at_chance,
                "variant": found.variant, "setting": found.setting, "reported_by": found.reported_by,
                "source": found.source, **({"bridged_from": found.bridged_from} if found.bridged_from else {}),
            }  # fmt: skip
        return data


def benchmark_named(use: str, scales: Mapping[str, Any]) -> str:
    """The benchmark behind a use (``chat``) or its own name, compared without case. Raises UnknownName."""
    known = {name.lower(): name for name in scales["benchmarks"]} | scales["uses"]
    if use.lower() not in known:
        raise UnknownName.near("use or benchmark", use, [*scales["uses"], *scales["benchmarks"]])
    return str(known[use.lower()])
