"""Laws that every runtime's estimate obeys, and the solvers built on it."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmpick.catalog.subject import open_subject
from llmpick.errors import UnknownName, UsageError
from llmpick.fit.profiles import kv_types
from llmpick.formats import weigh
from llmpick.runtimes import registry
from llmpick.runtimes.base import Budget, Estimate, Model, Request
from llmpick.runtimes.token_caches import most

RUNTIMES = sorted(registry.RUNTIMES)
RELAXED = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def models(catalog: Any) -> dict[bool, Model]:
    subject = open_subject("qwen3-8b", catalog, None)
    return {
        gguf: Model(subject.architecture, subject.tensors, subject.caches,
                    weigh(subject.architecture, subject.tensors, "Q4_K_M" if gguf else "BF16", catalog.formats))
        for gguf in (True, False)
    }  # fmt: skip


def estimated(catalog: Any, models: dict[bool, Model], name: str, size: int = 2**60, **request: Any) -> Estimate:
    data = registry.runtime_data(name, catalog.runtimes, kv_types(catalog.formats))
    chosen = models[registry.RUNTIMES[name].gguf]
    return registry.estimate(name, chosen, Request(**request), [Budget("GPU", size)], data)


@pytest.mark.parametrize("name", RUNTIMES)
@RELAXED
@given(context=st.integers(1, 200_000), sequences=st.integers(1, 16))
def test_terms_add_up_inside_an_ordered_interval(
    catalog: Any, models: dict[bool, Model], name: str, context: int, sequences: int
) -> None:
    """Device totals are the sum of the terms, low <= estimate <= high, and nothing is negative."""
    found = estimated(catalog, models, name, context=context, sequences=sequences)
    assert sum(term.estimate for term in found.terms) == found.total
    assert 0 < found.low <= found.total <= found.high
    assert all(0 <= term.low <= term.estimate <= term.high for term in found.terms)


@pytest.mark.parametrize("name", RUNTIMES)
@RELAXED
@given(context=st.integers(1, 100_000), more=st.integers(1, 100_000))
def test_more_context_never_takes_less(
    catalog: Any, models: dict[bool, Model], name: str, context: int, more: int
) -> None:
    """The need grows with the context."""
    one = estimated(catalog, models, name, context=context)
    assert one.high <= estimated(catalog, models, name, context=context + more).high


@pytest.mark.parametrize("name", RUNTIMES)
def test_unknown_setting_lists_the_runtimes_own(catalog: Any, models: dict[bool, Model], name: str) -> None:
    """A setting of another runtime is refused with the names that exist."""
    with pytest.raises(UsageError) as caught:
        estimated(catalog, models, name, context=512, settings={"no_such_setting": "1"})
    assert all(key in caught.value.hint for key in registry.settings_of(name))


@pytest.mark.parametrize("name", ["vllm", "transformers", "llama.cpp", "ollama"])
def test_longest_context_fits_and_the_next_does_not(catalog: Any, models: dict[bool, Model], name: str) -> None:
    """The solver's answer fits; one more cell of padding does not."""
    chosen, devices = models[registry.RUNTIMES[name].gguf], [Budget("GPU", 24 * 2**30)]
    data = registry.runtime_data(name, catalog.runtimes, kv_types(catalog.formats))
    found = registry.max_context(name, chosen, Request(context=1), devices, data, 2**20)
    assert 0 < found < 2**20
    assert registry.fits(estimated(catalog, models, name, 24 * 2**30, context=found))
    assert not registry.fits(estimated(catalog, models, name, 24 * 2**30, context=found + 1))


def test_most_sequences_fit_and_one_more_does_not(catalog: Any, models: dict[bool, Model]) -> None:
    """The same for sequences."""
    data = registry.runtime_data("vllm", catalog.runtimes, kv_types(catalog.formats))
    devices = [Budget("GPU", 24 * 2**30)]
    count = registry.max_sequences("vllm", models[False], Request(context=4096), devices, data)
    assert registry.fits(estimated(catalog, models, "vllm", 24 * 2**30, context=4096, sequences=count))
    assert not registry.fits(estimated(catalog, models, "vllm", 24 * 2**30, context=4096, sequences=count + 1))


@given(limit=st.integers(0, 10_000), threshold=st.integers(0, 12_000))
def test_bisection_finds_the_last_that_holds(limit: int, threshold: int) -> None:
    """For any threshold."""
    assert most(lambda count: count <= threshold, limit) == min(limit, threshold)


def test_heads_must_divide(catalog: Any, models: dict[bool, Model]) -> None:
    """Three tensor-parallel GPUs cannot share 32 heads; the hint names sizes that can."""
    data = registry.runtime_data("vllm", catalog.runtimes, kv_types(catalog.formats))
    request = Request(context=512, settings={"tensor_parallel_size": 3})
    with pytest.raises(UsageError) as caught:
        registry.estimate("vllm", models[False], request, [Budget("GPU", 2**40)] * 3, data)
    assert "1, 2, 4, 8" in caught.value.hint


def test_unknown_runtime_and_cache_type(catalog: Any, models: dict[bool, Model]) -> None:
    """Near names are suggested; a cache type that a runtime lacks is refused with those it has."""
    with pytest.raises(UnknownName, match="vlm"):
        registry.runtime_named("vlm")
    with pytest.raises(UsageError) as caught:
        estimated(catalog, models, "vllm", context=512, type_k="q4_0")
    assert "fp8" in caught.value.hint
