"""vLLM's cache pool against what it printed, to the token, and the laws of its groups."""

from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmpick.catalog.subject import subject_of_model
from llmpick.inventory.caches import CacheLayer
from llmpick.runtimes.token_caches import cache_bytes
from llmpick.runtimes.vllm_cache import Settings, block_bytes, groups, pool, request_blocks, settings_of

GIB = 2**30


class Printed(NamedTuple):
    """A log line: memory available for the cache (GiB, two decimals), tokens, the longest request. ``settings``: of it."""

    model: str
    available_gib: float
    tokens: int
    longest: int
    settings: Settings
    by_groups: bool = False
    """Until spring 2026: blocks / groups * tokens a block, in place of requests at once * their length."""


SIXTEEN = (16.0, 16.0)
PRINTED = [
    # Qwen/Qwen3.8-27B, 2026-09-17, 652 blocks: three groups of states and one of attention, blocks of 784 tokens
    Printed("qwen3.8-27b", 31.24, 314_187, 8192, Settings(16, 8192, 1, SIXTEEN, state_bytes=4)),
    # Qwen3.5 with 24 layers of which 6 attend, 2026: one block a state
    Printed("qwen3.5-2b", 5.95, 129_472, 262_144, Settings(16, 0, 1, SIXTEEN, state_bytes=4, states_per_request=1), True),
    # google/gemma-4-31B-it, alvarobartt/hf-mem#61, 2026-05-06: six groups of ten layers
    Printed("gemma-4-31b", 24.54, 26_800, 8192, Settings(16, 8192, 1, SIXTEEN), True),
    # google/gemma-4-E2B, vLLM 0.21 on an L4: 15 of 35 layers have a cache, blocks of 32 tokens for those that slide
    Printed("gemma-4-e2b", 9.92, 1_062_157, 8192, Settings(16, 2048, 1, SIXTEEN)),
    # Gemma 3 4B on an MI300X, 2026: 29 sliding layers in six groups of five
    Printed("gemma-3-4b", 162.84, 1_217_591, 8192, Settings(16, 8192, 1, SIXTEEN)),
    # Qwen3-VL-30B-A3B-FP8, 2026: one group
    Printed("qwen3-vl-30b-a3b", 33.59, 366_880, 32_768, Settings(16, 8192, 1, SIXTEEN)),
    # Llama-3.3-70B-Instruct FP8 with an FP8 cache, 2026
    Printed("llama-3.3-70b", 5.11, 33_504, 32_000, Settings(16, 8192, 1, (8.0, 8.0))),
    # DeepSeek-R1-Distill-Qwen-1.5B, 2026
    Printed("deepseek-r1-distill-qwen-1.5b", 2.46, 91_968, 2048, Settings(16, 2048, 1, SIXTEEN)),
]  # fmt: skip


def tokens(row: Printed, caches: tuple[CacheLayer, ...], available: int) -> int:
    found = pool(caches, row.longest, 0, 1000, row.settings)
    if not row.by_groups:
        return found.capacity(available)
    made = groups(caches, row.settings)
    smallest = min(each.kind.block for each in made if each.kind.block)
    return available // found.block_bytes // len(made) * smallest


@pytest.mark.parametrize("row", PRINTED, ids=lambda row: row.model)
def test_tokens_as_printed(row: Printed, catalog: Any) -> None:
    """The printed number lies between those of the ends of the rounded memory figure, 0.1 % apart or exactly on it."""
    caches = subject_of_model(row.model, catalog).caches
    low, high = (tokens(row, caches, int((row.available_gib + end) * GIB)) for end in (-0.005, 0.005))
    assert low <= row.tokens <= high
    assert tokens(row, caches, int(row.available_gib * GIB)) == pytest.approx(row.tokens, rel=0.002)


def test_states_make_blocks_of_attention_grow(catalog: Any) -> None:
    """A block of Qwen3.8-27B holds 784 tokens in 16 layers: what one state takes, in whole kernel blocks."""
    caches = subject_of_model("qwen3.8-27b", catalog).caches
    made = groups(caches, Settings(16, 8192, 1, SIXTEEN, state_bytes=4))
    assert sorted(each.kind.block for each in made) == [0, 0, 0, 784]
    assert {len(each.pages) for each in made} == {16}


