"""The answer of ``llmpick fit``."""

from collections.abc import Sequence
from math import inf
from typing import Any

from llmpick.errors import ANSWERED, NOTHING_FITS
from llmpick.fit.answering import Shown
from llmpick.fit.ordering import Ranked, pareto
from llmpick.fit.quality import KNOWLEDGE
from llmpick.fit.ranking import Wish
from llmpick.hardware.device import Machine
from llmpick.report.document import Cell, Column, Document, Lines, Section, Styled, Table
from llmpick.report.speed_table import Named, fit_speed_json, speed_cells, speed_columns, speed_notes, speed_terms
from llmpick.runtimes.base import Budget, devices_json, memory_json
from llmpick.units import format_bytes

VERDICT_STYLES = {"fits": "good", "tight": "warn", "offload": "warn", "no": "bad"}
BAR_CELLS = 10


def fit_document(machine: Machine, devices: Sequence[Budget], found: Shown, wish: Wish, notes: Sequence[str],
                 explained: bool = False) -> Document:  # fmt: skip
    """``explained``: with the terms of each speed."""
    ranked, counted, request = found.ranked, found.counted, wish.request
    best = pareto(ranked)
    data = {
        "schema": 1, "command": "fit",
        "hardware": machine.to_json(), "runtime": wish.runtime, "context": request.context, "users": request.sequences,
        "ranked_by": ranked_by(ranked), "results": [_result(row, explained, best, request.context) for row in ranked],
        "verdicts": counted, "notes": list(notes),
    }  # fmt: skip
    answered = counted["fits"] + counted["tight"] + counted["offload"]
    return Document(
        data,
        lambda: _sections(machine, devices, ranked, wish, counted, notes, explained),
        ANSWERED if answered else NOTHING_FITS,
    )


def _context(row: Ranked, asked: int) -> int:
    """The context of a row's figures: what was asked for, or the model's own where that is less."""
    return min(asked, row.candidate.profile.max_context or asked)


def _result(row: Ranked, explained: bool, best: frozenset[str], asked: int) -> dict[str, Any]:
    candidate, placed = row.candidate, row.placed
    return {
        "rank": row.rank, "tied": row.tied, "pareto": row.candidate.profile.model_id in best, "model": candidate.profile.model_id,
        "parameters": candidate.profile.total, "active_parameters": candidate.profile.active,
        "quantization": candidate.format_name, "verdict": placed.verdict, "memory": memory_json(placed.estimate),
        **devices_json(placed.estimate), "context": _context(row, asked),
        "max_context": row.max_context, "max_users": row.max_users, "placement": placed.estimate.placement,
        **fit_speed_json(row.told, explained),
        "quality": candidate.quality.to_json(), "why": placed.why, "same_shape": list(row.others),
    }  # fmt: skip


def _sections(machine: Machine, devices: Sequence[Budget], ranked: Sequence[Ranked], wish: Wish,
              counted: dict[str, int], notes: Sequence[str], explained: bool) -> list[Section]:  # fmt: skip
    capacity, request = sum(device.usable_bytes for device in devices) or (machine.host.total or 0), wish.request
    head = [_where(machine, devices), f"{wish.runtime}, {request.context:,} tokens of context"
            + (f", {request.sequences} users" if request.sequences > 1 else "")]  # fmt: skip
    if any(ranked_row.placed.verdict != "no" for ranked_row in ranked):
        rows = [row for row in ranked if row.placed.verdict != "no"]
    else:
        rows = list(ranked)
    known = [
        (row.candidate.profile.model_id, row.candidate.format_name, row.told.decode) for row in rows if row.told.decode
    ]
    best = pareto(rows)
    table = Table(
        [Column("#", right=True), Column("Model"), Column("Format"), Column("Verdict"), Column("Memory", keep=2), Column("GiB", right=True),
         Column("Max context", right=True, keep=1), Column(ranked_by(ranked), right=True), Column("90%", keep=4),
         *speed_columns(known), Column("Why", keep=3, shrink_to=18)],
        [_cells(row, capacity, known, best) for row in rows],
        notes=[*_notes(rows, counted, notes), *_shorter(rows, request.context), *speed_notes(known)],
    )  # fmt: skip
    return [Lines(head), table, *(speed_terms(known) if explained else ())]


