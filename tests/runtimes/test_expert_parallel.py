"""Experts and attention spread over GPUs: what ranks hold together, what engines refuse, what changes a verdict."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmpick.catalog.subject import subject_of_model
from llmpick.errors import UsageError
from llmpick.fit.layouts import place
from llmpick.fit.subjects import model_in
from llmpick.runtimes.base import Budget, Estimate, Model, Request
from llmpick.runtimes.parallel import (
    Plan,
    local_experts,
    most_experts,
    padded_vocabulary,
    plan_of,
    rank_weights,
    uneven,
    vocabulary_padding,
)  # fmt: skip
from llmpick.runtimes.registry import estimate, runtime_data
from llmpick.runtimes.widths import replicated_elements

GIB = 2**30
MIXTURES = [
    ("deepseek-v3", "FP8-block"),
    ("minimax-m2", "FP8-block"),
    ("gpt-oss-120b", "MXFP4"),
    ("qwen3-30b-a3b", "BF16"),
]


def model(name: str, quant: str, catalog: Any) -> Model:
    return model_in(subject_of_model(name, catalog), quant, catalog.formats)


def made(name: str, quant: str, runtime: str, catalog: Any, count: int, **asked: Any) -> Estimate:
    data = runtime_data(runtime, catalog.runtimes, {})
    request = Request(**{"context": 8192, **asked})
    return estimate(runtime, model(name, quant, catalog), request, [Budget("card", 2**50)] * count, data)


@given(st.integers(1, 512), st.integers(1, 128))
def test_every_expert_is_on_one_rank(number: int, ranks: int) -> None:
    """Whole experts: all of them, none twice, and no rank holds two more than another."""
    held = [local_experts(number, ranks, rank) for rank in range(ranks)]
    assert sum(held) == number
    assert max(held) - min(held) <= 1


@pytest.mark.parametrize(("name", "quant"), MIXTURES)
@pytest.mark.parametrize(
    "plan", [Plan(8, 1, 1, True), Plan(4, 1, 2, True), Plan(1, 1, 8, True), Plan(2, 2, 2, True), Plan(2, 1, 2)]
)
def test_ranks_together_hold_the_model_and_what_is_repeated(name: str, quant: str, plan: Plan, catalog: Any) -> None:
    """Experts once; all else once a data-parallel group; norms, routers and their like once a rank."""
    found = model(name, quant, catalog)
    experts = sum(found.weights.layer_expert_bytes)
    whole = 2 * replicated_elements(found.tensors)
    total = sum(rank_weights(found, plan, index) for index in range(plan.devices))
    dense = found.weights.tensor_bytes - experts
    assert total == pytest.approx(experts + plan.data * (dense + (plan.tensor - 1) * whole), abs=plan.devices * 4)


@pytest.mark.parametrize(("name", "quant"), MIXTURES)
def test_whole_experts_take_what_cut_ones_take(name: str, quant: str, catalog: Any) -> None:
    """With as many experts on each rank, tensor parallelism alone and with whole experts need the same bytes."""
    found = model(name, quant, catalog)
    assert most_experts(found.architecture) % 8 == 0
    cut, whole = (rank_weights(found, Plan(8, 1, 1, kept), 3) for kept in (False, True))
    assert cut == pytest.approx(whole, abs=8)


def test_uneven_experts_fill_the_first_ranks(catalog: Any) -> None:
    """Of 128 experts six GPUs hold 22, 22, 21, 21, 21 and 21: the first ranks decide what fits."""
    found = model("gpt-oss-120b", "MXFP4", catalog)
    sizes = [rank_weights(found, Plan(1, 1, 6, True), index) for index in range(6)]
    each = sum(found.weights.layer_expert_bytes) // 128
    assert [size - sizes[-1] for size in sizes] == [each, each, 0, 0, 0, 0]


def test_widths_must_be_whole_blocks(catalog: Any) -> None:
    """MiniMax M2's 1,536 wide experts in blocks of 128 divide among four GPUs, among eight only as whole experts."""
    found = model("minimax-m2", "FP8-block", catalog)
    assert plan_of(found, 4, {}, 128).tensor == 4
    with pytest.raises(UsageError, match="width of 1,536"):
        plan_of(found, 8, {"tensor_parallel_size": 8}, 128)
    assert plan_of(found, 8, {"tensor_parallel_size": 8, "enable_expert_parallel": True}, 128) == Plan(8, 1, 1, True)
    assert plan_of(found, 8, {}, 128) == Plan(1, 8)


