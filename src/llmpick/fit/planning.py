"""The question turned round: which cards, and how many of them, run a model.

Every catalog GPU is tried alone and in twos, fours and (data-centre cards) eights; of each card, the smallest count that fits is
kept. Cheapest first by launch price; cards without a known price come last, by memory.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from llmpick.fit.placement import judge
from llmpick.hardware.described_memory import reserved_bytes, unified_usable_bytes
from llmpick.runtimes import llama_cpp
from llmpick.runtimes.base import Budget, Estimate, Request

COUNTS = {"datacenter": (1, 2, 4, 8), "desktop": (1, 2, 4), "workstation": (1, 2, 4)}
"""How many of a card one machine takes, by form; laptops and processors with graphics have one."""
MIB = 2**20


class Option(NamedTuple):
    """``count`` cards of one kind that hold the model in a format."""

    gpu_id: str
    name: str
    cards: int
    format_name: str
    estimate: Estimate
    usable_bytes: int
    price_usd: float | None
    form: str


def options(models: Sequence[tuple[str, llama_cpp.Loaded]], request: Request, gpus: Mapping[str, Mapping[str, Any]],
            data: Mapping[str, Any], forms: frozenset[str] | None = None) -> list[Option]:  # fmt: skip
    """``models``: (format, model), best first. For each card the fewest that fit, in the best format they allow."""
    found = []
    for gpu_id, row in gpus.items():
        if row.get("memory_mib") and (forms is None or row["form"] in forms):
            option = _fewest(gpu_id, row, models, request, data)
            if option is not None:
                found.append(option)
    return sorted(found, key=_order)


def _fewest(gpu_id: str, row: Mapping[str, Any], models: Sequence[tuple[str, llama_cpp.Loaded]], request: Request,
            data: Mapping[str, Any]) -> Option | None:  # fmt: skip
    usable = usable_bytes(row)
    for count in COUNTS.get(row["form"], (1,)):
        budgets = tuple(Budget(f"{row['name']} #{index + 1}", usable) for index in range(count))
        for format_name, model in models:
            if model.weights.tensor_bytes > usable * count:
                continue
            estimate = llama_cpp.estimate(model, request, budgets, data)
            if judge(estimate, None) == "fits":
                price = row.get("launch_price_usd")
                return Option(gpu_id, row["name"], count, format_name, estimate, usable * count,
                              price * count if price else None, row["form"])  # fmt: skip
    return None


def usable_bytes(row: Mapping[str, Any]) -> int:
    """What the card gives a program: measured where the catalog says so, else by the reserve rule."""
    if row.get("usable_memory_mib"):
        return int(row["usable_memory_mib"]) * MIB
    reported = row.get("reported_memory_mib") or (row["memory_mib"],)
    total = int(min(reported[0], row["memory_mib"])) * MIB
    if row["form"] == "soc" or row.get("unified_memory"):
        return unified_usable_bytes(row["vendor"], total, own_memory=False)
    return total - reserved_bytes(total)


def _order(option: Option) -> tuple[Any, ...]:
    return (option.price_usd is None, option.price_usd or 0.0, option.cards, option.usable_bytes, option.gpu_id)
