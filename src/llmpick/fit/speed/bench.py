"""A benchmark's rows met with the catalog: which model, what it reads by token, which card, and the constants solved."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from llmpick.catalog.catalog import Catalog
from llmpick.catalog.counts import counts
from llmpick.catalog.subject import Subject, open_subject, subject_of_model
from llmpick.errors import InvalidFile, UnknownName, UsageError
from llmpick.fit.profiles import kv_types
from llmpick.fit.speed.answers import work_of_model
from llmpick.fit.speed.calibration import Measured, Solved, solve
from llmpick.fit.speed.constants import Constants, constants_for
from llmpick.fit.speed.devices import DeviceSpeed, row_speed
from llmpick.fit.speed.work import cache_bits, cache_read_bytes
from llmpick.formats import weigh
from llmpick.hardware.gpu_names import GpuNames
from llmpick.readers.llama_bench import BenchRow
from llmpick.runtimes.base import Model, Request

RUNTIME = "llama.cpp"
PARAMETER_TOLERANCE = 0.001
SIZE_TOLERANCE = 0.12


class Calibration(NamedTuple):
    """What was measured and solved. ``predicted``: tokens per second by the catalog's constants and by the solved ones."""

    device: DeviceSpeed
    gpu: str
    before: Constants
    solved: Solved
    rows: tuple[tuple[BenchRow, Measured], ...]
    build: str
    date: str

    def predicted(self, row: Measured) -> tuple[float, float]:
        """(by the catalog, calibrated)."""
        least = row.read_bytes / self.device.bandwidth
        fixed = self.before.fixed_us(row.is_mixture)
        before = least / self.before.efficiency + 1e-6 * fixed * row.layers
        after = least / self.solved.efficiency + 1e-6 * self.solved.layer_us * row.layers
        return 1 / before, 1 / after

    def stored(self) -> dict[str, Any]:
        """The record of the user's configuration."""
        rows = [
            {"model": measured.model, "size": row.model_size, "generated": row.generated, "depth": row.depth,
             "tokens_per_second": row.tokens_per_second} for row, measured in self.rows
        ]  # fmt: skip
        return {
            "runtime": RUNTIME, "gpu": self.gpu, "gpu_id": self.device.gpu_id,
            "efficiency": round(self.solved.efficiency, 4), "layer_us": round(self.solved.layer_us, 2),
            "mixture_layer_us": round(self.before.fixed_us(True), 2), "solved": self.solved.solved,
            "build": self.build, "date": self.date, "rows": rows,
        }  # fmt: skip


def calibrate(catalog: Catalog, rows: Sequence[BenchRow], gpu: str | None, models: Sequence[str]) -> Calibration:
    """Solve a card's constants. ``gpu`` and ``models`` name what the file does not say well enough.

    Raises InvalidFile for rows that cannot be of this card, UnknownName for a model or GPU nobody knows.
    """
    decoding = [row for row in rows if row.is_decode]
    if not decoding:
        raise InvalidFile("no row only generates tokens", "run llama-bench with -n 128")
    device, name = _device(catalog, decoding[0], gpu)
    if any(row.gpu != decoding[0].gpu for row in decoding):
        raise InvalidFile("the rows are of several machines", "give one machine's file")
    before = constants_for(catalog.speed["constants"], RUNTIME, device)
    if before is None:
        raise InvalidFile("the catalog has no constants to start from", "reinstall llmpick")
    measured = tuple((row, _measured(catalog, row, models)) for row in decoding)
    for row, each in measured:
        _refuse_impossible(row, each, device)
    solved = _solved([each for _, each in measured], device, before)
    return Calibration(
        device, name, before, solved, measured, decoding[0].build, max(row.test_time for row in decoding)
    )


def _solved(rows: Sequence[Measured], device: DeviceSpeed, before: Constants) -> Solved:
    """From dense models where there are any: a mixture's layers take longer."""
    dense = [row for row in rows if not row.is_mixture]
    return solve(dense or rows, device.bandwidth, before.fixed_us(not dense))


