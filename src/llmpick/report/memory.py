"""The answer of ``llmpick memory``: every term, its certainty, the interval, and what would make it fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from llmpick.catalog.catalog import Catalog
from llmpick.catalog.subject import Subject
from llmpick.errors import ANSWERED, NOTHING_FITS
from llmpick.fit import layouts, placement
from llmpick.fit.layouts import place
from llmpick.fit.placement import Placed, place_llama_cpp, placed_as_it_is
from llmpick.fit.profiles import kv_types
from llmpick.fit.speed.answers import NOTHING, Speeds, Told, work_of_model
from llmpick.fit.subjects import model_in, usual_format
from llmpick.formats import canonical_name
from llmpick.formats.gguf_mix import converts
from llmpick.report.document import Column, Document, Lines, Section, Styled, Table
from llmpick.report.fitting import VERDICT_STYLES, bar
from llmpick.report.speed import speed_json, speed_lines, term_table
from llmpick.runtimes import llama_cpp
from llmpick.runtimes.base import Budget, Estimate, Model, Request, devices_json, memory_json
from llmpick.runtimes.registry import estimate, runtime_data, runtime_named
from llmpick.units import format_bytes

_SIGNS = {"weights": "█", "kv_cache": "▓", "compute": "▒", "runtime": "░"}
BAR_CELLS = 50


@dataclass(frozen=True, kw_only=True)
class Question:
    """What ``llmpick memory`` is asked. ``judged``: whether devices were named; without them nothing is judged.

    ``format_name`` None: a file's own, else what the runtime's users usually take (Q4_K_M for GGUF runtimes, 16 bit else).
    """

    subject: Subject
    runtime: str
    format_name: str | None
    request: Request
    devices: Sequence[Budget]
    judged: bool
    host_bytes: int | None
    speeds: Speeds | None = None
    """Of the devices; None where none were named."""
    explained: bool = False
    """Whether every term of a step's time is shown."""
    depth: int | None = None
    """Tokens in the context at which the speed is given (None: half of it)."""


NOWHERE = (Budget("one GPU", 2**60),)
"""A device on which everything fits: asks for the need alone."""


class Maker:
    """Estimates of one subject for one runtime; the parts that do not change are made once."""

    def __init__(self, question: Question, catalog: Catalog) -> None:
        self.runtime = runtime_named(question.runtime)
        self.subject = question.subject
        self.formats = catalog.formats
        self.data = runtime_data(self.runtime.name, catalog.runtimes, kv_types(catalog.formats))
        asked = question.format_name
        self.format_name = (
            canonical_name(asked, self.formats)
            if asked
            else usual_format(self.subject, self.runtime.name, self.formats)
        )

    def model(self, format_name: str) -> Model:
        """The subject in a format."""
        return model_in(self.subject, format_name, self.formats)

    def need(self, format_name: str, request: Request) -> Estimate:
        """What one device would have to hold."""
        return estimate(self.runtime.name, self.model(format_name), request, NOWHERE, self.data)

    def placed(self, question: Question) -> Placed:
        """The placement on the question's devices, searched for unless settings say it."""
        if not question.judged:
            return Placed("fits", self.need(self.format_name, question.request), "")
        model = self.model(self.format_name)
        if self.runtime.gguf:
            return place_llama_cpp(
                llama_cpp.load(model), question.request, question.devices, question.host_bytes, self.data,
                self.runtime.name,
            )  # fmt: skip
        placed = place(self.runtime.name, model, question.request, question.devices, question.host_bytes, self.data)
        if placed is not None:
            return placed
        found = estimate(self.runtime.name, model, question.request, question.devices, self.data)
        return placed_as_it_is(found, question.host_bytes)

    def most(self, question: Question) -> tuple[int, int]:
        """(longest context for the asked users, most users of the asked context) that fit whole, solved for."""
        model, request, limit = self.model(self.format_name), question.request, self.subject.max_context
        if self.runtime.gguf:
            where = (question.devices, question.host_bytes, self.data)
            loaded, name = llama_cpp.load(model), self.runtime.name
            longest = placement.max_context(loaded, request, *where, limit, name)
            return longest, placement.max_users(loaded, request, *where, name)
        asked = (self.runtime.name, model, request, question.devices, self.data)
        return layouts.max_context(*asked, limit), layouts.max_users(*asked)

    def told(self, question: Question, placed: Placed) -> Told:
        """How fast the placement is, where it runs at all."""
        if question.speeds is None or placed.verdict == "no":
            return NOTHING
        work = work_of_model(self.model(self.format_name), self.runtime.name)
        return question.speeds.told(work, placed.estimate, question.request, self.data["kv_types"], question.depth)


