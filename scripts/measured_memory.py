"""Estimates against what runs took: tables of docs/accuracy.md, and intervals judged on models left out.

python scripts/measured_memory.py
Rows: tests/data/runtimes/measured_totals.jsonl. ``total``: memory over the idle baseline; ``peak``: what PyTorch reported,
without the CUDA context; ``verdict``: whether a run on cards of a size worked. Peers' formulas stand here only, as their
sources give them; they are computed on the same rows.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import ceil, floor
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from llmpick.catalog import open_catalog
from llmpick.catalog.subject import open_subject
from llmpick.fit.profiles import kv_types
from llmpick.formats import weigh
from llmpick.formats.gguf_mix import typed_tensors
from llmpick.inventory.caches import cache_layers
from llmpick.runtimes import registry
from llmpick.runtimes.base import Budget, Estimate, Model, Request
from peer_gguf_parser import peer_bytes

ROWS = Path(__file__).resolve().parents[1] / "tests" / "data" / "runtimes" / "measured_totals.jsonl"
GIB, MIB = 2**30, 2**20
MISCOVERAGE = 0.1
STEPS = [1 + step / 20 for step in range(41)]
"""Factors tried by which an interval is widened until it holds nine rows in ten of models that were left out."""


class Compared(NamedTuple):
    """One run. Bytes; ``peers``: peer -> bytes; ``runtime_estimate``: the part of the estimate that is the runtime's own."""

    row: Mapping[str, Any]
    architecture: str
    estimate: int
    low: int
    high: int
    runtime_estimate: int
    peers: Mapping[str, float]

    @property
    def truth(self) -> float:
        return float(self.row["gib"] * GIB)

    @property
    def error(self) -> float:
        return self.estimate / self.truth - 1


class Counted(NamedTuple):
    """What peers' formulas ask of a model."""

    total: int
    active: int
    layers: int
    heads: int
    head_dim: int
    moe: bool
    file_bytes: int


LLMFIT_BYTES = {"F16": 2.0, "BF16": 2.0, "Q8_0": 1.05, "Q4_K_M": 0.58, "Q4_0": 0.58}
PACKED_BYTES = {"AWQ-4bit-128g": 0.5, "GPTQ-4bit-128g": 0.5, "GPTQ-8bit-128g": 1.0}


def llmfit(model: Counted, name: str, context: int) -> float:
    """llmfit 1.1: decimal weights + binary KV + 0.5, all read as GiB; a mixture: 0.55 B a parameter whatever the format."""
    if model.moe:
        return 1.1 * 0.5 * model.total
    weights = model.total / 1e9 * (LLMFIT_BYTES | PACKED_BYTES).get(name, 0.58)
    return GIB * (weights + 4 * model.layers * model.heads * model.head_dim * context / GIB + 0.5)


def whichllm(model: Counted, name: str, context: int) -> float:
    """whichllm 0.5: file size or bytes a parameter; KV of 3.5 MiB a billion parameters and 1,024 tokens; constants."""
    weights = PACKED_BYTES[name] * model.total if name in PACKED_BYTES else model.file_bytes
    billions = 4 * model.active / 1e9 if model.moe else model.total / 1e9
    activations = 400e6 + 0.08 * model.total + 150e6 * context / 4096
    return weights + 3.5 * MIB * billions * context / 1024 + activations + 500e6


def accelerate(model: Counted, name: str, _: int) -> float:
    """accelerate estimate-memory: parameters times 2, 1 or 1/2 bytes; no cache, no activations."""
    return model.total * {"F16": 2, "BF16": 2, "Q8_0": 1, "GPTQ-8bit-128g": 1}.get(name, 0.5)


def rule_of_thumb(model: Counted, name: str, context: int) -> float:
    """The calculators' rule: 1.2 times parameters times bytes."""
    return 1.2 * accelerate(model, name, context)


PEERS: dict[str, Callable[[Counted, str, int], float]] = {
    "llmfit": llmfit, "whichllm": whichllm, "accelerate": accelerate, "1.2 × weights": rule_of_thumb,
}  # fmt: skip


