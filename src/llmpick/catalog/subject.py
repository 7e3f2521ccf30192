"""What a command is about: a catalog model or a file, with its architecture and inventory."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from llmpick.architecture.decoder import Architecture
from llmpick.catalog.catalog import Catalog
from llmpick.catalog.hydrate import hydrate
from llmpick.catalog.records import ModelRecord
from llmpick.errors import InvalidFile, UnknownName
from llmpick.inventory.caches import CacheLayer, cache_layers
from llmpick.inventory.decoder import inventory
from llmpick.inventory.parameters import ParameterCount, count_parameters
from llmpick.inventory.tensors import Tensor
from llmpick.readers.hf_config import architecture_from_config

MAX_CONFIG_BYTES = 8 * 2**20


@dataclass(frozen=True)
class Subject:
    """A model to be counted. ``source`` is ``catalog`` or the kind of file; ``record`` only for catalog models."""

    id: str
    name: str
    source: str
    architecture: Architecture
    record: ModelRecord | None = None

    @cached_property
    def tensors(self) -> tuple[Tensor, ...]:
        """Its weights."""
        return inventory(self.architecture)

    @cached_property
    def caches(self) -> tuple[CacheLayer, ...]:
        """What it keeps between tokens."""
        return cache_layers(self.architecture)

    @cached_property
    def parameters(self) -> ParameterCount:
        """Its counts."""
        return count_parameters(self.tensors, self.architecture.embeddings.tied)

    @property
    def max_context(self) -> int | None:
        """The longest context that the model is made for, where known."""
        if self.record is not None and self.record.context_length:
            return self.record.context_length
        return self.architecture.max_position_embeddings

    def to_json(self) -> dict[str, Any]:
        """The ``model`` object of the JSON contract."""
        return {"id": self.id, "name": self.name, "source": self.source}


def open_subject(name: str, catalog: Catalog, assume: str | None = None) -> Subject:
    """The subject behind ``MODEL|FILE``: an existing path is a file, anything else a catalog name."""
    path = Path(name)
    if path.suffix in (".json", ".gguf", ".safetensors") or path.is_dir() or name.startswith(("./", "/", "../")):
        return subject_of_file(path, catalog, assume)
    return subject_of_model(catalog.resolve(name), catalog)


def subject_of_model(model_id: str, catalog: Catalog) -> Subject:
    """A catalog model by id."""
    record = hydrate(ModelRecord, catalog.model_data(model_id))
    return Subject(model_id, record.name, "catalog", architecture_from_config(record.config, catalog.specs), record)


def subject_of_file(path: Path, catalog: Catalog, assume: str | None = None) -> Subject:
    """A model described by a file. Raises UnknownName without such a file, InvalidFile when it is not readable."""
    if path.is_dir():
        path = path / "config.json"
    if not path.exists():
        raise UnknownName(f"no file {path}", "give a catalog model or the path of a config.json")
    config = read_config(path)
    architecture = architecture_from_config(config, catalog.specs, assume)
    name = str(config.get("_name_or_path") or path.parent.resolve().name or path.stem)
    return Subject(name, name, "config", architecture)


def read_config(path: Path) -> dict[str, Any]:
    """A Hugging Face ``config.json``; bounded in size."""
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise InvalidFile(f"{path} is larger than {MAX_CONFIG_BYTES} bytes", "is it a config.json?")
        config = json.loads(path.read_bytes())
    except OSError as error:
        raise InvalidFile(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise InvalidFile(f"{path} is not JSON: {error}") from None
    if not isinstance(config, dict):
        raise InvalidFile(f"{path} is not a config: expected a mapping")
    return config
