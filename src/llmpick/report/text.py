"""Sections as aligned text for a terminal of a given width.

Rich is not used here: 300 rows take it 0.3 s to lay out, twice the time of the whole command (docs/performance.md).
"""

from collections.abc import Iterator, Sequence
from unicodedata import combining, east_asian_width

from llmpick.report.document import Cell, Column, Lines, Section, Styled, Table

_CODES = {"good": "32", "warn": "33", "bad": "31", "dim": "2", "strong": "1"}
_GAP = "  "


def render(sections: Sequence[Section], width: int | None, color: bool) -> str:
    """Text of all sections. ``width`` None: as wide as the content is (for pipes)."""
    blocks = ["\n".join(_section_lines(section, width, color)) for section in sections]
    return "\n\n".join(block for block in blocks if block)


def text_of(cell: Cell) -> str:
    """The bare text of a cell, without control characters (catalog and file contents are untrusted)."""
    text = cell.text if isinstance(cell, Styled) else cell
    return text if text.isprintable() else "".join(sign for sign in text if sign.isprintable())


def cell_width(text: str) -> int:
    """Terminal columns that ``text`` takes: two for wide East Asian signs, none for combining marks."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(sign) else 2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def paint(text: str, style: str, color: bool) -> str:
    """``text`` in a style, or as it is."""
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if color and style in _CODES else text


def _section_lines(section: Section, width: int | None, color: bool) -> Iterator[str]:
    if section.title:
        yield paint(section.title, "strong", color)
    if isinstance(section, Lines):
        for line in section.lines:
            yield _painted(line, text_of(line), color)
        return
    yield from _table_lines(section, width, color)
    for note in section.notes:
        yield paint(text_of(note), "dim", color)


def _painted(cell: Cell, text: str, color: bool) -> str:
    return paint(text, cell.style, color) if isinstance(cell, Styled) else text


def _table_lines(table: Table, width: int | None, color: bool) -> Iterator[str]:
    texts = [[text_of(cell) for cell in row] for row in table.rows]
    widths = [
        max([cell_width(column.title), *(cell_width(row[index]) for row in texts)])
        for index, column in enumerate(table.columns)
    ]
    shown, widths = _fit_width(table.columns, widths, width)
    yield paint(_GAP.join(_pad(_cut(table.columns[i].title, widths[i]), widths[i], table.columns[i].right) for i in shown).rstrip(),
                "dim", color)  # fmt: skip
    for row, text in zip(table.rows, texts, strict=True):
        cells = [
            _painted(row[i], _pad(_cut(text[i], widths[i]), widths[i], table.columns[i].right), color) for i in shown
        ]
        yield _GAP.join(cells).rstrip()


def _fit_width(columns: Sequence[Column], widths: list[int], width: int | None) -> tuple[list[int], list[int]]:
    """Which columns to show and how wide: cut what may be cut, then drop the least important."""
    shown = list(range(len(columns)))
    widths = list(widths)
    while width is not None and _excess(shown, widths, width) > 0:
        cuttable = [i for i in shown if columns[i].shrink_to and widths[i] > columns[i].shrink_to]
        slack = sum(widths[i] - columns[i].shrink_to for i in cuttable)
        droppable = [i for i in shown if columns[i].keep]
        if slack >= _excess(shown, widths, width) or not droppable:
            _cut_widest(columns, shown, widths, width)
            break
        shown.remove(max(droppable, key=lambda i: (columns[i].keep, i)))
    return shown, widths


def _excess(shown: list[int], widths: list[int], width: int) -> int:
    return sum(widths[i] for i in shown) + len(_GAP) * (len(shown) - 1) - width


def _cut_widest(columns: Sequence[Column], shown: list[int], widths: list[int], width: int) -> None:
    while _excess(shown, widths, width) > 0:
        cuttable = [i for i in shown if columns[i].shrink_to and widths[i] > columns[i].shrink_to]
        if not cuttable:
            return
        widths[max(cuttable, key=lambda i: widths[i])] -= 1


def _cut(text: str, width: int) -> str:
    if cell_width(text) <= width:
        return text
    kept, used = [], 0
    for sign in text:
        used += cell_width(sign)
        if used > width - 1:
            break
        kept.append(sign)
    return "".join(kept) + "…"


def _pad(text: str, width: int, right: bool) -> str:
    space = " " * (width - cell_width(text))
    return space + text if right else text + space
