"""Checks across records: references, sources, claims of size against the count. Each yields located problems."""

from collections.abc import Callable, Iterator
from typing import Any

from llmpick.catalog.loader import CatalogData, ModelSource, locate
from llmpick.catalog.yaml_door import Path_, Problem
from llmpick.errors import InvalidFile
from llmpick.inventory.decoder import inventory
from llmpick.inventory.parameters import count_parameters
from llmpick.readers.hf_config import architecture_from_config

Check = Callable[[CatalogData], Iterator[Problem]]
SOURCED = (
    "release_date",
    "licence",
    "published_parameters",
    "config",
    "training",
    "languages",
    "checkpoint_parameters",
)
"""Facts that must name a source."""
TOLERANCE = 0.08
"""A name such as 7B may differ by this much from the count before the record must say why (`exception`)."""


def problems(data: CatalogData) -> list[Problem]:
    """Everything that the cross-record rules find."""
    return [problem for check in CHECKS for problem in check(data)]


def at(source: ModelSource, path: Path_, message: str) -> Problem:
    """A problem at a key path of a model."""
    return Problem(*locate(source, path), ".".join(map(str, path)), message)


def references(data: CatalogData) -> Iterator[Problem]:
    """Licences and originals exist; lineage has no cycle."""
    for model_id, source in data.models.items():
        if source.data.get("licence") not in data.licences:
            yield at(source, ("licence",), f"{source.data.get('licence')!r} is not in licences.yaml")
        base = source.data.get("derived_from")
        if base is not None and base not in data.models:
            yield at(source, ("derived_from",), f"{base!r} is not in the catalog")
        elif base is not None and _cycle(data, model_id):
            yield at(source, ("derived_from",), "lineage leads back to this model")


def _cycle(data: CatalogData, model_id: str) -> bool:
    seen, current = {model_id}, data.models[model_id].data.get("derived_from")
    while current in data.models:
        if current in seen:
            return True
        seen.add(current)
        current = data.models[current].data.get("derived_from")
    return False


def sources(data: CatalogData) -> Iterator[Problem]:
    """Every fact that must have a source has one, and no source speaks of an absent fact."""
    for source in data.models.values():
        named = source.data.get("sources") or {}
        for fact in SOURCED:
            if fact in source.data and fact not in named:
                yield at(source, (fact,), "no source: add it under sources")
        for fact in named:
            if fact not in source.data and fact not in source.data.get("config", {}):
                yield at(source, ("sources", fact), "a source for a fact that the record does not state")


def names(data: CatalogData) -> Iterator[Problem]:
    """Aliases and repositories lead to one model."""
    owners: dict[str, str] = {model_id.lower(): model_id for model_id in data.models}
    for model_id, source in data.models.items():
        for position, alias in enumerate(source.data.get("aliases", [])):
            owner = owners.setdefault(alias.lower(), model_id)
            if owner != model_id:
                yield at(source, ("aliases", position), f"{alias!r} already means {owner}")


def counts(data: CatalogData) -> Iterator[Problem]:
    """The config can be counted, and the count explains what the makers print."""
    for source in data.models.values():
        if not isinstance(source.data.get("config"), dict):
            continue
        try:
            architecture = architecture_from_config(source.data["config"], data.architectures)
            tensors = inventory(architecture)
        except InvalidFile as error:
            yield at(source, ("config",), error.message)
            continue
        total = count_parameters(tensors, architecture.embeddings.tied).total
        yield from _published(source, total)


def _published(source: ModelSource, total: int) -> Iterator[Problem]:
    published = source.data.get("published_parameters") or {}
    value: Any = published.get("value")
    if value is None or published.get("exception"):
        return
    if abs(total / value - 1) > TOLERANCE:
        yield at(
            source, ("published_parameters", "value"), f"published {value:,}, computed {total:,}: say why (exception)"
        )


CHECKS: tuple[Check, ...] = (references, sources, names, counts)
