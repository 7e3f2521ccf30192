"""The answer of ``llmpick memory``: every term, its certainty, the interval, and what would make it fit."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from llmpick.catalog.subject import Subject
from llmpick.errors import ANSWERED, NOTHING_FITS
from llmpick.fit.placement import Placed, place_llama_cpp
from llmpick.formats import weigh
from llmpick.report.document import Column, Document, Lines, Section, Styled, Table
from llmpick.report.fitting import VERDICT_STYLES, bar
from llmpick.runtimes import llama_cpp
from llmpick.runtimes.base import Budget, Estimate, Model, Request, devices_json, memory_json
from llmpick.units import format_bytes

_SIGNS = {"weights": "█", "kv_cache": "▓", "compute": "▒", "runtime": "░"}
BAR_CELLS = 50
SMALLER_FORMATS = ("Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q3_K_M", "Q2_K")


def loaded_subject(subject: Subject, format_name: str, formats: Mapping[str, Any]) -> llama_cpp.Loaded:
    """The model in a format as llama.cpp loads it."""
    weights = weigh(subject.architecture, subject.tensors, format_name, formats)
    return llama_cpp.load(Model(subject.architecture, subject.tensors, subject.caches, weights))


def memory_document(subject: Subject, format_name: str, request: Request, devices: Sequence[Budget], judged: bool,
                    host_bytes: int | None, data: Mapping[str, Any], formats: Mapping[str, Any],
                    notes: Sequence[str] = ()) -> Document:  # fmt: skip
    """``judged``: whether devices were named; without them the need on one device is shown and nothing is judged."""
    model = loaded_subject(subject, format_name, formats)
    if judged:
        placed = place_llama_cpp(model, request, devices, host_bytes, data)
    else:
        nowhere = (Budget("one GPU", 2**60),)
        placed = Placed("fits", llama_cpp.estimate(model, request, nowhere, data), "")
    weights, found = model.weights, placed.estimate
    body: dict[str, Any] = {
        "schema": 1, "command": "memory", "model": subject.to_json(), "runtime": found.runtime, "version": found.version,
        "quantization": weights.format, "context": request.context, "batch": request.sequences,
        "kv_cache_type": {"k": request.type_k, "v": request.type_v}, "memory": memory_json(found),
        **devices_json(found), "placement": found.placement,
        "terms": [term._asdict() for term in found.terms],
        "tensors": {"bytes": weights.tensor_bytes,
                    "bits_per_weight": round(8 * weights.tensor_bytes / subject.parameters.total, 4)},
    }  # fmt: skip
    if judged:
        body["verdict"], body["why"] = placed.verdict, placed.why
    changes = _changes(subject, model, request, found, data, formats)
    body["changes"] = changes
    code = NOTHING_FITS if judged and placed.verdict == "no" else ANSWERED
    return Document(body, lambda: _sections(subject, placed, judged, body, changes, notes), code)


def _changes(subject: Subject, model: llama_cpp.Loaded, request: Request, found: Estimate, data: Mapping[str, Any],
             formats: Mapping[str, Any]) -> list[dict[str, Any]]:  # fmt: skip
    """What other choices would save, in bytes of all devices (a whole model on one device)."""
    nowhere = (Budget("one GPU", 2**60),)
    base = llama_cpp.estimate(model, request, nowhere, data).total

    def row(change: str, made: Estimate) -> dict[str, Any]:
        return {"change": change, "total": made.total, "saves": base - made.total}

    rows = []
    if request.context > 512:
        half = replace(request, context=request.context // 2)
        rows.append(row(f"context {half.context:,}", llama_cpp.estimate(model, half, nowhere, data)))
    for cache_type in ("q8_0", "q4_0"):
        if request.type_k == "f16" and _quantizable(model, data, cache_type):
            changed = replace(request, type_k=cache_type, type_v=cache_type)
            rows.append(row(f"KV cache in {cache_type}", llama_cpp.estimate(model, changed, nowhere, data)))
    if request.sequences > 1:
        one = replace(request, sequences=1)
        rows.append(row("one user", llama_cpp.estimate(model, one, nowhere, data)))
    smaller = SMALLER_FORMATS
    for name in smaller:
        changed_model = loaded_subject(subject, name, formats)
        made = llama_cpp.estimate(changed_model, request, nowhere, data)
        if made.total < base:
            rows.append(row(f"weights in {name}", made))
    return rows


def _quantizable(model: llama_cpp.Loaded, data: Mapping[str, Any], cache_type: str) -> bool:
    """llama.cpp refuses cache types whose blocks do not divide a row."""
    block = data["kv_types"][cache_type][0]
    return all(
        cache.num_key_value_heads * cache.key_head_dim % block == 0
        and cache.num_key_value_heads * cache.value_head_dim % block == 0
        for cache in model.caches
    )


def _sections(subject: Subject, placed: Placed, judged: bool, body: Mapping[str, Any], changes: Sequence[Mapping[str, Any]],
              notes: Sequence[str]) -> list[Section]:  # fmt: skip
    found = placed.estimate
    head: list[Any] = [
        f"{body['quantization']}, {body['context']:,} tokens"
        + (f" × {body['batch']} users" if body["batch"] > 1 else "") + f", {found.runtime} {found.version}"
    ]  # fmt: skip
    if judged:
        head.append(Styled(f"{placed.verdict}: {placed.why}", VERDICT_STYLES[placed.verdict]))
    sections: list[Section] = [Lines(head, title=subject.name), _term_table(found)]
    if judged:
        sections.append(_device_lines(found))
    sections.append(_change_table(changes))
    if notes:
        sections.append(Lines([Styled(note, "dim") for note in notes]))
    return sections


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
    if found.host.total:
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
        lines.append(f"  [{drawn:<{BAR_CELLS}}]  █ weights ▓ KV cache ▒ compute ░ runtime")
    if not found.devices:
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