class Bench:
    """The catalog's models, weighed once."""

    def __init__(self) -> None:
        self.catalog = open_catalog()
        self.types = kv_types(self.catalog.formats)
        self.known: dict[tuple[str, str], tuple[Model, Counted]] = {}

    def model(self, name: str, quant: str) -> tuple[Model, Counted]:
        if (name, quant) not in self.known:
            subject = open_subject(name, self.catalog, None)
            weights = weigh(subject.architecture, subject.tensors, quant, self.catalog.formats)
            caches = cache_layers(subject.architecture)
            cache, count = caches[0], subject.parameters
            counted = Counted(count.total, count.active, subject.architecture.num_hidden_layers,
                              cache.num_key_value_heads, cache.key_head_dim, count.active != count.total and
                              any(weights.layer_expert_bytes), weights.tensor_bytes)  # fmt: skip
            self.known[name, quant] = Model(subject.architecture, subject.tensors, caches, weights), counted
        return self.known[name, quant]

    def estimate(self, row: Mapping[str, Any], usable: int = 2**60) -> tuple[Estimate, Counted, str]:
        model, counted = self.model(row["model"], row["format"])
        data = registry.runtime_data(row["runtime"], self.catalog.runtimes, self.types)
        request = Request(context=row["context"], settings=row["settings"])
        devices = [Budget("GPU", usable, vendor="amd" if row["kind"] == "total" else "")] * row["devices"]
        made = registry.estimate(row["runtime"], model, request, devices, data)
        return made, counted, model.architecture.model_type

    def peers(self, row: Mapping[str, Any]) -> dict[str, float]:
        """Every peer's bytes; gguf-parser answers for GGUF files only."""
        model, counted = self.model(row["model"], row["format"])
        found = {name: peer(counted, row["format"], row["context"]) for name, peer in PEERS.items()}
        if row["runtime"] != "llama.cpp":
            return found
        typed = typed_tensors(model.architecture, model.tensors, row["format"], self.catalog.formats)
        last = model.architecture.num_hidden_layers - 1
        return {
            "gguf-parser": peer_bytes(model, {one.name: one.size_bytes for one in typed if last in one.layers}, row),
            **found,
        }

    def compared(self, row: Mapping[str, Any]) -> Compared:
        """One run beside the estimate and the peers.

        The rows of Vulkan count GTT and ran with ``--mmap 0``: the input embedding and the graph's inputs lie in pinned
        host memory, which is GTT there. It is added to ours and to gguf-parser's; the other peers count whole files.
        """
        made, _, architecture = self.estimate(row)
        runtime = next(term for term in made.terms if term.name == "runtime")
        out = runtime if row["kind"] == "peak" else runtime._replace(estimate=0, low=0, high=0)
        pinned = made.host.total if "vulkan" in row.get("build", "") and row["kind"] == "total" else 0
        peers = {name: size + (pinned if name == "gguf-parser" else 0) for name, size in self.peers(row).items()}
        return Compared(row, architecture, made.total - out.estimate + pinned, made.low - out.low + pinned,
                        made.high - out.high + pinned, runtime.estimate - out.estimate, peers)  # fmt: skip


def conformal(residuals: Iterable[float], miscoverage: float = MISCOVERAGE) -> tuple[float, float]:
    """The order statistics that hold a new residual with 1 - ``miscoverage`` (split conformal, finite sample)."""
    ordered = sorted(residuals)
    low = max(0, floor((len(ordered) + 1) * miscoverage / 2) - 1)
    high = min(len(ordered), ceil((len(ordered) + 1) * (1 - miscoverage / 2))) - 1
    return ordered[low], ordered[high]


def residual(one: Compared) -> float:
    """What the interval is about: bytes beside the known parts (llama.cpp), or the share of the estimate (others)."""
    return one.truth - (one.estimate - one.runtime_estimate) if one.row["kind"] == "total" else one.truth / one.estimate


def interval(residuals: Iterable[float], factor: float) -> tuple[float, float]:
    """The conformal interval, both ends moved away from the median by ``factor``: rows of one model are alike."""
    every = list(residuals)
    low, high = conformal(every)
    middle = median(every)
    return middle - factor * (middle - low), middle + factor * (high - middle)


def held_out(rows: Sequence[Compared], factor: float) -> float:
    """Share of rows inside the interval that the other models' residuals give."""
    by_model: dict[str, list[Compared]] = defaultdict(list)
    for one in rows:
        by_model[one.row["model"]].append(one)
    kept = 0
    for name, own in by_model.items():
        others = (residual(one) for other, them in by_model.items() if other != name for one in them)
        low, high = interval(others, factor)
        kept += sum(low <= residual(one) <= high for one in own)
    return kept / len(rows)


