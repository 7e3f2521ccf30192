"""Published speeds (catalog/speed/measurements.yaml) as samples that a fit can use, and the rows that physics forbids."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from llmpick.catalog.catalog import Catalog
from llmpick.catalog.loader import catalog_files
from llmpick.catalog.speed_record import MEASUREMENTS, located
from llmpick.catalog.subject import Subject, subject_of_model
from llmpick.catalog.yaml_door import Problem
from llmpick.fit.speed.devices import DeviceSpeed, row_speed
from llmpick.fit.speed.work import Work, cache_read_bytes, prompt_flops, work_of_model
from llmpick.formats import weigh
from llmpick.runtimes.base import Model

CURRENT_SINCE = "2025"
"""llama.cpp's builds since then capture and fuse kernels: less time per layer. Measured on both sides (docs/speed.md)."""
ENGINE = {"ollama": "llama.cpp"}
"""Runtimes whose kernels are another's."""


class Sample(NamedTuple):
    """One published speed with what the model predicts it from. ``seconds``: of a step, or of a whole prompt.

    ``read_bytes``: weights and caches of one step; ``flops``: of a prompt (0 for decode). ``current``: a build of
    the present kind. ``where`` is the row's place in the file.
    """

    where: str
    runtime: str
    model: str
    format_name: str
    device: DeviceSpeed
    cards: int
    split: str
    layers: int
    is_mixture: bool
    read_bytes: float
    cache_bytes: float
    flops: float
    seconds: float
    date: str
    current: bool
    declared: bool
    """Whether the row says that it drafts or batches: then more tokens than steps are possible."""

    @property
    def ceiling_seconds(self) -> float:
        """The least time that the memory's bandwidth allows (all cards at once, unless they take turns)."""
        at_once = 1 if self.split == "layer" else self.cards
        if self.flops:
            return self.flops / (2 * self.cards * (self.device.short_flops or float("inf")))
        return self.read_bytes / (at_once * self.device.bandwidth)

    @property
    def is_possible(self) -> bool:
        """Whether it does not imply more than the card's peak bandwidth (prefill: than its 8-bit rate, twice the 16-bit one)."""
        return self.declared or self.seconds >= self.ceiling_seconds


def samples(catalog: Catalog, measurements: Mapping[str, Any]) -> Iterator[Sample]:
    """Every row of the file, in order."""
    makers = _Makers(catalog)
    for key, batch in measurements.items():
        for position, row in enumerate(batch["rows"]):
            yield makers.sample(f"{key}.rows.{position}", batch, row)


def impossible(catalog: Catalog) -> Iterator[Problem]:
    """A problem for every row that implies more than its card's peak: drafting, batching or another card untold."""
    found = [
        Problem(MEASUREMENTS, 1, 1, sample.where, f"implies {sample.ceiling_seconds / sample.seconds:.0%} of the peak of "
                f"{sample.cards} × {sample.device.name}: say what else it did (batch, speculative), or leave it out")
        for sample in samples(catalog, catalog.measurements) if not sample.is_possible
    ]  # fmt: skip
    yield from located(found, catalog_files(catalog.directories))


class _Makers:
    """Models are weighed once."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.subject = cache(self._subject)
        self.weighed = cache(self._weighed)

    def _subject(self, model_id: str) -> Subject:
        return subject_of_model(model_id, self.catalog)

    def _weighed(self, model_id: str, format_name: str, runtime: str) -> tuple[Work, int]:
        subject = self.subject(model_id)
        weights = weigh(subject.architecture, subject.tensors, format_name, self.catalog.formats)
        model = Model(subject.architecture, subject.tensors, subject.caches, weights)
        return work_of_model(model, runtime), weights.tensor_bytes

    def sample(self, where: str, batch: Mapping[str, Any], row: Mapping[str, Any]) -> Sample:
        runtime = ENGINE.get(batch["runtime"], batch["runtime"])
        work, tensor_bytes = self.weighed(row["model"], row["format"], runtime)
        scale = row["file_gib"] * 2**30 / tensor_bytes if "file_gib" in row else 1.0
        device = row_speed(row["gpu"], self.catalog.gpus[row["gpu"]])
        depth, prompt = row.get("depth", 0), row.get("prompt", 0)
        tokens = depth + row.get("generated", 256) // 2
        cache_bytes = cache_read_bytes(work.caches, tokens, (16.0, 16.0))
        flops = prompt_flops(work, prompt, depth) if prompt else 0.0
        return Sample(
            where, runtime, row["model"], row["format"], device, row.get("cards", 1), batch.get("split", "none"),
            work.layers, work.is_mixture, scale * work.read_bytes() + (0.0 if prompt else cache_bytes),
            0.0 if prompt else cache_bytes, flops, prompt / row["prefill"] if prompt else 1 / row["decode"],
            str(batch["date"]), batch["date"] >= CURRENT_SINCE or runtime != "llama.cpp",
            bool(row.get("speculative") or row.get("batch", 1) > 1),
        )  # fmt: skip
