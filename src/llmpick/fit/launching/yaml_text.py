"""Mappings, lists and scalars as YAML in block style: enough for a manifest, without a library in a calculator."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "~", ""})


def documents(values: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The lines of several documents."""
    found: list[str] = []
    for position, value in enumerate(values):
        found += ["---"] * (position > 0) + list(_mapping(value, ""))
    return tuple(found)


def scalar(value: Any) -> str:
    """A plain word, or a quoted one where YAML would read something else into it; control signs as escapes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    text = str(value)
    if not text.isprintable():
        return '"' + "".join(_sign(sign) for sign in text) + '"'
    plain = set(text) <= _PLAIN and text.lower() not in _WORDS and (text[0].isalpha() or text[0] == "/")
    return text if plain else "'" + text.replace("'", "''") + "'"


def _sign(sign: str) -> str:
    """A sign between double quotes."""
    if sign in '"\\':
        return "\\" + sign
    return sign if sign.isprintable() else f"\\U{ord(sign):08x}"


def _mapping(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, inner in value.items():
        name = f"{indent}{scalar(key)}:"
        if isinstance(inner, Mapping):
            yield name if inner else f"{name} {{}}"
            yield from _mapping(inner, indent + "  ")
        elif isinstance(inner, (list, tuple)):
            yield name if inner else f"{name} []"
            yield from _list(inner, indent)
        else:
            yield f"{name} {scalar(inner)}"


def _list(values: Sequence[Any], indent: str) -> Iterator[str]:
    for value in values:
        if isinstance(value, Mapping) and value:
            first, *rest = _mapping(value, indent + "  ")
            yield f"{indent}- {first.strip()}"
            yield from rest
        else:
            yield f"{indent}- {'{}' if isinstance(value, Mapping) else scalar(value)}"
