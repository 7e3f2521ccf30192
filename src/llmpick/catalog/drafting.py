"""A model file -> the draft of a catalog record: what the file says, with its sources, and what is left to fill in.

Unknown stays absent; the two facts that a record cannot be without (organization, licence) stand as ``unknown``. What a
person has to add is listed as ``# TODO`` lines at the top of the file, where canonical formatting keeps comments.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

from llmpick.architecture.decoder import Architecture
from llmpick.catalog.canonical import model_text
from llmpick.catalog.catalog import Catalog
from llmpick.catalog.draft_words import family_of, licence_id, said_by, slug, source_of
from llmpick.catalog.number_rules import TEXT_TOLERANCE, size_in
from llmpick.errors import InvalidFile, UnknownName, UnsupportedArchitecture, UsageError
from llmpick.inventory.checkpoint import checkpoint_items, possible_items
from llmpick.inventory.decoder import inventory
from llmpick.inventory.parameters import count_parameters, total_parameters
from llmpick.readers.described import Described, describe
from llmpick.readers.hf_config import architecture_from_config, without_unread_keys
from llmpick.readers.source import open_source
from llmpick.readers.stored import ConfigSource, StoredModel, packing, stored_elements

UNKNOWN = "unknown"
_BOOKKEEPING = frozenset({
    "architectures", "auto_map", "torch_dtype", "dtype", "transformers_version", "use_cache", "initializer_range",
    "attention_dropout", "bos_token_id", "eos_token_id", "pad_token_id", "_name_or_path", "quantization_config",
    "compression_config", "quantization", "_attn_implementation_autoset", "is_encoder_decoder", "chunk_size_feed_forward",
})  # fmt: skip
"""Config keys that say how to run or load a checkpoint, not what the model is."""
_MARK = {"release_date": "the makers' date, such as 2024-05", "published_parameters": "the size that the makers print",
         "languages": "such as 'en, zh'", "tokenizer": "algorithm, library and vocab_size",
         "training": "tokens, if published", "repositories": "the Hugging Face repository",
         "variants": "base, instruct, chat, reasoning or code"}  # fmt: skip
MOST_CHOICES = 4


class Wishes(NamedTuple):
    """What the user says beyond the file."""

    model_id: str | None = None
    family: str | None = None
    repository: str | None = None
    assume: str | None = None


class Draft(NamedTuple):
    """A record that validates, and what a person still has to add to it."""

    model_id: str
    family: str
    data: dict[str, Any]
    todo: tuple[str, ...]

    @property
    def text(self) -> str:
        """The file: what is left to do on top, then the record in canonical form."""
        return model_text(self.data, "".join(f"# TODO: {line}\n" for line in self.todo))

    @property
    def place(self) -> Path:
        """The file's path inside a catalog directory."""
        return Path("models", self.family, f"{self.model_id}.yaml")


def draft_of_file(path: Path, catalog: Catalog, wishes: Wishes) -> Draft:
    """The draft for the model at ``path``.

    Raises UnknownName without such a file, UnsupportedArchitecture naming the model type or key that is not known, and
    UsageError for an id that cannot be one.
    """
    path = path.expanduser()
    if not path.exists():
        raise UnknownName(f"no file {path}", "give the path of a config.json, GGUF or safetensors file")
    opened = open_source(path)
    found = describe(opened, catalog.specs, wishes.assume)
    config = _shape_keys(without_unread_keys(_config_of(opened, catalog, wishes.assume), catalog.specs))
    if architecture_from_config(config, catalog.specs, strict=True) != found.architecture:
        raise UnsupportedArchitecture("the file's config means something else without its bookkeeping keys",
                                      "please report this config")  # fmt: skip
    said = said_by(opened, path, wishes.repository)
    data, todo = _record(opened, found, config, said, path, catalog.licences)
    model_id = wishes.model_id or slug(said["name"])
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", model_id):
        raise UsageError(f"{model_id!r} is no id", "lower-case letters, digits, dots and hyphens: --id my-model-7b")
    return Draft(model_id, wishes.family or family_of(model_id, catalog), data, tuple(todo))


def _config_of(opened: ConfigSource | StoredModel, catalog: Catalog, assume: str | None) -> dict[str, Any]:
    if opened.config is None:
        from llmpick.readers.gguf_config import config_from_gguf

        assert isinstance(opened, StoredModel)  # a config source always has one
        return config_from_gguf(opened, catalog.specs)
    return {**opened.config, "model_type": assume} if assume else dict(opened.config)


