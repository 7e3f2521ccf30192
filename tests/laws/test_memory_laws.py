"""Laws that hold whatever the model: more context never needs less, fewer bits never cost more, more cards never hurt."""

from hypothesis import given, settings
from hypothesis import strategies as st

from llmpick.catalog import open_catalog
from llmpick.catalog.subject import subject_of_model
from llmpick.fit.placement import VERDICTS, max_context, place_llama_cpp
from llmpick.fit.profiles import GGUF_LADDER
from llmpick.fit.ranking import runtime_data
from llmpick.fit.subjects import loaded_subject
from llmpick.inventory.caches import cache_layers, kv_elements_per_token
from llmpick.inventory.decoder import inventory
from llmpick.readers.hf_config import architecture_from_config
from llmpick.runtimes import llama_cpp
from llmpick.runtimes.base import Budget, Request

CATALOG = open_catalog()
DATA = runtime_data(CATALOG)
MODELS = {
    name: loaded_subject(subject_of_model(name, CATALOG), "Q4_K_M", CATALOG.formats)
    for name in ("llama-3.1-8b", "gemma-3-12b", "qwen3-30b-a3b", "deepseek-v2-lite", "mamba-1.4b", "qwen3.5-4b")
}
models = st.sampled_from(sorted(MODELS))
contexts = st.integers(256, 65536)
GIB = 2**30


@given(models, contexts, contexts)
def test_more_context_never_needs_less(name: str, one: int, other: int) -> None:
    short, long = sorted((one, other))
    device = (Budget("gpu", 2**60),)
    needs = [
        llama_cpp.estimate(MODELS[name], Request(context=context), device, DATA).total for context in (short, long)
    ]
    assert needs[0] <= needs[1]


@given(models, contexts, st.sampled_from(["q8_0", "q4_0"]))
def test_a_quantised_cache_is_never_larger(name: str, context: int, cache_type: str) -> None:
    device = (Budget("gpu", 2**60),)
    if any(cache.num_key_value_heads * cache.key_head_dim % 32 for cache in MODELS[name].caches):
        return
    plain = llama_cpp.estimate(MODELS[name], Request(context=context), device, DATA).devices[0].kv_cache
    packed = Request(context=context, type_k=cache_type, type_v=cache_type)
    assert llama_cpp.estimate(MODELS[name], packed, device, DATA).devices[0].kv_cache <= plain


@settings(max_examples=40)
@given(models, st.integers(1, 40), st.integers(1, 3), contexts)
def test_another_card_never_turns_a_fit_into_a_misfit(name: str, gib: int, count: int, context: int) -> None:
    def verdict(cards: int) -> int:
        devices = tuple(Budget(f"gpu {index}", gib * GIB) for index in range(cards))
        return VERDICTS.index(place_llama_cpp(MODELS[name], Request(context=context), devices, 64 * GIB, DATA).verdict)

    if verdict(count) == VERDICTS.index("fits"):
        assert verdict(count + 1) <= VERDICTS.index("tight")


@settings(max_examples=30)
@given(models, st.integers(2, 48))
def test_the_longest_context_is_the_longest(name: str, gib: int) -> None:
    devices = (Budget("gpu", gib * GIB),)
    longest = max_context(MODELS[name], Request(context=8192), devices, None, DATA, 131072)
    if 0 < longest < 131072:
        for context, fits in ((longest, True), (longest + 256, False)):
            placed = place_llama_cpp(MODELS[name], Request(context=context), devices, None, DATA)
            assert (placed.verdict == "fits") is fits


@settings(max_examples=40)
@given(models, st.integers(0, 40), st.sampled_from([None, 1, 8, 64]))
def test_what_settings_keep_on_the_host_never_fits(name: str, layers: int, host_gib: int | None) -> None:
    """A split is an offload where the host is known to hold its part, and the reason never has a negative size."""
    request = Request(context=8192, settings={"n_gpu_layers": layers})
    host = None if host_gib is None else host_gib * GIB
    placed = place_llama_cpp(MODELS[name], request, (Budget("gpu", 24 * GIB),), host, DATA)
    assert not placed.why.startswith("-")
    if layers < MODELS[name].layers:
        assert placed.verdict in ("offload", "no")
        assert placed.verdict == "no" or (host is not None and placed.estimate.host.total < host)


@given(st.sampled_from(CATALOG.ids))
@settings(max_examples=40)
def test_fewer_bits_never_cost_more(name: str) -> None:
    subject = subject_of_model(name, CATALOG)
    sizes = [loaded_subject(subject, mix, CATALOG.formats).weights.tensor_bytes for mix in GGUF_LADDER]
    assert sizes == sorted(sizes, reverse=True)


@given(st.integers(1, 16), st.integers(8, 128), st.integers(1, 12))
def test_as_many_kv_heads_as_heads_is_multi_head(heads: int, head_dim: int, layers: int) -> None:
    config = {"model_type": "llama", "hidden_size": heads * head_dim, "intermediate_size": 64, "num_hidden_layers": layers,
              "num_attention_heads": heads, "vocab_size": 1000}  # fmt: skip
    plain = architecture_from_config(config, CATALOG.specs)
    grouped = architecture_from_config({**config, "num_key_value_heads": heads}, CATALOG.specs)
    assert inventory(plain) == inventory(grouped)
    assert kv_elements_per_token(cache_layers(plain)) == 2 * layers * heads * head_dim


def test_a_window_that_holds_everything_is_full_attention() -> None:
    model = MODELS["gemma-3-12b"]
    wide = model._replace(
        caches=tuple(cache._replace(window=2**20 if cache.window else None) for cache in model.caches)
    )
    full = model._replace(caches=tuple(cache._replace(window=None) for cache in model.caches))
    device, request = (Budget("gpu", 2**60),), Request(context=8192)
    assert (
        llama_cpp.estimate(wide, request, device, DATA).devices[0].kv_cache
        == llama_cpp.estimate(full, request, device, DATA).devices[0].kv_cache
    )
