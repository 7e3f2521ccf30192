"""What a command has to say, before anybody decides how it looks: data for programs, sections for people."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from llmpick.report.figure import Figure


class Styled(NamedTuple):
    """A cell with a style: ``good``, ``warn``, ``bad``, ``dim`` or ``strong``. Shown only on a colour terminal."""

    text: str
    style: str


Cell = str | Styled


class Column(NamedTuple):
    """A table column. ``keep`` is its rank when the terminal is narrow: the highest numbers are dropped first."""

    title: str
    right: bool = False
    keep: int = 0
    shrink_to: int = 0
    """Narrowest width to which text may be cut (0: never cut)."""


class Table(NamedTuple):
    """Rows under columns, with an optional title and notes."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    title: str = ""
    notes: Sequence[str] = ()


class Lines(NamedTuple):
    """Text, a line at a time."""

    lines: Sequence[Cell]
    title: str = ""


Section = Table | Lines


class Document(NamedTuple):
    """A command's answer: ``data`` is the JSON contract, ``sections`` builds what people read (only when asked)."""

    data: dict[str, Any]
    sections: Callable[[], Sequence[Section]]
    exit_code: int = 0
    warnings: Sequence[str] = ()
    figure: "Callable[[], Figure] | None" = None
    """What a picture of the answer would show; most answers have none."""
