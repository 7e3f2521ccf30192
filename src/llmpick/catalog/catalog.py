"""The `Catalog`: names resolved, records by id, tables by name. Opened once and passed around."""

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmpick.catalog import snapshot
from llmpick.catalog.location import catalog_directories
from llmpick.errors import UnknownName

if TYPE_CHECKING:  # the records take 20 ms to define; lists do without them
    from llmpick.catalog.records import Licence, ModelRecord

CODE_VERSION = "0.1.0"
_INDEX = {"buckets", "specs"}
_LIGHT_FIELDS = ("name", "organization", "weights", "release_date", "context_length", "licence", "languages",
                 "chinese_support", "derived_from", "variants", "attention", "published_parameters")  # fmt: skip


def open_catalog(override: str | None = None) -> "Catalog":
    """The catalog of this installation with its overlays. Raises InvalidCatalog when a file is wrong."""
    directories = catalog_directories(override)
    return Catalog(directories, snapshot.store_for(directories, _code_version))


def _code_version() -> str:
    """The version and, in a checkout, the age of the code: a snapshot holds what the code made of the files."""
    package = Path(__file__).resolve().parents[1]
    rooms = ("architecture", "catalog", "formats", "inventory", "readers", "fit", "runtimes")
    newest = max(entry.stat().st_mtime_ns for room in rooms for entry in os.scandir(package / room))
    return f"{CODE_VERSION} {newest}"


def fold(name: str) -> str:
    """How names are compared: case, spaces, underscores, colons (``llama3.1:8b``) and hyphens do not matter."""
    return name.strip().lower().translate(_SEPARATORS)


_SEPARATORS = str.maketrans({"_": "-", " ": "-", ":": "-"})


