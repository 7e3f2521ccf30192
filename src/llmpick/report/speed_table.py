"""Speeds in the table of ``llmpick fit``: two columns, notes, and with --explain the terms of the first rows."""

from collections.abc import Sequence
from typing import Any

from llmpick.fit.speed.answers import Told
from llmpick.fit.speed.decode import Speed
from llmpick.report.document import Cell, Column, Table
from llmpick.report.speed import decode_json, number, prefill_json, terms_json

Named = tuple[str, str, Speed]
"""Model, format, speed."""
EXPLAINED = 10
_TERMS = (
    ("weights", "Weights"), ("products", "Products"), ("kv_cache", "KV cache"), ("layers", "Layers"), ("host", "Host"),
    ("hops", "Between cards"), ("all_reduce", "Exchange"),
)  # fmt: skip


def fit_speed_json(told: Told, explained: bool) -> dict[str, Any]:
    """The speed's keys of one result; the terms only where they are asked for."""
    decode = decode_json(told.decode)
    if decode is not None and told.decode is not None:
        decode |= {"basis": list(told.decode.basis)} | ({"terms": terms_json(told.decode)} if explained else {})
    return {"decode_tokens_per_second": decode, "time_to_first_token": prefill_json(told.prefill)}


def speed_columns(known: Sequence[Named]) -> list[Column]:
    """Two columns where any speed is known."""
    return [Column("tok/s", right=True), Column("tok/s 90%", keep=5)] if known else []


def speed_cells(told: Told) -> list[Cell]:
    """A row's cells."""
    if told.decode is None:
        return ["-", ""]
    return [number(told.decode.estimate), f"{number(told.decode.low)}-{number(told.decode.high)}"]


def speed_notes(known: Sequence[Named]) -> list[str]:
    """What the figures are and rest on."""
    if not known:
        return []
    bases = list(dict.fromkeys(text for *_, speed in known for text in speed.basis))
    each = " for each user" if known[0][2].sequences > 1 else ""
    return [f"tok/s: decoding{each}, half of the context used; rests on {'; '.join(bases)}"]


def speed_terms(known: Sequence[Named]) -> list[Table]:
    """Every term of the first rows, in milliseconds."""
    if not known:
        return []
    first = known[:EXPLAINED]
    present = [(key, title) for key, title in _TERMS if any(_milliseconds(speed, key) for *_, speed in first)]
    rows = [
        [model, name, *(f"{_milliseconds(speed, key):.2f}" for key, _ in present), f"{1e3 / speed.estimate:.2f}",
         number(speed.estimate), number(speed.ceiling)] for model, name, speed in first
    ]  # fmt: skip
    columns = [Column("Model"), Column("Format", keep=1), *(Column(title, right=True) for _, title in present),
               Column("Step", right=True), Column("tok/s", right=True), Column("At peak", right=True, keep=2)]  # fmt: skip
    note = "llmpick memory MODEL --gpu ... --explain shows how each is computed"
    return [Table(columns, rows, title="One step in milliseconds", notes=[note])]


def _milliseconds(speed: Speed, key: str) -> float:
    return 1e3 * sum(term.estimate for term in speed.terms if term.name == key)
