"""Architectures of the catalog's models as rows of the snapshot: reading one is ten times faster than evaluating a mapping.

A row says for every dataclass its name and the fields that differ from their defaults. The rows are written when the
counts are (`catalog.counts`), under the snapshot's key over the catalog's files and the code, so they cannot be stale.
"""

from collections.abc import Callable, Iterable
from dataclasses import MISSING, fields
from typing import Any

from llmpick.architecture import attention, decoder, feed_forward, state_space
from llmpick.architecture.decoder import Architecture
from llmpick.catalog.catalog import Catalog
from llmpick.catalog.snapshot import table

_CLASSES: dict[str, Callable[..., Any]] = {
    name: found
    for module in (attention, decoder, feed_forward, state_space)
    for name, found in vars(module).items()
    if hasattr(found, "__dataclass_fields__")
}
_NAME = "is"


def keep(catalog: Catalog, architectures: Iterable[tuple[str, Architecture]]) -> None:
    """Write the rows, model by model, and where each stands."""
    lines, places = table({model_id: row_of(architecture) for model_id, architecture in architectures})
    catalog.store.write({"built-places": places}, {"built": lines})


def kept(catalog: Catalog, model_id: str) -> Architecture | None:
    """The model's architecture as it was kept, or None."""
    place = catalog.architecture_places.get(model_id)
    row = catalog.store.read_row("built", place) if place else None
    if row is None:
        return None
    found = of_row(row)
    return found if isinstance(found, Architecture) else None


def row_of(value: Any) -> Any:
    """A dataclass of `llmpick.architecture` as plain data."""
    if isinstance(value, tuple):
        return [row_of(each) for each in value]
    if not hasattr(value, "__dataclass_fields__"):
        return value
    stated = ((field, getattr(value, field.name)) for field in fields(value))
    return {
        _NAME: type(value).__name__,
        **{field.name: row_of(found) for field, found in stated if not _default(field, found)},
    }


def of_row(row: Any) -> Any:
    """The inverse of `row_of`."""
    if isinstance(row, list):
        return tuple([of_row(each) for each in row])
    if isinstance(row, dict):
        return _CLASSES[row[_NAME]](**{key: of_row(value) for key, value in row.items() if key != _NAME})
    return row


def _default(field: Any, value: Any) -> bool:
    if field.default is not MISSING:
        return type(value) is type(field.default) and bool(value == field.default)
    return field.default_factory is not MISSING and bool(value == field.default_factory())
