"""Which models suit a machine, in which order, and why: `fit`'s answer as data.

Order: verdict, then known quality in the format (evidence less the format's measured loss), then speed, then less
memory, then name; or speed before quality. Models without evidence come after those with it, inside their verdict. No
popularity, no brand, no hidden weights.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from llmpick.catalog.catalog import Catalog
from llmpick.fit.ordering import Candidate, Pair, Ranked, grouped, placed_in_order
from llmpick.fit.placement import GGUF_ESTIMATES, Placed, judge, max_context, max_users, place_llama_cpp
from llmpick.fit.profiles import GGUF_LADDER, Profile, kv_types, loaded, profiles
from llmpick.fit.quality import Evidence, Loss, Quality, format_loss
from llmpick.fit.speed.answers import NOTHING, Speeds, Told, light_work, whole_on, work_of_profile
from llmpick.fit.speed.decode import Speed
from llmpick.formats.base import WeightBytes
from llmpick.formats.loading import ladder_from
from llmpick.runtimes import llama_cpp, registry
from llmpick.runtimes.base import Budget, Request

NO_LOSS = Loss(0.0, 0.0, 0.0, True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the user asked for besides hardware. ``formats``: to try, best first."""

    request: Request
    formats: tuple[str, ...] = GGUF_LADDER
    usual: bool = False
    """Whether nobody named formats: then a model that its makers publish packed is tried in that first."""
    runtime: str = llama_cpp.NAME
    allowed: frozenset[str] | None = None
    """Ids that pass the user's filters (None: all)."""
    speeds: Speeds | None = None
    """Of the devices, in their order (None: no speed is asked for)."""
    min_speed: float | None = None
    """Tokens per second that an estimate must reach: of the formats, the best that does."""
    by_speed: bool = False
    evidence: Mapping[str, Evidence] | None = None
    """Model id -> what to rank by (None: the profiles' own, knowledge)."""
    loss_scale: float = 1.0
    """Points on that scale that go with one point of MMLU, in which formats' losses are measured."""


def rank(catalog: Catalog, wish: Wish, devices: Sequence[Budget], host_bytes: int | None,
         group: bool = True) -> list[Pair]:  # fmt: skip
    """Every candidate in order; with ``group``, pairs of the best of each shape and the ids of the others."""
    data = runtime_data(catalog, wish.runtime)
    measured = catalog.formats["quality"]["measurements"]
    found = [
        candidate
        for profile in profiles(catalog)
        if wish.allowed is None or profile.model_id in wish.allowed
        for candidate in [_candidate(catalog, profile, wish, devices, host_bytes, data, measured)]
        if candidate is not None
    ]
    return grouped(found, wish.by_speed, group)


def finish(catalog: Catalog, pairs: Sequence[Pair], wish: Wish, devices: Sequence[Budget],
           host_bytes: int | None) -> list[Ranked]:  # fmt: skip
    """Ranks, exact placements and longest contexts of the candidates that will be shown."""
    data = runtime_data(catalog, wish.runtime)
    models = [loaded(catalog, candidate.profile, candidate.format_name) for candidate, _ in pairs]
    exact = [
        candidate.placed
        or place_llama_cpp(model, within(candidate.profile, wish.request), devices, host_bytes, data, wish.runtime)
        for (candidate, _), model in zip(pairs, models, strict=True)
    ]
    places = placed_in_order(pairs, [placed.verdict for placed in exact])
    shown = []
    for (place, tied), (candidate, others), model, placed in zip(places, pairs, models, exact, strict=True):
        profile, longest, users = candidate.profile, 0, 0
        request = within(profile, wish.request)
        if placed.verdict != "no":
            limits = (model, request, devices, host_bytes, data)
            longest = max_context(*limits, profile.max_context, wish.runtime)
            users = max_users(*limits, wish.runtime)
        told = _told(profile, model, placed, request, wish, data)
        judged = candidate._replace(verdict=placed.verdict)
        shown.append(Ranked(place, tied, judged, placed, longest, users, others, told))
    return shown


def _told(profile: Profile, model: llama_cpp.Loaded, exact: Placed, request: Request, wish: Wish,
          data: Mapping[str, Any]) -> Told:  # fmt: skip
    """The speed of the exact placement."""
    if wish.speeds is None or exact.verdict == "no":
        return NOTHING
    return wish.speeds.told(work_of_profile(profile, model.weights), exact.estimate, request, data["kv_types"])


def runtime_data(catalog: Catalog, runtime: str = llama_cpp.NAME) -> dict[str, Any]:
    """A runtime's figures with the cache types."""
    return registry.runtime_data(runtime, catalog.runtimes, kv_types(catalog.formats))


