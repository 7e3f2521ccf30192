"""What the pool of a GPU takes that multiplies no quantised matrices, against runs of one under ROCm."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmpick.catalog import Catalog
from llmpick.catalog.subject import open_subject
from llmpick.fit.ranking import runtime_data
from llmpick.formats import weigh
from llmpick.inventory.caches import cache_layers
from llmpick.runtimes import llama_cpp
from llmpick.runtimes import llama_cpp_compute as graph
from llmpick.runtimes.base import Budget, Estimate, Model, Request

MIB = 2**20
ROWS = Path(__file__).resolve().parents[1] / "data" / "runtimes" / "measured_totals.jsonl"
DENSE = ("llama-2-7b", "llama-3.1-8b", "mistral-small-3.1-24b", "gemma-3-27b", "qwen3-32b", "llama-3.3-70b")
WORKSPACE = 105
"""MiB that batches take besides (rocBLAS and its kernels): from 0 to 105 in these runs."""


def runs(model: str, tests: str, flash: bool) -> Iterator[dict[str, Any]]:
    """A model's runs under ROCm whose tests start so: ``tg`` generates one token at a time, ``pp`` reads prompts."""
    for row in map(json.loads, ROWS.read_text(encoding="utf-8").splitlines()):
        told = row["kind"] == "total" and row["model"] == model and "vulkan" not in row["build"]
        if told and row["test"].startswith(tests) and row["settings"]["flash_attn"] == flash:
            yield row


def estimated(row: dict[str, Any], catalog: Catalog, vendor: str) -> tuple[llama_cpp.Loaded, graph.Setting, Estimate]:
    subject = open_subject(row["model"], catalog, None)
    weights = weigh(subject.architecture, subject.tensors, row["format"], catalog.formats)
    model = Model(subject.architecture, subject.tensors, cache_layers(subject.architecture), weights)
    request = Request(context=row["context"], settings=row["settings"])
    loaded = llama_cpp.load(model)
    made = llama_cpp.estimate(loaded, request, (Budget("GPU", 2**60, vendor=vendor),), runtime_data(catalog))
    return loaded, llama_cpp.setting(loaded, request, row["settings"])[0], made


def beside(row: dict[str, Any], catalog: Catalog) -> tuple[float, float]:
    """MiB that a run took beside weights, caches and the compute buffer; and what the pool's law says."""
    loaded, at, made = estimated(row, catalog, "amd")
    known = sum(term.estimate for term in made.terms if term.name != "runtime")
    return 1024 * row["gib"] - known / MIB, graph.pool_bytes(loaded.shape, at, True) / MIB


@pytest.mark.parametrize("flash", [True, False], ids=["flash", "plain"])
@pytest.mark.parametrize("model", DENSE)
def test_what_prompts_take_above_single_tokens_is_the_pool(model: str, flash: bool, catalog: Catalog) -> None:
    """No constant is fitted: matrices' copies, their operands, and without flash attention probabilities as they grow."""
    single = [beside(row, catalog)[0] for row in runs(model, "tg", flash)]
    for row in runs(model, "pp", flash):
        took, pool = beside(row, catalog)
        assert pool * 0.94 - 15 < took - min(single)
        assert took - max(single) < pool + WORKSPACE


@pytest.mark.parametrize("model", DENSE)
def test_every_run_of_an_amd_gpu_is_below_the_high_end(model: str, catalog: Catalog) -> None:
    for flash in (True, False):
        for row in (*runs(model, "pp", flash), *runs(model, "tg", flash)):
            assert row["gib"] * 2**30 <= estimated(row, catalog, "amd")[2].high


def test_probabilities_count_once_where_the_pool_is_virtual_memory(catalog: Catalog) -> None:
    """Without flash attention an NVIDIA GPU holds one 16-bit copy of the longest: heads x cells x micro-batch."""
    row = {"model": "llama-3.1-8b", "format": "Q4_K_M", "context": 32768, "settings": {"flash_attn": False}}
    plain, flash = (estimated({**row, "settings": {"flash_attn": on}}, catalog, "nvidia")[2] for on in (False, True))
    runtime = [next(term for term in made.terms if term.name == "runtime") for made in (plain, flash)]
    assert runtime[0].estimate - runtime[1].estimate == 32 * 32768 * 512 * 2
    assert runtime[0].high > runtime[1].high
    assert runtime[0].low == runtime[1].low