class Catalog:
    """Models, GPUs, licences, formats and runtimes; every part is read when it is first asked for."""

    def __init__(self, directories: tuple[Path, ...], store: snapshot.Store) -> None:
        self.directories = directories
        self.store = store
        self._memory: dict[str, Any] = {}

    @cached_property
    def _index(self) -> dict[str, Any]:
        """Where the rows of the small tables stand: what it takes to find one record among many."""
        found = self.store.read("index")
        return found if isinstance(found, dict) and set(found) >= _INDEX else self._build()["index"]

    def _build(self) -> dict[str, Any]:
        from llmpick.catalog.loader import load

        with snapshot.working("Reading and checking the catalog, once after a change"):
            data = load(self.directories)
        records = {model: source.data for model, source in data.models.items()}
        models, places = snapshot.table(records)
        specs, spec_places = snapshot.table(data.architectures)
        known = names(records)
        buckets = snapshot.bucketed(known, places)
        bucket_rows, bucket_places = snapshot.table(buckets)
        documents: dict[str, Any] = {
            "index": {"buckets": bucket_places, "specs": spec_places},
            "names": known,
            "families": {model: source.family for model, source in data.models.items()},
            "facts": {model: {key: row[key] for key in _LIGHT_FIELDS if key in row} for model, row in records.items()},
            **{
                name: getattr(data, name)
                for name in ("licences", "gpus", "formats", "runtimes", "benchmarks", "surveys")
            },
            "speed": {name: data.speed.get(name, {}) for name in ("constants", "host")},
            "measurements": data.speed.get("measurements", {}),
        }
        self._memory = {**documents, "models": records, "architectures": data.architectures, "buckets": buckets}
        self._index = documents["index"]
        self.store.write(documents, {"models": models, "architectures": specs, "buckets": bucket_rows})
        snapshot.forget_others(self.store)
        return documents

    def _document(self, name: str) -> dict[str, Any]:
        if name not in self._memory:
            found = self.store.read(name)
            self._memory[name] = found if isinstance(found, dict) else self._build()[name]
        return self._memory[name]  # type: ignore[no-any-return]

    def _row(self, table: str, name: str, place: snapshot.Place) -> dict[str, Any]:
        rows = self._memory.setdefault(table, {})
        if name not in rows:
            found = self.store.read_row(table, place)
            if isinstance(found, dict):
                rows[name] = found
            else:
                self._build()
        return self._memory[table][name]  # type: ignore[no-any-return]

    def _bucket(self, name: str) -> dict[str, Any]:
        """The few names and places among which ``name`` is, if it is anywhere."""
        places = self._index["buckets"]
        number = snapshot.bucket_of(name, len(places))
        return self._row("buckets", number, places[number])

    @property
    def ids(self) -> list[str]:
        """Every model id, in the catalog's order."""
        return list(self._document("families"))

    @property
    def facts(self) -> dict[str, dict[str, Any]]:
        """The light facts of every model, for lists."""
        return self._document("facts")

    @property
    def families(self) -> dict[str, str]:
        """Model id -> family."""
        return self._document("families")

    def resolve(self, name: str) -> str:
        """The id behind an id, alias, display name or Hugging Face repository. Raises UnknownName with near ones."""
        found = self._bucket(fold(name))["names"].get(fold(name)) or self._resolve_run_together(fold(name))
        if found is None:
            raise UnknownName.near("model", name, [known for known in self._document("names") if "/" not in known])
        return str(found)

    def _resolve_run_together(self, name: str) -> str | None:
        """The only model whose name is ``name`` when no hyphens are written (``llama7b``)."""
        written = name.replace("-", "")
        known = {model for spelled, model in self._document("names").items() if spelled.replace("-", "") == written}
        return known.pop() if len(known) == 1 else None

    def model_data(self, model_id: str) -> dict[str, Any]:
        """One model's validated data. Raises UnknownName for what is not an id."""
        place = self._bucket(model_id)["places"].get(model_id)
        if place is None:
            raise UnknownName.near("model", model_id, self.ids)
        return self._row("models", model_id, place)

    def model(self, name: str) -> "ModelRecord":
        """One model's record."""
        from llmpick.catalog.hydrate import hydrate
        from llmpick.catalog.records import ModelRecord

        return hydrate(ModelRecord, self.model_data(self.resolve(name)))

    @cached_property
    def specs(self) -> Mapping[str, Mapping[str, Any]]:
        """The architecture mappings, each read when it is used."""
        return _Specs(self)

    @property
    def architecture_places(self) -> Mapping[str, snapshot.Place]:
        """Where the rows of `built_architectures` stand; empty until they are written."""
        if not self._memory.get("built-places"):
            self._memory["built-places"] = self.store.read("built-places") or {}
        return self._memory["built-places"]  # type: ignore[no-any-return]

    def licence(self, licence_id: str) -> "Licence | None":
        """A licence by its id."""
        from llmpick.catalog.hydrate import hydrate
        from llmpick.catalog.records import Licence

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

    @property
    def benchmarks(self) -> dict[str, Any]:
        """File name -> content of catalog/benchmarks: what benchmarks are, and boards with their scores by model id."""
        return self._document("benchmarks")

    @property
    def speed(self) -> dict[str, dict[str, Any]]:
        """``constants`` (runtime -> group of cards -> what was fitted) and ``host`` (decoding from main memory)."""
        return self._document("speed")

    @property
    def measurements(self) -> dict[str, dict[str, Any]]:
        """Key -> a source's measured speeds, in rows."""
        return self._document("measurements")

    @property
    def surveys(self) -> dict[str, dict[str, Any]]:
        """Article key of a claim -> title, publisher, date, language."""
        return self._document("surveys")


class _Specs(Mapping[str, Mapping[str, Any]]):
    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._read: dict[str, Mapping[str, Any]] = {}

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        if name not in self._read:
            place = self._catalog._index["specs"][name]
            self._read[name] = self._catalog._row("architectures", name, place)
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._catalog._index["specs"]

    def __iter__(self) -> Any:
        return iter(self._catalog._index["specs"])

    def __len__(self) -> int:
        return len(self._catalog._index["specs"])


def names(records: dict[str, dict[str, Any]]) -> dict[str, str]:
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
