"""llama.cpp's memory against what llama.cpp itself allocated for true shapes."""

from statistics import median
from typing import Any

import pytest

from llmpick.catalog import Catalog
from llmpick.fit.ranking import runtime_data
from llmpick.formats import weigh
from llmpick.inventory.caches import cache_layers
from llmpick.inventory.decoder import inventory
from llmpick.readers.hf_config import architecture_from_config
from llmpick.runtimes import llama_cpp
from llmpick.runtimes.base import Budget, Estimate, Model, Request
from reference_rows import read_rows

PADDING_BYTES = 128 * 1024
"""CUDA pads the last row of a quantised tensor whose rows are not multiples of 512, and aligns small tensors."""
SHAPES = read_rows("runtimes/llama_cpp_allocations.jsonl.gz")


def estimates(shape: dict[str, Any], catalog: Catalog) -> list[tuple[Estimate, list[Any]]]:
    architecture = architecture_from_config(shape["config"], catalog.specs)
    tensors = inventory(architecture)
    weights = weigh(architecture, tensors, shape["quant"], catalog.formats)
    model = llama_cpp.load(Model(architecture, tensors, cache_layers(architecture), weights))
    data = runtime_data(catalog)
    made = []
    for row in shape["rows"]:
        n_ctx, type_k, type_v, settings, *_ = row
        request = Request(context=n_ctx, type_k=type_k, type_v=type_v, settings=settings)
        made.append((llama_cpp.estimate(model, request, (Budget("CUDA0", 2**60),), data), row))
    return made


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape['model']}-{shape['quant']}")
def test_cache_is_exact(shape: dict[str, Any], catalog: Catalog) -> None:
    """Every cache of every setting is equal to the byte, and weights on the device but for the padding of their last rows."""
    for estimate, row in estimates(shape, catalog):
        assert estimate.devices[0].kv_cache == row[4], row
        assert abs(estimate.devices[0].weights - row[5]) <= PADDING_BYTES, row


def test_compute_buffer_error(catalog: Catalog) -> None:
    """Median error at most 1 %, and at least 92 % of all settings within 5 %."""
    errors = [
        abs(estimate.devices[0].compute / row[6] - 1) for shape in SHAPES for estimate, row in estimates(shape, catalog)
    ]
    assert median(errors) <= 0.01
    assert sum(error <= 0.05 for error in errors) / len(errors) >= 0.92


@pytest.mark.parametrize(
    ("model", "worst"),
    [
        ("mamba-1.4b", 0.001),
        ("mamba2-2.7b", 0.015),
        ("Jamba-v0.1", 0.015),
        ("LFM2-1.2B", 0.007),
        ("Nemotron-H-8B", 0.065),
    ],
)
def test_compute_buffer_with_states(model: str, worst: float, catalog: Catalog) -> None:
    """State-space and convolution layers: their moment grows with the sequences, whose states are handed on."""
    for shape in (each for each in SHAPES if each["model"] == model):
        for estimate, row in estimates(shape, catalog):
            assert estimate.devices[0].compute == pytest.approx(row[6], rel=worst), row


def test_interval_holds_the_allocation(catalog: Catalog) -> None:
    """What was allocated, with the least and the most of the context's own memory, lies inside the interval."""
    base = runtime_data(catalog)["base"]
    held = total = 0
    for shape in SHAPES:
        for estimate, row in estimates(shape, catalog):
            allocated = row[4] + row[5] + row[6]
            held += estimate.low <= allocated + base["estimate"] <= estimate.high
            total += 1
    assert held / total >= 0.9
