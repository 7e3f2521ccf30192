"""How far the memory figures are from what runtimes allocated: tables, and the interval of each runtime's own overhead.

    python scripts/memory_accuracy.py FACTS

FACTS holds ``oracle/memory.jsonl``, ``oracle/server.jsonl`` (what llama.cpp allocates for true shapes) and
``measured/oom_and_fit.jsonl`` (what runs printed). Every table: rows, median and 90th percentile of the relative error,
share of rows inside the interval. The interval of the overhead is checked on models that were left out of it.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles
from typing import Any, NamedTuple

from llmpick.catalog import Catalog, open_catalog
from llmpick.catalog.subject import open_subject
from llmpick.errors import LlmpickError
from llmpick.fit.profiles import kv_types
from llmpick.formats import weigh
from llmpick.inventory.caches import cache_layers
from llmpick.inventory.decoder import inventory
from llmpick.readers.hf_config import architecture_from_config
from llmpick.runtimes import registry
from llmpick.runtimes.base import Budget, Estimate, Model, Request

MIB = 2**20
ORACLE_SETTINGS = ("n_batch", "n_ubatch", "flash_attn", "n_seq_max", "kv_unified", "swa_full", "n_outputs_max")
PACKED = {"BF16": "BF16", "AWQ": "AWQ-4bit-128g", "GPTQ-Int4": "GPTQ-4bit-128g", "GPTQ-Int8": "GPTQ-8bit-128g"}
FILES = {
    "Mistral-Small-3.1-24B": ("mistral-small-3.1-24b", "Q4_K_M"), "llama-2-7b.Q4_K_M": ("llama-2-7b", "Q4_K_M"),
    "llama-2-7b.Q4_0": ("llama-2-7b", "Q4_0"), "Qwen3-30B-A3B": ("qwen3-30b-a3b", "Q4_K_M"),
    "shisa-v2-llama3.1-8b": ("llama-3.1-8b", "Q4_K_M"), "Qwen3-32B-Q8_0": ("qwen3-32b", "Q8_0"),
    "gemma-3-27b": ("gemma-3-27b", "Q4_K_M"), "shisa-v2-llama3.3-70b": ("llama-3.3-70b", "Q4_K_M"),
}  # fmt: skip


class Row(NamedTuple):
    group: str
    name: str
    estimate: float
    truth: float
    low: float
    high: float

    @property
    def error(self) -> float:
        return self.estimate / self.truth - 1


def read(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines if line.strip())


class Models:
    """Models of the catalog and of configs, weighed once."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog, self.types = catalog, kv_types(catalog.formats)
        self.weighed: dict[tuple[str, str], Model] = {}

    def of_config(self, name: str, config: dict[str, Any], quant: str) -> Model:
        if (name, quant) not in self.weighed:
            architecture = architecture_from_config(config, self.catalog.specs)
            tensors = inventory(architecture)
            weights = weigh(architecture, tensors, quant, self.catalog.formats)
            self.weighed[name, quant] = Model(architecture, tensors, cache_layers(architecture), weights)
        return self.weighed[name, quant]

    def named(self, name: str, quant: str) -> Model:
        if (name, quant) not in self.weighed:
            subject = open_subject(name, self.catalog, None)
            weights = weigh(subject.architecture, subject.tensors, quant, self.catalog.formats)
            self.weighed[name, quant] = Model(subject.architecture, subject.tensors, subject.caches, weights)
        return self.weighed[name, quant]

    def estimate(self, runtime: str, model: Model, request: Request, devices: int) -> Estimate:
        data = registry.runtime_data(runtime, self.catalog.runtimes, self.types)
        return registry.estimate(runtime, model, request, [Budget("device", 2**60)] * devices, data)


def oracle_rows(models: Models, path: Path) -> tuple[list[Row], list[Row]]:
    """(caches, compute buffers) on one device."""
    caches, buffers = [], []
    for row in read(path):
        given = row["settings"]
        settings = {key: given[key] for key in ORACLE_SETTINGS if key in given}
        request = Request(context=given["n_ctx"], type_k=given["type_k"], type_v=given["type_v"], settings=settings)
        model = models.of_config(row["model"], row["hf_config"], row["tensor_quant"])
        found = models.estimate("llama.cpp", model, request, 1)
        held, truth = found.devices[0], row["gpu_emulated"]["CUDA0"]
        group = row["hf_config"]["model_type"]
        caches.append(Row(group, row["id"], held.kv_cache, row["measured"]["kv_bytes"], held.kv_cache, held.kv_cache))
        slack = held.high - held.total
        buffers.append(Row(group, row["id"], held.compute, truth["compute"], 0.95 * held.compute, held.compute + slack))
    return caches, buffers


