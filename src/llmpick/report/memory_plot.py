"""Memory against context: ``llmpick memory MODEL --plot``."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from llmpick.catalog.catalog import Catalog
from llmpick.errors import ANSWERED, NOTHING_FITS
from llmpick.fit.placement import Placed
from llmpick.fit.question import Maker, Question
from llmpick.report.document import Cell, Column, Document, Lines, Section, Styled, Table
from llmpick.report.figure import GIB, Figure
from llmpick.report.fitting import VERDICT_STYLES
from llmpick.runtimes.base import devices_json, memory_json
from llmpick.units import format_bytes

PARTS = {"weights": "█", "kv_cache": "▓", "compute": "▒", "runtime": "░", "host": "·"}
"""What a bar is made of: the devices' memory by purpose, then everything that the placement keeps in host memory."""
LIMIT_SIGN = "┃"
BAR_CELLS = 40
LEAST_TOKENS = 1024
MOST_TOKENS = 2**20
"""Where the model says no limit of its own."""


class Point(NamedTuple):
    """The placement at one context length."""

    context: int
    placed: Placed

    def part(self, name: str) -> int:
        """Bytes of one of `PARTS`."""
        found = self.placed.estimate
        return found.host.total if name == "host" else sum(getattr(device, name) for device in found.devices)

    @property
    def drawn_bytes(self) -> int:
        """The length of the bar."""
        return sum(self.part(name) for name in PARTS)


def plot_document(question: Question, catalog: Catalog, notes: Sequence[str] = ()) -> Document:
    """One row for each doubling of the context, up to what the model is made for. ``data["series"]`` holds the figures."""
    maker = Maker(question, catalog)
    points = [Point(context, maker.placed(replace(question, request=replace(question.request, context=context))))
              for context in contexts(question.request.context, question.subject.max_context)]  # fmt: skip
    request = question.request
    data: dict[str, Any] = {
        "schema": 1, "command": "memory", "model": question.subject.to_json(), "runtime": points[0].placed.estimate.runtime,
        "version": points[0].placed.estimate.version, "quantization": maker.format_name, "batch": request.sequences,
        "kv_cache_type": {"k": request.type_k, "v": request.type_v},
        "series": [_point_json(point, question.judged) for point in points],
    }  # fmt: skip
    answered = not question.judged or any(point.placed.verdict != "no" for point in points)
    return Document(
        data, lambda: _sections(question, data, points, notes), ANSWERED if answered else NOTHING_FITS,
        figure=lambda: _figure(question, data, points),
    )  # fmt: skip


def contexts(asked: int, limit: int | None) -> list[int]:
    """Doublings from 1,024 tokens to the model's limit, with the limit itself and the context asked for."""
    most = max(limit or MOST_TOKENS, asked)
    doublings = [LEAST_TOKENS << step for step in range(most.bit_length()) if LEAST_TOKENS << step <= most]
    return sorted({*doublings, asked, most})


def _point_json(point: Point, judged: bool) -> dict[str, Any]:
    found = point.placed.estimate
    body = {"context": point.context, "memory": memory_json(found), **devices_json(found), "placement": found.placement}
    return {**body, "verdict": point.placed.verdict, "why": point.placed.why} if judged else body


def _sections(question: Question, data: dict[str, Any], points: Sequence[Point], notes: Sequence[str]) -> list[Section]:
    limit = _limit(question)
    scale = max([limit, *(point.drawn_bytes for point in points)])
    columns = [Column("Context", right=True), Column("Total", right=True), Column("Interval", right=True, keep=1),
               Column("Memory"), *([Column("Verdict")] if question.judged else [])]  # fmt: skip
    rows = [_cells(point, scale, limit, question) for point in points]
    used = [name for name in PARTS if any(point.part(name) for point in points)]
    said = ["  ".join([*(f"{PARTS[name]} {_words(name)}" for name in used),
                       *([f"{LIMIT_SIGN} {format_bytes(limit)} usable"] if limit else []),
                       *(["* the context asked for"] if len(points) > 1 else [])])]  # fmt: skip
    return [Lines([_head(data)], title=question.subject.name), Table(columns, rows, notes=[*said, *notes])]


def _cells(point: Point, scale: int, limit: int, question: Question) -> list[Cell]:
    found, verdict = point.placed.estimate, point.placed.verdict
    mark = "*" if point.context == question.request.context else ""
    cells: list[Cell] = [
        f"{mark}{point.context:,}", format_bytes(found.total), f"{found.low / GIB:.1f}-{found.high / GIB:.1f} GiB",
        _bar(point, scale, limit),
    ]  # fmt: skip
    return [*cells, Styled(verdict, VERDICT_STYLES[verdict])] if question.judged else cells


def _bar(point: Point, scale: int, limit: int) -> str:
    """The parts stacked by their running sums, so that rounding never adds up; the limit as a line across."""
    drawn, reached = "", 0
    for part, sign in PARTS.items():
        reached += point.part(part)
        drawn += sign * (round(BAR_CELLS * reached / scale) - len(drawn))
    drawn = f"{drawn:<{BAR_CELLS}}"
    cell = min(BAR_CELLS - 1, round(BAR_CELLS * limit / scale))
    return f"{drawn[:cell]}{LIMIT_SIGN}{drawn[cell + 1 :]}" if limit else drawn


def _words(part: str) -> str:
    return part.replace("kv_cache", "KV cache")


def _limit(question: Question) -> int:
    """What the devices can give together; 0 where nothing was named."""
    return sum(device.usable_bytes for device in question.devices)


def _head(data: dict[str, Any]) -> str:
    users = f" × {data['batch']} users" if data["batch"] > 1 else ""
    cache = data["kv_cache_type"]["k"]
    return f"{data['quantization']}, {data['runtime']} {data['version']}, KV cache {cache}{users}"


def _figure(question: Question, data: dict[str, Any], points: Sequence[Point]) -> Figure:
    limit = _limit(question)
    return Figure(
        title=f"{question.subject.name}: {_head(data)}",
        x_tokens=[point.context for point in points],
        parts={_words(part): [point.part(part) for point in points] for part in PARTS
               if any(point.part(part) for point in points)},
        low=[point.placed.estimate.low for point in points],
        high=[point.placed.estimate.high for point in points],
        limits={f"{format_bytes(limit)} usable": limit} if limit else {},
    )  # fmt: skip
