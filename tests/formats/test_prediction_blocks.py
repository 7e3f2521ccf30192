"""Multi-token-prediction blocks in GGUF files: what the converter keeps, its bytes, and that they are not loaded."""

from dataclasses import replace
from typing import Any

import pytest

from llmpick.architecture.feed_forward import Experts
from llmpick.catalog.subject import Subject, subject_of_model
from llmpick.fit.subjects import loaded_subject
from llmpick.formats import weigh
from llmpick.formats.base import WeightBytes
from llmpick.runtimes import llama_cpp
from llmpick.runtimes.base import Budget, Request

PUBLISHED_GIB = [
    ("glm-4.5-air", "BF16", 205.811), ("glm-4.5-air", "Q8_0", 109.381), ("glm-4.5-air", "Q4_K_S", 62.27),
    ("qwen3.6-27b", "Q8_0", 27.04),
]  # fmt: skip
"""Sizes of files with the block: huggingface.co/ubergarm/GLM-4.5-Air-GGUF, llama-bench rows (110.47 B, 27.32 B)."""


def subject(model: str, catalog: Any) -> Subject:
    return subject_of_model(model, catalog)


def weighed(found: Subject, name: str, catalog: Any, keeps: bool | None = None) -> WeightBytes:
    architecture = found.architecture
    if keeps is not None:
        architecture = replace(architecture, gguf=replace(architecture.gguf, keeps_prediction=keeps))
    return weigh(architecture, found.tensors, name, catalog.formats)


@pytest.mark.parametrize(("model", "name", "gib"), PUBLISHED_GIB)
def test_files_with_the_block_have_the_published_size(model: str, name: str, gib: float, catalog: Any) -> None:
    """To the last digit that was printed."""
    digits = len(str(gib).partition(".")[2])
    assert round(weighed(subject(model, catalog), name, catalog).file_bytes / 2**30, digits) == gib


@pytest.mark.parametrize("model", [
    "glm-4.5-air", "glm-4.6", "qwen3.5-27b", "qwen3-next-80b-a3b", "step-3.7-flash", "nemotron-3-ultra-550b-a55b",
])  # fmt: skip
def test_the_block_holds_what_the_checkpoint_stores(model: str, catalog: Any) -> None:
    """In F32 a block is four bytes for each of its elements, its router's biases included."""
    found = subject(model, catalog)
    elements = sum(item.elements for item in found.checkpoint if item.name.startswith("mtp"))
    block = weighed(found, "F32", catalog).prediction_bytes
    experts = max((part.num_experts for layer in found.architecture.layers for part in layer.parts
                   if isinstance(part, Experts)), default=0)  # fmt: skip
    biases = 4 * experts * found.architecture.prediction.blocks
    assert block - 4 * elements in (0, biases)


@pytest.mark.parametrize("model", ["deepseek-v3", "deepseek-r1", "kimi-k2", "llama-3.1-8b"])
def test_dropped_or_absent_blocks_are_not_in_the_file(model: str, catalog: Any) -> None:
    """DeepSeek V3's converter drops the block; others have none."""
    weights = weighed(subject(model, catalog), "Q4_K_M", catalog)
    assert (weights.prediction_bytes, weights.file_bytes) == (0, weights.tensor_bytes)


def test_blocks_count_when_types_are_chosen(catalog: Any) -> None:
    """One more layer moves the positions at which llama.cpp spends more bits; formats of one type do not notice."""
    found = subject("qwen3.5-2b", catalog)
    for name in ("F16", "Q8_0", "Q6_K"):
        assert weighed(found, name, catalog).tensor_bytes == weighed(found, name, catalog, keeps=False).tensor_bytes


def test_blocks_are_not_loaded(catalog: Any) -> None:
    """The runtime's weights are those of the model without the block, on a device and on the host."""
    found = subject("glm-4.5-air", catalog)
    loaded = loaded_subject(found, "Q8_0", catalog.formats)
    plain = loaded._replace(weights=weighed(found, "Q8_0", catalog, keeps=False))
    types = {
        name: (row["block_size"], row["block_bytes"]) for name, row in catalog.formats["ggml_types"]["types"].items()
    }
    data = {**catalog.runtimes["llama.cpp"], "kv_types": types}
    for devices in ([Budget("card", 2**40)], []):
        with_block = llama_cpp.estimate(loaded, Request(context=4096), devices, data)
        without = llama_cpp.estimate(plain, Request(context=4096), devices, data)
        assert (with_block.total, with_block.host) == (without.total, without.host)
