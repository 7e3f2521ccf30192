"""The only place that reads YAML: bounded, without surprises, and knowing where each key stands.

PyYAML's pitfalls handled here: a duplicate key silently replaces the first (rejected), ``1e-5`` is a string and
``12:30`` is 750 (YAML 1.2 numbers instead), ``no`` is False (only true and false are booleans), aliases can explode
(refused), objects can be constructed (never: plain nodes only).
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from llmpick.errors import InvalidFile

MAX_FILE_BYTES = 4 * 2**20
MAX_DEPTH = 24
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)$")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?$")
Path_ = tuple[str | int, ...]


class Problem(NamedTuple):
    """One thing wrong in one file; prints as ``file:line:col: field: message``."""

    file: str
    line: int
    column: int
    field: str
    message: str

    def __str__(self) -> str:
        field = f"{self.field}: " if self.field else ""
        return f"{self.file}:{self.line}:{self.column}: {field}{self.message}"


class Parsed(NamedTuple):
    """Plain data and the (line, column) of every key path in it."""

    data: Any
    marks: dict[Path_, tuple[int, int]]
    problems: tuple[Problem, ...]


def read_yaml(path: Path, shown_as: str | None = None) -> Parsed:
    """Parse one file; syntax errors and duplicate keys come back as problems."""
    name = shown_as or str(path)
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            return _broken(name, 1, 1, f"larger than {MAX_FILE_BYTES} bytes")
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return _broken(name, 1, 1, "not UTF-8 text")
    except OSError as error:
        raise InvalidFile(f"cannot read {name}: {error.strerror}") from None
    return parse_yaml(text, name)


def parse_yaml(text: str, name: str) -> Parsed:
    """Parse YAML text that came from the file ``name``."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        refusal = _refusal(yaml.parse(text, loader))
        if refusal:
            return _broken(name, 1, 1, refusal)
        node = yaml.compose(text, loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return _broken(name, line, column, str(getattr(error, "problem", None) or error))
    except (RecursionError, ValueError) as error:
        return _broken(name, 1, 1, f"not readable: {error}")
    builder = _Builder(name)
    data = builder.build(node, ()) if node is not None else None
    return Parsed(data, builder.marks, tuple(builder.problems))


def _refusal(events: Iterable[Any]) -> str | None:
    """What keeps the file from being composed: the C loader crashes on deep nesting, and aliases multiply."""
    depth = 0
    for event in events:
        kind = type(event).__name__
        if kind == "AliasEvent":
            return "aliases (*name) are not allowed"
        depth += kind.endswith("StartEvent") - kind.endswith("EndEvent")
        if depth > MAX_DEPTH + 2:  # the stream and the document are levels too
            return f"nested deeper than {MAX_DEPTH}"
    return None


def _broken(name: str, line: int, column: int, message: str) -> Parsed:
    return Parsed(None, {}, (Problem(name, line, column, "", message),))


class _Builder:
    """Nodes -> plain data, noting where each key stands."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.marks: dict[Path_, tuple[int, int]] = {}
        self.problems: list[Problem] = []

    def build(self, node: Any, path: Path_) -> Any:
        self.marks.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
        kind = node.id
        if kind == "mapping":
            return self._mapping(node, path)
        if kind == "sequence":
            return [self.build(child, (*path, index)) for index, child in enumerate(node.value)]
        return scalar(node.value, plain=not node.style)

    def _mapping(self, node: Any, path: Path_) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value if key_node.id == "scalar" else None
            if key is None:
                self._complain(key_node, path, "a key must be plain text")
            elif key in result:
                self._complain(key_node, (*path, key), "duplicate key")
            else:
                self.marks[*path, key] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
                result[key] = self.build(value_node, (*path, key))
        return result

    def _complain(self, node: Any, path: Path_, message: str) -> None:
        mark = node.start_mark
        field = ".".join(map(str, path))
        self.problems.append(Problem(self.name, mark.line + 1, mark.column + 1, field, message))


def scalar(text: str, plain: bool) -> Any:
    """The value of a scalar by the YAML 1.2 core schema; quoted text is text."""
    if not plain:
        return text
    if text in ("", "~", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if _INTEGER.match(text) and len(text) < 40:
        return int(text)
    number = float(text) if _FLOAT.match(text) else None
    return text if number is None or abs(number) == float("inf") else number
