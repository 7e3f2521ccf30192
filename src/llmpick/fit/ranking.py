"""Which models suit a machine, in which order, and why: `fit`'s answer as data.

Order: verdict, then known quality in the format (evidence less the format's measured loss), then speed, then less
memory, then name; or speed before quality. Models without evidence come after those with it, inside their verdict. No
popularity, no brand, no hidden weights.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from llmpick.catalog.catalog import Catalog
from llmpick.fit.placement import VERDICTS, Placed, judge, max_context, place_llama_cpp
from llmpick.fit.profiles import GGUF_LADDER, Profile, kv_types, loaded, profiles
from llmpick.fit.quality import Quality, format_loss
from llmpick.fit.speed.answers import NOTHING, Speeds, Told, light_work, whole_on, work_of_profile
from llmpick.fit.speed.decode import Speed
from llmpick.formats.base import WeightBytes
from llmpick.runtimes import llama_cpp
from llmpick.runtimes.base import Budget, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the user asked for besides hardware. ``formats``: to try, best first."""

    request: Request
    formats: tuple[str, ...] = GGUF_LADDER
    allowed: frozenset[str] | None = None
    """Ids that pass the user's filters (None: all)."""
    speeds: Speeds | None = None
    """Of the devices, in their order (None: no speed is asked for)."""
    min_speed: float | None = None
    """Tokens per second that an estimate must reach: of the formats, the best that does."""
    by_speed: bool = False


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
    others: tuple[str, ...]
    """Other models of the same shape that rank behind it."""
    told: Told = NOTHING


def rank(catalog: Catalog, wish: Wish, devices: Sequence[Budget], host_bytes: int | None,
         group: bool = True) -> list[Pair]:  # fmt: skip
    """Every candidate in order; with ``group``, pairs of the best of each shape and the ids of the others."""
    data = runtime_data(catalog)
    measured = catalog.formats["quality"]["measurements"]
    found = [
        candidate
        for profile in profiles(catalog)
        if wish.allowed is None or profile.model_id in wish.allowed
        for candidate in [_candidate(catalog, profile, wish, devices, host_bytes, data, measured)]
        if candidate is not None
    ]
    found.sort(key=_order_by_speed if wish.by_speed else _order)
    if not group:
        return [(candidate, ()) for candidate in found]
    leaders: dict[str, tuple[Candidate, list[str]]] = {}
    for candidate in found:
        leader = leaders.setdefault(candidate.profile.group, (candidate, []))
        if leader[0] is not candidate:
            leader[1].append(candidate.profile.model_id)
    return [(leader, tuple(others)) for leader, others in leaders.values()]


def finish(catalog: Catalog, pairs: Sequence[Pair], wish: Wish, devices: Sequence[Budget],
           host_bytes: int | None) -> list[Ranked]:  # fmt: skip
    """Ranks, exact placements and longest contexts of the candidates that will be shown."""
    data = runtime_data(catalog)
    shown: list[Ranked] = []
    leader: Quality | None = None
    place = 0
    for position, (candidate, others) in enumerate(pairs, start=1):
        tied = leader is not None and _overlap(leader, candidate.quality) and place > 0
        tied = tied and shown[-1].candidate.verdict == candidate.verdict
        if not tied:
            place, leader = position, candidate.quality
        model = loaded(catalog, candidate.profile, candidate.format_name)
        request = _within(candidate.profile, wish.request)
        exact = candidate.placed or place_llama_cpp(model, request, devices, host_bytes, data)
        limit = candidate.profile.max_context
        longest = max_context(model, wish.request, devices, host_bytes, data, limit) if exact.verdict != "no" else 0
        told = _told(candidate.profile, model, exact, request, wish, data)
        shown.append(Ranked(place, tied, candidate._replace(verdict=exact.verdict), exact, longest, others, told))
    return shown


def _told(profile: Profile, model: llama_cpp.Loaded, exact: Placed, request: Request, wish: Wish,
          data: Mapping[str, Any]) -> Told:  # fmt: skip
    """The speed of the exact placement."""
    if wish.speeds is None or exact.verdict == "no":
        return NOTHING
    return wish.speeds.told(work_of_profile(profile, model.weights), exact.estimate, request, data["kv_types"])


def runtime_data(catalog: Catalog) -> dict[str, Any]:
    """llama.cpp's figures with the cache types."""
    return {**catalog.runtimes["llama.cpp"], "kv_types": kv_types(catalog.formats)}