def _shape_keys(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config without nulls and without bookkeeping, nested configs too."""
    return {
        key: _shape_keys(value) if isinstance(value, Mapping) else list(value) if isinstance(value, tuple) else value
        for key, value in config.items()
        if value is not None and key not in _BOOKKEEPING
    }


def _record(opened: ConfigSource | StoredModel, found: Described, config: dict[str, Any], said: Mapping[str, Any],
            path: Path, licences: Collection[str]) -> tuple[dict[str, Any], list[str]]:  # fmt: skip
    """The record's data and what is missing in it."""
    source = source_of(opened, said["repository"], path)
    licence = licence_id(said.get("license", ""), licences)
    data: dict[str, Any] = {
        "name": said["name"], "organization": said.get("organization", UNKNOWN), "licence": licence or UNKNOWN
    }  # fmt: skip
    guess = {"date": source["date"], "confidence": "low"}
    sources = {"licence": [source if licence else {"source": "not looked up yet", **guess}]}
    todo = [] if "organization" in said else ["organization: who made it, instead of unknown"]
    if not licence:
        hint = f" (the file says {said['license']})" if "license" in said else ""
        todo.append(f"licence: an id of catalog/licences.yaml instead of unknown{hint}, with its source")
    for key, value in _facts(found.architecture, config, said):
        data[key], sources[key] = value, [source]
    if "published_parameters" in data:
        sources["published_parameters"] = [{"source": f"the name {said['name']}", **guess}]
    if said["repository"]:
        data["repositories"] = [said["repository"]]
    for key, value in _checkpoint(opened, found.architecture):
        data[key] = value
        if key == "checkpoint_parameters":
            sources[key] = [source]
        else:
            todo += [f"{key}: why the file holds other than the count"] if key == "checkpoint_note" else []
    data["sources"] = sources
    return data, [*todo, *(f"{key}: {what}" for key, what in _MARK.items() if key not in data)]


def _facts(architecture: Architecture, config: dict[str, Any], said: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "config", config
    if architecture.max_position_embeddings:
        yield "context_length", architecture.max_position_embeddings
    if "languages" in said:
        yield "languages", said["languages"]
    tensors = inventory(architecture)
    size = re.search(r"(?<![A-Za-z0-9.])\d+(?:\.\d+)?[BM](?![a-z0-9])", said["name"], re.IGNORECASE)
    printed = size_in(size[0].upper()) if size else None
    if size and printed and abs(total_parameters(tensors) / printed - 1) < TEXT_TOLERANCE:
        yield "published_parameters", {"text": size[0].upper()}


def _checkpoint(opened: ConfigSource | StoredModel, architecture: Architecture) -> Iterator[tuple[str, Any]]:
    """The elements of an unpacked safetensors checkpoint, and the items that make up its difference from the count."""
    if not isinstance(opened, StoredModel) or opened.kind == "gguf" or packing(opened):
        return
    stored = stored_elements(opened)
    yield "checkpoint_parameters", stored
    difference = stored - count_parameters(inventory(architecture), architecture.embeddings.tied).total
    if difference:
        names = _items_of(architecture, difference)
        yield ("checkpoint_stores", list(names)) if names else ("checkpoint_note", "differs from the count; see TODO")


def _items_of(architecture: Architecture, difference: int) -> tuple[str, ...]:
    """The fewest items that add up to ``difference`` exactly, those that the architecture always has first."""
    certain = checkpoint_items(architecture)
    if sum(item.elements for item in certain) == difference:
        return tuple(item.name for item in certain)
    sizes = {item.name: item.elements for item in checkpoint_items(architecture, possible_items(architecture))}
    for count in range(1, MOST_CHOICES + 1):
        for names in combinations(sizes, count):
            if sum(sizes[name] for name in names) == difference:
                return names
    return ()


def taken(draft: Draft, catalog: Catalog) -> list[str]:
    """Which of the draft's names already mean another model, in words."""
    found = []
    for name in (draft.model_id, *draft.data.get("repositories", ())):
        try:
            owner = catalog.resolve(name)
        except UnknownName:
            continue
        if owner != draft.model_id:
            found.append(f"{name!r} already means {owner}")
        elif catalog.families[owner] != draft.family:
            found.append(f"{name!r} is in the catalog, in the family {catalog.families[owner]}")
    return found


def write(draft: Draft, directory: Path, force: bool) -> Path:
    """Write the draft below a catalog directory. UsageError when the file is there, unless ``force``."""
    path = directory / draft.place
    if path.exists() and not force:
        raise UsageError(f"{path} exists", "--force overwrites it, --id gives another name")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(draft.text, encoding="utf-8")
    except OSError as error:
        raise InvalidFile(f"cannot write {path}: {error.strerror}") from None
    return path
