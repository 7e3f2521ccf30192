"""Two unequal cards in one machine, where a budget asks for it: llama.cpp and Ollama share layers by what each holds.

Only cards of one vendor (one build of llama.cpp drives them) that are sold for desktops and workstations. A pair is
proposed where nothing else for as little money is as good, and where the slower card does not hold the other up.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any, NamedTuple

from llmpick.catalog.catalog import Catalog
from llmpick.fit.placement import GGUF_ESTIMATES, placed_as_it_is
from llmpick.fit.planning import Asked, Bounds, Option, by_price, usable_bytes, worth_it
from llmpick.fit.speed.answers import Speeds
from llmpick.fit.speed.devices import row_speed
from llmpick.runtimes import llama_cpp
from llmpick.runtimes.base import Budget

FORMS = frozenset({"desktop", "workstation"})
HELD_UP = 2.0
"""So much longer a token may take than if the faster card held everything."""


Load = tuple[int, str, llama_cpp.Loaded, int]
"""A format's place among those tried, its name, the model in it, and the least bytes that it takes."""


class Card(NamedTuple):
    """A card that somebody could buy: its row, what it gives a program, and its launch price."""

    gpu_id: str
    row: Mapping[str, Any]
    usable_bytes: int
    price_usd: float

    @property
    def bandwidth(self) -> float:
        """GB/s."""
        return float(self.row["bandwidth_gbs"])


def with_mixed(found: Sequence[Option], asked: Asked, catalog: Catalog, bounds: Bounds) -> list[Option]:
    """The options with the pairs of unequal cards that nothing beats, where a budget is set and the runtime shares layers."""
    if bounds.budget_usd is None or asked.runtime not in GGUF_ESTIMATES:
        return list(found)
    loads = [(quality, name, model, _least_bytes(model, asked)) for quality, (name, model) in enumerate(asked.models)
             if isinstance(model, llama_cpp.Loaded)]  # fmt: skip
    pairs = [option for pair in _pairs(catalog, bounds) for option in _of_pair(asked, loads, pair, catalog)]
    kept = worth_it(sorted([*found, *pairs], key=by_price))
    return sorted([*found, *(option for option in kept if option.beside)], key=by_price)


def _pairs(catalog: Catalog, bounds: Bounds) -> Iterator[tuple[Card, Card]]:
    """Pairs within the budget, the larger card first. Of cards with as much memory only the cheap or the fast."""
    assert bounds.budget_usd is not None
    cards = [
        Card(gpu_id, row, usable_bytes(row), float(row["launch_price_usd"]))
        for gpu_id, row in catalog.gpus.items()
        if bounds.allow(row) and row["form"] in FORMS and row.get("launch_price_usd", bounds.budget_usd) < bounds.budget_usd
    ]  # fmt: skip
    worth = [card for card in cards if not any(_beats(other, card) for other in cards if other is not card)]
    worth.sort(key=lambda card: (-card.usable_bytes, card.gpu_id))
    for larger, smaller in combinations(worth, 2):
        same = larger.row["vendor"] == smaller.row["vendor"]
        if same and larger.price_usd + smaller.price_usd <= bounds.budget_usd and not _held_up(larger, smaller):
            yield larger, smaller


def _beats(other: Card, card: Card) -> bool:
    """Whether another card of the vendor holds as much, reads as fast and costs less."""
    return (
        other.row["vendor"] == card.row["vendor"]
        and other.usable_bytes >= card.usable_bytes
        and other.bandwidth >= card.bandwidth
        and other.price_usd < card.price_usd
    )


def _held_up(larger: Card, smaller: Card) -> bool:
    """Whether reading each card's share in turn takes much longer than the faster card would take for all."""
    whole, fastest = larger.usable_bytes + smaller.usable_bytes, max(larger.bandwidth, smaller.bandwidth)
    time = sum(card.usable_bytes / whole / card.bandwidth for card in (larger, smaller))
    return time * fastest > HELD_UP


def _least_bytes(model: llama_cpp.Loaded, asked: Asked) -> int:
    """What all devices together hold at the very least: the weights but the input's table, and one cache."""
    weights = model.weights
    request = replace(asked.request, settings={})
    vendors = ("", *asked.data["base"]["vendors"])
    least = min(llama_cpp.one_device_overhead(model, request, asked.data, vendor).low for vendor in vendors)
    return weights.tensor_bytes - weights.input_embedding_bytes + least


def _of_pair(asked: Asked, loads: Sequence[Load], pair: tuple[Card, Card], catalog: Catalog) -> Iterator[Option]:
    """The pair in the best format that fits and is fast enough; nothing where none does."""
    larger, smaller = pair
    budgets = tuple(Budget(card.row["name"], card.usable_bytes, vendor=card.row["vendor"]) for card in pair)
    there = larger.usable_bytes + smaller.usable_bytes
    for quality, format_name, model, least in loads:
        if least > there:
            continue
        placed = placed_as_it_is(GGUF_ESTIMATES[asked.runtime](model, asked.request, budgets, asked.data), None)
        if placed.verdict != "fits":
            continue
        speeds = Speeds(catalog, [row_speed(card.gpu_id, card.row) for card in pair], None)
        decode = speeds.decode(asked.works[format_name], placed.estimate, asked.request, asked.data["kv_types"])
        if decode is not None and asked.fast(decode):
            yield Option(larger.gpu_id, larger.row["name"], 2, format_name, placed.estimate, there,
                         larger.price_usd + smaller.price_usd, larger.row["form"], quality,
                         f"{model.layers} layers shared by memory; {placed.why}", decode,
                         ((smaller.gpu_id, smaller.row["name"]),))  # fmt: skip
            return