def _candidate(catalog: Catalog, profile: Profile, wish: Wish, devices: Sequence[Budget], host_bytes: int | None,
               data: Mapping[str, Any], measured: Sequence[Mapping[str, Any]]) -> Candidate | None:  # fmt: skip
    """The best format whose high end fits; else the best that is tight; else what offloading or nothing gives.

    None where a least speed is asked for and no format reaches it.
    """
    request = _within(profile, wish.request)
    formats = _fast_enough(catalog, profile, wish, devices, request, data)
    if not formats:
        return None
    verdict, name, total = _on_devices(catalog, profile, formats, request, devices, host_bytes, data)
    placed = None
    if verdict == "no":
        name, placed = _without_room(catalog, profile, formats, request, devices, host_bytes, data)
        verdict, total = placed.verdict, placed.estimate.total
    speed = _speed(catalog, profile, name, placed, wish, devices, request, data)
    if wish.min_speed is not None and (speed is None or speed.estimate < wish.min_speed):
        return None
    quality = Quality(profile.evidence, format_loss(name, profile.total, measured))
    return Candidate(profile, name, verdict, total, quality, placed, speed)


def _fast_enough(catalog: Catalog, profile: Profile, wish: Wish, devices: Sequence[Budget], request: Request,
                 data: Mapping[str, Any]) -> tuple[str, ...]:  # fmt: skip
    """The formats that reach the least speed when all of the model is on the devices."""
    if wish.min_speed is None or not devices:
        return wish.formats
    found = [(name, _speed(catalog, profile, name, None, wish, devices, request, data)) for name in wish.formats]
    return tuple(name for name, speed in found if speed is not None and speed.estimate >= wish.min_speed)


def _speed(catalog: Catalog, profile: Profile, name: str, placed: Placed | None, wish: Wish, devices: Sequence[Budget],
           request: Request, data: Mapping[str, Any]) -> Speed | None:  # fmt: skip
    """Tokens per second where it is placed, or with everything on the devices."""
    if wish.speeds is None or (placed is not None and placed.verdict == "no"):
        return None
    known = name in profile.weights
    work = light_work(profile, name) if known else work_of_profile(profile, loaded(catalog, profile, name).weights)
    where = placed.estimate if placed is not None else whole_on(devices, profile.layers, llama_cpp.NAME)
    return wish.speeds.decode(work, where, request, data["kv_types"])


def _on_devices(catalog: Catalog, profile: Profile, formats: Sequence[str], request: Request,
                devices: Sequence[Budget], host_bytes: int | None, data: Mapping[str, Any]) -> tuple[str, str, int]:  # fmt: skip
    """(verdict, format, bytes) with the whole model on the devices."""
    if not devices:
        return "no", formats[-1], 0
    tight: tuple[str, str, int] | None = None
    over = None
    for name in formats:
        if len(devices) == 1 and not request.settings and name in profile.weights:
            over = over or llama_cpp.one_device_overhead(_light(profile, name), request, data)
            weights = profile.device_bytes(name)
            usable = devices[0].usable_bytes
            verdict = "fits" if weights + over.high <= usable else "tight" if weights + over.low <= usable else "no"
            total = weights + over.estimate
        else:
            model = _light(profile, name) if name in profile.weights else loaded(catalog, profile, name)
            estimate = llama_cpp.estimate(model, request, devices, data)
            verdict, total = judge(estimate, host_bytes), estimate.total
        if verdict == "fits":
            return verdict, name, total
        if verdict == "tight" and tight is None:
            tight = verdict, name, total
    return tight or ("no", formats[-1], 0)


def _without_room(catalog: Catalog, profile: Profile, formats: Sequence[str], request: Request,
                  devices: Sequence[Budget], host_bytes: int | None,
                  data: Mapping[str, Any]) -> tuple[str, Placed]:  # fmt: skip
    """Too large for the devices: the best format that host memory makes room for, else the smallest."""
    pool = (host_bytes or 0) + sum(device.usable_bytes for device in devices)
    for name in formats[:-1] if host_bytes else ():
        if name not in profile.weights or profile.weights[name][0] <= pool:
            placed = place_llama_cpp(loaded(catalog, profile, name), request, devices, host_bytes, data)
            if placed.verdict != "no":
                return name, placed
    light = not host_bytes and formats[-1] in profile.weights
    model = _light(profile, formats[-1]) if light else loaded(catalog, profile, formats[-1])
    return formats[-1], place_llama_cpp(model, request, devices, host_bytes, data)


def _within(profile: Profile, request: Request) -> Request:
    """The request with a context that the model is made for."""
    if profile.max_context is None or request.context <= profile.max_context:
        return request
    return replace(request, context=profile.max_context)


def _light(profile: Profile, format_name: str) -> llama_cpp.Loaded:
    """The model with its layers' bytes in one sum: enough for one device, or for a fair share of several."""
    tensor, embedding, output, layers, experts, other = profile.weights[format_name]
    count = profile.layers
    each, rest = divmod(layers, count)
    by_layer = (each + rest, *([each] * (count - 1)))
    expert_each, expert_rest = divmod(experts, count)
    by_expert = (expert_each + expert_rest, *([expert_each] * (count - 1)))
    weights = WeightBytes(
        format=format_name, tensor_bytes=tensor, input_embedding_bytes=embedding, output_bytes=output,
        layer_bytes=by_layer, layer_expert_bytes=by_expert, other_bytes=other,
    )  # fmt: skip
    return llama_cpp.Loaded(count, profile.shape, profile.caches, weights)


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
