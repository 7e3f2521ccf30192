"""The answer of ``llmpick import``: the drafted record, where it was written, and what to do next."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llmpick.catalog.drafting import Draft
from llmpick.report.document import Cell, Document, Lines, Styled


def draft_document(draft: Draft, written: Path | None, options: str, clashes: Sequence[str]) -> Document:
    """``written``: the file; None: the record itself is the answer. ``options`` is what further commands need."""
    data: dict[str, Any] = {
        "schema": 1, "command": "import", "id": draft.model_id, "family": draft.family, "place": draft.place.as_posix(),
        "written": None if written is None else str(written), "record": draft.data, "todo": list(draft.todo),
    }  # fmt: skip
    if written is None:
        return Document(data, lambda: [Lines(draft.text.splitlines())], warnings=clashes)
    return Document(data, lambda: [_written(draft, written, options)])


def _written(draft: Draft, written: Path, options: str) -> Lines:
    directory = written.parents[2]
    lines: list[Cell] = [str(written), ""]
    lines += [Styled(f"to fill in: {line}", "warn") for line in draft.todo]
    lines += ["", f"llmpick validate {directory}", f"llmpick params {draft.model_id}{options}"]
    return Lines(lines, title=f"{draft.model_id} was written")
