"""Checks of numbers: shapes that can exist, counts that explain the name, benchmark rows that are possible."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from llmpick.architecture.decoder import Architecture
from llmpick.catalog.loader import CatalogData, ModelSource, at
from llmpick.catalog.yaml_door import Problem
from llmpick.errors import InvalidFile
from llmpick.inventory.checkpoint import checkpoint_items, possible_items
from llmpick.inventory.decoder import inventory
from llmpick.inventory.parameters import ParameterCount, count_parameters
from llmpick.readers.hf_config import architecture_from_config

VALUE_TOLERANCE = 0.08
"""How far an exactly published count may be from the computed one before the record must say why (`exception`)."""
TEXT_TOLERANCE = 0.12
"""How far a size in a name may be from the count with or without embeddings: names are rounded."""
CHECKPOINT_TOLERANCE = 0.06
"""How much more or less a checkpoint may hold (masks, copies of heads, scales, an MTP block) without a note."""
_SIZE = re.compile(r"(?<![A-Za-z0-9.])(E?)(\d+(?:\.\d+)?)([MBT])(\d*)(?![a-z])")
_UNITS = {"M": 10**6, "B": 10**9, "T": 10**12}


def shapes(data: CatalogData) -> Iterator[Problem]:
    """Heads, key-value heads and experts divide as they must, in every config of a model."""
    for source in data.models.values():
        for path, config in _configs(source.data.get("config"), ("config",)):
            for key, message in _shape_problems(config):
                yield at(source, (*path, key), message)


def _configs(config: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    if isinstance(config, Mapping):
        yield path, config
        for key, value in config.items():
            if key.endswith("_config"):
                yield from _configs(value, (*path, key))


def _shape_problems(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key in ("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "head_dim"):
        if key in config and not (_whole(config[key]) and config[key] > 0):
            yield key, f"must be a whole number above 0 (got {config[key]!r})"
    heads, shared = config.get("num_attention_heads"), config.get("num_key_value_heads")
    if _whole(heads) and _whole(shared) and shared > 0 and heads % shared:
        yield "num_key_value_heads", f"{heads} attention heads cannot share {shared} key-value heads"
    if _whole(heads) and heads > 0 and "head_dim" not in config and "kv_lora_rank" not in config:
        width = config.get("hidden_size")
        if _whole(width) and width % heads:
            yield "num_attention_heads", f"hidden_size {width} is no multiple of {heads} heads: state head_dim"
    used = config.get("num_experts_per_tok")
    for key in ("num_local_experts", "num_experts", "n_routed_experts"):
        if _whole(used) and _whole(config.get(key)) and used > config[key] > 0:
            yield "num_experts_per_tok", f"uses {used} of {config[key]} experts"


def _whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def counts(data: CatalogData) -> Iterator[Problem]:
    """The config can be counted, and the count explains what the makers print and what the checkpoint holds."""
    for source in data.models.values():
        if not isinstance(source.data.get("config"), dict):
            continue
        try:
            architecture = architecture_from_config(source.data["config"], data.architectures, strict=True)
            count = _count(architecture)
        except InvalidFile as error:
            yield at(source, ("config",), error.message)
            continue
        yield from _published(source, count)
        yield from _checkpoint(source, architecture, count.total)


def total_parameters(source: ModelSource, data: CatalogData) -> int:
    """The computed total. Raises InvalidFile for a config that is not understood."""
    return _count(architecture_from_config(source.data["config"], data.architectures, strict=True)).total


def _count(architecture: Architecture) -> ParameterCount:
    return count_parameters(inventory(architecture), architecture.embeddings.tied)


def _published(source: ModelSource, count: ParameterCount) -> Iterator[Problem]:
    published = source.data.get("published_parameters") or {}
    if published.get("exception"):
        return
    value, text = published.get("value"), str(published.get("text", ""))
    if value is not None and abs(count.total / value - 1) > VALUE_TOLERANCE:
        message = f"published {value:,}, computed {count.total:,}: say why (exception)"
        yield at(source, ("published_parameters", "value"), message)
    low, high = count.non_embedding * (1 - TEXT_TOLERANCE), count.total * (1 + TEXT_TOLERANCE)
    size = size_in(text)
    if size is not None and not low <= size <= high:
        message = f"{text!r} is not explained by {count.total:,} computed ({count.non_embedding:,} without embeddings)"
        yield at(source, ("published_parameters", "text"), f"{message}: say why (exception)")


def size_in(text: str) -> int | None:
    """The total in ``671B-A37B``, ``17B (Activated) 400B (Total)`` or ``1B5``; None for effective sizes (``E4B``)."""
    sizes = []
    for effective, number, unit, rest in _SIZE.findall(text):
        if effective:
            return None
        sizes.append(round(float(f"{number}.{rest}" if rest else number) * _UNITS[unit]))
    return max(sizes, default=None)


def _checkpoint(source: ModelSource, architecture: Architecture, total: int) -> Iterator[Problem]:
    """The items that the record names make up the difference, to the unit; without any, it is small or has a note."""
    stored, names = source.data.get("checkpoint_parameters"), source.data.get("checkpoint_stores") or []
    unknown = sorted(set(names) - possible_items(architecture))
    if unknown:
        message = f"{unknown[0]!r} is no item of this architecture: {', '.join(sorted(possible_items(architecture)))}"
        yield at(source, ("checkpoint_stores",), message)
    elif stored is not None and names:
        explained = total + sum(item.elements for item in checkpoint_items(architecture, names))
        if explained != stored and not source.data.get("checkpoint_note"):
            message = f"computed {total:,} with the items named are {explained:,}, the checkpoint holds {stored:,}"
            yield at(source, ("checkpoint_stores",), message)
    elif stored is not None and not source.data.get("checkpoint_note") and _far(stored, total):
        message = f"the checkpoint holds {stored:,}, computed {total:,}: say why (checkpoint_stores or checkpoint_note)"
        yield at(source, ("checkpoint_parameters",), message)


def _far(stored: int, total: int) -> bool:
    return abs(stored / total - 1) > CHECKPOINT_TOLERANCE


def benchmarks(data: CatalogData) -> Iterator[Problem]:
    """A row lies within what its reports span, names where it was read, and stands once."""
    for source in data.models.values():
        rows = source.data.get("benchmarks") or []
        for position, row in enumerate(rows):
            path = ("benchmarks", position)
            if row in rows[:position]:
                yield at(source, path, "the same row stands above")
            if row.get("low", row["value"]) > row["value"]:
                yield at(source, (*path, "low"), f"{row['low']} is above the value {row['value']}")
            if row.get("high", row["value"]) < row["value"]:
                yield at(source, (*path, "high"), f"{row['high']} is below the value {row['value']}")
            if not re.match(r"https?://\S+$|[\w.-]+/[\w.-]+[:@]\S+$|arXiv:\d{4}\.\d{5}", row["source"]):
                yield at(source, (*path, "source"), "not a URL, paper or owner/repository:path")
