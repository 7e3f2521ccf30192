"""The answer of ``llmpick launch``: lines to paste, and for programs the plan behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from llmpick.catalog.catalog import Catalog
from llmpick.catalog.subject import Subject
from llmpick.errors import ANSWERED, NOTHING_FITS, UsageError
from llmpick.fit.launching.engines import GGUF_RUNTIMES, launch, publishes
from llmpick.fit.launching.planned import Launch, Planned, Weights
from llmpick.fit.placement import Placed
from llmpick.fit.question import Maker, Question, length_notes
from llmpick.fit.requests import formats_to_try
from llmpick.fit.subjects import native_of, usual_ladder, why_not_loaded
from llmpick.report.document import Column, Document, Lines, Section, Table
from llmpick.runtimes.base import memory_json

_GOOD = {"fits": 0, "tight": 1, "offload": 2, "no": 3}


def launch_document(
    question: Question, catalog: Catalog, given: Mapping[str, Any], target: str
) -> tuple[Document, list[str]]:
    """(answer, notes). ``given``: ``model``, ``repository``, ``file``, ``port``, ``force``, ``explained``, ``trusted`` and ``kept`` as
    the user said them; ``hardware``: the nodes and their cards.

    Without a format, the best of the runtime's ladder that fits; where none does, the one that comes nearest.
    """
    reason = why_not_loaded(question.subject, question.runtime, catalog.formats)
    if reason and not given["file"]:
        raise UsageError(reason, "--runtime transformers, or --gguf FILE if there is one")
    chosen, placed = _best(question, catalog, bool(given["repository"]))
    subject, found = question.subject, placed.estimate
    repository = given["repository"] or _repository(subject, catalog)
    own = chosen == native_of(subject, found.runtime, catalog.formats)  # what the model's own repository holds
    planned = Planned(
        runtime=found.runtime, model=subject.id if subject.source == "catalog" else "model",
        repository=repository, repository_given=own or bool(given["repository"]),
        file=given["file"] or (given["model"] if subject.source == "gguf" and found.runtime in GGUF_RUNTIMES else None),
        format_name=chosen, request=question.request, placement=found.placement,
        usable_bytes=tuple(device.usable_bytes for device in question.devices), port=given["port"],
        weights=_weights(question, catalog, chosen, repository, given, own), hardware=given["hardware"],
    )  # fmt: skip
    made = launch(planned, target, catalog.runtimes["launch"])
    longer = length_notes(subject, question.request.context)
    told = catalog.runtimes["launch"][found.runtime]
    engine = {key: told[key] for key in ("version", "source", "date")}
    data = {
        "schema": 1, "command": "launch", "model": subject.to_json(), "runtime": found.runtime, "quantization": chosen,
        "context": question.request.context, "users": question.request.sequences, "target": target,
        "engine": engine, "lines": list(made.lines), "flags": [flag._asdict() for flag in made.flags],
        "notes": [*longer, *made.notes], "placement": found.placement, "memory": memory_json(found),
        "verdict": placed.verdict, "why": placed.why,
    }  # fmt: skip
    code = NOTHING_FITS if placed.verdict == "no" else ANSWERED
    shown = made.lines if code == ANSWERED or given["force"] else ()
    return Document(data, lambda: _sections(shown, made, engine if given["explained"] else None), code), [
        f"{chosen}: {placed.verdict}: {placed.why}",
        *longer,
        *made.notes,
    ]


def _sections(shown: Sequence[str], made: Launch, engine: Mapping[str, Any] | None) -> list[Section]:
    sections: list[Section] = [Lines(shown)] if shown else []
    if engine is not None:
        columns = [Column("Option"), Column("Value", shrink_to=12), Column("Why", shrink_to=24)]
        source = f"options as of {engine['version']}, read {engine['date']}: {engine['source']}"
        sections.append(Table(columns, [(flag.option, flag.value, flag.why) for flag in made.flags], notes=[source]))
    return sections


def _weights(
    question: Question, catalog: Catalog, chosen: str, repository: str | None, given: Mapping[str, Any], native: bool
) -> Weights:
    """What is fetched, and what its repository asks for. A format that is made while loading is fetched in 16 bit."""
    subject, known = question.subject, catalog.runtimes["repositories"]
    made = chosen.split("-")[0] in catalog.runtimes["launch"].get(question.runtime, {}).get("quantization", ())
    fetched = "BF16" if made and not (native or given["repository"]) else chosen
    return Weights(
        download_bytes=Maker(replace(question, format_name=fetched), catalog).model(fetched).weights.tensor_bytes,
        native=native, own_code=subject.architecture.model_type in known["remote_code"]["model_types"],
        gated=repository is not None and repository.startswith(tuple(known["gated"]["prefixes"])),
        trusted=given["trusted"], kept=given["kept"],
    )  # fmt: skip


def _best(question: Question, catalog: Catalog, repository_given: bool) -> tuple[str, Placed]:
    """(format, placement). Formats that nobody is known to publish are not proposed."""
    if question.format_name or question.subject.stored is not None:
        maker = Maker(question, catalog)
        return maker.format_name, maker.placed(question)
    best: tuple[str, Placed] | None = None
    ladder = usual_ladder(question.subject, question.runtime, catalog.formats,
                          formats_to_try(None, catalog.formats, question.runtime))  # fmt: skip
    native = native_of(question.subject, question.runtime, catalog.formats)
    for name in ladder:
        if not publishes(question.runtime, name, catalog.runtimes["launch"], repository_given or name == native):
            continue
        asked = replace(question, format_name=name)
        placed = Maker(asked, catalog).placed(asked)
        if best is None or placed.verdict == best[1].verdict == "no" or _GOOD[placed.verdict] < _GOOD[best[1].verdict]:
            best = name, placed
        if placed.verdict == "fits":
            break
    assert best is not None
    return best


def _repository(subject: Subject, catalog: Catalog) -> str | None:
    """The first tuned repository of a catalog model, else its first: people who launch a model want to talk to it."""
    if subject.source != "catalog":
        return None
    known: list[str] = catalog.model_data(subject.id).get("repositories", [])
    tuned = [name for name in known if any(word in name.lower() for word in ("instruct", "chat", "-it"))]
    return next(iter([*tuned, *known]), None)
