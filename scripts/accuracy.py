"""Write docs/accuracy.md: how the computed figures stand against references. Checked in CI by a test.

python scripts/accuracy.py [--check]
"""

import gzip
import json
import sys
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

from fit_speed import accuracy_lines
from llmpick.catalog import open_catalog
from llmpick.catalog.subject import subject_of_model
from llmpick.errors import InvalidFile
from llmpick.fit.ranking import runtime_data
from llmpick.formats import weigh
from llmpick.formats.gguf_mix import weigh_mix
from llmpick.inventory.caches import cache_layers
from llmpick.inventory.decoder import inventory
from llmpick.readers.hf_config import architecture_from_config
from llmpick.runtimes import llama_cpp
from llmpick.runtimes.base import Budget, Model, Request
from measured_memory import measured_lines

ROOT = Path(__file__).resolve().parents[1]
DATA, PAGE = ROOT / "tests" / "data", ROOT / "docs" / "accuracy.md"
CATALOG = open_catalog()


def rows(name: str) -> list[dict[str, Any]]:
    path = DATA / name
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
    return [json.loads(line) for line in text.splitlines()]


def parameters() -> list[str]:
    references = {row["id"]: row for row in rows("reference/model_counts.jsonl.gz")}
    outcome: Counter[str] = Counter()
    methods: Counter[str] = Counter()
    odd = []
    for model_id in CATALOG.ids:
        reference = references.get(model_id)
        if reference is None:
            outcome["no reference"] += 1
            continue
        try:
            count = subject_of_model(model_id, CATALOG).parameters
        except InvalidFile as error:
            outcome["refused"] += 1
            odd.append(f"| {model_id} | refused | {error.message} |")
            continue
        exact = (count.total, count.active) == (reference["total"], reference["active"])
        outcome["exact" if exact else "different"] += 1
        if exact:
            methods[str(reference["method"]).split(":")[0].split("(")[0].strip()] += 1
        if not exact:
            odd.append(f"| {model_id} | {count.total:,} | {reference['total']:,} |")
    lines = [f"{len(CATALOG.ids)} models in the catalog. Total and active parameters against an independent count:", ""]
    lines += [
        "| outcome | models |",
        "|---|---:|",
        *(f"| {name} | {number} |" for name, number in sorted(outcome.items())),
    ]
    lines += ["", "Methods of the references of the exact ones:", "", "| method | models |", "|---|---:|"]
    lines += [f"| {name} | {number} |" for name, number in methods.most_common()]
    return [*lines, "", "Not equal:", "", "| model | computed | reference |", "|---|---:|---:|", *odd] if odd else lines


