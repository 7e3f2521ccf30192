"""Which cards of the nodes one has run a model: the fewest of a node, and where no node is enough, of several nodes.

Across nodes only runtimes that pipeline over machines are asked: tensor parallel inside a node, one stage or more in
each. Nodes of different kinds are not put together.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from llmpick.catalog.catalog import Catalog
from llmpick.fit import layouts, placement
from llmpick.fit.nodes import NodeGroup
from llmpick.fit.placement import Placed, judge, place_llama_cpp, placed_as_it_is
from llmpick.fit.planning import Asked
from llmpick.fit.speed.answers import Speeds
from llmpick.fit.speed.decode import Speed
from llmpick.fit.speed.devices import device_speed
from llmpick.runtimes import llama_cpp
from llmpick.runtimes.base import Budget, Model

FASTER = 1.1
"""So much faster a smaller format has to be where it needs as many cards."""


class NodePlan(NamedTuple):
    """``cards`` of ``nodes`` equal nodes hold the model in a format. ``copies``: of it, that the nodes there hold at once."""

    nodes: int
    cards: int
    format_name: str
    placed: Placed
    usable_bytes: int
    decode: Speed | None
    max_context: int
    max_users: int
    copies: int


class Kind(NamedTuple):
    """A kind of node as a planner sees it: the cards that work together in one of them, largest first."""

    group: NodeGroup
    devices: tuple[Budget, ...]
    host_bytes: int | None


class NodeAnswer(NamedTuple):
    """What runs on a kind of node; ``fastest`` of what holds the model, where a speed was asked for that nothing reaches."""

    kind: Kind
    plans: Sequence[NodePlan]
    fastest: NodePlan | None = None


def node_plans(asked: Asked, kind: Kind, catalog: Catalog, everything: bool = False) -> NodeAnswer:
    """One plan for each format that runs and is fast enough, best first.

    A smaller format is left out where it needs as many cards and is not faster, unless ``everything`` is asked for.
    """
    found: list[NodePlan] = []
    slow: list[tuple[float, NodePlan]] = []
    for name, model in asked.models:
        for plan in _plans(asked, name, model, kind, catalog):
            if asked.fast(plan.decode):
                if everything or not any(_as_good(other, plan) for other in found):
                    found.append(plan)
                break
            slow += [(plan.decode.low, plan)] if plan.decode is not None else []
    fastest = max(slow, key=lambda pair: pair[0], default=(0.0, None))[1]
    return NodeAnswer(kind, [_solved(asked, plan, kind) for plan in found], None if found else fastest)


def _as_good(other: NodePlan, plan: NodePlan) -> bool:
    """Whether a better format needs no more cards and is about as fast."""
    if other.cards > plan.cards or placement.VERDICTS.index(other.placed.verdict) > placement.VERDICTS.index(
        plan.placed.verdict
    ):
        return False
    if plan.decode is None or other.decode is None:
        return plan.decode is None
    return plan.decode.estimate < FASTER * other.decode.estimate


def _plans(
    asked: Asked, name: str, model: llama_cpp.Loaded | Model, kind: Kind, catalog: Catalog
) -> Iterator[NodePlan]:
    """Every placement that runs, with its speed; fewest cards first."""
    machine, there = kind.group.machine, len(kind.devices)
    own = [device_speed(device, catalog.gpus) for device in machine.largest_group() if device.usable is not None]
    for placed in _placements(asked, model, kind):
        cards = len(placed.estimate.devices)
        nodes = -(-cards // there)
        speeds = Speeds(catalog, (own * nodes)[:cards], machine.host.bandwidth)
        decode = speeds.decode(asked.works[name], placed.estimate, asked.request, asked.data["kv_types"])
        usable = sum(device.usable_bytes for device in _used(kind, cards))
        yield NodePlan(nodes, cards, name, placed, usable, decode, 0, 0, _copies(kind, cards, nodes))


def _used(kind: Kind, cards: int) -> tuple[Budget, ...]:
    """The largest cards of a node, or all of several nodes."""
    return (kind.devices * -(-cards // len(kind.devices)))[:cards]


def _copies(kind: Kind, cards: int, nodes: int) -> int:
    """How many sets of cards there are, none smaller than those planned with."""
    if nodes > 1:
        return kind.group.nodes // nodes
    least = kind.devices[cards - 1].usable_bytes
    return kind.group.nodes * (sum(device.usable_bytes >= least for device in kind.devices) // cards)


def _placements(asked: Asked, model: llama_cpp.Loaded | Model, kind: Kind) -> Iterator[Placed]:
    """What runs, in the order in which it is preferred: whole on the cards of a node, on several nodes, with the host."""
    if isinstance(model, llama_cpp.Loaded):
        yield from _gguf_placements(asked, model, kind)
        return
    where = (asked.runtime, model, asked.request)
    yield from layouts.fitting(*where, kind.devices, asked.data)
    there = len(kind.devices)
    if kind.group.nodes > 1 and asked.runtime in layouts.PARALLEL:
        for placed in layouts.fitting(*where, kind.devices * kind.group.nodes, asked.data, there):
            if len(placed.estimate.devices) > there:
                yield placed
    tight = layouts.place(*where, kind.devices, kind.host_bytes, asked.data)
    if tight is not None and tight.verdict == "tight":
        yield tight


def _gguf_placements(asked: Asked, model: llama_cpp.Loaded, kind: Kind) -> Iterator[Placed]:
    for cards in range(1, len(kind.devices) + 1):
        used = kind.devices[:cards]
        if model.weights.tensor_bytes <= sum(device.usable_bytes for device in used):
            found = placement.GGUF_ESTIMATES[asked.runtime](model, asked.request, used, asked.data)
            if judge(found, None) == "fits":
                placed = placed_as_it_is(found, None)
                yield placed._replace(why=f"{dealt(model.layers, used)}{placed.why}")
    partly = place_llama_cpp(model, asked.request, kind.devices, kind.host_bytes, asked.data, asked.runtime)
    if partly.verdict in ("tight", "offload"):
        yield partly


def dealt(layers: int, cards: Sequence[Budget]) -> str:
    """``64 layers dealt out to 2 GPUs; ``; nothing for one."""
    return f"{layers} layers dealt out to {len(cards)} GPUs; " if len(cards) > 1 else ""


def _solved(asked: Asked, plan: NodePlan, kind: Kind) -> NodePlan:
    """The plan with the longest context and the most users that its cards hold."""
    model, used = dict(asked.models)[plan.format_name], _used(kind, plan.cards)
    if isinstance(model, llama_cpp.Loaded):
        host = kind.host_bytes if plan.placed.verdict == "offload" else None
        where = (model, asked.request, used, host, asked.data)
        longest = placement.max_context(*where, asked.limit, asked.runtime)
        return plan._replace(max_context=longest, max_users=placement.max_users(*where, asked.runtime))
    node = len(kind.devices) if plan.nodes > 1 else None
    served = (asked.runtime, model, asked.request, used, asked.data)
    longest = layouts.max_context(*served, asked.limit, node)
    return plan._replace(max_context=longest, max_users=layouts.max_users(*served, node))
