"""Which cards, and how many of them, fine-tune a model: of each kind the fewest that hold the run, cheapest first."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from llmpick.architecture.decoder import Architecture
from llmpick.errors import UsageError
from llmpick.fit.planning import COUNTS, Bounds, affordable, by_price, usable_bytes
from llmpick.inventory.tensors import Tensor
from llmpick.training.estimate import estimate
from llmpick.training.limits import judge
from llmpick.training.records import Recipe, TrainingEstimate
from llmpick.training.states import Sizer

SHARDED: dict[str, dict[str, Any]] = {"full": {"zero": 3}, "lora": {"fsdp": True}, "qlora": {"fsdp": True}}
"""How several cards share a run: copies of the whole model would save nothing."""


class TrainingOption(NamedTuple):
    """``cards`` of one kind that hold the run."""

    gpu_id: str
    name: str
    cards: int
    estimate: TrainingEstimate
    usable_bytes: int
    """Of one card."""
    price_usd: float | None
    form: str
    why: str


def training_options(architecture: Architecture, tensors: Sequence[Tensor], recipe: Recipe, data: Mapping[str, Any],
                     gpus: Mapping[str, Mapping[str, Any]], packed: Sizer | None,
                     bounds: Bounds) -> list[TrainingOption]:  # fmt: skip
    """Cheapest first by launch price, then without a known price. Raises UsageError for what cannot be run."""
    found = {}
    for count in sorted({count for counts in COUNTS.values() for count in counts}):
        shared = recipe if count == 1 else replace(recipe, **SHARDED[recipe.method])
        found[count] = estimate(architecture, tensors, shared, data, gpus=count, packed=packed)
    options = []
    for gpu_id, row in gpus.items():
        if bounds.allow(row) and row["form"] not in ("soc",):
            option = _fewest(gpu_id, row, found)
            if option is not None and affordable(option, bounds.budget_usd):
                options.append(option)
    return sorted(options, key=by_price)


def _fewest(gpu_id: str, row: Mapping[str, Any], found: Mapping[int, TrainingEstimate]) -> TrainingOption | None:
    usable = usable_bytes(row)
    for count in COUNTS.get(row["form"], (1,)):
        verdict, why = judge(found[count], [usable] * count, None)
        if verdict == "fits":
            price = row.get("launch_price_usd")
            return TrainingOption(gpu_id, row["name"], count, found[count], usable, price * count if price else None,
                                  row["form"], why)  # fmt: skip
    return None


def recipe_of(method: str, sequence: int, batch: int) -> Recipe:
    """The recipe behind ``--train METHOD``: what `llmpick train` takes when nothing else is said."""
    if method not in SHARDED:
        raise UsageError(f"unknown way to train {method!r}", f"one of {', '.join(SHARDED)}")
    return Recipe(method=method, sequence=sequence, batch=batch)
