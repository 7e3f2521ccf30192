"""What a step reads: exact bytes, by hand for models whose shapes are known."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmpick.catalog.subject import subject_of_model
from llmpick.fit.speed.answers import work_of_model
from llmpick.fit.speed.work import Work, attended_tokens, cache_bits, cache_read_bytes
from llmpick.formats import weigh
from llmpick.inventory.caches import CacheLayer, cache_layers
from llmpick.inventory.decoder import inventory
from llmpick.readers.hf_config import architecture_from_config
from llmpick.runtimes.base import Model, Request

F16 = (16.0, 16.0)


def work(catalog: Any, model_id: str, format_name: str, runtime: str = "llama.cpp") -> Work:
    subject = subject_of_model(model_id, catalog)
    weights = weigh(subject.architecture, subject.tensors, format_name, catalog.formats)
    return work_of_model(Model(subject.architecture, subject.tensors, subject.caches, weights), runtime)


def test_a_dense_model_reads_its_file_less_the_input_embedding(catalog: Any) -> None:
    """LLaMA 7B in F16: 32,000 × 4,096 embedding weights of two bytes are looked up, not read."""
    subject = subject_of_model("llama-7b", catalog)
    weights = weigh(subject.architecture, subject.tensors, "F16", catalog.formats)
    assert work(catalog, "llama-7b", "F16").read_bytes() == weights.tensor_bytes - 2 * 32_000 * 4_096


@pytest.mark.parametrize("runtime", ["llama.cpp", "vllm"])
def test_a_tied_head_is_read_once(catalog: Any, runtime: str) -> None:
    """Llama 3.2 1B keeps one table of 128,256 × 2,048 that is its head: it is read, whoever holds it."""
    found = work(catalog, "llama-3.2-1b", "BF16", runtime)
    assert found.read_bytes() == pytest.approx(2 * 1_235_814_400, rel=0.001)


def test_a_mixture_reads_the_experts_that_its_tokens_pick(catalog: Any) -> None:
    """Mixtral: 2 of 8 experts for one token, for two tokens those expected to differ: 8 (1 - (3/4)²) = 3.5."""
    found = work(catalog, "mixtral-8x7b", "F16")
    assert (found.experts, found.experts_used) == (8, 2)
    assert found.read_bytes(1) - found.always_bytes == pytest.approx(found.expert_bytes * 2 / 8)
    assert found.read_bytes(2) - found.always_bytes == pytest.approx(found.expert_bytes * 3.5 / 8)


def test_vision_towers_are_not_read_for_text(catalog: Any) -> None:
    """Gemma 3 27B: the projector and tower stand in the checkpoint, not in a step of text."""
    text, whole = (
        work(catalog, "gemma-3-27b", "BF16", "vllm"),
        subject_of_model("gemma-3-27b", catalog).parameters.total,
    )
    assert text.read_bytes() < 2 * whole - 2 * 400_000_000


@pytest.mark.parametrize(
    ("model_id", "tokens", "expected"),
    [
        ("llama-3-8b", 1024, 1024 * 131_072),  # 32 layers × 2 × 8 heads × 128 × 2 bytes
        ("deepseek-v3", 1000, 1000 * 61 * 576 * 2),  # one latent row, no values
        ("mistral-7b-v0.1", 8192, 4096 * 131_072),  # a window of 4,096
    ],
)
def test_what_attention_reads_of_the_cache(catalog: Any, model_id: str, tokens: int, expected: int) -> None:
    assert cache_read_bytes(subject_of_model(model_id, catalog).caches, tokens, F16) == expected


def test_a_recurrent_state_is_read_and_written_whatever_the_context() -> None:
    state = (CacheLayer("recurrent", (0, 1), recurrent_elements=100, convolution_elements=20),)
    assert cache_read_bytes(state, 10, F16) == cache_read_bytes(state, 10_000, F16) == 2 * 2 * 4 * 120


def test_layers_that_share_a_cache_read_it_again() -> None:
    cache = CacheLayer("full", (0,), 1, 64, 64, shared_by=(1, 2))
    assert cache_read_bytes((cache,), 10, F16) == 3 * cache_read_bytes((cache._replace(shared_by=()),), 10, F16)


def test_cache_types_by_their_runtimes_names() -> None:
    """A ggml type is elements and bytes of a block, other runtimes give bits."""
    assert cache_bits(Request(context=1, type_k="q8_0", type_v="f16"), {"q8_0": (32, 34), "f16": (1, 2)}) == (8.5, 16.0)
    assert cache_bits(Request(context=1, type_k="fp8", type_v="fp8"), {"fp8": 8}) == (8.0, 8.0)


@given(st.integers(1, 10**6), st.integers(1, 256), st.integers(1, 64))
def test_more_sequences_never_read_less_and_never_more_than_all(
    experts_bytes: int, experts: int, sequences: int
) -> None:
    """The share of experts rises with the batch and stays below the whole."""
    used = max(1, experts // 4)
    found = Work(1, 10, experts_bytes, experts, used, (), 0, 0, 0)
    assert found.read_bytes(sequences) <= found.read_bytes(sequences + 1) + 1e-6
    assert found.read_bytes(sequences) <= 10 + experts_bytes + 1e-6


@given(st.integers(1, 10**5), st.integers(1, 10**5))
def test_attention_in_a_window_never_sees_more_than_without(tokens: int, window: int) -> None:
    full = attended_tokens((CacheLayer("full", (0,), 1, 1, 1),), tokens)
    seen = attended_tokens((CacheLayer("sliding", (0,), 1, 1, 1, window),), tokens)
    assert full == pytest.approx(tokens / 2)
    assert seen <= full + 1e-6


def test_layers_that_a_token_goes_through_twice_are_read_twice(catalog: Any) -> None:
    """Loops read the layers' weights and caches again, not the head; without loops the same layers are read once."""
    config = {"model_type": "nanbeige", "hidden_size": 256, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 100,
              "intermediate_size": 512}  # fmt: skip
    found = []
    for loops in (1, 2):
        architecture = architecture_from_config({**config, "num_loops": loops}, catalog.specs)
        tensors, caches = inventory(architecture), cache_layers(architecture)
        weights = weigh(architecture, tensors, "F16", catalog.formats)
        found.append(work_of_model(Model(architecture, tensors, caches, weights), "transformers"))
    once, twice = found
    assert twice.always_bytes - once.always_bytes == sum(once.layer_bytes)
    assert cache_read_bytes(twice.caches, 100, F16) == 2 * cache_read_bytes(once.caches, 100, F16)
