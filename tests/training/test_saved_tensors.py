"""Activations against what autograd saved for small models (torch 2.13, transformers 5.23, PEFT 0.21, on the CPU)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmpick.catalog import Catalog
from llmpick.inventory.decoder import inventory
from llmpick.readers.hf_config import architecture_from_config
from llmpick.training.activations import layer_bytes, layer_experts
from llmpick.training.estimate import Run, prepared
from llmpick.training.records import Recipe
from llmpick.training.states import Stage, states_of
from reference_rows import DATA

ROWS = [json.loads(line) for line in Path(DATA / "training" / "saved_tensors.jsonl").read_text().splitlines()]
EXACT = ("llama", "qwen2", "qwen3", "mistral", "granite", "starcoder2", "opt", "gpt2")


def rows(names: tuple[str, ...], modes: tuple[str, ...]) -> Iterator[Any]:
    for row in ROWS:
        if row["name"] in names and row["mode"] in modes:
            yield pytest.param(row, id=f"{row['name']}-{row['mode']}")


def one_layer(row: dict[str, Any], catalog: Catalog, table: dict[str, Any]) -> float:
    """Bytes that one layer keeps: activations, and the 16-bit casts of its weights."""
    architecture = architecture_from_config(row["config"], catalog.specs)
    tensors = inventory(architecture)
    autocast = row["mode"] in ("mixed", "lora_ac")
    recipe = Recipe(
        method="lora" if "lora" in row["mode"] else "full", rank=row["rank"], sequence=row["sequence"], batch=row["batch"],
        precision="bf16-mixed" if autocast else "bf16", attention="eager" if row["mode"] == "eager" else "sdpa",
    )  # fmt: skip
    run: Run = prepared(architecture, tensors, recipe, table, 1, None)
    layers = architecture.num_hidden_layers
    inside = [tensor for tensor in tensors if tensor.layers]
    casts = states_of(inside, Stage(0, 1, 0, layers), run.recipe, run.roles, table, run.frozen).casts
    kept = sum(layer_bytes(architecture, layer, run.mode) * len(layer.indices) for layer in architecture.layers)
    return (kept * run.tokens + casts) / layers + layer_experts(tensors, run.mode)


@pytest.mark.parametrize("row", [*rows(("llama",), ("full", "mixed", "eager", "lora", "lora_ac")), *rows(EXACT, ("full",)),
                                 *rows((*EXACT[1:], "phi", "phi3"), ("lora", "lora_ac"))])  # fmt: skip
def test_a_layer_keeps_what_autograd_saves(row: dict[str, Any], catalog: Catalog, table: dict[str, Any]) -> None:
    """Equal to the byte where the formula follows the implementation tensor by tensor."""
    assert one_layer(row, catalog, table) == row["layer_bytes"]


@pytest.mark.parametrize(
    "row", list(rows(tuple(sorted({row["name"] for row in ROWS} - {"falcon"})), ("full", "mixed", "lora", "lora_ac")))
)
def test_other_architectures_are_near(row: dict[str, Any], catalog: Catalog, table: dict[str, Any]) -> None:
    """Within a quarter, and never so low that the interval of the step's bytes would not hold it."""
    ratio = row["layer_bytes"] / one_layer(row, catalog, table)
    assert 0.75 < ratio < table["interval"]["one"]["step_high"]