def _device(catalog: Catalog, row: BenchRow, gpu: str | None) -> tuple[DeviceSpeed, str]:
    names = GpuNames(catalog.gpus)
    if gpu is not None:
        match = names.described(gpu)
        return row_speed(match.gpu_id, match.row), str(match.row["name"])
    if not row.gpu or row.layers_on_gpu == 0:
        raise UsageError("the benchmark ran without a GPU", "name the card with --gpu, or run it with -ngl 99")
    found = names.reported(row.gpu)
    if found is None:
        several = "," in row.gpu
        hint = "run it on one card (-sm none -mg 0)" if several else 'name the card: --gpu "RTX 4090"'
        raise UnknownName(f"unknown GPU {row.gpu!r}", hint)
    return row_speed(found.gpu_id, found.row), row.gpu


def _measured(catalog: Catalog, row: BenchRow, models: Sequence[str]) -> Measured:
    subject = _subject(catalog, row, models)
    work, scale = None, 1.0
    for name in catalog.formats["gguf_mixes"]["mixes"]:
        weights = weigh(subject.architecture, subject.tensors, name, catalog.formats)
        ratio = row.model_size / weights.tensor_bytes
        if work is None or abs(ratio - 1) < abs(scale - 1):
            model = Model(subject.architecture, subject.tensors, subject.caches, weights)
            work, scale = work_of_model(model, RUNTIME), ratio
    if work is None or abs(scale - 1) > SIZE_TOLERANCE:
        raise InvalidFile(f"{row.model_type} of {row.model_size:,} bytes is no known mix of {subject.name}",
                          "say which model it is with --as")  # fmt: skip
    request = Request(context=max(1, row.depth + row.generated), type_k=row.type_k, type_v=row.type_v)
    bits = cache_bits(request, kv_types(catalog.formats))
    cache = cache_read_bytes(work.caches, row.depth + row.generated // 2, bits)
    return Measured(
        subject.id, scale * work.read_bytes() + cache, work.layers, 1 / row.tokens_per_second, work.is_mixture
    )


def _subject(catalog: Catalog, row: BenchRow, models: Sequence[str]) -> Subject:
    """The model named for it, else the catalog's of the same parameter count (GGUF files hold some dozens more)."""
    named = [open_subject(name, catalog) for name in models]
    if named:
        return min(named, key=lambda subject: abs(subject.parameters.total - row.parameters))
    known = {model: found["total"] for model, found in counts(catalog).items() if "total" in found}
    least = min(abs(count - row.parameters) for count in known.values())
    alike = [model for model, count in known.items() if abs(count - row.parameters) == least]
    nearest = max(alike, key=lambda model: (_likeness(model, row.model_file), model))
    if abs(known[nearest] / row.parameters - 1) > PARAMETER_TOLERANCE:
        raise UnknownName(f"no catalog model has the {row.parameters:,} parameters of {row.model_type!r}",
                          "say which one it is with --as MODEL")  # fmt: skip
    return subject_of_model(nearest, catalog)


def _likeness(model: str, file: str) -> float:
    """How much a file's name is like a model's, of those with equal counts."""
    from difflib import SequenceMatcher

    name = file.replace("\\", "/").rsplit("/", 1)[-1].lower()
    return SequenceMatcher(None, model, name[: len(model) + 8]).ratio()


def _refuse_impossible(row: BenchRow, measured: Measured, device: DeviceSpeed) -> None:
    reached = measured.read_bytes / measured.seconds / device.bandwidth
    if reached > 1:
        raise InvalidFile(
            f"{row.tokens_per_second:.1f} tokens per second of {measured.model} are {reached:.0%} of what "
            f"{device.name}'s memory can deliver", "is it another card (--gpu), or did it draft tokens?")  # fmt: skip
