"""llama.cpp over several devices and the host, against what it allocated with devices emulated as CUDA answers."""

from typing import Any

import pytest

from llmpick.catalog.subject import open_subject
from llmpick.fit.profiles import kv_types
from llmpick.formats import weigh
from llmpick.runtimes import registry
from llmpick.runtimes.base import Budget, Estimate, Model, Request

MIB = 2**20


def made(catalog: Any, name: str, devices: int, **settings: Any) -> Estimate:
    subject = open_subject(name, catalog, None)
    weights = weigh(subject.architecture, subject.tensors, "Q4_K_M", catalog.formats)
    model = Model(subject.architecture, subject.tensors, subject.caches, weights)
    data = registry.runtime_data("llama.cpp", catalog.runtimes, kv_types(catalog.formats))
    return registry.estimate(
        "llama.cpp", model, Request(context=8192, settings=settings), [Budget("CUDA", 2**40)] * devices, data
    )


@pytest.mark.parametrize(("flash", "buffers"), [(True, (172.0, 354.5)), (False, (656.0, 688.0))])
def test_pipeline_of_two_devices(catalog: Any, flash: bool, buffers: tuple[float, float]) -> None:
    """Both compute buffers of Llama-3.1-8B at 8192 tokens within 1 %."""
    found = made(catalog, "llama-3.1-8b", 2, flash_attn=flash)
    assert [device.compute / MIB for device in found.devices] == pytest.approx(buffers, rel=0.01)


def test_output_matrix_is_staged_when_nothing_is_on_the_device(catalog: Any) -> None:
    """Zero layers still take 669.5 MiB: the output matrix and the logits."""
    found = made(catalog, "llama-3.1-8b", 1, n_gpu_layers=0)
    assert found.devices[0].compute / MIB == pytest.approx(669.5, rel=0.01)
    assert (found.devices[0].weights, found.devices[0].kv_cache) == (0, 0)
    assert found.host.kv_cache == 1024 * MIB


def test_staging_is_on_the_first_device_only(catalog: Any) -> None:
    """A second device without layers holds nothing but its context."""
    second = made(catalog, "llama-3.1-8b", 2, n_gpu_layers=0).devices[1]
    assert second.compute == second.weights == second.kv_cache == 0


def test_experts_on_the_host_are_staged_one_matrix_at_a_time(catalog: Any) -> None:
    """Mixtral with its experts on the host: 471.5 MiB instead of 200."""
    found = made(catalog, "mixtral-8x7b", 1, n_cpu_moe=32).devices[0]
    assert found.compute / MIB == pytest.approx(471.5, rel=0.1)
    assert found.high - found.total + found.compute > 471.5 * MIB


def test_layers_leave_the_device_from_the_front(catalog: Any) -> None:
    """Everything is somewhere: weights on devices and host are the file and, if tied, the second copy of the table."""
    whole = made(catalog, "llama-3.1-8b", 1)
    for layers in (0, 1, 16, 32):
        part = made(catalog, "llama-3.1-8b", 1, n_gpu_layers=layers)
        assert part.devices[0].weights + part.host.weights == whole.devices[0].weights + whole.host.weights
