"""The table and the ``upgrade`` object of ``llmpick fit --upgrade``."""

from collections.abc import Sequence
from typing import Any

from llmpick.fit.ordering import Ranked
from llmpick.fit.upgrade import Gain
from llmpick.report.document import Cell, Column, Document, Section, Styled, Table

_SAID = {"new": "runs at all", "whole": "whole on the GPUs", "format": "better format", "context": "longer context",
         "speed": "faster"}  # fmt: skip


def with_upgrade(document: Document, words: str, found: Sequence[Gain], limit: int) -> Document:
    """`fit`'s answer with what the upgrade adds. ``words``: which card, added or put in place of what is there."""
    counted = {kind: sum(1 for gain in found if gain.kind == kind) for kind in _SAID}
    data: dict[str, Any] = {**document.data, "upgrade": {"change": words, "gains": counted,
                            "models": [gain.to_json() for gain in found]}}  # fmt: skip

    def sections() -> list[Section]:
        return [*document.sections(), _table(words, found[:limit], counted)]

    return document._replace(data=data, sections=sections)


def _table(words: str, shown: Sequence[Gain], counted: dict[str, int]) -> Table:
    columns = [Column("Model"), Column("Gain"), Column("Format"), Column("Max context", right=True, keep=1),
               Column("tok/s", right=True, keep=2)]  # fmt: skip
    rows: list[list[Cell]] = [
        [gain.after.candidate.profile.model_id, Styled(_SAID[gain.kind], "good"),
         _change(gain, lambda row: row.candidate.format_name), _change(gain, lambda row: f"{row.max_context:,}"),
         _change(gain, _speed)] for gain in shown
    ]  # fmt: skip
    note = ", ".join(f"{number} {_SAID[kind]}" for kind, number in counted.items() if number) or "it adds nothing"
    return Table(columns, rows, title=f"With {words}", notes=[note])


def _change(gain: Gain, text: Any) -> str:
    after: str = text(gain.after)
    before: str = "" if gain.before is None else text(gain.before)
    return after if before in ("", after) else f"{before} -> {after}"


def _speed(row: Ranked) -> str:
    return f"{row.told.decode.estimate:.0f}" if row.told.decode is not None else "-"
