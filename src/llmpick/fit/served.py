"""`fit` for runtimes that do not read GGUF: every open model in its best format on this machine's GPUs.

Nothing is kept between calls: inventories and layouts of the whole catalog take about a second.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmpick.catalog.catalog import Catalog
from llmpick.catalog.counts import counts
from llmpick.catalog.subject import Subject, subject_of_model
from llmpick.errors import InvalidFile, UsageError
from llmpick.fit import layouts
from llmpick.fit.ordering import Candidate, Pair, Ranked, grouped, placed_in_order
from llmpick.fit.placement import Placed
from llmpick.fit.profiles import Profile
from llmpick.fit.quality import KNOWLEDGE, Quality, evidence
from llmpick.fit.ranking import Wish, loss_of, within
from llmpick.fit.speed.answers import NOTHING, Told, work_of_model
from llmpick.fit.subjects import model_in, native_of, usual_ladder
from llmpick.runtimes.base import Budget, Model, Request
from llmpick.runtimes.llama_cpp_shape import shape_of
from llmpick.runtimes.parts import need_devices


class Served:
    """One runtime on one machine. ``node``: GPUs in one machine, where a cluster has several (None: all in one)."""

    def __init__(self, catalog: Catalog, runtime: str, wish: Wish, devices: Sequence[Budget], data: Mapping[str, Any],
                 node: int | None = None) -> None:  # fmt: skip
        need_devices(runtime, devices)
        if runtime in layouts.ALONE:
            devices = [device for device in devices if device.unified][:1]
            if not devices:
                raise UsageError(
                    f"{runtime} runs on Apple silicon only", '--gpu "M4 Max 128GB", or --runtime llama.cpp'
                )
        self.catalog, self.runtime, self.wish, self.data, self.node = catalog, runtime, wish, data, node
        self.devices = tuple(devices)
        self.measured = catalog.formats["quality"]["measurements"]
        self.models: dict[str, Model] = {}

    def rank(self, group: bool = True) -> list[Pair]:
        """Every candidate in `fit`'s order, with the ids of models of its shape behind it."""
        found = [candidate for subject in self._subjects() for candidate in self._candidates(subject)]
        return grouped(found, self.wish.by_speed, group)

    def finish(self, pairs: Sequence[Pair]) -> list[Ranked]:
        """Ranks, longest contexts, most users and speeds of the candidates that will be shown."""
        shown = []
        places = placed_in_order(pairs, [candidate.verdict for candidate, _ in pairs])
        for (place, tied), (candidate, others) in zip(places, pairs, strict=True):
            assert candidate.placed is not None
            longest, users = self._most(candidate, candidate.placed)
            told = self._told(candidate.profile, candidate.format_name, candidate.placed)
            shown.append(Ranked(place, tied, candidate, candidate.placed, longest, users, others, told))
        return shown

    def _subjects(self) -> Iterator[Subject]:
        for model_id, facts in self.catalog.facts.items():
            if facts.get("weights", "open") != "open" or "total" not in counts(self.catalog)[model_id]:
                continue
            if self.wish.allowed is None or model_id in self.wish.allowed:
                try:
                    yield subject_of_model(model_id, self.catalog)
                except InvalidFile:
                    continue

    def _candidates(self, subject: Subject) -> Iterator[Candidate]:
        """One at most: the best format that fits; else the best that is tight; else the smallest, which does not."""
        profile = self._profile(subject)
        request = within(profile, self.wish.request)
        found: tuple[str, Placed] | None = None
        formats = self.wish.formats
        if self.wish.usual:
            formats = usual_ladder(subject, self.runtime, self.catalog.formats, formats)
        for name in formats:
            made = self._placed(subject, name, request)
            if made is not None and (found is None or made.verdict == "fits" or found[1].verdict == "no"):
                found = name, made
                if made.verdict == "fits" and self._fast(profile, name, made):
                    break
        if found is None:
            return
        name, placed = found
        candidate = self._judged(profile, name, placed)
        least = self.wish.min_speed
        if least is None or (candidate.speed is not None and candidate.speed.estimate >= least):
            yield candidate

    def _fast(self, profile: Profile, name: str, placed: Placed) -> bool:
        if self.wish.min_speed is None:
            return True
        speed = self._told(profile, name, placed).decode
        return speed is not None and speed.estimate >= self.wish.min_speed

    def _judged(self, profile: Profile, name: str, placed: Placed) -> Candidate:
        known = profile.evidence if self.wish.evidence is None else self.wish.evidence.get(profile.model_id)
        quality = Quality(known, loss_of(profile, name, self.measured).on_scale(self.wish.loss_scale))
        speed = self._told(profile, name, placed).decode
        return Candidate(profile, name, placed.verdict, placed.estimate.total, quality, placed, speed)

    def _placed(self, subject: Subject, name: str, request: Request) -> Placed | None:
        model = model_in(subject, name, self.catalog.formats, self.runtime)
        self.models[f"{subject.id} {name}"] = model
        return layouts.place(self.runtime, model, request, self.devices, None, self.data, self.node)

    def _profile(self, subject: Subject) -> Profile:
        facts = self.catalog.benchmarks["scales"]["benchmarks"]
        best = None
        if self.wish.evidence is None:
            best = evidence(self.catalog.model_data(subject.id).get("benchmarks", []), KNOWLEDGE, facts)
        return Profile(
            subject.id, subject.architecture.num_hidden_layers, subject.parameters.total, subject.parameters.active,
            subject.max_context, shape_of(subject.architecture), subject.caches, {}, best,
            counts(self.catalog)[subject.id]["shape"], native_of(subject, self.runtime, self.catalog.formats),
        )  # fmt: skip

    def _most(self, candidate: Candidate, placed: Placed) -> tuple[int, int]:
        """(longest context, most users) of any layout on the devices."""
        if placed.verdict == "no":
            return 0, 0
        profile = candidate.profile
        where = (self.runtime, self.models[f"{profile.model_id} {candidate.format_name}"])
        request = within(profile, self.wish.request)
        longest = layouts.max_context(*where, request, self.devices, self.data, profile.max_context, self.node)
        return longest, layouts.max_users(*where, request, self.devices, self.data, self.node)

    def _told(self, profile: Profile, name: str, placed: Placed) -> Told:
        if self.wish.speeds is None or placed.verdict == "no":
            return NOTHING
        work = work_of_model(self.models[f"{profile.model_id} {name}"], self.runtime)
        request = within(profile, self.wish.request)
        return self.wish.speeds.told(work, placed.estimate, request, self.data["kv_types"])
