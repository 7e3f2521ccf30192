"""The answer of ``llmpick plan``."""

from collections.abc import Sequence
from typing import Any

from llmpick.catalog.subject import Subject
from llmpick.errors import ANSWERED, NOTHING_FITS
from llmpick.fit.planning import Asked, Found, Option, worth_it
from llmpick.fit.question import length_notes
from llmpick.report.document import Cell, Column, Document, Lines, Section, Styled, Table
from llmpick.report.fitting import drawn, of_capacity
from llmpick.report.speed import decode_json, number
from llmpick.runtimes.base import memory_json


def plan_document(subject: Subject, asked: Asked, answer: Found, limit: int, hide: bool = True,
                  budget_usd: float | None = None) -> Document:  # fmt: skip
    """``answer``: every card that runs the model, in order; ``hide``: those that a cheaper one beats are not shown."""
    found, request = answer.options, asked.request
    kept = worth_it(found) if hide else list(found)
    shown = kept[:limit]
    data: dict[str, Any] = {
        "schema": 1, "command": "plan", "model": subject.to_json(), "runtime": asked.runtime, "context": request.context,
        "users": request.sequences, "count": len(found), "hidden": len(found) - len(kept),
        "min_speed": asked.least, "fastest": _json(answer.fastest) if answer.fastest and not found else None,
        "options": [_json(option) for option in shown],
    }  # fmt: skip
    return Document(
        data,
        lambda: _sections(subject, asked, answer, len(kept), shown, budget_usd),
        ANSWERED if found else NOTHING_FITS,
    )


def _json(option: Option) -> dict[str, Any]:
    return {
        "gpu": option.gpu_id, "name": option.name, "count": option.cards, "gpus": option.gpus,
        "quantization": option.format_name, "usable": option.usable_bytes, "memory": memory_json(option.estimate),
        "launch_price_usd": option.price_usd, "decode_tokens_per_second": decode_json(option.decode),
        "placement": option.estimate.placement, "why": option.why,
    }  # fmt: skip


def _sections(subject: Subject, asked: Asked, answer: Found, kept: int, shown: Sequence[Option],
              budget_usd: float | None) -> list[Section]:  # fmt: skip
    found = answer.options
    longer = [Styled(note, "dim") for note in length_notes(subject, asked.request.context)]
    head = Lines([f"{conditions(asked)}; whole on the GPUs", *longer], title=subject.name)
    if not found:
        return [head, Lines(_none(asked, answer.fastest, budget_usd))]
    columns = [
        Column("GPUs", shrink_to=40), Column("Format"), Column("Memory", keep=2), Column("GiB", right=True),
        Column("Launch price", right=True), Column("tok/s", right=True), Column("tok/s 90%", keep=2), Column("Form", keep=1),
        Column("Why", keep=3, shrink_to=18),
    ]  # fmt: skip
    note = f"{len(shown)} of {len(found)} kinds of card that hold it, cheapest first by launch price (cards only; today's prices differ)"
    if kept < len(found):
        note += f"; {len(found) - kept} that cost more and are neither larger nor faster are hidden (--all)"
    return [head, Table(columns, [_cells(option) for option in shown], notes=[note])]


def conditions(asked: Asked) -> str:
    """``vllm, 8,192 tokens of context, 4 users``."""
    users = f", {asked.request.sequences} users" if asked.request.sequences > 1 else ""
    return f"{asked.runtime}, {asked.request.context:,} tokens of context{users}"


def _none(asked: Asked, fastest: Option | None, budget_usd: float | None) -> list[str]:
    """What was tried in vain, and what comes nearest in speed."""
    money = f" for ${budget_usd:,.0f} at launch prices" if budget_usd is not None else ""
    formats = ", ".join(name for name, _ in asked.models)
    tried = "Tried: 1 to 4 cards of one kind, 8 in data centres; for some runtimes up to 4 such machines"
    if fastest is None or fastest.decode is None:
        surely = f" and surely reaches {asked.least:g} tokens per second" if asked.least else ""
        return [f"Nothing{money} holds it{surely}, in any of {formats}.", tried]
    speed = fastest.decode
    return [
        f"Nothing{money} surely reaches {asked.least:g} tokens per second, in any of {formats}.",
        f"Fastest: {fastest.title}, {fastest.format_name}: {number(speed.estimate)} "
        f"({number(speed.low)}-{number(speed.high)}) tokens per second.", tried,
    ]  # fmt: skip


def _cells(option: Option) -> list[Cell]:
    return [
        option.title, option.format_name,
        drawn(option.estimate.total, option.usable_bytes), of_capacity(option.estimate.total, option.usable_bytes),
        f"${option.price_usd:,.0f}" if option.price_usd else "unknown",
        number(option.decode.estimate) if option.decode else "-",
        f"{number(option.decode.low)}-{number(option.decode.high)}" if option.decode else "", option.form, option.why,
    ]  # fmt: skip
