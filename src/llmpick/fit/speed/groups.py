"""Constants for every runtime and group of cards, widest group first so that small groups can lean on large ones.

Spread of a group: cards left out one at a time where it has several, models where it has one card; of a group wider
than a generation: generations left out, since such constants are used for cards of generations nobody measured.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from statistics import median
from typing import Any, NamedTuple

from llmpick.fit.speed import fitting
from llmpick.fit.speed.chain import Chain
from llmpick.fit.speed.constants import ANY
from llmpick.fit.speed.fitting import LEAST_ROWS, Point
from llmpick.fit.speed.measured import Sample
from llmpick.fit.speed.prompts import prompt_row, spread_row

OVERLAPPING = frozenset({"transformers"})
"""Runtimes whose processor queues kernels while the card works: the longer of both counts (docs/speed.md)."""
LEAST_FOR_GROUP = 3
PREFILL_SINCE = "2024-05"
"""llama.cpp's matrix kernels for quantised weights were new then; older prefill says little about today's."""
Row = dict[str, Any]
Table = dict[str, dict[str, Row]]


def constants_table(samples: Sequence[Sample]) -> tuple[Table, list["Judged"]]:
    """(runtime -> group -> the row of constants.yaml, every decoding sample judged by constants fitted without it).

    Impossible samples must have been removed. Samples of cards without a group of their own are not judged.
    """
    table, judged = {}, []
    for runtime in sorted({sample.runtime for sample in samples}):
        made = _Runtime(runtime, [sample for sample in samples if sample.runtime == runtime])
        table[runtime] = made.groups()
        judged += made.judged
    return table, judged


class Judged(NamedTuple):
    """A sample beside what is published for its card, with constants that were fitted without it."""

    sample: Sample
    group: str
    left_out: str
    estimate: float
    low: float
    high: float

    @property
    def error(self) -> float:
        """Estimate over measured, less one."""
        return self.estimate * self.sample.seconds - 1

    @property
    def is_inside(self) -> bool:
        """Whether the interval holds what was measured."""
        return self.low <= 1 / self.sample.seconds <= self.high


class _Runtime:
    """All groups of one runtime."""

    def __init__(self, runtime: str, samples: Sequence[Sample]) -> None:
        self.overlaps = runtime in OVERLAPPING
        alone = [sample for sample in samples if sample.cards == 1 and not sample.declared]
        self.dense = [sample for sample in alone if not sample.flops and not sample.is_mixture]
        self.mixtures = [sample for sample in alone if not sample.flops and sample.is_mixture]
        self.prompts = [
            sample for sample in alone if sample.flops and sample.device.flops and sample.date >= PREFILL_SINCE
        ]
        several = [sample for sample in samples if sample.cards > 1 and not sample.flops]
        self.turns = [sample for sample in several if sample.split == "layer"]
        self.shared = [sample for sample in several if sample.split == "tensor"]
        self.chain = Chain(self.dense, self.overlaps)
        self.rows: dict[str, Row] = {}
        self.judged: list[Judged] = []

    def groups(self) -> dict[str, Row]:
        """Every group with enough rows, the widest first."""
        every = {sample.device.groups for sample in (*self.dense, *self.mixtures)}
        names = {name: groups for groups in sorted(every) for name in groups}
        for name in sorted(names, key=lambda name: (_depth(every, name), name)):
            point = self.chain.point(name, names[name])
            if point is not None:
                self._add(name, names[name], point)
        residuals = list(self._calibrated())
        if len(residuals) >= LEAST_ROWS:
            self.rows[ANY]["calibrated"] = spread_row(*fitting.factors(residuals, False), self.dense, "model")
        return self.rows

    def _calibrated(self) -> Iterator[float]:
        """Residuals where one row gives a machine its own e, with its group's c, and other models there are predicted."""
        for sample in self.dense:
            point = self.chain.nearest(sample.device.groups[0], sample.device.groups)
            if point is None:
                continue
            us = point.layer_us(sample.current)
            reading = max(1e-9, sample.seconds - 1e-6 * us * sample.layers)
            share = min(1.0, sample.read_bytes / sample.device.bandwidth / reading)
            for other in self.dense:
                if _machine(other) == _machine(sample) and other.model != sample.model:
                    yield fitting.residual(other, Point(share, us, us), self.overlaps)

    def _add(self, name: str, groups: tuple[str, ...], point: Point) -> None:
        inside = self.chain.inside(name)
        eras = point.current_us is not None and point.earlier_us is not None
        row: Row = {"efficiency": round(point.efficiency, 3), "layer_us": round(point.published_us, 1)}
        if eras:
            row["earlier_layer_us"] = round(max(point.layer_us(False), point.layer_us(True)), 1)
            row["latest_layer_us"] = round(point.layer_us(True), 1)
        row |= {"overlaps": True} if self.overlaps else {}
        parent = next((each for each in groups[groups.index(name) + 1 :] if each in self.rows), None)
        row |= (
            self._mixture(name, parent, point)
            | prompt_row(self._prompts(name), self.rows.get(parent or "", {}), parent)
            | self._several(point)
        )
        held, pairs = self._left_out(name, groups, inside, parent)
        residuals = [fitting.residual(sample, at, self.overlaps) for sample, at in pairs]
        if parent is not None and len(inside) < LEAST_ROWS:
            row["decode"] = {**self.rows[parent]["decode"], "of": parent}
        else:
            row["decode"] = spread_row(*fitting.factors(residuals or [0.0], one_sided=eras), inside, held)
        self._judge(name, held, pairs, row["decode"])
        cards = sorted({str(sample.device.gpu_id) for sample in inside})
        dates = sorted(sample.date for sample in inside)
        self.rows[name] = {
            **row,
            "rows": len(inside),
            "cards": len(cards),
            "first": dates[0],
            "last": dates[-1],
            "gpus": cards,
        }

    def _left_out(self, name: str, groups: tuple[str, ...], inside: Sequence[Sample],
                  parent: str | None) -> tuple[str, list[tuple[Sample, Point]]]:  # fmt: skip
        """What was left out, and every sample with the constants that the rest of all samples gives its card."""
        folds: list[tuple[str, Callable[[Sample], str]]] = [
            ("generation", lambda sample: sample.device.groups[0]), ("card", lambda sample: str(sample.device.gpu_id)),
            ("model", lambda sample: sample.model),
        ]  # fmt: skip
        held, fold = next((each for each in folds if len({each[1](sample) for sample in inside}) > 1), folds[-1])
        pairs = []
        for left in sorted({fold(sample) for sample in inside}):
            out = [sample for sample in inside if fold(sample) == left]
            chain = self.chain.without({sample.where for sample in out})
            at = chain.nearest(name, groups)
            pairs += [(sample, at) for sample in out if at is not None]
        return held, pairs

    def _judge(self, name: str, held: str, pairs: Sequence[tuple[Sample, Point]], spread: Row) -> None:
        """Only the narrowest group of a card speaks for it."""
        for sample, at in pairs:
            if sample.device.groups[0] == name:
                times = [fitting.seconds(sample, at.efficiency, us, self.overlaps)
                         for us in (at.published_us, max(at.layer_us(False), at.layer_us(True)), at.layer_us(True))]  # fmt: skip
                ceiling = 1 / sample.ceiling_seconds
                self.judged.append(Judged(sample, name, held, min(1 / times[0], ceiling), spread["low"] / times[1],
                                          min(spread["high"] / times[2], ceiling)))  # fmt: skip

    def _mixture(self, name: str, parent: str | None, point: Point) -> Row:
        """c of mixtures of experts; without rows the parent's, with the spread over all cards."""
        inside = [sample for sample in self.mixtures if name in sample.device.groups]
        if len(inside) < LEAST_FOR_GROUP:
            return self._mixture_of(parent)
        us = fitting.fit_layer_us(inside, point.efficiency, self.overlaps)
        row: Row = {"mixture_layer_us": max(us, round(point.layer_us(True), 1))}
        models = sorted({sample.model for sample in inside})
        pairs: list[tuple[Sample, Point]] = []
        for model in models if len(models) > 1 else ():
            rest = [sample for sample in inside if sample.model != model]
            left = max(fitting.fit_layer_us(rest, point.efficiency, self.overlaps), point.layer_us(True))
            pairs += [(sample, Point(point.efficiency, left, left)) for sample in inside if sample.model == model]
        if len(pairs) >= LEAST_ROWS:
            residuals = [fitting.residual(sample, at, self.overlaps) for sample, at in pairs]
            row["mixture"] = spread_row(*fitting.factors(residuals, one_sided=False), inside, "model")
            self._judge(name, "model", pairs, row["mixture"])
        return row

    def _mixture_of(self, parent: str | None) -> Row:
        wider, widest = self.rows.get(parent or "", {}), self.rows.get(ANY, {})
        row: Row = {"mixture_layer_us": wider["mixture_layer_us"]} if "mixture_layer_us" in wider else {}
        return row | ({"mixture": {**widest["mixture"], "of": ANY}} if "mixture" in widest else {})

    def _prompts(self, name: str) -> list[Sample]:
        return [sample for sample in self.prompts if name in sample.device.groups]

    def _several(self, point: Point) -> Row:
        """What a further card costs: against one card where they take turns, against a share of the bytes where not."""
        alone = {_config(sample): sample.seconds for sample in self.dense}
        turns = [
            1e6 * (sample.seconds - alone[_config(sample)]) / (sample.cards - 1)
            for sample in self.turns if _config(sample) in alone
        ]  # fmt: skip
        shared = [_exchange_us(sample, point) for sample in self.shared]
        found = {"hop_us": median(turns) if turns else 0.0, "all_reduce_us": median(shared) if shared else 0.0}
        return {name: round(max(0.0, value), 1) for name, value in found.items() if value > 0}


def _machine(sample: Sample) -> tuple[str | None, str]:
    return sample.device.gpu_id, sample.where.split(".rows.", maxsplit=1)[0]


def _config(sample: Sample) -> tuple[str | None, str, str, str]:
    return sample.device.gpu_id, sample.model, sample.format_name, sample.where.split(".rows.", maxsplit=1)[0]


def _exchange_us(sample: Sample, point: Point) -> float:
    """Two all-reduces a layer: what is left of a tensor-parallel step after its share of the bytes and the layers."""
    read = sample.read_bytes / sample.device.bandwidth / point.efficiency / sample.cards
    fixed = 1e-6 * point.layer_us(sample.current) * sample.layers
    return 1e6 * (sample.seconds - read - fixed) / (2 * sample.layers)


def _depth(every: Iterable[tuple[str, ...]], name: str) -> int:
    """0 for the widest group: counted from the wide end."""
    return max(groups[::-1].index(name) for groups in every if name in groups)


def possible(samples: Iterable[Sample]) -> tuple[list[Sample], list[Sample]]:
    """(samples that physics allows, those it does not)."""
    kept: list[Sample] = []
    refused: list[Sample] = []
    for sample in samples:
        (kept if sample.is_possible else refused).append(sample)
    return kept, refused