def memory_document(question: Question, catalog: Catalog, notes: Sequence[str] = ()) -> Document:
    """Every term, the interval, the verdict where devices were named, and what would make it smaller."""
    maker, subject, request = Maker(question, catalog), question.subject, question.request
    placed = maker.placed(question)
    weights, found = maker.model(maker.format_name).weights, placed.estimate
    body: dict[str, Any] = {
        "schema": 1, "command": "memory", "model": subject.to_json(), "runtime": found.runtime, "version": found.version,
        "quantization": weights.format, "context": request.context, "batch": request.sequences,
        "kv_cache_type": {"k": request.type_k, "v": request.type_v}, "memory": memory_json(found),
        **devices_json(found), "placement": found.placement,
        "terms": [term._asdict() for term in found.terms],
        "tensors": {"bytes": weights.tensor_bytes,
                    "bits_per_weight": round(8 * weights.tensor_bytes / subject.parameters.total, 4)},
    }  # fmt: skip
    told = NOTHING
    if question.judged:
        body["verdict"], body["why"] = placed.verdict, placed.why
        body["max_context"], body["max_users"] = maker.most(question)
        told = maker.told(question, placed)
        body |= speed_json(told)
    if maker.runtime.gguf and not converts(subject.architecture, maker.formats):
        notes = (*notes, f"{maker.runtime.name} has no converter for this architecture ({subject.architecture.model_type}): "
                 "the figures are what it would take; try --runtime transformers")  # fmt: skip
    if subject.generic:
        notes = (*notes, f"{subject.architecture.model_type} is no architecture that we know: caches and buffers by the "
                 "keys that all GGUF files share, windows only where the file says which layers slide")  # fmt: skip
    changes = _changes(maker, request)
    body["changes"] = changes
    code = NOTHING_FITS if question.judged and placed.verdict == "no" else ANSWERED
    return Document(body, lambda: _sections(question, placed, told, body, changes, notes), code)


def _changes(maker: Maker, request: Request) -> list[dict[str, Any]]:
    """What other choices would save, in bytes of all devices (a whole model on one device)."""
    base = maker.need(maker.format_name, request).total
    rows: list[dict[str, Any]] = []

    def offer(change: str, format_name: str, changed: Request) -> None:
        made = maker.need(format_name, changed)
        if made.total < base:
            rows.append({"change": change, "total": made.total, "saves": base - made.total})

    if request.context > 512:
        half = replace(request, context=request.context // 2)
        offer(f"context {half.context:,}", maker.format_name, half)
    for cache_type in ("q8_0", "q4_0") if maker.runtime.gguf and request.type_k == "f16" else ():
        if _quantizable(maker.subject, maker.data, cache_type):
            offer(
                f"KV cache in {cache_type}", maker.format_name, replace(request, type_k=cache_type, type_v=cache_type)
            )
    if request.sequences > 1:
        offer("one user", maker.format_name, replace(request, sequences=1))
    for name in maker.formats["ladders"]["ladders"][maker.runtime.name]:
        offer(f"weights in {name}", name, request)
    return rows


def _quantizable(subject: Subject, data: Mapping[str, Any], cache_type: str) -> bool:
    """llama.cpp refuses cache types whose blocks do not divide a row."""
    block = data["kv_types"][cache_type][0]
    return all(
        cache.num_key_value_heads * cache.key_head_dim % block == 0
        and cache.num_key_value_heads * cache.value_head_dim % block == 0
        for cache in subject.caches
    )


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
        sections.append(Lines([_most_line(body)]))
    if judged and placed.verdict != "no":
        sections.append(speed_lines(told))
        if question.explained and told.decode is not None:
            sections.append(term_table(told.decode))
    sections.append(_change_table(changes))
    if notes:
        sections.append(Lines([Styled(note, "dim") for note in notes]))
    return sections


def _most_line(body: Mapping[str, Any]) -> str:
    if not body["max_context"]:
        return "whole on the devices: no context fits"
    each = "" if body["batch"] == 1 else f" for {body['batch']} users"
    users = f"{body['max_users']:,} user{'s' if body['max_users'] != 1 else ''}"
    return (
        f"whole on the devices at most: {body['max_context']:,} tokens{each}, or {users} of {body['context']:,} tokens"
    )


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
