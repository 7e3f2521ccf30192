"""Layouts of runtimes on GPUs: which are tried, which is taken, and how far a placement reaches."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmpick.catalog import open_catalog
from llmpick.catalog.subject import subject_of_model
from llmpick.fit import layouts
from llmpick.fit.placement import judge
from llmpick.fit.ranking import runtime_data
from llmpick.fit.subjects import model_in
from llmpick.runtimes.base import Budget, Request
from llmpick.runtimes.registry import estimate

GIB = 2**30
CATALOG = open_catalog(None)


def _model(name, format_name="BF16"):
    return model_in(subject_of_model(name, CATALOG), format_name, CATALOG.formats)


def _cards(count, gib=23):
    return tuple(Budget(f"card {index}", gib * GIB) for index in range(count))


LLAMA = _model("llama-3.1-8b")
DATA = {name: runtime_data(CATALOG, name) for name in ("vllm", "sglang", "transformers", "exllamav3", "tensorrt-llm")}


def test_fewest_gpus_first_and_tensor_parallel_before_a_pipeline():
    """One device, then two in both ways, then four."""
    found = layouts.layouts("vllm", LLAMA.architecture, 4)
    assert [each[:2] for each in found[:3]] == [(1, 1), (2, 1), (1, 2)]
    assert [each.devices for each in found] == sorted(each.devices for each in found)


def test_heads_that_do_not_divide_leave_the_pipeline():
    """40 heads cannot lie on three or sixteen ranks."""
    sizes = {each.tensor for each in layouts.layouts("vllm", _model("phi-4").architecture, 16)}
    assert sizes <= {1, 2, 4, 5, 8, 10}
    assert 16 not in sizes


def test_tensor_parallel_stays_inside_a_machine():
    """Across machines the whole of each is one stage."""
    found = layouts.layouts("vllm", _model("llama-3.1-405b").architecture, 32, node=8)
    assert all(each.tensor <= 8 for each in found)
    assert {each[:2] for each in found if each.devices > 8} == {(8, 2), (8, 3), (8, 4)}


@pytest.mark.parametrize("runtime", ["transformers", "exllamav3"])
def test_layers_are_dealt_out_where_tensors_are_not_split(runtime):
    """Two 14 GiB cards take the 8B model that one cannot."""
    placed = layouts.place(runtime, LLAMA, Request(context=2048), _cards(2, 14), None, DATA[runtime])
    assert placed.verdict == "fits"
    assert len(placed.estimate.devices) == 2
    assert "32 layers dealt out to 2 GPUs" in placed.why


def test_the_reason_names_heads():
    """What is divided is said in numbers."""
    placed = layouts.place("vllm", LLAMA, Request(context=8192), _cards(4, 14), None, DATA["vllm"])
    assert placed.why.startswith("tensor parallel 2: 32 heads / 2, 8 KV heads / 2")


def test_small_models_take_one_of_several_gpus():
    """Nothing is spread that one GPU holds."""
    placed = layouts.place("vllm", LLAMA, Request(context=8192), _cards(4), None, DATA["vllm"])
    assert len(placed.estimate.devices) == 1
    assert placed.why.startswith("one of 4 GPUs")


def test_a_small_card_beside_a_large_one_adds_no_pool():
    """Nothing is placed on the sum of unequal cards: each is judged with what it holds."""
    cards = (Budget("large", 16 * GIB), Budget("small", 4 * GIB))
    placed = layouts.place("vllm", LLAMA, Request(context=8192), cards, None, DATA["vllm"])
    assert placed.verdict == "no"


@settings(max_examples=12, deadline=None)
@given(gib=st.integers(12, 80), count=st.sampled_from([1, 2, 4]), sequences=st.integers(1, 8),
       runtime=st.sampled_from(["vllm", "sglang", "exllamav3"]))  # fmt: skip
def test_the_longest_context_fits_and_256_more_do_not(gib, count, sequences, runtime):
    """Solved, not guessed: the answer fits, and a step further nothing does."""
    where = (_cards(count, gib), DATA[runtime])
    asked = Request(context=4096, sequences=sequences)
    longest = layouts.max_context(runtime, LLAMA, asked, *where, 131072)

    def fits(context):
        request = Request(context=context, sequences=sequences)
        placed = layouts.place(runtime, LLAMA, request, where[0], None, where[1])
        return placed.verdict == "fits"

    assert longest == 0 or fits(longest)
    assert longest == 131072 or not fits(longest + 256)


@settings(max_examples=12, deadline=None)
@given(gib=st.integers(12, 80), context=st.sampled_from([1024, 4096, 16384]))
def test_most_users_is_the_edge_and_falls_with_the_context(gib, context):
    """One user more does not fit; a longer context never has room for more."""
    cards = _cards(1, gib)
    users = layouts.max_users("vllm", LLAMA, Request(context=context), cards, DATA["vllm"])
    longer = layouts.max_users("vllm", LLAMA, Request(context=2 * context), cards, DATA["vllm"])
    assert longer <= users
    for sequences, expected in ((users, "fits"), (users + 1, None)):
        if 0 < sequences <= layouts.MAX_SEQUENCES:
            made = estimate("vllm", LLAMA, Request(context=context, sequences=sequences), cards, DATA["vllm"])
            assert (judge(made, None) == "fits") == (expected == "fits")