def widening(rows: Sequence[Compared]) -> float:
    """The least factor with which models left out are held in 1 - `MISCOVERAGE` of their rows."""
    return next((factor for factor in STEPS if held_out(rows, factor) >= 1 - MISCOVERAGE), STEPS[-1])


def _p90(sizes: Sequence[float]) -> float:
    return sorted(sizes)[int(0.9 * (len(sizes) - 1))]


def _line(name: str, rows: Sequence[Compared]) -> str:
    sizes = [abs(one.error) for one in rows]
    inside = sum(one.low <= one.truth <= one.high for one in rows) / len(rows)
    return f"| {name} | {len(rows)} | {median(sizes):.1%} | {_p90(sizes):.1%} | {inside:.0%} |"


def _runtime(runtime: str, rows: Sequence[Compared]) -> list[str]:
    kind = "memory over the idle baseline" if rows[0].row["kind"] == "total" else "peak without the CUDA context"
    factor = widening(rows)
    by_architecture: dict[str, list[Compared]] = defaultdict(list)
    for one in rows:
        by_architecture[one.architecture].append(one)
    lines = [f"{runtime}, {kind}:", "",
             "| architecture | rows | median error | 90th percentile | in the interval |", "|---|---:|---:|---:|---:|"]  # fmt: skip
    lines += [_line(name, group) for name, group in sorted(by_architecture.items())]
    lines += [
        _line("**all**", rows),
        "",
        f"Each model left out in turn, the conformal interval of the others, widened {factor:.2f} times, holds "
        f"{held_out(rows, factor):.0%} of its rows ({held_out(rows, 1):.0%} unwidened).",
        "",
    ]
    lines += ["| peer | median error | 90th percentile |", "|---|---:|---:|"]
    for peer in rows[0].peers:
        sizes = [abs(one.peers[peer] / one.truth - 1) for one in rows]
        lines.append(f"| {peer} | {median(sizes):.0%} | {_p90(sizes):.0%} |")
    worst = sorted(rows, key=lambda one: -abs(one.error))[:5]
    lines += ["", "Worst rows:", "", "| model | format | context | settings | error |", "|---|---|---:|---|---:|"]
    return lines + [
        f"| {one.row['model']} | {one.row['format']} | {one.row['context']:,} | "
        f"{' '.join(f'{key}={value}' for key, value in one.row['settings'].items())} {one.row.get('build', '')} | {one.error:+.0%} |"
        for one in worst
    ] + [""]  # fmt: skip


def verdict_lines(bench: Bench, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Runs on cards of a size: how often each says "fits" where the run ran out of memory, or the reverse."""
    wrong = {name: [0, 0] for name in ("llmpick", "gguf-parser", *PEERS)}
    for row in rows:
        made, *_ = bench.estimate(row, row["device_gib"] * GIB)
        room = row["devices"] * row["device_gib"] * GIB
        said = {name: size <= room for name, size in bench.peers(row).items()}
        said["llmpick"] = registry.fits(made)
        for name, fits in said.items():
            wrong[name][0] += fits and not row["fits"]
            wrong[name][1] += row["fits"] and not fits
    ran = sum(row["fits"] for row in rows)
    lines = [f"{len(rows)} runs of llama.cpp on cards from 8 to 80 GB, of which {len(rows) - ran} ran out of memory:", "",
             "| who | \"fits\" where memory ran out | \"does not fit\" where it ran |", "|---|---:|---:|"]  # fmt: skip
    return [*lines, *(f"| {name} | {over} | {under} |" for name, (over, under) in wrong.items()), ""]


def measured_lines() -> list[str]:
    """The section of docs/accuracy.md."""
    rows = [json.loads(line) for line in ROWS.read_text(encoding="utf-8").splitlines()]
    bench = Bench()
    lines: list[str] = []
    for runtime in sorted({row["runtime"] for row in rows}):
        chosen = [bench.compared(row) for row in rows if row["runtime"] == runtime and row["kind"] != "verdict"]
        lines += _runtime(runtime, chosen)
    return [*lines, *verdict_lines(bench, [row for row in rows if row["kind"] == "verdict"])]


if __name__ == "__main__":
    print("\n".join(measured_lines()))
    known = Bench()
    every = [json.loads(line) for line in ROWS.read_text(encoding="utf-8").splitlines()]
    totals = [known.compared(row) for row in every if row["kind"] == "total"]
    base = interval(map(residual, totals), widening(totals))
    print(f"base of llama.cpp: {base[0] / MIB:.0f} to {base[1] / MIB:.0f} MiB, factor {widening(totals)}")
