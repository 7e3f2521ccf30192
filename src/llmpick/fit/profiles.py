"""What `fit` needs of every model, computed once and kept beside the catalog's snapshot.

Two documents: a light one that is read for every model (totals by format, cache rows, activation widths, evidence) and
rows read only for the models that are shown (bytes of each layer by format).
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

from llmpick.catalog.catalog import Catalog
from llmpick.catalog.counts import counts
from llmpick.catalog.snapshot import Place, table
from llmpick.catalog.subject import Subject, subject_of_model
from llmpick.errors import InvalidFile
from llmpick.fit.quality import KNOWLEDGE, Evidence, evidence
from llmpick.fit.subjects import native_of
from llmpick.formats import weigh
from llmpick.formats.base import WeightBytes
from llmpick.formats.gguf_mix import converts
from llmpick.inventory.caches import CacheLayer
from llmpick.runtimes.llama_cpp import NAME, Loaded, cached_by_llama_cpp
from llmpick.runtimes.llama_cpp_shape import Shape, shape_of

GGUF_LADDER = ("Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q3_K_M", "Q2_K")
"""Formats that `fit` tries for llama.cpp, best first. F16 costs twice Q8_0 for no measured gain: only by --quant."""
PROFILED = ("F16", *GGUF_LADDER)


class Profile(NamedTuple):
    """One model's light profile. ``weights``: format -> bytes as `WeightBytes`, layers summed."""

    model_id: str
    layers: int
    total: int
    active: int
    max_context: int | None
    shape: Shape
    caches: tuple[CacheLayer, ...]
    weights: dict[str, tuple[int, int, int, int, int, int]]
    evidence: Evidence | None
    group: str
    native: str | None = None
    """The makers' own format as the runtime takes it, where they do not publish 16 or 32 bit."""

    def device_bytes(self, format_name: str) -> int:
        """Weight bytes on the devices when every layer is there."""
        _, _, output, layers, _, other = self.weights[format_name]
        return output + layers + other


def profiles(catalog: Catalog) -> list[Profile]:
    """Profiles of every open model that llama.cpp runs, in the catalog's order."""
    return [_profile(model_id, row) for model_id, row in _document(catalog).items()]


def profiled(catalog: Catalog) -> int:
    """How many models have a profile."""
    return len(_document(catalog))


def _document(catalog: Catalog) -> dict[str, Any]:
    found: dict[str, Any] = catalog.store.derived("profiles", lambda: _build(catalog))
    return found


def loaded(catalog: Catalog, profile: Profile, format_name: str) -> Loaded:
    """The model in a format with the bytes of every layer, for an exact placement."""
    place = _layer_places(catalog).get(profile.model_id)
    rows = catalog.store.read_row("layers", place) if place else None
    row = (rows or {}).get(format_name) or _weigh_now(catalog, profile.model_id, format_name)
    tensor, embedding, output, layers, experts, other = row
    weights = WeightBytes(
        format=format_name, tensor_bytes=tensor, input_embedding_bytes=embedding, output_bytes=output,
        layer_bytes=tuple(_expand(layers)), layer_expert_bytes=tuple(_expand(experts)), other_bytes=other,
    )  # fmt: skip
    return Loaded(profile.layers, profile.shape, profile.caches, weights)


def _layer_places(catalog: Catalog) -> dict[str, Place]:
    found = catalog.store.read("layers-places")
    return found if isinstance(found, dict) else {}


def _build(catalog: Catalog) -> dict[str, Any]:
    by_layer: dict[str, Any] = {}
    found = _light_rows(catalog, by_layer)
    lines, places = table(by_layer)
    catalog.store.write({"layers-places": places}, {"layers": lines})
    return found


def _light_rows(catalog: Catalog, by_layer: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for model_id, facts in catalog.facts.items():
        if facts.get("weights", "open") != "open" or "total" not in counts(catalog)[model_id]:
            continue
        try:
            subject = subject_of_model(model_id, catalog)
            if not converts(subject.architecture, catalog.formats):
                continue
            native = native_of(subject, NAME, catalog.formats)
            names = (*PROFILED, native) if native else PROFILED
            weighed = {name: weigh(subject.architecture, subject.tensors, name, catalog.formats) for name in names}
            found[model_id] = [*_row(catalog, subject, weighed), native]
            by_layer[model_id] = {name: _weights_row(weights) for name, weights in weighed.items()}
        except InvalidFile:
            continue
    return found


def _row(catalog: Catalog, subject: Subject, weights: Mapping[str, WeightBytes]) -> list[Any]:
    facts = catalog.benchmarks["scales"]["benchmarks"]
    best = evidence(catalog.model_data(subject.id).get("benchmarks", []), KNOWLEDGE, facts)
    return [
        subject.architecture.num_hidden_layers, subject.parameters.total, subject.parameters.active, subject.max_context,
        asdict(shape_of(subject.architecture)), [list(cache) for cache in cached_by_llama_cpp(subject.architecture, subject.caches)],
        {name: _summed(each) for name, each in weights.items()}, best, counts(catalog)[subject.id]["shape"],
    ]  # fmt: skip


def _weigh_now(catalog: Catalog, model_id: str, format_name: str) -> list[Any]:
    subject = subject_of_model(model_id, catalog)
    return _weights_row(weigh(subject.architecture, subject.tensors, format_name, catalog.formats))


def _summed(weights: WeightBytes) -> list[int]:
    return [weights.tensor_bytes, weights.input_embedding_bytes, weights.output_bytes, sum(weights.layer_bytes),
            sum(weights.layer_expert_bytes), weights.other_bytes]  # fmt: skip


def _profile(model_id: str, row: list[Any]) -> Profile:
    layers, total, active, context, shape, caches, weights, best, group, native = row
    return Profile(
        model_id, layers, total, active, context, Shape(**shape),
        tuple(_cache(cache) for cache in caches),
        {name: tuple(sizes) for name, sizes in weights.items()}, Evidence(*best) if best else None, group, native,
    )  # fmt: skip


def _cache(row: list[Any]) -> CacheLayer:
    cache = CacheLayer(*row)
    return cache._replace(layers=tuple(cache.layers), shared_by=tuple(cache.shared_by))


def _weights_row(weights: WeightBytes) -> list[Any]:
    return [weights.tensor_bytes, weights.input_embedding_bytes, weights.output_bytes,
            list(_runs(weights.layer_bytes)), list(_runs(weights.layer_expert_bytes)), weights.other_bytes]  # fmt: skip


def _runs(values: tuple[int, ...]) -> Iterator[list[int]]:
    """Equal neighbours as [value, how many]."""
    start = 0
    for position in range(1, len(values) + 1):
        if position == len(values) or values[position] != values[start]:
            yield [values[start], position - start]
            start = position


def _expand(runs: list[list[int]]) -> Iterator[int]:
    for value, times in runs:
        yield from [value] * times


def kv_types(formats: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """Cache type -> (block size, block bytes)."""
    return {name: (row["block_size"], row["block_bytes"]) for name, row in formats["ggml_types"]["types"].items()}
