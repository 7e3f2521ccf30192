"""Laws that hold for every model and size, whatever the figures are."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmpick.catalog import Catalog
from llmpick.fit.ranking import runtime_data
from llmpick.formats import weigh
from llmpick.inventory.caches import cache_layers, kv_elements_per_token
from llmpick.inventory.decoder import inventory
from llmpick.inventory.parameters import ParameterCount, count_parameters
from llmpick.readers.hf_config import architecture_from_config
from llmpick.runtimes import llama_cpp
from llmpick.runtimes.base import Budget, Estimate, Model, Request

QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
FROM_SMALL_TO_LARGE = ("Q2_K", "Q3_K_M", "Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0", "F16", "F32")


@st.composite
def shapes(draw: Any) -> dict[str, Any]:
    """A decoder of the llama kind, with whole quantisation blocks in each row."""
    heads = draw(st.sampled_from([4, 8, 16, 32]))
    return {
        "model_type": draw(st.sampled_from(["llama", "mistral", "qwen3"])),
        "hidden_size": heads * 128, "head_dim": 128, "num_attention_heads": heads,
        "num_key_value_heads": draw(st.sampled_from([key for key in (1, 2, 4, 8, 16, 32) if key <= heads])),
        "num_hidden_layers": draw(st.integers(1, 24)), "intermediate_size": 256 * draw(st.integers(2, 40)),
        "vocab_size": 256 * draw(st.integers(1, 300)), "tie_word_embeddings": draw(st.booleans()),
        "max_position_embeddings": 131072, "rms_norm_eps": 1e-5,
    }  # fmt: skip


def counted(config: dict[str, Any], catalog: Catalog) -> ParameterCount:
    architecture = architecture_from_config(config, catalog.specs)
    return count_parameters(inventory(architecture), architecture.embeddings.tied)


def estimated(
    config: dict[str, Any], catalog: Catalog, context: int, quant: str = "Q4_K_M", **changes: Any
) -> Estimate:
    architecture = architecture_from_config(config, catalog.specs)
    tensors = inventory(architecture)
    weights = weigh(architecture, tensors, quant, catalog.formats)
    model = llama_cpp.load(Model(architecture, tensors, cache_layers(architecture), weights))
    request = Request(context=context, **changes)
    return llama_cpp.estimate(model, request, (Budget("one", 2**60),), runtime_data(catalog))


@given(config=shapes())
@QUICK
def test_components_sum_to_the_total(config: dict[str, Any], catalog: Catalog) -> None:
    found = counted(config, catalog)
    assert sum(value for _, value in found.components) == found.total
    assert 0 < found.active <= found.total


@given(config=shapes())
@QUICK
def test_the_llama_formula(config: dict[str, Any], catalog: Catalog) -> None:
    """The inventory equals the closed formula of a gated decoder without biases."""
    config = config | {"model_type": "llama"}
    width, kv_width = config["hidden_size"], config["num_key_value_heads"] * 128
    layer = 2 * width * width + 2 * width * kv_width + 3 * width * config["intermediate_size"] + 2 * width
    tables = config["vocab_size"] * width * (1 if config["tie_word_embeddings"] else 2)
    total = counted(config, catalog).total
    assert total == tables + config["num_hidden_layers"] * layer + width


@given(config=shapes())
@QUICK
def test_as_many_kv_heads_as_heads_is_plain_attention(config: dict[str, Any], catalog: Catalog) -> None:
    """Saying so and saying nothing are the same model; fewer never keep more."""
    same = config | {"num_key_value_heads": config["num_attention_heads"], "model_type": "llama"}
    silent = {key: value for key, value in same.items() if key != "num_key_value_heads"}
    assert architecture_from_config(same, catalog.specs) == architecture_from_config(silent, catalog.specs)
    caches = [cache_layers(architecture_from_config(each, catalog.specs)) for each in (config, same)]
    assert kv_elements_per_token(caches[0]) <= kv_elements_per_token(caches[1])


@given(config=shapes(), context=st.integers(1, 100_000), more=st.integers(0, 30_000), sequences=st.integers(1, 8))
@QUICK
def test_more_context_never_needs_less(
    config: dict[str, Any], context: int, more: int, sequences: int, catalog: Catalog
) -> None:
    small = estimated(config, catalog, context, sequences=sequences).devices[0]
    large = estimated(config, catalog, context + more, sequences=sequences).devices[0]
    assert small.kv_cache <= large.kv_cache
    assert small.weights == large.weights


@given(config=shapes(), context=st.integers(1, 60_000))
@QUICK
def test_a_window_as_wide_as_the_context_keeps_all_of_it(
    config: dict[str, Any], context: int, catalog: Catalog
) -> None:
    """And a narrower one never keeps more."""
    base = config | {"model_type": "mistral"}
    full = estimated(base | {"sliding_window": None}, catalog, context).devices[0].kv_cache
    wide = estimated(base | {"sliding_window": context}, catalog, context).devices[0].kv_cache
    narrow = estimated(base | {"sliding_window": 1024}, catalog, context).devices[0].kv_cache
    assert narrow <= full
    assert wide == full


@given(config=shapes())
@QUICK
def test_fewer_bits_never_cost_more(config: dict[str, Any], catalog: Catalog) -> None:
    architecture = architecture_from_config(config, catalog.specs)
    tensors = inventory(architecture)
    sizes = [weigh(architecture, tensors, name, catalog.formats).tensor_bytes for name in FROM_SMALL_TO_LARGE]
    assert sizes == sorted(sizes)


@given(config=shapes(), context=st.integers(1, 100_000))
@QUICK
def test_the_estimate_lies_in_its_interval(config: dict[str, Any], context: int, catalog: Catalog) -> None:
    found = estimated(config, catalog, context)
    assert found.low <= found.total <= found.high
    assert min(found.devices[0].weights, found.devices[0].kv_cache, found.devices[0].compute) > 0
