"""YAML with the place of every value, so that an error can say ``file:line:column: field: message``.

Nothing is constructed from tags; anchors are refused (a few lines of them can stand for gigabytes). All errors of a
file are collected before one is raised.
"""

from typing import Any

from llmpick.errors import InvalidFile
from llmpick.units import parse_bytes

MAX_BYTES = 2**20
_MOST_MEMBERS = 4096
_DEEPEST = 20
_COLLECTIONS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


class Located:
    """A value (``dict`` and ``list`` hold Located members), its field's path and its place in the file."""

    __slots__ = ("errors", "field", "place", "value")

    def __init__(self, value: Any, field: str, place: str, errors: list[str]) -> None:
        self.value, self.field, self.place, self.errors = value, field, place, errors

    def wrong(self, message: str) -> None:
        """Note an error here."""
        self.errors.append(f"{self.place}: {self.field + ': ' if self.field else ''}{message}")

    def members(self) -> "dict[str, Located]":
        """The members of a mapping; null members are left out, as null says nothing."""
        if not isinstance(self.value, dict):
            self.wrong("expected a mapping")
            return {}
        return {key: member for key, member in self.value.items() if member.value is not None}

    def entries(self) -> "list[Located]":
        """The entries of a list."""
        if isinstance(self.value, list):
            return self.value
        self.wrong("expected a list")
        return []

    def known(self, names: "tuple[str, ...]") -> "dict[str, Located]":
        """The members, each of which must have one of ``names``; others are errors with the nearest name."""
        members = self.members()
        for key in [key for key in members if key not in names]:
            from difflib import get_close_matches

            near = get_close_matches(key, names, n=1)
            member = members.pop(key)
            member.wrong(
                f"unknown key; did you mean {near[0]}?" if near else f"unknown key; known are {', '.join(names)}"
            )
        return members

    def text(self) -> str | None:
        """A text without control characters."""
        if isinstance(self.value, str) and self.value.isprintable() and 0 < len(self.value) <= 500:
            return self.value
        self.wrong("expected a text of up to 500 printable characters")
        return None

    def integer(self, least: int, most: int) -> int | None:
        """A whole number in bounds."""
        if isinstance(self.value, int) and not isinstance(self.value, bool) and least <= self.value <= most:
            return self.value
        self.wrong(f"expected a whole number from {least} to {most}")
        return None

    def boolean(self) -> bool | None:
        """True or false."""
        if isinstance(self.value, bool):
            return self.value
        self.wrong("expected true or false")
        return None

    def size(self, most: int = 2**50) -> int | None:
        """Bytes: a whole number, or ``24GiB``."""
        if isinstance(self.value, str):
            try:
                amount = parse_bytes(self.value) if len(self.value) < 40 else -1
            except (ValueError, OverflowError):
                amount = -1
        else:
            amount = self.value if isinstance(self.value, int) and not isinstance(self.value, bool) else -1
        if 0 <= amount <= most:
            return amount
        self.wrong("expected bytes, as a whole number or such as 24GiB")
        return None


def compose(data: bytes, where: str) -> Located:
    """The document in ``data``. Raises InvalidFile where it is not YAML of plain values."""
    import yaml

    if len(data) > MAX_BYTES:
        raise InvalidFile(f"{where}: larger than {MAX_BYTES // 2**20} MiB")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        refuse_hostile(yaml, data, loader, where)
        node = yaml.compose(data, Loader=loader)
        if node is None:
            raise InvalidFile(f"{where}: the file is empty")
        root = _located(node, "", where, [], yaml)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{where}:{mark.line + 1}:{mark.column + 1}" if mark is not None else where
        raise InvalidFile(f"{place}: not YAML: {error.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InvalidFile(f"{where}: not YAML: {str(error).splitlines()[0]}") from None
    if root.errors:
        raise InvalidFile("\n".join(root.errors))
    return root


def refuse_hostile(yaml: Any, data: bytes, loader: Any, where: str) -> None:
    """Refuse what composing would choke on: the C loader crashes on deep nesting, and aliases multiply."""
    depth = 0
    for event in yaml.parse(data, Loader=loader):
        place = f"{where}:{event.start_mark.line + 1}:{event.start_mark.column + 1}"
        if isinstance(event, yaml.AliasEvent):
            raise InvalidFile(f"{place}: aliases are not allowed")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise InvalidFile(f"{place}: nested more than {_DEEPEST} deep")


def _located(node: Any, field: str, where: str, errors: list[str], yaml: Any) -> Located:
    place = f"{where}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"
    located = Located(None, field, place, errors)
    if len(errors) > _MOST_MEMBERS or (isinstance(node.value, list) and len(node.value) > _MOST_MEMBERS):
        located.wrong(f"more than {_MOST_MEMBERS} members")
    elif node.tag not in _COLLECTIONS and not isinstance(node, yaml.ScalarNode):
        located.wrong("tags are not allowed")
    elif isinstance(node, yaml.MappingNode):
        located.value = _mapping(node, located, where, yaml)
    elif isinstance(node, yaml.SequenceNode):
        located.value = [
            _located(item, f"{field}[{number}]", where, errors, yaml) for number, item in enumerate(node.value)
        ]
    else:
        located.value = _scalar(node, located)
    return located


def _mapping(node: Any, owner: Located, where: str, yaml: Any) -> dict[str, Located]:
    members: dict[str, Located] = {}
    for key_node, value_node in node.value:
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
        field = f"{owner.field}.{key}" if owner.field else str(key)
        member = _located(value_node, field, where, owner.errors, yaml)
        if key is None or key in members:
            member.wrong("a key must be a text" if key is None else "this key is there twice")
        else:
            members[key] = member
    return members


def _scalar(node: Any, owner: Located) -> Any:
    """Text, whole numbers, fractions, true, false and null by YAML's own tags; anything else is refused."""
    kind = node.tag.removeprefix("tag:yaml.org,2002:")
    text = node.value
    if kind in ("str", "timestamp"):
        return text
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() in ("true", "yes", "on")
    try:
        if kind == "int" and len(text) < 40:
            return int(text)
        if kind == "float":
            return float(text)
    except ValueError:
        pass
    owner.wrong(f"not a plain value: {text[:40]!r}")
    return None
