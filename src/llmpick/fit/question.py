"""A question about one model's memory, and what answers it: estimates, placements, limits, and what would be smaller."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from llmpick.catalog.catalog import Catalog
from llmpick.catalog.subject import Subject
from llmpick.fit import layouts, placement
from llmpick.fit.layouts import place
from llmpick.fit.placement import Placed, place_llama_cpp, placed_as_it_is
from llmpick.fit.profiles import kv_types
from llmpick.fit.speed.answers import NOTHING, Speeds, Told, work_of_model
from llmpick.fit.subjects import model_in, usual_format
from llmpick.formats import canonical_name
from llmpick.inventory.parameters import tower_parameters
from llmpick.runtimes import llama_cpp
from llmpick.runtimes.base import Budget, Estimate, Model, Request
from llmpick.runtimes.registry import estimate, runtime_data, runtime_named


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked about one model. ``judged``: whether devices were named; without them nothing is judged.

    ``format_name`` None: a file's own, else what the runtime's users usually take (Q4_K_M for GGUF runtimes, 16 bit else).
    """

    subject: Subject
    runtime: str
    format_name: str | None
    request: Request
    devices: Sequence[Budget]
    judged: bool
    host_bytes: int | None
    speeds: Speeds | None = None
    """Of the devices; None where none were named."""
    explained: bool = False
    """Whether every term of a step's time is shown."""
    node: int | None = None
    """Devices in one machine, where several machines work together (None: all are in one)."""
    depth: int | None = None
    """Tokens in the context at which the speed is given (None: half of it)."""


NOWHERE = (Budget("one GPU", 2**60),)
"""A device on which everything fits: asks for the need alone."""


def length_notes(subject: Subject, context: int) -> list[str]:
    """What to know where more context is asked for than the model was made for."""
    limit = subject.max_context
    if limit is None or context <= limit:
        return []
    return [f"{context:,} tokens are more than the model's context of {limit:,}: engines refuse or cap them"]


class Maker:
    """Estimates of one subject for one runtime; the parts that do not change are made once."""

    def __init__(self, question: Question, catalog: Catalog) -> None:
        self.runtime = runtime_named(question.runtime)
        self.subject = question.subject
        self.formats = catalog.formats
        self.data = runtime_data(self.runtime.name, catalog.runtimes, kv_types(catalog.formats))
        asked = question.format_name
        self.format_name = (
            canonical_name(asked, self.formats)
            if asked
            else usual_format(self.subject, self.runtime.name, self.formats)
        )

    @property
    def held_parameters(self) -> int:
        """Weights that the runtime's file holds: a GGUF of a multimodal model leaves its towers to a file of their own."""
        subject = self.subject
        return subject.parameters.total - (tower_parameters(subject.counted) if self.runtime.gguf else 0)

    def model(self, format_name: str) -> Model:
        """The subject in a format."""
        return model_in(self.subject, format_name, self.formats, self.runtime.name)

    def need(self, format_name: str, request: Request) -> Estimate:
        """What one device would have to hold, or as many as the settings spread the model over."""
        devices = NOWHERE * layouts.devices_named(self.runtime.name, request)
        return estimate(self.runtime.name, self.model(format_name), request, devices, self.data)

    def placed(self, question: Question) -> Placed:
        """The placement on the question's devices, searched for unless settings say it."""
        if not question.judged:
            return Placed("fits", self.need(self.format_name, question.request), "")
        model = self.model(self.format_name)
        if self.runtime.gguf:
            return place_llama_cpp(
                llama_cpp.load(model), question.request, question.devices, question.host_bytes, self.data,
                self.runtime.name,
            )  # fmt: skip
        placed = place(self.runtime.name, model, question.request, question.devices, question.host_bytes, self.data,
                       question.node)  # fmt: skip
        if placed is not None:
            return placed
        found = estimate(self.runtime.name, model, question.request, question.devices, self.data)
        return placed_as_it_is(found, question.host_bytes)

    def most(self, question: Question) -> tuple[int, int]:
        """(longest context for the asked users, most users of the asked context) that fit whole, solved for."""
        model, request, limit = self.model(self.format_name), question.request, self.subject.max_context
        if self.runtime.gguf:
            where = (question.devices, question.host_bytes, self.data)
            loaded, name = llama_cpp.load(model), self.runtime.name
            longest = placement.max_context(loaded, request, *where, limit, name)
            return longest, placement.max_users(loaded, request, *where, name)
        asked = (self.runtime.name, model, request, question.devices, self.data)
        return layouts.max_context(*asked, limit), layouts.max_users(*asked)

    def told(self, question: Question, placed: Placed) -> Told:
        """How fast the placement is, where it runs at all."""
        if question.speeds is None or placed.verdict == "no":
            return NOTHING
        work = work_of_model(self.model(self.format_name), self.runtime.name)
        return question.speeds.told(work, placed.estimate, question.request, self.data["kv_types"], question.depth)


def changes_of(maker: Maker, request: Request) -> list[dict[str, Any]]:
    """What other choices would save, in bytes of all devices (a whole model on one device)."""
    base = maker.need(maker.format_name, request).total
    rows: list[dict[str, Any]] = []

    def offer(change: str, format_name: str, changed: Request) -> None:
        made = maker.need(format_name, changed)
        if made.total < base:
            rows.append({"change": change, "total": made.total, "saves": base - made.total})

    if request.context > 512:
        half = replace(request, context=request.context // 2)
        offer(f"context {half.context:,}", maker.format_name, half)
    for cache_type in ("q8_0", "q4_0") if maker.runtime.gguf and request.type_k == "f16" else ():
        if _quantizable(maker.subject, maker.data, cache_type):
            offer(
                f"KV cache in {cache_type}", maker.format_name, replace(request, type_k=cache_type, type_v=cache_type)
            )
    if request.sequences > 1:
        offer("one user", maker.format_name, replace(request, sequences=1))
    for name in maker.formats["ladders"]["ladders"][maker.runtime.name]:
        offer(f"weights in {name}", name, request)
    return rows


def _quantizable(subject: Subject, data: Mapping[str, Any], cache_type: str) -> bool:
    """llama.cpp refuses cache types whose blocks do not divide a row."""
    block = data["kv_types"][cache_type][0]
    return all(
        cache.num_key_value_heads * cache.key_head_dim % block == 0
        and cache.num_key_value_heads * cache.value_head_dim % block == 0
        for cache in subject.caches
    )
