"""One way to write a model's file: fixed order of keys, one line a fact where it fits, nothing that a diff need show twice.

Writing what was read gives the same text, so formatting cannot drift. Comments stand only at the top of a file (they
are kept); what needs saying about a fact goes into ``notes``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

WIDTH = 118
_PLAIN = re.compile(r"[A-Za-z0-9_./(][A-Za-z0-9_./()+%=@~^ -]*(?<! )")
_LOOKS_LIKE_DATA = re.compile(
    r"null|true|false|yes|no|on|off|y|n|~|[-+]?[0-9.][0-9._]*([eE][-+]?[0-9]+)?|0x[0-9a-f]+|0o[0-7]+"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*|\.(inf|nan)",
    re.IGNORECASE,
)
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def model_text(data: Mapping[str, Any], heading: str = "") -> str:
    """The text of a model's file or of a family's: record fields in their order, ``sources`` in the same order."""
    ordered = _ordered(data)
    if isinstance(data.get("sources"), Mapping):
        ordered["sources"] = _ordered(data["sources"])
    return heading + mapping_text(ordered)


def mapping_text(data: Mapping[str, Any]) -> str:
    """Any mapping as YAML, keys as they come."""
    return "".join(f"{line}\n" for key, value in data.items() for line in _entry(key, value, ""))


def heading_of(text: str) -> str:
    """The comment lines at the top of a file."""
    lines = text.splitlines(keepends=True)
    count = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return "".join(lines[:count])


def _ordered(data: Mapping[str, Any]) -> dict[str, Any]:
    from llmpick.catalog.records import ModelRecord

    order = [field.name for field in fields(ModelRecord)]
    known = {key: data[key] for key in order if key in data}
    return known | {key: value for key, value in data.items() if key not in known}


def _entry(key: str, value: Any, indent: str) -> Iterator[str]:
    """The lines of ``key: value``: on one line if it fits, else a block."""
    head = f"{indent}{scalar_text(key)}:"
    line = f"{head} {_flow(value)}"
    if len(line) <= WIDTH or not isinstance(value, (Mapping, list)) or not value:
        yield line
    elif isinstance(value, Mapping):
        yield head
        for name, item in value.items():
            yield from _entry(name, item, indent + "  ")
    elif any(isinstance(item, (Mapping, list)) for item in value):
        yield head
        for item in value:
            yield from _wrapped(f"{indent}- ", item)
    else:
        yield from _wrapped(f"{head} ", value, indent + "  ")


def _wrapped(head: str, value: Any, indent: str | None = None) -> Iterator[str]:
    """A flow collection broken between its items; no scalar is ever broken."""
    line = head + _flow(value)
    if len(line) <= WIDTH or not isinstance(value, (Mapping, list)):
        yield line
        return
    indent = " " * len(head) if indent is None else indent
    opening, closing = ("{", "}") if isinstance(value, Mapping) else ("[", "]")
    line = head + opening
    for position, piece in enumerate(_pieces(value)):
        last = position == len(value) - 1
        text = piece + (closing if last else ",")
        if position and len(line) + 1 + len(text) > WIDTH:
            yield line
            line = f"{indent} {text}"
        else:
            line += text if not position else f" {text}"
    yield line


def _pieces(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{scalar_text(key)}: {_flow(item)}" for key, item in value.items()]
    return [_flow(item) for item in value]


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(_pieces(value)) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_pieces(value)) + "]"
    return scalar_text(value)


def scalar_text(value: Any) -> str:
    """A scalar that reads back as itself, by YAML 1.1 readers as well as by ours; text is quoted only where needed."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float_text(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and not _LOOKS_LIKE_DATA.fullmatch(text):
        return text
    if _UNPRINTABLE.search(text):
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", escaped) + '"'
    return "'" + text.replace("'", "''") + "'"


def _float_text(value: float) -> str:
    """With a point before any exponent: YAML 1.1 reads 1e-05 as text."""
    text = repr(value)
    return text.replace("e", ".0e", 1) if "e" in text and "." not in text else text
