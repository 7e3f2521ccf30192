"""Runtimes other than llama.cpp against figures that real runs printed."""

from typing import Any

import pytest

from llmpick.catalog.subject import open_subject
from llmpick.fit.profiles import kv_types
from llmpick.formats import weigh
from llmpick.runtimes import registry
from llmpick.runtimes.base import Budget, Estimate, Model, Request

GIB = 2**30
# Printed by vLLM on an 80 GB H100 (79.18 GiB) with 1024 sequences and 8192 batched tokens, V1 of late 2025:
# model, format, GPUs, weights and activation peak in GiB.
PRINTED_BY_VLLM = [
    ("llama-3.1-8b", "BF16", 1, 14.99, 4.76),
    ("qwen3-0.6b", "BF16", 1, 1.12, 5.56),
    ("qwen3-32b", "BF16", 1, 61.03, 5.64),
    ("qwen3-32b", "BF16", 2, 30.59, 5.64),
    ("llama-3.3-70b", "FP8", 1, 67.72, 4.84),
    ("llama-3.3-70b", "FP8", 2, 33.88, 4.84),
    ("gpt-oss-20b", "MXFP4", 1, 13.47, 7.38),
    ("gpt-oss-120b", "MXFP4", 1, 64.38, 7.38),
]
# QwenLM speed benchmark (transformers 4.46.0): model, format, GPUs, prompt tokens, peak that PyTorch reported in GiB.
PEAKS_OF_TRANSFORMERS = [
    ("qwen2.5-0.5b", "BF16", 1, 30720, 2.34),
    ("qwen2.5-1.5b", "BF16", 1, 6144, 3.43),
    ("qwen2.5-3b", "BF16", 1, 30720, 9.30),
    ("qwen2.5-7b", "BF16", 1, 1, 14.38),
    ("qwen2.5-7b", "BF16", 1, 30720, 19.97),
    ("qwen2.5-7b", "AWQ-4bit-128g", 1, 30720, 10.98),
    ("qwen2.5-14b", "BF16", 1, 6144, 29.50),
    ("qwen2.5-32b", "AWQ-4bit-128g", 1, 30720, 31.56),
    ("qwen2.5-72b", "BF16", 3, 30720, 164.79),
]


def model(catalog: Any, name: str, quant: str) -> Model:
    subject = open_subject(name, catalog, None)
    weights = weigh(subject.architecture, subject.tensors, quant, catalog.formats)
    return Model(subject.architecture, subject.tensors, subject.caches, weights)


def made(
    catalog: Any, runtime: str, name: str, quant: str, devices: int = 1, size: int = 2**60, **request: Any
) -> Estimate:
    data = registry.runtime_data(runtime, catalog.runtimes, kv_types(catalog.formats))
    asked = Request(**{"context": 8192, **request})
    return registry.estimate(runtime, model(catalog, name, quant), asked, [Budget("GPU", size)] * devices, data)


@pytest.mark.parametrize(("name", "quant", "devices", "weights", "activations"), PRINTED_BY_VLLM)
def test_vllm_weights_and_peak(
    catalog: Any, name: str, quant: str, devices: int, weights: float, activations: float
) -> None:
    """Weights within half a per cent or 0.1 GiB of what vLLM printed, the activation peak within 5 %."""
    settings = {"max_num_seqs": 1024, "max_num_batched_tokens": 8192, "tensor_parallel_size": devices}
    device = made(catalog, "vllm", name, quant, devices, settings=settings).devices[0]
    assert device.weights / GIB == pytest.approx(weights, rel=0.005, abs=0.1)
    assert device.compute / GIB == pytest.approx(activations, rel=0.05)


@pytest.mark.parametrize(("name", "quant", "devices", "prompt", "peak"), PEAKS_OF_TRANSFORMERS)
def test_transformers_peak(catalog: Any, name: str, quant: str, devices: int, prompt: int, peak: float) -> None:
    """The peak without the CUDA context is within 5 % and inside the interval."""
    request = {"context": prompt + 2048, "settings": {"max_new_tokens": 2048}}
    found = made(catalog, "transformers", name, quant, devices, **request)
    context = next(term for term in found.terms if term.name == "runtime")
    assert (found.total - context.estimate) / GIB == pytest.approx(peak, rel=0.05)
    assert found.low - context.low <= peak * GIB <= found.high - context.high


def test_vllm_tokens_on_a_24_gb_card(catalog: Any) -> None:
    """Llama-3.1-8B in 16 bits on 23.64 GiB leaves room for some forty thousand tokens, 128 KiB each."""
    found = made(catalog, "vllm", "llama-3.1-8b", "BF16", size=int(23.64 * GIB))
    device = found.devices[0]
    rest = device.usable - device.weights - device.compute - device.runtime
    assert found.placement["kv_cache_tokens"] == rest // (131072 * 16) * 16
    assert 40_000 < found.placement["kv_cache_tokens"] < 48_000


def test_tensor_parallel_caches_stop_shrinking_at_the_key_value_heads(catalog: Any) -> None:
    """Eight key-value heads divide among eight GPUs; sixteen GPUs hold copies."""
    caches = [made(catalog, "vllm", "llama-3.1-8b", "BF16", count).devices[0].kv_cache for count in (1, 2, 8, 16)]
    assert caches == [caches[0], caches[0] // 2, caches[0] // 8, caches[0] // 8]


def test_latent_caches_are_on_every_rank(catalog: Any) -> None:
    """DeepSeek-V3 keeps 61 rows of 576 elements a token on every tensor-parallel rank."""
    found = made(catalog, "vllm", "deepseek-v3", "FP8", 8, context=16384)
    assert {device.kv_cache for device in found.devices} == {61 * 576 * 2 * 16384}


def test_pipeline_stages_hold_the_model_once(catalog: Any) -> None:
    """Stages of an untied model together hold every tensor exactly once."""
    found = made(catalog, "vllm", "llama-3.1-8b", "BF16", 4, settings={"pipeline_parallel_size": "4"})
    whole = made(catalog, "vllm", "llama-3.1-8b", "BF16").devices[0].weights
    assert sum(device.weights for device in found.devices) == whole


def test_sglang_reserve_of_an_h100(catalog: Any) -> None:
    """81,559 MiB keep 512 + 1.5 x 8192 + 2 x 256 + 128 MiB outside the static share."""
    found = made(catalog, "sglang", "llama-3.1-8b", "BF16", size=81559 * 2**20)
    assert found.devices[0].compute == (512 + 12288 + 512 + 128) * 2**20


def test_ollama_is_llama_server_with_a_context_for_each_request(catalog: Any) -> None:
    """Four requests of 4096 tokens share one cache of 16,384 cells."""
    found = made(catalog, "ollama", "llama-3.1-8b", "Q4_K_M", settings={"num_ctx": "4096", "num_parallel": "4"})
    assert found.devices[0].kv_cache == 16384 * 131072
    assert found.runtime == "ollama"


def test_quantised_exllama_cache(catalog: Any) -> None:
    """Four bits and a 16-bit scale for every 32 elements are 4.5 bits an element."""
    whole = made(catalog, "exllamav3", "llama-3.1-8b", "EXL3-4.0bpw").devices[0].kv_cache
    assert (
        made(catalog, "exllamav3", "llama-3.1-8b", "EXL3-4.0bpw", type_k="q4", type_v="q4").devices[0].kv_cache
        == whole * 9 // 32
    )
