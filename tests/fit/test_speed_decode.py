"""Tokens per second of placements: laws that hold for every card and model, and the terms that make a step."""

from typing import Any

import pytest

from llmpick.catalog.subject import subject_of_model
from llmpick.fit.placement import place_llama_cpp
from llmpick.fit.profiles import kv_types
from llmpick.fit.speed.answers import Speeds, Told, work_of_model
from llmpick.fit.speed.decode import Speed
from llmpick.formats import weigh
from llmpick.hardware.description import devices_of, parse_gpus
from llmpick.hardware.device import described_machine
from llmpick.runtimes import llama_cpp
from llmpick.runtimes.base import Budget, Model, Request
from llmpick.runtimes.registry import estimate, runtime_data, runtime_named

GIB = 2**30


def told(catalog: Any, model_id: str, format_name: str, gpu: str, runtime: str = "llama.cpp", ram: int | None = None,
         **asked: Any) -> Told:  # fmt: skip
    machine = described_machine(devices_of(parse_gpus([gpu], catalog.gpus)), ram)
    subject = subject_of_model(model_id, catalog)
    weights = weigh(subject.architecture, subject.tensors, format_name, catalog.formats)
    model = Model(subject.architecture, subject.tensors, subject.caches, weights)
    data = runtime_data(runtime, catalog.runtimes, kv_types(catalog.formats))
    request = Request(**{"context": 2048, **asked})
    budgets = [Budget(device.name, device.usable or 0) for device in machine.devices]
    if runtime_named(runtime).gguf:
        placed = place_llama_cpp(llama_cpp.load(model), request, budgets, ram, data).estimate
    else:
        placed = estimate(runtime, model, request, budgets, data)
    speeds = Speeds.of_machine(catalog, machine)
    return speeds.told(work_of_model(model, runtime), placed, request, data["kv_types"])


def speed(catalog: Any, *where: Any, **asked: Any) -> Speed:
    found = told(catalog, *where, **asked).decode
    assert found is not None
    return found


