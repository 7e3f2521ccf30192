"""Checks across records: references, names, sources, dates. Each check yields located problems."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from llmpick.catalog import number_rules, provenance_rules
from llmpick.catalog.catalog import fold
from llmpick.catalog.loader import CatalogData, ModelSource, at
from llmpick.catalog.yaml_door import Problem

Check = Callable[[CatalogData], Iterator[Problem]]
SOURCED = (
    "release_date", "licence", "published_parameters", "config", "training", "languages", "checkpoint_parameters",
    "native_format", "context_length", "chinese_support", "tokenizer", "position_encoding", "normalization", "activation",
    "attention",
)  # fmt: skip
"""Facts that must name a source. Names, repositories and lineage are checked by whoever opens the link they are."""
FIRST_YEAR = 2017
_ID = re.compile(r"[a-z0-9][a-z0-9.-]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_FREEDOM = {"yes": 2, "conditional": 1, "no": 0}


def problems(data: CatalogData) -> list[Problem]:
    """Everything that the cross-record rules find."""
    return [problem for check in CHECKS for problem in check(data)]


def references(data: CatalogData) -> Iterator[Problem]:
    """Licences, originals and native formats exist; lineage has no cycle."""
    for model_id, source in data.models.items():
        if source.data.get("licence") not in data.licences:
            yield at(source, ("licence",), f"{source.data.get('licence')!r} is not in licences.yaml")
        native = source.data.get("native_format")
        if native is not None and native not in data.formats["packed"]["formats"]:
            yield at(source, ("native_format",), f"{native!r} is not in formats/packed.yaml")
        base = source.data.get("derived_from")
        if base is not None and base not in data.models:
            yield at(source, ("derived_from",), f"{base!r} is not in the catalog")
        elif base is not None and _cycle(data, model_id):
            yield at(source, ("derived_from",), "lineage leads back to this model")


def claims(data: CatalogData) -> Iterator[Problem]:
    """A claim names an article that surveys.yaml lists."""
    for source in data.models.values():
        for position, claim in enumerate(source.data.get("claims") or []):
            if claim["article"] not in data.surveys:
                yield at(source, ("claims", position, "article"), f"{claim['article']!r} is not in surveys.yaml")


def _cycle(data: CatalogData, model_id: str) -> bool:
    seen, current = {model_id}, data.models[model_id].data.get("derived_from")
    while current in data.models:
        if current in seen:
            return True
        seen.add(current)
        current = data.models[current].data.get("derived_from")
    return False


def licences(data: CatalogData) -> Iterator[Problem]:
    """What others derive from a model cannot be freer than it; its own makers may change their terms."""
    for source in data.models.values():
        base = data.models.get(source.data.get("derived_from", ""))
        if base is None or base.data.get("organization") == source.data.get("organization"):
            continue
        own, inherited = (_freedom(data, each) for each in (source, base))
        if own is not None and inherited is not None and own > inherited:
            message = f"freer for commerce than {base.data['licence']!r} of {source.data['derived_from']}"
            yield at(source, ("licence",), message)


def _freedom(data: CatalogData, source: ModelSource) -> int | None:
    licence = data.licences.get(source.data.get("licence", "")) or {}
    return _FREEDOM.get(licence.get("commercial_use", "unknown"))


def sources(data: CatalogData) -> Iterator[Problem]:
    """Every fact that must have a source has one, and no source speaks of an absent fact."""
    for source in data.models.values():
        named = source.data.get("sources") or {}
        for fact in SOURCED:
            if fact in source.data and not named.get(fact):
                yield at(source, (fact,), "no source: add it under sources")
        for fact in named:
            if fact not in source.data and fact not in source.data.get("config", {}):
                yield at(source, ("sources", fact), "a source for a fact that the record does not state")


def names(data: CatalogData) -> Iterator[Problem]:
    """Ids are file names that anyone can type; an alias or a repository leads to one model, however it is spelled."""
    owners: dict[str, str] = {fold(model_id): model_id for model_id in data.models}
    for model_id, source in data.models.items():
        if not _ID.fullmatch(model_id):
            yield at(source, (), f"{model_id!r}: an id is lower-case letters, digits, dots and hyphens")
        for key in ("aliases", "repositories"):
            for position, name in enumerate(source.data.get(key) or []):
                owner = owners.setdefault(fold(name), model_id)
                if owner != model_id:
                    yield at(source, (key, position), f"{name!r} already means {owner}")


def dates(data: CatalogData) -> Iterator[Problem]:
    """Dates exist, are of this field's time, and a model was not read about before it was released."""
    for source in data.models.values():
        release = source.data.get("release_date")
        if release is not None and not _exists(release):
            yield at(source, ("release_date",), f"{release!r} is no date since {FIRST_YEAR}")
            continue
        for fact, rows in (source.data.get("sources") or {}).items():
            for position, row in enumerate(rows):
                read, path = row.get("date"), ("sources", fact, position, "date")
                if read is not None and not _exists(read):
                    yield at(source, path, f"{read!r} is no date since {FIRST_YEAR}")
                elif read is not None and release is not None and read < release[: len(read)]:
                    yield at(source, path, f"read on {read}, before the release on {release}")


def _exists(text: str) -> bool:
    year, month, day = (*map(int, text.split("-")), 1, 1)[:3]
    try:
        return date(year, month, day).year >= FIRST_YEAR
    except ValueError:
        return False


def closed(data: CatalogData) -> Iterator[Problem]:
    """A closed model is a reference point: nobody can download it."""
    for source in data.models.values():
        if source.data.get("weights") != "closed":
            continue
        for key in ("repositories", "checkpoint_parameters", "variants"):
            if key in source.data:
                yield at(source, (key,), "a model with closed weights has none")


def printable(data: CatalogData) -> Iterator[Problem]:
    """No text can move the cursor or change the colours of a terminal."""
    for source in data.models.values():
        for path, text in _texts(source.data, ()):
            if _CONTROL.search(text):
                yield at(source, path, f"control characters in {text!r}"[:200])


def _texts(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key), key
            yield from _texts(item, (*path, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _texts(item, (*path, position))


CHECKS: tuple[Check, ...] = (
    references, claims, licences, sources, names, dates, closed, printable,
    provenance_rules.well_formed, provenance_rules.lineage,
    number_rules.shapes, number_rules.benchmarks, number_rules.counts,
)  # fmt: skip
