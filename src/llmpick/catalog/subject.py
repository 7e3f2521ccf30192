"""What a command is about: a catalog model or a file, with its architecture and inventory."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmpick.architecture.decoder import Architecture
from llmpick.catalog.built_architectures import kept
from llmpick.catalog.catalog import Catalog
from llmpick.catalog.hydrate import hydrate
from llmpick.catalog.records import ModelRecord
from llmpick.errors import UnknownName, UnsupportedArchitecture
from llmpick.inventory.caches import CacheLayer, cache_layers
from llmpick.inventory.checkpoint import CheckpointItem, checkpoint_items, predicting
from llmpick.inventory.decoder import inventory
from llmpick.inventory.parameters import ParameterCount, count_parameters
from llmpick.inventory.tensors import Tensor
from llmpick.readers.hf_config import architecture_from_config

if TYPE_CHECKING:  # the readers of files are loaded when there is one
    from llmpick.readers.stored import ConfigSource, StoredModel

FILE_ENDINGS = (".json", ".gguf", ".safetensors")


@dataclass(frozen=True)
class Subject:
    """A model to be counted. ``source`` is ``catalog`` or the kind of file; ``record`` only for catalog models.

    ``stored``: the tensors of a GGUF or safetensors file. ``description`` is, for a file that nothing describes, the
    error that says what is missing; its parameters are counted all the same.
    """

    id: str
    name: str
    source: str
    description: Architecture | UnsupportedArchitecture
    record: ModelRecord | None = None
    stored: "StoredModel | None" = None
    config: Mapping[str, Any] | None = None
    """Of a file: its config as it stands, where it has one."""
    generic: bool = False
    """Whether the description rests on the keys that all GGUF files share; then the weights are the listed ones."""

    @property
    def architecture(self) -> Architecture:
        """How it is built. Raises UnsupportedArchitecture naming what is missing where only tensors are known."""
        if isinstance(self.description, UnsupportedArchitecture):
            raise self.description
        return self.description

    @property
    def described(self) -> bool:
        """Whether its architecture is known."""
        return not isinstance(self.description, UnsupportedArchitecture)

    @property
    def missing(self) -> str:
        """What is missing to know how it is built, in words; empty when nothing is."""
        return self.description.message if isinstance(self.description, UnsupportedArchitecture) else ""

    @cached_property
    def tensors(self) -> tuple[Tensor, ...]:
        """Its weights, by the names and shapes of the architecture (of a file that nothing describes: as stored)."""
        known = isinstance(self.description, Architecture) and not self.generic
        return inventory(self.architecture) if known else self.counted

    @cached_property
    def counted(self) -> tuple[Tensor, ...]:
        """The weights that count as parameters: for a file the tensors it holds, else those of the architecture."""
        if self.stored is None:
            return self.tensors
        from llmpick.readers.described import listed_tensors

        known = isinstance(self.description, Architecture) and not self.generic
        return listed_tensors(self.stored, self.architecture if known else None)

    @cached_property
    def caches(self) -> tuple[CacheLayer, ...]:
        """What it keeps between tokens."""
        return cache_layers(self.architecture)

    @cached_property
    def parameters(self) -> ParameterCount:
        """Its counts."""
        return count_parameters(self.counted, self.tied)

    @cached_property
    def checkpoint(self) -> tuple[CheckpointItem, ...]:
        """What its checkpoint stores beyond the parameters: of a file as listed, of a catalog model as its record says,
        of a config what follows from it. ``parameters.total`` plus these are the checkpoint's elements."""
        if self.stored is not None:
            return _stored_items(self.stored)
        if self.record is None or self.record.checkpoint_parameters is None:
            return checkpoint_items(self.architecture)
        if self.record.checkpoint_parameters == self.parameters.total:
            return ()
        return checkpoint_items(self.architecture, self.record.checkpoint_stores)

    @property
    def checkpoint_parameters(self) -> int | None:
        """Elements that the checkpoint holds, as counted from its headers; None where nobody has counted."""
        if self.stored is not None:
            return sum(tensor.stored_elements for tensor in self.stored.tensors)
        return self.record.checkpoint_parameters if self.record else None

    @property
    def tied(self) -> bool:
        """Whether the token embedding is the output head too."""
        if isinstance(self.description, Architecture):
            return self.description.embeddings.tied
        from llmpick.readers.stored import has_output_head

        return self.stored is not None and not has_output_head(self.stored)

    @property
    def max_context(self) -> int | None:
        """The longest context that the model is made for, where known."""
        if self.record is not None and self.record.context_length:
            return self.record.context_length
        return self.architecture.max_position_embeddings

    def to_json(self) -> dict[str, Any]:
        """The ``model`` object of the JSON contract."""
        return {"id": self.id, "name": self.name, "source": self.source}