CASES = [
    ("llama-3-8b", "Q4_K_M", "RTX 4090"), ("llama-3-70b", "Q4_K_M", "2x RTX 3090"), ("qwen3-30b-a3b", "Q4_K_M", "RTX 4090"),
    ("llama-3-8b", "F16", "M2 Ultra 192GB"), ("gpt-oss-20b", "MXFP4_MOE", "DGX Spark"), ("qwen3-8b", "Q8_0", "MI300X"),
    ("falcon-mamba-7b", "Q4_K_M", "RTX 4090"), ("deepseek-v3", "Q4_K_M", "H200:8"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=" ".join)
def test_the_interval_holds_the_estimate_and_the_peak_holds_both(catalog: Any, case: tuple[str, str, str]) -> None:
    found = speed(catalog, *case)
    assert 0 < found.low <= found.estimate <= found.high <= found.ceiling


@pytest.mark.parametrize("case", CASES, ids=" ".join)
def test_a_step_is_the_sum_of_its_terms(catalog: Any, case: tuple[str, str, str]) -> None:
    found = speed(catalog, *case)
    assert found.estimate == pytest.approx(min(found.ceiling, 1 / sum(term.estimate for term in found.terms)))
    assert all(term.low <= term.estimate <= term.high for term in found.terms)


def test_a_card_without_a_name_has_no_speed(catalog: Any) -> None:
    """``24GB`` says nothing of bandwidth: unknown stays unknown."""
    assert told(catalog, "llama-3-8b", "Q4_K_M", "24GB") == Told(None, 0.0, 0.0, None)


def test_a_longer_context_a_larger_format_and_offload_are_slower(catalog: Any) -> None:
    base = speed(catalog, "llama-3-8b", "Q4_K_M", "RTX 3090")
    assert speed(catalog, "llama-3-8b", "Q4_K_M", "RTX 3090", context=32768).estimate < base.estimate
    assert speed(catalog, "llama-3-8b", "Q8_0", "RTX 3090").estimate < base.estimate
    partly = {"settings": {"n_gpu_layers": 20}}
    assert speed(catalog, "llama-3-8b", "Q4_K_M", "RTX 3090", ram=64 * GIB, **partly).estimate < base.estimate / 3


def test_quantised_caches_are_read_faster(catalog: Any) -> None:
    full = speed(catalog, "llama-3-8b", "Q4_K_M", "RTX 3090", context=65536)
    small = speed(catalog, "llama-3-8b", "Q4_K_M", "RTX 3090", context=65536, type_k="q8_0", type_v="q8_0")
    assert small.estimate > full.estimate


def test_users_share_the_weights_reads(catalog: Any) -> None:
    """Eight users are slower each than one, and faster together."""
    one, eight = (speed(catalog, "llama-3-8b", "Q4_K_M", "RTX 3090", sequences=count) for count in (1, 8))
    assert one.estimate / 8 < eight.estimate < one.estimate


def test_stages_of_tensor_parallel_cards_take_turns(catalog: Any) -> None:
    """Twice the cards in two stages: no token is written sooner, for each stage waits for the one before."""
    two = speed(catalog, "llama-3-70b", "BF16", "H100 SXM:2", "vllm")
    stages = {"tensor_parallel_size": 2, "pipeline_parallel_size": 2}
    four = speed(catalog, "llama-3-70b", "BF16", "H100 SXM:4", "vllm", settings=stages)
    assert four.estimate == pytest.approx(two.estimate, rel=0.01)
    assert four.ceiling == pytest.approx(two.ceiling, rel=0.01)


def test_cards_that_take_turns_add_no_speed_and_tensor_parallel_ones_do(catalog: Any) -> None:
    one, two = (speed(catalog, "llama-3-8b", "Q4_K_M", gpu) for gpu in ("RTX 3090", "2x RTX 3090"))
    assert 0.9 * one.estimate < two.estimate < one.estimate
    one, two = (speed(catalog, "qwen2.5-32b", "BF16", gpu, "vllm") for gpu in ("A100 SXM 80GB", "2x A100 SXM 80GB"))
    assert 1.3 * one.estimate < two.estimate < 2 * one.estimate


def test_experts_on_the_host_are_read_at_the_hosts_pace(catalog: Any) -> None:
    """gpt-oss-120b on a 24 GB card: the host term is there, says what it assumes, and takes most of the step."""
    found = speed(catalog, "gpt-oss-120b", "MXFP4_MOE", "RTX 4090", ram=96 * GIB)
    host = next(term for term in found.terms if term.name == "host")
    assert host.estimate > 0.5 / found.estimate
    assert any("two memory channels assumed" in text for text in found.basis)


def test_transformers_waits_for_the_longer_of_launches_and_reads(catalog: Any) -> None:
    small = speed(catalog, "qwen2.5-0.5b", "BF16", "A100 SXM 80GB", "transformers")
    assert [term.name for term in small.terms] == ["layers"]


def test_an_unmeasured_kind_of_card_and_runtime_say_so_and_are_wider(catalog: Any) -> None:
    known, unknown = speed(catalog, *CASES[0]), speed(catalog, "llama-3-8b", "Q4_K_M", "Arc A770 16GB")
    assert unknown.high / unknown.low > known.high / known.low
    assert "too few on Xe-HPG GDDR" in unknown.basis[0]
    other = speed(catalog, "llama-3-8b", "FP8", "H100 SXM", "sglang")
    assert "sglang itself was not measured" in other.basis[0]
    assert other.high / other.low > 1.8


def test_a_prompt_takes_longer_the_longer_it_is(catalog: Any) -> None:
    times = [told(catalog, "llama-3-8b", "Q4_K_M", "RTX 4090", context=size).prefill for size in (1024, 8192, 65536)]
    assert all(found is not None and found.low <= found.seconds <= found.high for found in times)
    seconds = [found.seconds for found in times if found is not None]
    assert seconds[1] > 7 * seconds[0]
    assert seconds[2] > 8 * seconds[1]  # attention grows with the square


def test_many_users_are_bound_by_products(catalog: Any) -> None:
    """With 256 users the matrix products take longer than reading the weights once; with one they do not."""
    one, many = (speed(catalog, "llama-3-8b", "Q4_K_M", "A100 SXM 80GB", sequences=n, context=64) for n in (1, 256))
    assert "weights" in {term.name for term in one.terms}
    assert "products" in {term.name for term in many.terms}
    assert many.estimate * 256 > one.estimate


def test_cards_without_a_link_exchange_more_slowly(catalog: Any) -> None:
    """Four consumer cards over PCIe pay more for each all-reduce than four on a baseboard."""
    times = [
        next(
            term.estimate
            for term in speed(catalog, "qwen2.5-32b", "AWQ", gpu, "vllm").terms
            if term.name == "all_reduce"
        )
        for gpu in ("4x RTX 4090", "4x A100 SXM 80GB")
    ]
    assert times[0] > 2 * times[1]
