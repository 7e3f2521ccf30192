"""Checks of where facts come from: sources that can be looked up, derivatives that have their originals' shape."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from llmpick.architecture.decoder import Architecture
from llmpick.catalog.loader import CatalogData, ModelSource, at
from llmpick.catalog.yaml_door import Problem
from llmpick.errors import InvalidFile
from llmpick.inventory.decoder import inventory
from llmpick.readers.hf_config import architecture_from_config

_LOCATED = re.compile(r"https?://|arXiv:|[\w.-]+/[\w.-]+|config$|as \S+$|inherits ")
_URL = re.compile(r"https?:\S*")
_PAPER = re.compile(r"arXiv:\s*(\S*)")
_NUMBER = re.compile(r"\d{4}\.\d{4,5}")


def well_formed(data: CatalogData) -> Iterator[Problem]:
    """A source is dated and can be looked up (address, paper, repository, another fact), or is of low confidence."""
    for source in data.models.values():
        for fact, rows in (source.data.get("sources") or {}).items():
            for position, row in enumerate(rows):
                path = ("sources", fact, position)
                if "date" not in row:
                    yield at(source, path, "no date: when was it read?")
                message = _fault(row["source"], row.get("confidence") == "low", data)
                if message:
                    yield at(source, (*path, "source"), message)


def _fault(text: str, low: bool, data: CatalogData) -> str | None:
    for url in _URL.findall(text):
        parts = urlsplit(url)
        if not url.startswith(("http://", "https://")) or "." not in parts.netloc:
            return f"{url!r} is no web address"
    for paper in _PAPER.findall(text):
        if not _NUMBER.match(paper):
            return f"'arXiv:{paper}' is no paper's number"
    named = re.fullmatch(r"as ([a-z0-9][a-z0-9.-]*)", text)
    if named and named[1] not in data.models:
        return f"{named[1]!r} is not in the catalog"
    if not low and not _LOCATED.search(text):
        return "names nothing to look up (address, paper, owner/repository): find it, or say confidence: low"
    return None


def lineage(data: CatalogData) -> Iterator[Problem]:
    """A derivative has its original's layers, or says what was changed (``derivation``)."""
    for source in data.models.values():
        base = data.models.get(source.data.get("derived_from", ""))
        if "derivation" in source.data and base is None:
            yield at(source, ("derivation",), "a change of shape, but no derived_from")
        if base is None or "derivation" in source.data:
            continue
        own, inherited = (_layers(each, data) for each in (source, base))
        if own and inherited and own != inherited:
            message = f"other layers than {source.data['derived_from']}: say what was changed (derivation)"
            yield at(source, ("derived_from",), message)


def _layers(source: ModelSource, data: CatalogData) -> set[tuple[str, tuple[int, ...], int]]:
    """The weights without embeddings (a derivative may add tokens) and towers; empty for what cannot be counted."""
    try:
        architecture: Architecture = architecture_from_config(source.data["config"], data.architectures)
    except InvalidFile:
        return set()  # reported by the rule on counts
    outside = ("embedding", "output_head", "vision", "projector", "audio")
    return {
        (tensor.role, tensor.shape, tensor.number)
        for tensor in inventory(architecture)
        if not any(word in tensor.role for word in outside)
    }
