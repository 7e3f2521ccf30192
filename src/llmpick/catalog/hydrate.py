"""Plain validated data -> records, without pydantic: the hot path's way from the snapshot."""

from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def hydrate(cls: type[T], data: dict[str, Any]) -> T:
    """An instance of the dataclass ``cls``; nested records and lists of them too. The data was validated before."""
    nested = _nested_records(cls)  # type: ignore[arg-type]
    return cls(**{key: _value(nested[key], value) if key in nested else value for key, value in data.items()})


def _value(cls: type, value: Any) -> Any:
    if isinstance(value, list):
        return [_value(cls, item) for item in value]
    if isinstance(value, dict):
        names = {field.name for field in fields(cls)}
        if set(value) <= names:
            return hydrate(cls, value)
        return {key: _value(cls, item) for key, item in value.items()}
    return value


@cache
def _nested_records(cls: type) -> dict[str, type]:
    hints = get_type_hints(cls)
    found = {field.name: _record_in(hints[field.name]) for field in fields(cls)}
    return {name: record for name, record in found.items() if record is not None}


def _record_in(hint: Any) -> type | None:
    if is_dataclass(hint):
        return hint if isinstance(hint, type) else None
    if get_origin(hint) in (list, dict, tuple, Union, UnionType):
        for argument in get_args(hint):
            record = _record_in(argument)
            if record is not None:
                return record
    return None
