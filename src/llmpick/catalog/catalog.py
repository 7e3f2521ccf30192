"""The `Catalog`: names resolved, records by id, tables by name. Opened once and passed around."""

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from llmpick.catalog import snapshot
from llmpick.catalog.hydrate import hydrate
from llmpick.catalog.location import catalog_directories
from llmpick.catalog.records import Licence, ModelRecord
from llmpick.errors import UnknownName

CODE_VERSION = "0.1.0"
_LIGHT_FIELDS = ("name", "organization", "weights", "release_date", "context_length", "licence", "languages",
                 "chinese_support", "derived_from", "variants", "attention", "published_parameters")  # fmt: skip


def open_catalog(override: str | None = None) -> "Catalog":
    """The catalog of this installation with its overlays. Raises InvalidCatalog when a file is wrong."""
    directories = catalog_directories(override)
    return Catalog(directories, snapshot.store_for(directories, _code_version()))


def _code_version() -> str:
    """The version and, in a checkout, the age of the code: a snapshot holds what the code made of the files."""
    package = Path(__file__).resolve().parents[1]
    rooms = ("architecture", "catalog", "formats", "inventory", "readers", "fit", "runtimes")
    newest = max(entry.stat().st_mtime_ns for room in rooms for entry in os.scandir(package / room))
    return f"{CODE_VERSION} {newest}"


def fold(name: str) -> str:
    """How names are compared: case, spaces, underscores and hyphens do not matter."""
    return name.lower().replace("_", "-").replace(" ", "-")


class Catalog:
    """Models, GPUs, licences, formats and runtimes; every part is read when it is first asked for."""

    def __init__(self, directories: tuple[Path, ...], store: snapshot.Store) -> None:
        self.directories = directories
        self.store = store
        self._memory: dict[str, Any] = {}

    @cached_property
    def _index(self) -> dict[str, Any]:
        found = self.store.read("index")
        if not isinstance(found, dict):
            found = self._build()
        return found

    def _build(self) -> dict[str, Any]:
        from llmpick.catalog.loader import load

        data = load(self.directories)
        records = {model: source.data for model, source in data.models.items()}
        lines, places = snapshot.table(records)
        index: dict[str, Any] = {
            "places": places,
            "families": {model: source.family for model, source in data.models.items()},
            "names": _names(records),
            "facts": {model: {key: row[key] for key in _LIGHT_FIELDS if key in row} for model, row in records.items()},
        }
        documents = {name: getattr(data, name) for name in ("licences", "gpus", "formats", "runtimes")}
        specs, spec_places = snapshot.table(data.architectures)
        index["specs"] = spec_places
        self._memory = {**documents, "models": records, "architectures": data.architectures}
        self.store.write({**documents, "index": index}, {"models": lines, "architectures": specs})
        snapshot.forget_others(self.store)
        return index

    def _document(self, name: str) -> dict[str, Any]:
        index = self._index
        found = self._memory.get(name) or self.store.read(name)
        if found is None:
            self._index = index = self._build()
            found = self._memory[name]
        return found  # type: ignore[no-any-return]

    def _row(self, table: str, places: str, name: str) -> dict[str, Any]:
        index = self._index
        found = self._memory.get(table, {}).get(name) or self.store.read_row(table, index[places][name])
        if found is None:
            self._index = self._build()
            found = self._memory[table][name]
        return found  # type: ignore[no-any-return]

    @property
    def ids(self) -> list[str]:
        """Every model id, in the catalog's order."""
        return list(self._index["places"])

    @property
    def facts(self) -> dict[str, dict[str, Any]]:
        """The light facts of every model, for lists."""
        return self._index["facts"]  # type: ignore[no-any-return]

    @property
    def families(self) -> dict[str, str]:
        """Model id -> family."""
        return self._index["families"]  # type: ignore[no-any-return]

    def resolve(self, name: str) -> str:
        """The id behind an id, alias, display name or Hugging Face repository. Raises UnknownName with near ones."""
        found = self._index["names"].get(fold(name))
        if found is None:
            raise UnknownName.near("model", name, self.ids)
        return str(found)

    def model_data(self, model_id: str) -> dict[str, Any]:
        """One model's validated data."""
        return self._row("models", "places", model_id)

    def model(self, name: str) -> ModelRecord:
        """One model's record."""
        return hydrate(ModelRecord, self.model_data(self.resolve(name)))

    @cached_property
    def specs(self) -> Mapping[str, Mapping[str, Any]]:
        """The architecture mappings, each read when it is used."""
        return _Specs(self)

    def licence(self, licence_id: str) -> Licence | None:
        """A licence by its id."""
        found = self._document("licences").get(licence_id)
        return hydrate(Licence, found) if found else None

    @property
    def licences(self) -> dict[str, dict[str, Any]]:
        """Licence id -> data."""
        return self._document("licences")

    @property
    def gpus(self) -> dict[str, dict[str, Any]]:
        """GPU id -> data."""
        return self._document("gpus")

    @property
    def formats(self) -> dict[str, Any]:
        """File name -> content of catalog/formats."""
        return self._document("formats")

    @property
    def runtimes(self) -> dict[str, Any]:
        """File name -> content of catalog/runtimes."""
        return self._document("runtimes")


class _Specs(Mapping[str, Mapping[str, Any]]):
    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._read: dict[str, Mapping[str, Any]] = {}

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        if name not in self._read:
            if name not in self._catalog._index["specs"]:
                raise KeyError(name)
            self._read[name] = self._catalog._row("architectures", "specs", name)
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._catalog._index["specs"]

    def __iter__(self) -> Any:
        return iter(self._catalog._index["specs"])

    def __len__(self) -> int:
        return len(self._catalog._index["specs"])


def _names(records: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Folded name -> id. An id wins over an alias, an alias over a display name, that over a repository."""
    names = {fold(model): model for model in records}
    for key in ("aliases", "name", "repositories"):
        for model, row in records.items():
            values = row.get(key, [])
            for value in [values] if isinstance(values, str) else values:
                names.setdefault(fold(value), model)
                if key == "repositories":
                    names.setdefault(fold(value.split("/")[-1]), model)
    return names