def test_a_dense_width_in_groups(catalog: Any) -> None:
    """Qwen2.5-72B's 29,568 does not divide among eight GPUs in groups of 128: why its AWQ files run on two or one."""
    found = model("qwen2.5-72b", "AWQ-4bit-128g", catalog)
    assert uneven(found, Plan(8, 1), 128) == 29568
    assert uneven(found, Plan(8, 1), 1) is None


@pytest.mark.parametrize(
    ("runtime", "tensor", "data"),
    [
        ("vllm", {"tensor_parallel_size": 8}, {"data_parallel_size": 8, "enable_expert_parallel": True}),
        ("sglang", {"tp_size": 8}, {"tp_size": 8, "dp_size": 8, "enable_dp_attention": True, "ep_size": 8}),
    ],
)
def test_data_parallel_attention_divides_a_latent_cache(
    runtime: str, tensor: dict[str, Any], data: dict[str, Any], catalog: Any
) -> None:
    """64 requests: each of eight groups keeps eight; under tensor parallelism every rank keeps all of them."""
    ranks = [
        made("deepseek-v3", "FP8-block", runtime, catalog, 8, sequences=64, settings=each) for each in (tensor, data)
    ]
    one, other = (found.devices[0] for found in ranks)
    assert other.kv_cache * 8 == one.kv_cache
    assert other.weights > one.weights


@pytest.mark.parametrize("runtime", ["vllm", "sglang"])
def test_the_verdict_that_only_data_parallel_attention_gives(runtime: str, catalog: Any) -> None:
    """DeepSeek-V3 for 64 users of 32k tokens on eight 141 GB cards: the latent cache would be eight times on them."""
    data = runtime_data(runtime, catalog.runtimes, {})
    found = model("deepseek-v3", "FP8-block", catalog)
    devices = [Budget("card", 139 * GIB)] * 8
    request = Request(context=32768, sequences=64)
    placed = place(runtime, found, request, devices, None, data)
    assert placed is not None
    assert placed.verdict == "fits"
    assert "each with its own requests" in placed.why
    assert "whole experts" in placed.why
    size = "tensor_parallel_size" if runtime == "vllm" else "tp_size"
    alone = Request(context=32768, sequences=64, settings={size: 8})
    cut = place(runtime, found, alone, devices, None, data)
    assert cut is not None
    assert cut.verdict == "no"


def test_the_verdict_that_only_whole_experts_give(catalog: Any) -> None:
    """MiniMax M2 in FP8 blocks needs eight 40 GB cards, over which its experts cannot be cut."""
    data = runtime_data("vllm", catalog.runtimes, {})
    placed = place(
        "vllm",
        model("minimax-m2", "FP8-block", catalog),
        Request(context=8192),
        [Budget("card", int(39.5 * GIB))] * 8,
        None,
        data,
    )
    assert placed is not None
    assert placed.verdict == "fits"
    assert placed.estimate.placement["enable_expert_parallel"] is True


@pytest.mark.parametrize(
    "settings",
    [{"dp_size": 2}, {"tp_size": 8, "ep_size": 4}, {"tp_size": 8, "dp_size": 3, "enable_dp_attention": True}],
)
def test_sglang_refuses_what_is_not_planned(settings: dict[str, Any], catalog: Any) -> None:
    """Copies of the server, experts over some of the GPUs, groups that do not divide."""
    with pytest.raises(UsageError, match="sglang"):
        made("deepseek-v3", "FP8-block", "sglang", catalog, 8, settings=settings)


@given(st.integers(1, 300_000), st.integers(1, 64))
def test_vocabularies_are_padded_to_what_divides(rows: int, ranks: int) -> None:
    """The fewest rows in steps of 64 (times the ranks, if need be) that divide; vLLM refuses instead of growing."""
    padded = padded_vocabulary(rows, ranks, grows=True)
    assert padded % 64 == padded % ranks == 0
    assert rows <= padded < rows + 64 * ranks
    if -(-rows // 64) * 64 % ranks:
        with pytest.raises(UsageError, match="vocabulary"):
            padded_vocabulary(rows, ranks, grows=False)
    else:
        assert padded_vocabulary(rows, ranks, grows=False) == padded < rows + 64


@pytest.mark.parametrize(("name", "rows"), [("llama-3.1-8b", 0), ("gpt-2", 47), ("chinese-alpaca-33b", 30)])
def test_padded_rows_are_loaded(name: str, rows: int, catalog: Any) -> None:
    """GPT-2's 50,257 tied rows become 50,304; a multiple of 64 stays."""
    found = model(name, "BF16", catalog)
    tables = found.architecture.embeddings
    copies = 1 if tables.tied else 2
    each = 2 * tables.embedding_size * rows * copies
    assert vocabulary_padding(found, Plan(1, 1), 0) == each
    assert sum(vocabulary_padding(found, Plan(2, 1), index) for index in range(2)) == each