def _candidate(catalog: Catalog, profile: Profile, wish: Wish, devices: Sequence[Budget], host_bytes: int | None,
               data: Mapping[str, Any], measured: Sequence[Mapping[str, Any]]) -> Candidate | None:  # fmt: skip
    """The best format whose high end fits; else the best that is tight; else what offloading or nothing gives.

    None where a least speed is asked for and no format reaches it.
    """
    request = within(profile, wish.request)
    formats = _fast_enough(catalog, profile, wish, devices, request, data)
    if not formats:
        return None
    verdict, name, total = _on_devices(catalog, profile, formats, wish.runtime, request, devices, host_bytes, data)
    placed = None
    if verdict == "no" and (host_bytes or not total):  # without host memory nothing else is left to try
        name, placed = _without_room(catalog, profile, formats, wish.runtime, request, devices, host_bytes, data)
        verdict, total = placed.verdict, placed.estimate.total
    speed = None if verdict == "no" else _speed(catalog, profile, name, placed, wish, devices, request, data)
    if wish.min_speed is not None and (speed is None or speed.estimate < wish.min_speed):
        return None
    known = profile.evidence if wish.evidence is None else wish.evidence.get(profile.model_id)
    quality = Quality(known, loss_of(profile, name, measured).on_scale(wish.loss_scale))
    return Candidate(profile, name, verdict, total, quality, placed, speed)


def loss_of(profile: Profile, name: str, measured: Sequence[Mapping[str, Any]]) -> Loss:
    """What a format costs this model: nothing if it is the makers' own, in which the published figures were taken."""
    return NO_LOSS if name == profile.native else format_loss(name, profile.total, measured)


def _fast_enough(catalog: Catalog, profile: Profile, wish: Wish, devices: Sequence[Budget], request: Request,
                 data: Mapping[str, Any]) -> tuple[str, ...]:  # fmt: skip
    """The formats to try, best first, that reach the least speed when all of the model is on the devices."""
    native = profile.native if wish.usual else None
    formats = ladder_from(native, wish.formats, lambda name: profile.weights[name][0])
    if wish.min_speed is None or not devices:
        return formats
    found = [(name, _speed(catalog, profile, name, None, wish, devices, request, data)) for name in formats]
    return tuple(name for name, speed in found if speed is not None and speed.estimate >= wish.min_speed)


def _speed(catalog: Catalog, profile: Profile, name: str, placed: Placed | None, wish: Wish, devices: Sequence[Budget],
           request: Request, data: Mapping[str, Any]) -> Speed | None:  # fmt: skip
    """Tokens per second where it is placed, or with everything on the devices."""
    if wish.speeds is None or (placed is not None and placed.verdict == "no"):
        return None
    known = name in profile.weights
    work = light_work(profile, name) if known else work_of_profile(profile, loaded(catalog, profile, name).weights)
    where = placed.estimate if placed is not None else whole_on(devices, profile.layers, wish.runtime)
    return wish.speeds.decode(work, where, request, data["kv_types"])


def _on_devices(catalog: Catalog, profile: Profile, formats: Sequence[str], runtime: str, request: Request,
                devices: Sequence[Budget], host_bytes: int | None, data: Mapping[str, Any]) -> tuple[str, str, int]:  # fmt: skip
    """(verdict, format, bytes) with the whole model on the devices; 0 bytes: not weighed."""
    if not devices:
        return "no", formats[-1], 0
    tight: tuple[str, str, int] | None = None
    over, light = None, 0
    for name in formats:
        if runtime == llama_cpp.NAME and len(devices) == 1 and not request.settings and name in profile.weights:
            over = over or llama_cpp.one_device_overhead(_light(profile, name), request, data, devices[0].vendor)
            weights = profile.device_bytes(name)
            usable = devices[0].usable_bytes
            verdict = "fits" if weights + over.high <= usable else "tight" if weights + over.low <= usable else "no"
            total = light = weights + over.estimate
        else:
            light = 0
            model = _light(profile, name) if name in profile.weights else loaded(catalog, profile, name)
            estimate = GGUF_ESTIMATES[runtime](model, request, devices, data)
            verdict, total = judge(estimate, host_bytes), estimate.total
        if verdict == "fits":
            return verdict, name, total
        if verdict == "tight" and tight is None:
            tight = verdict, name, total
    return tight or ("no", formats[-1], light)


def _without_room(catalog: Catalog, profile: Profile, formats: Sequence[str], runtime: str, request: Request,
                  devices: Sequence[Budget], host_bytes: int | None,
                  data: Mapping[str, Any]) -> tuple[str, Placed]:  # fmt: skip
    """Too large for the devices: the best format that host memory makes room for, else the smallest."""
    pool = (host_bytes or 0) + sum(device.usable_bytes for device in devices)
    for name in formats[:-1] if host_bytes else ():
        if name not in profile.weights or profile.weights[name][0] <= pool:
            placed = place_llama_cpp(loaded(catalog, profile, name), request, devices, host_bytes, data, runtime)
            if placed.verdict != "no":
                return name, placed
    light = not host_bytes and formats[-1] in profile.weights
    model = _light(profile, formats[-1]) if light else loaded(catalog, profile, formats[-1])
    return formats[-1], place_llama_cpp(model, request, devices, host_bytes, data, runtime)


def within(profile: Profile, request: Request) -> Request:
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