def _stored_items(stored: "StoredModel") -> tuple[CheckpointItem, ...]:
    from llmpick.readers.stored import not_counted, packing

    beyond = [CheckpointItem("not counted", why, n) for why, n in not_counted(stored).items()]
    packed = "packing: scales and indices, less weights that share a word"
    return (*beyond, *(CheckpointItem(name, packed, n) for name, n in packing(stored).items()))


def open_subject(name: str, catalog: Catalog, assume: str | None = None) -> Subject:
    """The subject behind ``MODEL|FILE``: a path is a file, anything else a catalog name.

    A plain word that the catalog knows is its model, even where a directory of that name lies.
    """
    return subject_of_file(Path(name), catalog, assume) if is_path(name, catalog) else subject_of_model(
        catalog.resolve(name), catalog
    )  # fmt: skip


def is_path(name: str, catalog: Catalog) -> bool:
    """Whether ``MODEL|FILE`` means a file: by its ending, its first characters, or because it is there."""
    path = Path(name)
    if path.suffix in FILE_ENDINGS or name.startswith(("./", "/", "../", "~")) or name in (".", ".."):
        return True
    return path.exists() and name.lower() not in catalog.facts


def subject_of_model(model_id: str, catalog: Catalog) -> Subject:
    """A catalog model by id."""
    record = hydrate(ModelRecord, catalog.model_data(model_id))
    architecture = kept(catalog, model_id)
    if architecture is None:
        architecture = predicting(architecture_from_config(record.config, catalog.specs), record.checkpoint_stores)
    return Subject(model_id, record.name, "catalog", architecture, record)


def subject_of_file(path: Path, catalog: Catalog, assume: str | None = None) -> Subject:
    """A model described by a file. Raises UnknownName without such a file, InvalidFile when it is not readable."""
    from llmpick.readers.described import describe
    from llmpick.readers.source import open_source
    from llmpick.readers.stored import ConfigSource

    path = path.expanduser()
    if not path.exists():
        raise UnknownName(
            f"no file {path}", "give a catalog model, or the path of a config.json, GGUF or safetensors file"
        )
    opened = open_source(path)
    try:
        found = describe(opened, catalog.specs, assume)
    except UnsupportedArchitecture as missing:
        if isinstance(opened, ConfigSource) or opened.config is not None:
            raise
        return Subject(*_called(opened, path), _by_shared_keys(opened, missing), stored=opened, generic=True)
    return Subject(*_called(opened, path), found.architecture, stored=found.stored, config=opened.config)


def _by_shared_keys(opened: "StoredModel", missing: UnsupportedArchitecture) -> Architecture | UnsupportedArchitecture:
    """What the keys that all GGUF files share tell of an architecture without a mapping; else why that is too little."""
    if opened.kind != "gguf":
        return missing
    from llmpick.readers.gguf_generic import generic_architecture

    try:
        return generic_architecture(opened)
    except UnsupportedArchitecture as why:
        return why


def _called(opened: "ConfigSource | StoredModel", path: Path) -> tuple[str, str, str]:
    """(id, name, kind of file): as the file calls itself, else as its directory is called, else the file's name."""
    kind, said = getattr(opened, "kind", "config"), None
    resolved = path.resolve()
    folder = resolved.name if resolved.is_dir() else resolved.parent.name
    if kind == "gguf":
        said, folder = getattr(opened, "metadata", {}).get("general.name"), path.stem
    elif opened.config is not None:
        said = opened.config.get("_name_or_path")
    name = said if isinstance(said, str) and said else folder or path.stem
    return name, name, kind