def configs() -> list[str]:
    """Configs that are no catalog record's: the model types of transformers, changed ones, files of other projects."""
    reference = DATA / "reference"
    kinds = {
        "defaults of the decoder types of transformers 5.23": rows("reference/model_types.jsonl.gz"),
        "the same with other sizes, counts and switches": [
            row for path in sorted(reference.glob("type_variants_*.jsonl.gz")) for row in rows(f"reference/{path.name}")
        ],
        "config files as another project stores them": rows("reference/held_out_configs.jsonl.gz"),
    }
    lines = [
        "Any config file. Refused: exit code 3, naming the type or key; `no text decoder`: encoders, encoder-decoders, speech,",
        "refused by name; `explained`: the reference has weights that checkpoints lack.", "", "| configs | number | exact | explained | wrong | refused | no text decoder | no reference |", "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]  # fmt: skip
    for name, found in kinds.items():
        outcome = Counter(_outcome(row) for row in found)
        cells = " | ".join(
            str(outcome[each]) for each in ("exact", "explained", "wrong", "refused", "no text decoder", "no reference")
        )
        lines.append(f"| {name} | {len(found)} | {cells} |")
    return lines


def _outcome(row: dict[str, Any]) -> str:
    config = {"model_type": row.get("model_type"), **(row.get("config") or row.get("defaults") or {})}
    try:
        total = sum(tensor.parameters for tensor in inventory(architecture_from_config(config, CATALOG.specs)))
    except InvalidFile as error:
        return "no text decoder" if "llmpick counts decoders" in error.message else "refused"
    if "total" not in row:
        return "no reference"
    return "exact" if total == row["total"] else "explained" if "departs" in row else "wrong"


def mixes() -> list[str]:
    exact: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for shape in rows("formats/gguf_mix_bytes.jsonl.gz"):
        architecture = architecture_from_config(shape["config"], CATALOG.specs)
        tensors = inventory(architecture)
        for mix, imatrix, size in shape["rows"]:
            total[mix] += 1
            exact[mix] += weigh_mix(architecture, tensors, mix, CATALOG.formats, imatrix).tensor_bytes == size
    lines = [
        f"{sum(exact.values())} of {sum(total.values())} shape × mix rows are equal to the byte to llama.cpp's quantiser."
    ]
    wrong = [f"{mix}: {exact[mix]} of {total[mix]}" for mix in total if exact[mix] != total[mix]]
    return lines + (["", *wrong] if wrong else [])


def allocations() -> list[str]:
    errors: dict[str, list[float]] = {}
    kv_exact = settings = held = 0
    data = runtime_data(CATALOG)
    for shape in rows("runtimes/llama_cpp_allocations.jsonl.gz"):
        architecture = architecture_from_config(shape["config"], CATALOG.specs)
        tensors = inventory(architecture)
        weights = weigh(architecture, tensors, shape["quant"], CATALOG.formats)
        model = llama_cpp.load(Model(architecture, tensors, cache_layers(architecture), weights))
        for n_ctx, type_k, type_v, chosen, kv_bytes, model_bytes, compute_bytes in shape["rows"]:
            request = Request(context=n_ctx, type_k=type_k, type_v=type_v, settings=chosen)
            found = llama_cpp.estimate(model, request, (Budget("CUDA0", 2**60),), data).devices[0]
            settings += 1
            kv_exact += found.kv_cache == kv_bytes
            allocated = kv_bytes + model_bytes + compute_bytes + data["base"]["estimate"]
            held += found.low <= allocated <= found.high
            errors.setdefault(architecture.model_type, []).append(abs(found.compute / compute_bytes - 1))
    every = sorted(error for group in errors.values() for error in group)
    lines = [
        f"{settings} settings of true shapes (`llama.cpp` 0c1e5709, devices emulated as CUDA answers its scheduler):", "",
        f"* KV cache and states: {kv_exact} of {settings} equal to the byte.",
        f"* Compute buffer: median error {median(every):.3%}, {sum(e <= 0.01 for e in every) / settings:.0%} within 1 %, "
        f"{sum(e <= 0.05 for e in every) / settings:.0%} within 5 %, 90th percentile {every[int(0.9 * settings)]:.1%}.",
        f"* The interval of the total holds the allocation in {held / settings:.1%} of them (with the context's own memory at its estimate).",
        "", "| architecture | settings | median error of the compute buffer | worst |", "|---|---:|---:|---:|",
    ]  # fmt: skip
    return lines + [
        f"| {name} | {len(group)} | {median(group):.2%} | {max(group):.0%} |" for name, group in sorted(errors.items())
    ]


def page() -> str:
    parts = [
        "# Accuracy", "", "Generated by `scripts/accuracy.py` from the reference rows under `tests/data` and the measured speeds of the catalog; a test keeps it in step.",
        "", "## Parameters", "", *parameters(), "", *configs(), "", "## GGUF files", "", *mixes(), "", "## llama.cpp's memory", "", *allocations(),
        "", "What a GPU user pays on top (CUDA context, kernels, cuBLAS, pools) is not in these allocations; it is the term",
        "`runtime`, certainty C.", "", "## Memory of real runs", "", *measured_lines(), "## Speed", "", *accuracy_lines(), "",
    ]  # fmt: skip
    return "\n".join(parts)


if __name__ == "__main__":
    made = page()
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.read_text() == made else "docs/accuracy.md is not in step: python scripts/accuracy.py")
    PAGE.write_text(made)
