"""Constants for every runtime and group of cards, widest group first so that small groups can lean on large ones.

Spread of a group: cards left out one at a time where it has several, models where it has one card; of a group wider
than a generation: generations left out, since such constants are used for cards of generations nobody measured.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import log
from statistics import median
from typing import Any

from llmpick.fit.speed import fitting
from llmpick.fit.speed.constants import ANY
from llmpick.fit.speed.devices import DeviceSpeed
from llmpick.fit.speed.fitting import LEAST_ROWS, Point
from llmpick.fit.speed.measured import Sample

OVERLAPPING = frozenset({"transformers"})
"""Runtimes whose processor queues kernels while the card works: the longer of both counts (docs/speed.md)."""
LEAST_FOR_GROUP = 3
PREFILL_SINCE = "2024-05"
"""llama.cpp's matrix kernels for quantised weights were new then; older prefill says little about today's."""
Row = dict[str, Any]
Table = dict[str, dict[str, Row]]


def constants_table(samples: Sequence[Sample]) -> Table:
    """runtime -> group -> the row of constants.yaml. Impossible samples must have been removed."""
    return {
        runtime: _Runtime(runtime, [sample for sample in samples if sample.runtime == runtime]).groups()
        for runtime in sorted({sample.runtime for sample in samples})
    }


class _Runtime:
    """All groups of one runtime."""

    def __init__(self, runtime: str, samples: Sequence[Sample]) -> None:
        self.overlaps = runtime in OVERLAPPING
        alone = [sample for sample in samples if sample.cards == 1]
        self.dense = [sample for sample in alone if not sample.flops and not sample.is_mixture]
        self.mixtures = [sample for sample in alone if not sample.flops and sample.is_mixture]
        self.prompts = [
            sample for sample in alone if sample.flops and sample.device.flops and sample.date >= PREFILL_SINCE
        ]
        several = [sample for sample in samples if sample.cards > 1 and not sample.flops]
        self.turns = [sample for sample in several if sample.split == "layer"]
        self.shared = [sample for sample in several if sample.split == "tensor"]
        self.rows: dict[str, Row] = {}
        self.points: dict[str, Point] = {}

    def groups(self) -> dict[str, Row]:
        """Every group with enough rows, the widest first."""
        every = {sample.device.groups for sample in (*self.dense, *self.mixtures)}
        names = sorted({name for groups in every for name in groups}, key=lambda name: (_depth(every, name), name))
        for name in names:
            inside = [sample for sample in self.dense if name in sample.device.groups]
            if len(inside) >= LEAST_FOR_GROUP:
                self._add(name, inside)
        residuals = list(self._calibrated())
        if len(residuals) >= LEAST_ROWS:
            spread = _spread(*fitting.factors(residuals, one_sided=False), self.dense, "model")
            self.rows[ANY]["calibrated"] = spread
        return self.rows

    def _calibrated(self) -> Iterator[float]:
        """Residuals where one row gives a machine its own e, with its group's c, and other models there are predicted."""
        for sample in self.dense:
            name = next((group for group in sample.device.groups if group in self.points), None)
            if name is None:
                continue
            us = self.points[name].layer_us(sample.current)
            reading = max(1e-9, sample.seconds - 1e-6 * us * sample.layers)
            share = min(1.0, sample.read_bytes / sample.device.bandwidth / reading)
            for other in self.dense:
                if _machine(other) == _machine(sample) and other.model != sample.model:
                    yield fitting.residual(other, Point(share, us, us), self.overlaps)

    def _add(self, name: str, inside: Sequence[Sample]) -> None:
        parent = self._parent(name, inside[0].device)
        point = self.point(inside, parent)
        self.points[name] = point
        residuals, held = self._left_out(inside, parent)
        eras = point.current_us is not None and point.earlier_us is not None
        row: Row = {"efficiency": round(point.efficiency, 3), "layer_us": round(self._published_us(inside, point), 1)}
        if eras:
            row["earlier_layer_us"] = round(max(point.earlier_us or 0.0, point.layer_us(True)), 1)
            row["latest_layer_us"] = round(point.layer_us(True), 1)
        row |= {"overlaps": True} if self.overlaps else {}
        row |= self._mixture(name, parent, point) | self._prefill(name) | self._several(point)
        if residuals is None and parent is not None:
            row["decode"] = {**self.rows[parent]["decode"], "of": parent}
        else:
            low, high = fitting.factors(residuals or [0.0], one_sided=eras)
            row["decode"] = _spread(low, high, inside, held)
        cards = sorted({str(sample.device.gpu_id) for sample in inside})
        self.rows[name] = {**row, "rows": len(inside), "cards": len(cards), "gpus": cards}

    def point(self, inside: Sequence[Sample], parent: str | None) -> Point:
        """Constants of the samples. Builds since 2025, where none of them is, take the drift of a wider group."""
        found = fitting.fit(inside, self.overlaps, self.points.get(parent or ""))
        if found.current_us is None and found.earlier_us is not None:
            found = found._replace(current_us=found.earlier_us * self._drift(inside[0].device))
        return found

    def _published_us(self, inside: Sequence[Sample], point: Point) -> float:
        """The c of the estimate: of builds since 2025 as far as rows show it, in this group or in cards like it.

        Half way (in logarithms) to the drift of other generations with the same kind of memory; what only a wider group
        shows moves the upper end of the interval, not the estimate.
        """
        if point.earlier_us is None or point.current_us is None:
            return point.layer_us(True)
        own = sum(sample.current for sample in inside) >= LEAST_FOR_GROUP
        alike = {sample.device.gpu_id for sample in self.dense
                 if sample.current and inside[0].device.groups[1] in sample.device.groups}  # fmt: skip
        return (
            point.current_us
            if own
            else (point.earlier_us * point.current_us) ** 0.5
            if len(alike) > 1
            else point.earlier_us
        )

    def _drift(self, device: DeviceSpeed) -> float:
        """What builds since 2025 take per layer, as a share of before, in the narrowest wider group that shows both."""
        for name in device.groups[1:-1]:
            inside = [sample for sample in self.dense if name in sample.device.groups]
            current = {sample.device.gpu_id for sample in inside if sample.current}
            if name in self.points and len(current) > 1 and len(current) < len(inside):
                point = self.points[name]
                if point.current_us is not None and point.earlier_us:
                    return min(1.0, point.current_us / point.earlier_us)
        return 1.0

    def _parent(self, name: str, device: DeviceSpeed) -> str | None:
        wider = device.groups[device.groups.index(name) + 1 :]
        return next((group for group in wider if group in self.rows), None)

    def _left_out(self, inside: Sequence[Sample], parent: str | None) -> tuple[list[float] | None, str]:
        """(residuals, what was left out); None where rows are too few for a quantile of their own."""
        folds: list[tuple[str, Callable[[Sample], str | None]]] = [
            ("generation", lambda sample: sample.device.groups[0]), ("card", lambda sample: sample.device.gpu_id),
            ("model", lambda sample: sample.model),
        ]  # fmt: skip
        for held, fold in folds:
            if len({fold(sample) for sample in inside}) > 1 and (len(inside) >= LEAST_ROWS or parent is None):
                return fitting.left_out(inside, fold, lambda rest: self.point(rest, parent), self.overlaps), held
        return None, ""

    def _mixture(self, name: str, parent: str | None, point: Point) -> Row:
        """c of mixtures of experts; without rows the parent's, with the spread over all cards."""
        inside = [sample for sample in self.mixtures if name in sample.device.groups]
        if len(inside) < LEAST_FOR_GROUP:
            return self._mixture_of(parent)
        us = fitting.fit_layer_us(inside, point.efficiency, self.overlaps)
        row: Row = {"mixture_layer_us": max(us, round(point.layer_us(True), 1))}
        models = sorted({sample.model for sample in inside})
        residuals = []
        for model in models if len(models) > 1 else ():
            rest = [sample for sample in inside if sample.model != model]
            left = max(fitting.fit_layer_us(rest, point.efficiency, self.overlaps), point.layer_us(True))
            at = Point(point.efficiency, left, left)
            residuals += [fitting.residual(sample, at, self.overlaps) for sample in inside if sample.model == model]
        if len(residuals) >= LEAST_ROWS:
            row["mixture"] = _spread(*fitting.factors(residuals, one_sided=False), inside, "model")
        return row

    def _mixture_of(self, parent: str | None) -> Row:
        wider, widest = self.rows.get(parent or "", {}), self.rows.get(ANY, {})
        row: Row = {"mixture_layer_us": wider["mixture_layer_us"]} if "mixture_layer_us" in wider else {}
        return row | ({"mixture": {**widest["mixture"], "of": ANY}} if "mixture" in widest else {})

    def _prefill(self, name: str) -> Row:
        inside = [sample for sample in self.prompts if name in sample.device.groups]
        if len(inside) < LEAST_FOR_GROUP:
            return {}
        used = median(_utilisation(sample) for sample in inside)
        row: Row = {"utilisation": round(used, 3)}
        fold = _first_that_splits(inside)
        residuals = []
        for left in sorted({fold(sample) for sample in inside}):
            rest = [_utilisation(sample) for sample in inside if fold(sample) != left]
            at = median(rest) if rest else used
            residuals += [log(_utilisation(sample) / at) for sample in inside if fold(sample) == left]
        row["prefill"] = _spread(*fitting.factors(residuals, one_sided=False), inside, "")
        return row

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


