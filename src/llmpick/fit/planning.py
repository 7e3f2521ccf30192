"""The question turned round: which cards, and how many of them, run a model.

Every catalog GPU is tried alone and in twos, fours and (data-centre cards) eights, and for runtimes that pipeline over
machines in two and four machines of eight; of each card, the smallest count that fits is kept. Cheapest first by launch
price; cards without a known price come last, by memory. Where a speed is asked for, more cards and smaller formats are
tried until the low end of its interval reaches it.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple, Protocol

from llmpick.catalog.catalog import Catalog
from llmpick.fit.layouts import PARALLEL, fitting
from llmpick.fit.placement import GGUF_ESTIMATES, Placed, placed_as_it_is
from llmpick.fit.speed.answers import Speeds
from llmpick.fit.speed.decode import Speed
from llmpick.fit.speed.devices import row_speed
from llmpick.fit.speed.work import Work
from llmpick.hardware.description import usable_of
from llmpick.runtimes import llama_cpp
from llmpick.runtimes.base import Budget, Estimate, Model, Request

COUNTS = {"datacenter": (1, 2, 4, 8), "desktop": (1, 2, 4), "workstation": (1, 2, 4)}
"""How many of a card one machine takes, by form; laptops and processors with graphics have one."""
MACHINES = (2, 4)
NODE = 8
"""GPUs in one data-centre machine."""


class Option(NamedTuple):
    """``count`` cards of one kind that hold the model in a format. ``why``: how it lies on them."""

    gpu_id: str
    name: str
    cards: int
    format_name: str
    estimate: Estimate
    usable_bytes: int
    price_usd: float | None
    form: str
    quality: int
    """Place of the format among those tried: 0 is the best."""
    why: str
    decode: Speed | None = None
    """Tokens per second where the card's speed is known."""
    beside: tuple[tuple[str, str], ...] = ()
    """(row, name) of each further card of another kind; ``cards`` counts them, too."""

    @property
    def title(self) -> str:
        """``2 × NVIDIA GeForce RTX 3090``; of unequal cards the words that both begin with once."""
        if self.beside:
            return " + ".join((self.name, *(_new_words(self.name, name) for _, name in self.beside)))
        return f"{self.cards} × {self.name}" if self.cards > 1 else self.name

    @property
    def gpus(self) -> list[dict[str, Any]]:
        """Every kind of card with its number."""
        others = [{"gpu": gpu_id, "name": name, "count": 1} for gpu_id, name in self.beside]
        return [{"gpu": self.gpu_id, "name": self.name, "count": self.cards - len(others)}, *others]


def _new_words(first: str, name: str) -> str:
    """``4060 Ti`` of ``NVIDIA GeForce RTX 4060 Ti`` after ``NVIDIA GeForce RTX 5070``."""
    words = name.split()
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first.split(), words, strict=False)))
    return " ".join(words[same:]) or name


class Bounds(NamedTuple):
    """What may be proposed: forms and vendors of cards, dollars at launch prices (None: whatever there is)."""

    forms: frozenset[str] | None = None
    vendors: frozenset[str] | None = None
    budget_usd: float | None = None

    def allow(self, row: Mapping[str, Any]) -> bool:
        """Whether a card may be proposed at all."""
        return (
            bool(row.get("memory_mib"))
            and (self.forms is None or row["form"] in self.forms)
            and (self.vendors is None or row["vendor"] in self.vendors)
        )


NO_BOUNDS = Bounds()


class Asked(NamedTuple):
    """What is to run, wherever: ``models`` as (format, model), best first; ``works``: by format.

    ``data``: the runtime's figures. ``limit``: the model's longest context (None: not known). ``least``: tokens per
    second that the low end of a speed's interval must reach.
    """

    runtime: str
    models: Sequence[tuple[str, llama_cpp.Loaded | Model]]
    works: Mapping[str, Work]
    request: Request
    data: Mapping[str, Any]
    limit: int | None = None
    least: float | None = None

    def fast(self, speed: Speed | None) -> bool:
        """Whether a speed is enough."""
        return self.least is None or (speed is not None and speed.low >= self.least)


class Found(NamedTuple):
    """``options`` in order; ``fastest`` of what holds the model, where a speed was asked for that nothing reaches."""

    options: list[Option]
    fastest: Option | None = None