def ranked_by(ranked: Sequence[Ranked]) -> str:
    """The benchmark that the rows are ordered by."""
    known = (row.candidate.quality.evidence for row in ranked)
    return next((evidence.benchmark for evidence in known if evidence is not None), KNOWLEDGE)


def _where(machine: Machine, devices: Sequence[Budget]) -> str:
    if not devices:
        total = machine.host.total
        none = "No GPU" if machine.source == "described" else "No GPU found"
        return f"{none}: CPU and {format_bytes(total)} of host memory" if total else none
    names: dict[str, int] = {}
    for device in devices:
        names[f"{device.name}, {format_bytes(device.usable_bytes)} usable"] = (
            names.get(f"{device.name}, {format_bytes(device.usable_bytes)} usable", 0) + 1
        )
    return (
        " + ".join(f"{count} × {name}" if count > 1 else name for name, count in names.items()) + f" ({machine.source})"
    )


def _cells(row: Ranked, capacity: int, known: Sequence[Named], best: frozenset[str]) -> list[Cell]:
    candidate, placed = row.candidate, row.placed
    evidence = candidate.quality.evidence
    estimate, interval = candidate.quality.estimate, candidate.quality.interval
    quality, spread = "no evidence", ""
    if evidence is not None and estimate is not None and interval is not None:
        carried = "≈" if evidence.bridged_from else ""
        quality = "at chance" if evidence.at_chance else f"{carried}{estimate:.{1 if evidence.unit == '%' else 0}f}"
        spread = (
            ""
            if evidence.at_chance
            else f"{interval[0]:.0f}-{min(interval[1], 100 if evidence.unit == '%' else inf):.0f}"
        )
    more = f" (+{len(row.others)})" if row.others else ""
    place = f"{row.rank}{'=' if row.tied else ''}{'*' if candidate.profile.model_id in best else ''}"
    used = placed.estimate.total
    return [
        place, f"{candidate.profile.model_id}{more}", candidate.format_name,
        Styled(placed.verdict, VERDICT_STYLES[placed.verdict]), drawn(used, capacity), of_capacity(used, capacity),
        f"{row.max_context:,}" if row.max_context else "-", quality, spread, *(speed_cells(row.told) if known else ()), placed.why,
    ]  # fmt: skip


def bar(used: int, capacity: int) -> str:
    """Used of capacity as a bar and in GiB."""
    return f"{drawn(used, capacity)} {used / 2**30:5.1f} of {capacity / 2**30:.1f} GiB"


def drawn(used: int, capacity: int) -> str:
    """The bar alone."""
    filled = round(min(1.0, used / capacity) * BAR_CELLS) if capacity else BAR_CELLS
    return "█" * filled + "░" * (BAR_CELLS - filled)


def of_capacity(used: int, capacity: int) -> str:
    """``16.2/23.5`` in GiB: short enough for every terminal."""
    return f"{used / 2**30:.1f}/{capacity / 2**30:.1f}"


def _shorter(rows: Sequence[Ranked], asked: int) -> list[str]:
    """Which rows answer for less context than was asked for."""
    names = [row.candidate.profile.model_id for row in rows if _context(row, asked) < asked]
    if not names:
        return []
    told = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return [f"made for less than {asked:,} tokens, and judged at their own context: {told}"]


def _notes(rows: Sequence[Ranked], counted: dict[str, int], notes: Sequence[str]) -> list[str]:
    said = [", ".join(f"{number} {verdict}" for verdict, number in counted.items()) + " in the catalog"]
    if any(row.others for row in rows):
        said.append("(+N): models of the same shape that rank behind; --all lists every one")
    said.append("*: nothing shown is better in one of quality, memory and speed and no worse in the others")
    lost = "measured loss" if ranked_by(rows) == KNOWLEDGE else "loss (measured on MMLU, equated by spread)"
    said.append(
        f"{ranked_by(rows)}: reported figure less the format's {lost}; = cannot be told from the row above (90% intervals)"
    )
    carried = next((found for row in rows if (found := row.candidate.quality.evidence) and found.bridged_from), None)
    if carried is not None:
        neighbour = carried.bridged_from.rpartition(" ")[0]
        said.append(f"≈: no {carried.benchmark} reported; carried over from {neighbour} by the models that have both")
    return [*said, *notes]
