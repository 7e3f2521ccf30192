"""The order of `fit`'s answer, and places in it: what is a candidate, who shares a rank, who stands behind whom."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from llmpick.fit.placement import VERDICTS, Placed
from llmpick.fit.profiles import Profile
from llmpick.fit.quality import Quality
from llmpick.fit.speed.answers import NOTHING, Told
from llmpick.fit.speed.decode import Speed


class Candidate(NamedTuple):
    """One model in its best format on this machine; ``placed`` once it has been placed exactly."""

    profile: Profile
    format_name: str
    verdict: str
    total_bytes: int
    quality: Quality
    placed: Placed | None = None
    speed: Speed | None = None


Pair = tuple[Candidate, tuple[str, ...]]
"""A candidate and the ids of other models of its shape that rank behind it."""


class Ranked(NamedTuple):
    """A candidate with its place: ``rank`` shared when the intervals of quality overlap (``tied``)."""

    rank: int
    tied: bool
    candidate: Candidate
    placed: Placed
    max_context: int
    max_users: int
    """Sequences of the asked context that fit whole on the devices at once."""
    others: tuple[str, ...]
    """Other models of the same shape that rank behind it."""
    told: Told = NOTHING


def grouped(found: Sequence[Candidate], by_speed: bool, group: bool) -> list[Pair]:
    """Candidates in order; with ``group``, the best of each shape with the ids of the others behind it."""
    ordered = sorted(found, key=_order_by_speed if by_speed else _order)
    if not group:
        return [(candidate, ()) for candidate in ordered]
    leaders: dict[str, tuple[Candidate, list[str]]] = {}
    for candidate in ordered:
        leader = leaders.setdefault(candidate.profile.group, (candidate, []))
        if leader[0] is not candidate:
            leader[1].append(candidate.profile.model_id)
    return [(leader, tuple(others)) for leader, others in leaders.values()]


def placed_in_order(pairs: Sequence[Pair], verdicts: Sequence[str]) -> Iterator[tuple[int, bool]]:
    """(rank, tied) of each pair: a rank is shared while the verdict is the same and the intervals of quality overlap."""
    leader: Quality | None = None
    place = 0
    for position, (candidate, _) in enumerate(pairs, start=1):
        tied = leader is not None and _overlap(leader, candidate.quality) and place > 0
        tied = tied and verdicts[position - 2] == verdicts[position - 1]
        if not tied:
            place, leader = position, candidate.quality
        yield place, tied


def pareto(rows: Sequence[Ranked]) -> frozenset[str]:
    """Ids of those that run and that no other row equals in quality, memory and speed and beats in one of them.

    Only models with evidence above chance are compared: of the others nothing is known that could be best.
    """
    known = [
        (row.candidate.profile.model_id, _merits(row, quality))
        for row in rows
        for quality in [row.candidate.quality]
        if row.placed.verdict != "no" and quality.evidence is not None and not quality.evidence.at_chance
    ]
    return frozenset(
        model_id for model_id, own in known if not any(_beats(other, own) for name, other in known if name != model_id)
    )


def _merits(row: Ranked, quality: Quality) -> tuple[float, ...]:
    speed = row.told.decode.estimate if row.told.decode is not None else 0.0
    return -VERDICTS.index(row.placed.verdict), quality.estimate or 0.0, -row.placed.estimate.total, speed


def _beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(mine >= its for mine, its in zip(one, other, strict=True))


def _order(candidate: Candidate) -> tuple[Any, ...]:
    quality = candidate.quality.estimate
    at_chance = candidate.quality.evidence is not None and candidate.quality.evidence.at_chance
    known = 0 if quality is not None and not at_chance else 1 if at_chance else 2
    return (
        VERDICTS.index(candidate.verdict), known,
        -(quality or 0.0) if known == 0 else 0.0,
        -candidate.speed.estimate if candidate.speed else 0.0, candidate.total_bytes, candidate.profile.model_id,
    )  # fmt: skip


def _order_by_speed(candidate: Candidate) -> tuple[Any, ...]:
    """Verdict, speed, then as usual; a speed that is not known comes last."""
    usual = _order(candidate)
    return usual[0], -candidate.speed.estimate if candidate.speed else 0.0, *usual[1:]


def _overlap(first: Quality, second: Quality) -> bool:
    """Whether two qualities cannot be told apart."""
    if first.interval is None or second.interval is None:
        return first.interval is second.interval
    return first.interval[0] <= second.interval[1]