def options(asked: Asked, catalog: Catalog, bounds: Bounds = NO_BOUNDS) -> Found:
    """For each card the fewest that fit and are fast enough, in the best format they allow."""
    found, slow = [], []
    for gpu_id, row in catalog.gpus.items():
        if bounds.allow(row) and (asked.runtime != "mlx" or row["vendor"] == "apple"):
            for option in _of_card(asked, gpu_id, row, catalog, bounds.budget_usd):
                if asked.fast(option.decode):
                    found.append(option)
                    break
                slow.append(option)
    timed = [(option.decode.low, option) for option in slow if option.decode is not None]
    fastest = max(timed, key=lambda pair: pair[0], default=(0.0, None))[1]
    return Found(sorted(found, key=by_price), None if found else fastest)


def worth_it(found: Sequence[Option]) -> list[Option]:
    """Those that no cheaper (or as cheap) one beats or equals in format and memory; unknown prices stay."""
    kept: list[Option] = []
    for option in found:
        if option.price_usd is None or not any(
            other.quality <= option.quality
            and other.usable_bytes >= option.usable_bytes
            and other.cards <= option.cards
            and _as_fast(other, option)
            for other in kept
        ):
            kept.append(option)
    return kept


def _as_fast(other: Option, option: Option) -> bool:
    """Whether nothing shows that ``option`` is faster."""
    return option.decode is None or (other.decode is not None and other.decode.estimate >= option.decode.estimate)


class Priced(Protocol):
    """What options are ordered by."""

    @property
    def gpu_id(self) -> str:
        """Its row of the GPU catalog."""
        ...

    @property
    def cards(self) -> int:
        """How many."""
        ...

    @property
    def usable_bytes(self) -> int:
        """What they give."""
        ...

    @property
    def price_usd(self) -> float | None:
        """All of them at launch; None: not known."""
        ...


def affordable(option: Priced, budget_usd: float | None) -> bool:
    """Whether its launch price is known and within the budget, or there is none."""
    return budget_usd is None or (option.price_usd is not None and option.price_usd <= budget_usd)


def _of_card(asked: Asked, gpu_id: str, row: Mapping[str, Any], catalog: Catalog,
             budget_usd: float | None) -> Iterator[Option]:  # fmt: skip
    """Every way in which cards of one kind hold the model for the money: fewest cards first, then the best format."""
    usable, price = usable_bytes(row), row.get("launch_price_usd")
    spans = asked.runtime in PARALLEL and row["form"] == "datacenter"
    counts = COUNTS.get(row["form"], (1,)) + (tuple(NODE * machines for machines in MACHINES) if spans else ())
    for count in counts:
        if budget_usd is not None and (not price or price * count > budget_usd):
            return
        budgets = tuple(
            Budget(f"{row['name']} #{index + 1}", usable, row["form"] == "soc", row["vendor"]) for index in range(count)
        )
        speeds = Speeds(catalog, [row_speed(gpu_id, row)] * count, None)
        for quality, (format_name, model) in enumerate(asked.models):
            placed = _placed(asked, model, budgets) if model.weights.tensor_bytes <= usable * count else None
            if placed is not None:
                found = placed.estimate
                decode = speeds.decode(asked.works[format_name], found, asked.request, asked.data["kv_types"])
                yield Option(gpu_id, row["name"], count, format_name, found, usable * count,
                             price * count if price else None, row["form"], quality, placed.why, decode)  # fmt: skip


def _placed(asked: Asked, model: llama_cpp.Loaded | Model, budgets: Sequence[Budget]) -> Placed | None:
    """The placement that uses all of the cards, where it fits."""
    if isinstance(model, Model):
        node = NODE if len(budgets) > NODE else None
        there = fitting(asked.runtime, model, asked.request, budgets, asked.data, node)
        return next((placed for placed in there if len(placed.estimate.devices) == len(budgets)), None)
    found = GGUF_ESTIMATES[asked.runtime](model, asked.request, budgets, asked.data)
    placed = placed_as_it_is(found, None)
    return placed if placed.verdict == "fits" else None


def usable_bytes(row: Mapping[str, Any]) -> int:
    """What the card gives a program; 0 where its memory is not its own."""
    return usable_of(row) or 0


def by_price(option: Priced) -> tuple[Any, ...]:
    """Cheapest first; unknown prices last, by cards and memory."""
    return (option.price_usd is None, option.price_usd or 0.0, option.cards, option.usable_bytes, option.gpu_id)
