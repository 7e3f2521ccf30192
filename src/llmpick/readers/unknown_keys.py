"""Config keys that no mapping reads: which of them may change the shape, so that the config is refused.

A key speaks of the shape when a word of its name does (`shape_words` of catalog/architectures/_harmless.yaml: ``dim``,
``experts``, ``bias``, ...), or when its value is a whole number above one, a list or a mapping. What is switched off
(false, zero, empty) adds nothing, unless its words name parts that a model may have by default.
"""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from llmpick.errors import UnsupportedArchitecture
from llmpick.readers.expressions import expressions_in, names_in

_WORDS = re.compile(r"[a-z]+|[0-9]+")


def refuse_unknown_keys(
    configs: list[Mapping[str, Any]],
    spec: Mapping[str, Any],
    harmless: Mapping[str, Any],
    name: str,
    strict: bool = False,
) -> None:
    """Raise UnsupportedArchitecture naming every unknown key that may change the shape; ``strict``: every unknown key."""
    unknown = [
        key
        for key, values in unread_keys(configs, spec, harmless).items()
        if strict or any(_speaks_of_shape(key, value, harmless) for value in values)
    ]
    if unknown:
        raise UnsupportedArchitecture(
            f"{name}: unknown config {'keys' if len(unknown) > 1 else 'key'} {', '.join(map(repr, unknown))}",
            "a key that is not understood may change the shape; if it does not, remove it from the config",
        )


def unread_keys(
    configs: list[Mapping[str, Any]], spec: Mapping[str, Any], harmless: Mapping[str, Any]
) -> dict[str, list[Any]]:
    """Keys that neither the mapping nor the harmless list knows, in order, with their values; nulls say nothing."""
    known = known_keys(spec) | frozenset(harmless.get("keys", ()))
    found: dict[str, list[Any]] = {}
    for config in configs:
        for key, value in config.items():
            if value is not None and key not in known and not _listed(key, harmless):
                found.setdefault(key, []).append(value)
    return dict(sorted(found.items()))


def known_keys(spec: Mapping[str, Any]) -> frozenset[str]:
    """Config keys that a mapping reads, has a default for, or declares to be without effect on the shape."""
    read = {name.split(".")[0] for text in expressions_in(spec) for name in names_in(text)}
    nested = {spec["language_config"]} if "language_config" in spec else set()
    stated = (spec.get(part, ()) for part in ("defaults", "composes", "ignores"))
    return frozenset(read.union(nested, *stated))


def _listed(key: str, harmless: Mapping[str, Any]) -> bool:
    return key.startswith("_") or any(fnmatchcase(key, pattern) for pattern in harmless.get("patterns", ()))


def _speaks_of_shape(key: str, value: Any, harmless: Mapping[str, Any]) -> bool:
    words = set(_WORDS.findall(key.lower()))
    words |= {word.removesuffix("s") for word in words}
    if not value:
        return key not in harmless.get("when_off", ()) and bool(words & set(harmless.get("words_of_defaults", ())))
    spoken = bool(words & set(harmless.get("shape_words", ())))
    return spoken if type(value) in (bool, str, float) else spoken or value != 1
