"""The answer of ``llmpick plan MODEL --train``."""

from collections.abc import Sequence
from typing import Any

from llmpick.catalog.subject import Subject
from llmpick.errors import ANSWERED, NOTHING_FITS
from llmpick.fit.training_plans import TrainingOption
from llmpick.report.document import Cell, Column, Document, Lines, Section, Table
from llmpick.report.fitting import drawn, of_capacity
from llmpick.training.records import Recipe


def training_plan_document(subject: Subject, recipe: Recipe, found: Sequence[TrainingOption], limit: int) -> Document:
    """``found``: every kind of card that holds the run, in order; the first ``limit`` are shown."""
    shown = found[:limit]
    data: dict[str, Any] = {
        "schema": 1, "command": "plan", "model": subject.to_json(),
        "train": {"method": recipe.method, "sequence": recipe.sequence, "batch": recipe.batch}, "count": len(found),
        "options": [_option_json(option) for option in shown],
    }  # fmt: skip
    return Document(data, lambda: _sections(subject, recipe, found, shown), ANSWERED if found else NOTHING_FITS)


def _option_json(option: TrainingOption) -> dict[str, Any]:
    device, used = option.estimate.fullest, option.estimate.recipe
    return {
        "gpu": option.gpu_id, "name": option.name, "count": option.cards, "usable": option.usable_bytes,
        "memory": {"total": device.total, "low": device.low, "high": device.high},
        "sharding": {"zero": used.zero, "fsdp": used.fsdp}, "launch_price_usd": option.price_usd, "why": option.why,
    }  # fmt: skip


def _sections(subject: Subject, recipe: Recipe, found: Sequence[TrainingOption],
              shown: Sequence[TrainingOption]) -> list[Section]:  # fmt: skip
    head = Lines(
        [f"{recipe.method}, {recipe.batch} × {recipe.sequence:,} tokens on each GPU; llmpick train says what it consists of"],
        title=subject.name,
    )  # fmt: skip
    if not found:
        return [head, Lines(["No machine with catalog GPUs of one kind (4 desktop or 8 data-centre cards) holds it."])]
    columns = [Column("GPUs"), Column("Memory", keep=2), Column("GiB a card", right=True), Column("Launch price", right=True),
               Column("Shared by", keep=4), Column("Form", keep=1), Column("Why", keep=3, shrink_to=18)]  # fmt: skip
    note = (
        f"{len(shown)} of {len(found)} kinds of card that hold it, cheapest first by launch price (cards only); by memory "
        "alone: whether the training libraries run on the vendor's cards is not checked (--vendor)"
    )
    return [head, Table(columns, [_cells(option) for option in shown], notes=[note])]


def _cells(option: TrainingOption) -> list[Cell]:
    total, used = option.estimate.fullest.total, option.estimate.recipe
    shared = "" if option.cards == 1 else f"ZeRO-{used.zero}" if used.zero else "FSDP"
    return [
        f"{option.cards} × {option.name}" if option.cards > 1 else option.name, drawn(total, option.usable_bytes),
        of_capacity(total, option.usable_bytes), f"${option.price_usd:,.0f}" if option.price_usd else "unknown", shared,
        option.form, option.why,
    ]  # fmt: skip
