"""What another card would add to a machine: models that newly run, better formats, longer contexts, more speed."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from llmpick.fit.ordering import Ranked
from llmpick.fit.placement import VERDICTS


class Gain(NamedTuple):
    """One model before (None: not held) and after, in `fit`'s order after the upgrade."""

    before: Ranked | None
    after: Ranked

    @property
    def kind(self) -> str:
        """``new``, ``whole`` (was tight or offloaded), ``format``, ``context`` or ``speed``; empty: nothing gained."""
        if self.before is None:
            return "new"
        was, now = self.before, self.after
        if VERDICTS.index(now.placed.verdict) < VERDICTS.index(was.placed.verdict):
            return "whole"
        if now.candidate.format_name != was.candidate.format_name:
            return "format"
        if now.max_context > was.max_context:
            return "context"
        return "speed" if _speed(now) > _speed(was) * MORE else ""

    def to_json(self) -> dict[str, Any]:
        """One row of the ``upgrade`` object."""
        return {
            "model": self.after.candidate.profile.model_id, "gain": self.kind,
            "before": None if self.before is None else _side(self.before), "after": _side(self.after),
        }  # fmt: skip


MORE = 1.05
"""Speeds nearer than this are the same: far inside their intervals."""


def gains(before: Sequence[Ranked], after: Sequence[Ranked]) -> list[Gain]:
    """Every shape that gains something; ``before`` and ``after`` are of the whole catalog, in order."""
    held = {row.candidate.profile.group: row for row in before if row.placed.verdict != "no"}
    found = [Gain(held.get(row.candidate.profile.group), row) for row in after if row.placed.verdict != "no"]
    return [gain for gain in found if gain.kind]


def _speed(row: Ranked) -> float:
    return row.told.decode.estimate if row.told.decode is not None else 0.0


def _side(row: Ranked) -> dict[str, Any]:
    return {
        "verdict": row.placed.verdict, "quantization": row.candidate.format_name, "max_context": row.max_context,
        "decode_tokens_per_second": round(_speed(row), 2) or None,
    }  # fmt: skip
