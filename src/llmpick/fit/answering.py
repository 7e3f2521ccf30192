"""`fit`'s whole answer for one machine (or one kind of node), whichever runtime was asked for."""

from collections.abc import Sequence
from typing import NamedTuple

from llmpick.catalog.catalog import Catalog
from llmpick.fit.ordering import Pair, Ranked
from llmpick.fit.placement import VERDICTS
from llmpick.fit.profiles import kv_types, profiled
from llmpick.fit.ranking import Wish, finish, rank
from llmpick.runtimes.base import Budget
from llmpick.runtimes.registry import runtime_data, runtime_named


class Shown(NamedTuple):
    """``ranked``: what is shown; ``counted``: verdict -> models over the whole catalog; ``notes`` for the reader."""

    ranked: list[Ranked]
    counted: dict[str, int]
    notes: tuple[str, ...]
    misfits: frozenset[str] = frozenset()
    """Models that nothing here holds."""


class Choice(NamedTuple):
    """How much is shown: ``limit`` rows, or all of them, derivatives and misfits too."""

    limit: int
    everything: bool = False


def answer(catalog: Catalog, wish: Wish, devices: Sequence[Budget], host_bytes: int | None, choice: Choice,
           node: int | None = None) -> Shown:  # fmt: skip
    """Every open model judged, the best shown. ``node``: GPUs in one machine of a cluster (None: all in one).

    Raises UsageError for a runtime that cannot use these devices.
    """
    if runtime_named(wish.runtime).gguf:
        pairs = rank(catalog, wish, devices, host_bytes, group=not choice.everything)
        ranked = finish(catalog, _wanted(pairs, choice), wish, devices, host_bytes)
        return Shown(ranked, _counted(pairs), _left_out(catalog, wish.runtime), _misfits(pairs))
    from llmpick.fit.served import Served

    data = runtime_data(wish.runtime, catalog.runtimes, kv_types(catalog.formats))
    served = Served(catalog, wish.runtime, wish, devices, data, node)
    pairs = served.rank(group=not choice.everything)
    return Shown(served.finish(_wanted(pairs, choice)), _counted(pairs), (), _misfits(pairs))


def _wanted(pairs: Sequence[Pair], choice: Choice) -> Sequence[Pair]:
    if choice.everything:
        return pairs
    return [pair for pair in pairs if pair[0].verdict != "no"][: choice.limit] or pairs[: choice.limit]


def _counted(pairs: Sequence[Pair]) -> dict[str, int]:
    counted = dict.fromkeys(VERDICTS, 0)
    for candidate, others in pairs:
        counted[candidate.verdict] += 1 + len(others)
    return counted


def _misfits(pairs: Sequence[Pair]) -> frozenset[str]:
    found = [(candidate.profile.model_id, *others) for candidate, others in pairs if candidate.verdict == "no"]
    return frozenset(model for models in found for model in models)


def _left_out(catalog: Catalog, runtime: str) -> tuple[str, ...]:
    open_models = sum(1 for facts in catalog.facts.values() if facts.get("weights", "open") == "open")
    left = open_models - profiled(catalog)
    if not left:
        return ()
    return (f"{left} models are left out: {runtime} does not run their architecture (fit --runtime transformers "
            "answers for them)",)  # fmt: skip
