"""The answer of ``llmpick memory``: every term, its certainty, the interval, and what would make it fit."""

from collections.abc import Mapping, Sequence
from typing import Any

from llmpick.catalog.catalog import Catalog
from llmpick.errors import ANSWERED, NOTHING_FITS
from llmpick.fit.placement import Placed
from llmpick.fit.question import Maker, Question, changes_of, length_notes
from llmpick.fit.speed.answers import NOTHING, Told
from llmpick.fit.subjects import why_not_loaded
from llmpick.report.document import Column, Document, Lines, Section, Styled, Table
from llmpick.report.fitting import VERDICT_STYLES, bar
from llmpick.report.speed import speed_json, speed_lines, term_table
from llmpick.runtimes.base import Estimate, devices_json, memory_json
from llmpick.units import format_bytes

_SIGNS = {"weights": "█", "kv_cache": "▓", "compute": "▒", "runtime": "░"}
_SPLITTING = ("n_gpu_layers", "num_gpu", "n_cpu_moe")
"""Settings that say what stays on the host."""
BAR_CELLS = 50


def memory_document(question: Question, catalog: Catalog, notes: Sequence[str] = ()) -> Document:
    """Every term, the interval, the verdict where devices were named, and what would make it smaller."""
    maker, subject, request = Maker(question, catalog), question.subject, question.request
    placed, missing = maker.placed(question), why_not_loaded(subject, maker.runtime.name, maker.formats)
    if question.judged and missing:
        placed = Placed("no", placed.estimate, f"{missing}; by its memory: {placed.verdict}")
    weights, found = maker.model(maker.format_name).weights, placed.estimate
    body: dict[str, Any] = {
        "schema": 1, "command": "memory", "model": subject.to_json(), "runtime": found.runtime, "version": found.version,
        "quantization": weights.format, "context": request.context, "batch": request.sequences,
        "kv_cache_type": {"k": request.type_k, "v": request.type_v}, "memory": memory_json(found),
        **devices_json(found), "placement": found.placement,
        "terms": [term._asdict() for term in found.terms],
        "tensors": {"bytes": weights.file_bytes,
                    "bits_per_weight": round(8 * weights.tensor_bytes / maker.held_parameters, 4)},
    }  # fmt: skip
    notes = (*notes, *length_notes(subject, request.context))
    told = NOTHING
    if question.judged:
        body["verdict"], body["why"] = placed.verdict, placed.why
        body["max_context"], body["max_users"] = (0, 0) if missing else maker.most(question)
        told = maker.told(question, placed)
        body |= speed_json(told)
    if missing:
        notes = (*notes, f"{missing}: the figures are what it would take; try --runtime transformers")
    if subject.generic:
        notes = (*notes, f"{subject.architecture.model_type} is no architecture that we know: caches and buffers by the "
                 "keys that all GGUF files share, windows only where the file says which layers slide")  # fmt: skip
    if weights.prediction_bytes:
        body["tensors"]["prediction_bytes"] = weights.prediction_bytes
        notes = (*notes, f"the file holds {format_bytes(weights.prediction_bytes)} of multi-token-prediction blocks besides, "
                 "loaded only to speculate with them: not in these figures")  # fmt: skip
    for cache in subject.caches:
        if cache.fixed_tokens:
            notes = (*notes, f"{len(cache.layers)} layers attend to an image: they hold {cache.fixed_tokens:,} states of one "
                     "for each user, whatever the context (none where no image is given)")  # fmt: skip
    changes = changes_of(maker, request)
    body["changes"] = changes
    code = NOTHING_FITS if question.judged and placed.verdict == "no" else ANSWERED
    return Document(body, lambda: _sections(question, placed, told, body, changes, notes), code)


def _sections(question: Question, placed: Placed, told: Told, body: Mapping[str, Any],
              changes: Sequence[Mapping[str, Any]], notes: Sequence[str]) -> list[Section]:  # fmt: skip
    found, subject, judged = placed.estimate, question.subject, question.judged
    head: list[Any] = [
        f"{body['quantization']}, {body['context']:,} tokens"
        + (f" × {body['batch']} users" if body["batch"] > 1 else "") + f", {found.runtime} {found.version}"
    ]  # fmt: skip
    if judged:
        head.append(Styled(f"{placed.verdict}: {placed.why}", VERDICT_STYLES[placed.verdict]))
    sections: list[Section] = [Lines(head, title=subject.name), _term_table(found)]
    if judged:
        sections.append(_device_lines(found))
        sections.append(Lines([_most_line(body, split=any(name in question.request.settings for name in _SPLITTING))]))
    if judged and placed.verdict != "no":
        sections.append(speed_lines(told))
        if question.explained and told.decode is not None:
            sections.append(term_table(told.decode))
    sections.append(_change_table(changes))
    if notes:
        sections.append(Lines([Styled(note, "dim") for note in notes]))
    return sections


def _most_line(body: Mapping[str, Any], split: bool) -> str:
    where = "placed so" if split else "whole on the devices" if body["devices"] else "in host memory"
    if not body["max_context"]:
        return f"{where}: no context fits"
    each = "" if body["batch"] == 1 else f" for {body['batch']} users"
    users = f"{body['max_users']:,} user{'s' if body['max_users'] != 1 else ''}"
    return f"{where} at most: {body['max_context']:,} tokens{each}, or {users} of {body['context']:,} tokens"


def _term_table(found: Estimate) -> Table:
    rows: list[list[Any]] = [
        [term.name.replace("_", " "), format_bytes(term.estimate), f"{term.estimate:,}", _interval(term.low, term.high),
         term.certainty, term.formula]
        for term in found.terms
    ]  # fmt: skip
    rows.append(
        ["total", format_bytes(found.total), f"{found.total:,}", _interval(found.low, found.high), "", "90% interval"]
    )
    columns = [
        Column("Term"), Column("Size", right=True), Column("Bytes", right=True, keep=2), Column("Interval", right=True),
        Column("Certainty", keep=1), Column("How", keep=3, shrink_to=20),
    ]  # fmt: skip
    notes = ["A exact to the byte, B a few per cent, C empirical"]
    if found.host.total and found.devices:
        notes.append(f"on the host besides: {format_bytes(found.host.total)}")
    return Table(columns, rows, notes=notes)


def _interval(low: int, high: int) -> str:
    return "exact" if low == high else f"{format_bytes(low)} - {format_bytes(high)}"


def _device_lines(found: Estimate) -> Lines:
    lines = []
    for device in found.devices:
        cells = {name: round(BAR_CELLS * getattr(device, name) / max(device.usable, device.total)) for name in _SIGNS}
        drawn = "".join(sign * cells[name] for name, sign in _SIGNS.items())
        lines.append(f"{device.name}: {bar(device.total, device.usable)}")
        lines.append(f"  [{drawn:<{BAR_CELLS}}]")
    if found.devices:
        lines.append("   █ weights ▓ KV cache ▒ compute ░ runtime")
    else:
        lines.append(f"host memory: {format_bytes(found.host.total)}")
    return Lines(lines)


def _change_table(changes: Sequence[Mapping[str, Any]]) -> Table:
    rows = [
        [row["change"], format_bytes(row["total"]), format_bytes(row["saves"]), f"{row['saves']:,}"] for row in changes
    ]
    columns = [
        Column("Instead"),
        Column("Total", right=True),
        Column("Saves", right=True),
        Column("Bytes", right=True, keep=1),
    ]
    return Table(columns, rows, title="What would make it smaller")