def _utilisation(sample: Sample) -> float:
    return sample.flops / sample.seconds / (sample.device.flops or 1.0)


def _machine(sample: Sample) -> tuple[str | None, str]:
    return sample.device.gpu_id, sample.where.split(".rows.", maxsplit=1)[0]


def _config(sample: Sample) -> tuple[str | None, str, str, str]:
    return sample.device.gpu_id, sample.model, sample.format_name, sample.where.split(".rows.", maxsplit=1)[0]


def _exchange_us(sample: Sample, point: Point) -> float:
    """Two all-reduces a layer: what is left of a tensor-parallel step after its share of the bytes and the layers."""
    read = sample.read_bytes / sample.device.bandwidth / point.efficiency / sample.cards
    fixed = 1e-6 * point.layer_us(sample.current) * sample.layers
    return 1e6 * (sample.seconds - read - fixed) / (2 * sample.layers)


def _first_that_splits(inside: Sequence[Sample]) -> Callable[[Sample], str]:
    if len({sample.device.gpu_id for sample in inside}) > 1:
        return lambda sample: str(sample.device.gpu_id)
    return lambda sample: sample.model


def _spread(low: float, high: float, inside: Sequence[Sample], held: str) -> Row:
    cards = len({sample.device.gpu_id for sample in inside})
    row: Row = {"low": round(low, 3), "high": round(high, 3), "rows": len(inside), "cards": cards}
    return row | ({"left_out": held} if held else {})


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