def test_settings_of_this_release(catalog: Any) -> None:
    """States in 32 bits where the config says so, three blocks of them beside attention and one without it."""
    data = catalog.runtimes["vllm"]
    for model, state_bytes, blocks in (("qwen3.8-27b", 4, 3), ("qwen3-next-80b-a3b", 2, 3), ("mamba-2.8b", 2, 1)):
        subject = subject_of_model(model, catalog)
        made = settings_of(subject.caches, subject.architecture.model_type, 16, 2048, 1, 1, SIXTEEN, data)
        assert (made.state_bytes, made.states_per_request, made.in_flight) == (state_bytes, blocks, 4096)


@pytest.mark.parametrize("model", ["llama-3.1-8b", "deepseek-v3", "deepseek-v3.2", "qwen3-235b-a22b"])
def test_one_kind_of_cache_is_the_sum_of_its_layers(model: str, catalog: Any) -> None:
    """Without a hybrid's groups a request takes what its layers take one by one."""
    caches = subject_of_model(model, catalog).caches
    settings = Settings(16, 4096, 1, SIXTEEN)
    assert pool(caches, 8192, 0, 1000, settings).need(3) == cache_bytes(
        caches, 8192, 3, SIXTEEN, block=16, in_flight=4096
    )


@st.composite
def hybrids(draw: st.DrawFn) -> tuple[CacheLayer, ...]:
    """Full attention, windows or chunks, and states, over layers in any order."""
    kinds = draw(st.lists(st.sampled_from(["full", "sliding", "chunked", "recurrent"]), min_size=2, max_size=40))
    heads = {kind: draw(st.sampled_from([1, 2, 4, 8])) for kind in kinds}
    width = {kind: draw(st.sampled_from([64, 128, 256])) for kind in kinds}
    found = []
    for kind in dict.fromkeys(kinds):
        layers = tuple(index for index, each in enumerate(kinds) if each == kind)
        if kind == "recurrent":
            state = draw(st.integers(1, 10**6))
            found.append(CacheLayer(kind, layers, recurrent_elements=state, convolution_elements=1000))
        else:
            window = None if kind == "full" else draw(st.sampled_from([128, 1024, 4096]))
            found.append(CacheLayer(kind, layers, heads[kind], width[kind], width[kind], window))
    return tuple(found)


@given(hybrids(), st.sampled_from([1, 2, 4]))
def test_groups_hold_every_layer_once_in_equal_pages(caches: tuple[CacheLayer, ...], ranks: int) -> None:
    """No layer is lost or counted twice, a page holds what it is for, and the block is that of the widest group."""
    settings = Settings(16, 2048, ranks, SIXTEEN)
    made = groups(caches, settings)
    assert sorted(layer for each in made for layer, _ in each.pages) == sorted(
        layer for cache in caches for layer in cache.layers
    )
    widest = max(len(each.pages) for each in made)
    assert len({page for each in made for _, page in each.pages}) == 1 or len(made) == 1
    assert block_bytes(made, 0, 1000) == max(sum(page for _, page in each.pages) for each in made)
    assert all(len(each.pages) <= widest for each in made)


@given(hybrids(), st.integers(1, 200_000), st.integers(1, 2**36))
def test_capacity_is_what_fits(caches: tuple[CacheLayer, ...], length: int, available: int) -> None:
    """As many whole requests as the printed tokens say fit, and one more does not."""
    found = pool(caches, length, 0, 1000, Settings(16, 2048, 1, SIXTEEN))
    requests = found.capacity(available) // length
    assert found.need(requests) <= available
    assert found.need(requests + 1) > available - found.block_bytes


@given(hybrids(), st.integers(1, 100_000), st.integers(1, 100_000))
def test_a_longer_request_never_takes_fewer_blocks(caches: tuple[CacheLayer, ...], one: int, other: int) -> None:
    """Blocks grow with the length, and a pipeline stage holds at most the whole block."""
    settings = Settings(16, 2048, 1, SIXTEEN)
    made = groups(caches, settings)
    assert request_blocks(made, min(one, other), settings) <= request_blocks(made, max(one, other), settings)
    whole, half = block_bytes(made, 0, 1000), block_bytes(made, 0, 20)
    assert half <= whole <= half + block_bytes(made, 20, 1000)
