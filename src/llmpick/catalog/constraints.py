"""Bounds for record fields, without the start-up cost of `annotated_types` (it takes as long to import as the catalog).

Used inside ``Annotated``; pydantic asks them for their share of the schema when it validates, nothing else looks.
"""

from typing import Any, NamedTuple


class Gt(NamedTuple):
    """Greater than."""

    bound: float

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return {**handler(source), "gt": self.bound}


class Within(NamedTuple):
    """Between two bounds, which are allowed."""

    low: float
    high: float

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return {**handler(source), "ge": self.low, "le": self.high}


class Len(NamedTuple):
    """At least ``low`` characters or items, and no more than ``high``."""

    low: int
    high: int | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        bounds = {"min_length": self.low, **({} if self.high is None else {"max_length": self.high})}
        return {**handler(source), **bounds}


class Pattern(NamedTuple):
    """Text that matches a regular expression from end to end."""

    expression: str

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return {**handler(source), "pattern": f"^(?:{self.expression})$"}