def transformers_rows(models: Models, path: Path) -> list[Row]:
    """Peaks that PyTorch reported, which leave the CUDA context out."""
    found = []
    for row in read(path):
        if not str(row.get("runtime", "")).startswith("transformers 4.46") or row["precision"] not in PACKED:
            continue
        model = models.named(row["model"].lower().removesuffix("-instruct"), PACKED[row["precision"]])
        request = Request(context=row["input_len"] + row["output_len"], settings={"max_new_tokens": row["output_len"]})
        made = models.estimate("transformers", model, request, row["n_gpu"])
        runtime = next(term for term in made.terms if term.name == "runtime")
        found.append(Row(row["model"], f"{row['precision']} {row['input_len']}", made.total - runtime.estimate,
                         row["measured_gib"] * 2**30, made.low - runtime.low, made.high - runtime.high))  # fmt: skip
    return found


def llama_cpp_rows(models: Models, path: Path) -> tuple[list[Row], dict[str, list[float]]]:
    """(totals over the idle baseline, what is left for the runtime itself by model, in MiB)."""
    found, left = [], defaultdict(list)
    for row in read(path):
        known = next((name for name in FILES if str(row.get("model")).startswith(name)), None)
        if known is None or "VRAM" not in (row.get("metric") or ""):
            continue
        model = models.named(*FILES[known])
        settings = {
            "flash_attn": "fa=1" in row["method"],
            "n_ubatch": int(row["method"].split("n_ubatch ")[1].split()[0]),
        }
        made = models.estimate("llama.cpp", model, Request(context=row["seq_len"], settings=settings), 1)
        recipe = row["model_size_gib"] * 2**30 - model.weights.tensor_bytes  # the uploader's own mix
        truth, device = row["measured_gib"] * 2**30 - recipe, made.devices[0]
        found.append(Row(known, row["method"], made.total, truth, made.low, made.high))
        left[known].append((truth - (device.total - device.runtime)) / MIB)
    return found, left


def table(title: str, rows: list[Row]) -> None:
    if not rows:
        return
    print(f"\n{title}\n{'group':<24}{'rows':>6}{'exact':>7}{'median':>9}{'p90':>8}{'<=5%':>7}{'held':>7}  worst")
    groups = defaultdict(list)
    for row in rows:
        groups[row.group].append(row)
    for name, members in [*sorted(groups.items()), ("all", rows)]:
        sizes = sorted(abs(row.error) for row in members)
        worst = max(members, key=lambda row: abs(row.error))
        held = sum(row.low <= row.truth <= row.high for row in members) / len(members)
        near, exact = (
            sum(size <= 0.05 for size in sizes) / len(sizes),
            sum(row.estimate == row.truth for row in members),
        )
        print(f"{name:<24}{len(members):>6}{exact:>7}{median(sizes):>9.3%}{sizes[int(0.9 * (len(sizes) - 1))]:>8.2%}"
              f"{near:>7.0%}{held:>7.0%}  {worst.error:+.1%} {worst.name}")  # fmt: skip


def held_out(left: dict[str, list[float]]) -> None:
    """5th and 95th percentile of the overhead, and how well those of the other models hold each model's rows."""
    everything = [value for values in left.values() for value in values]
    if len(left) < 2:
        return
    kept = 0
    for name, values in left.items():
        low, high = _ends([value for other, others in left.items() if other != name for value in others])
        kept += sum(low <= value <= high for value in values)
    low, high = _ends(everything)
    print(f"\noverhead of llama.cpp, MiB: median {median(everything):.0f}, 90% of {len(everything)} rows in "
          f"{low:.0f}..{high:.0f}; held out by model: {kept / len(everything):.0%} inside")  # fmt: skip


def _ends(values: list[float]) -> tuple[float, float]:
    cuts = quantiles(values, n=20)
    return cuts[0], cuts[-1]


def main(folder: Path) -> None:
    models = Models(open_catalog(None))
    for name in ("memory", "server"):
        caches, buffers = oracle_rows(models, folder / "oracle" / f"{name}.jsonl")
        table(f"llama.cpp caches ({name})", caches)
        table(f"llama.cpp compute buffers ({name})", buffers)
    measured = folder / "measured" / "oom_and_fit.jsonl"
    table("transformers, peak without the CUDA context", transformers_rows(models, measured))
    totals, left = llama_cpp_rows(models, measured)
    table("llama.cpp, memory over the idle baseline", totals)
    held_out(left)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        main(Path(sys.argv[1]))
    except LlmpickError as error:
        sys.exit(f"{error.message}. {error.hint}")
