"""Weights, adapters, gradients and optimizer states: exact sums over the tensors."""

from typing import Any

import pytest

from llmpick.architecture.decoder import Architecture
from llmpick.catalog import Catalog
from llmpick.catalog.subject import subject_of_model
from llmpick.errors import UnknownName, UsageError
from llmpick.formats.packed import linear_bytes, tensor_sizer
from llmpick.inventory.tensors import Tensor
from llmpick.training.estimate import estimate
from llmpick.training.records import Recipe

Model = tuple[Architecture, tuple[Tensor, ...]]
LAYER = [(64, 64), (16, 64), (16, 64), (64, 64), (176, 64), (176, 64), (64, 176)]
"""Linear layers of one layer of the small model: q, k, v, o, gate, up, down."""
PARAMETERS = 2 * 512 * 64 + 64 + 4 * (2 * 64 + sum(rows * columns for rows, columns in LAYER))


@pytest.mark.parametrize(
    ("model", "rank", "targets", "elements"),
    [
        ("llama-7b", 16, "all-linear", 39_976_960),
        ("llama-2-7b", 8, "q_proj,v_proj", 4_194_304),
        ("llama-2-13b", 8, "q_proj,v_proj", 6_553_600),
        ("phi-1", 8, "q_proj,v_proj", 1_572_864),
        ("llama-3.2-3b", 10, "gate_proj,up_proj,down_proj", 9_461_760),
        ("falcon-40b", 8, "query_key_value", 60 * 8 * (8192 + 9216)),
    ],
)
def test_adapters_have_the_size_that_libraries_print(
    model: str, rank: int, targets: str, elements: int, catalog: Catalog, table: dict[str, Any]
) -> None:
    """r × (inputs + outputs) of every targeted layer, as PEFT and LitGPT count it."""
    subject = subject_of_model(model, catalog)
    recipe = Recipe(rank=rank, targets=tuple(targets.split(",")))
    found = estimate(subject.architecture, subject.tensors, recipe, table)
    assert (found.adapter_parameters, found.trainable) == (elements, elements)
    assert found.fullest.adapters == 4 * elements
    assert found.fullest.optimizer == 8 * elements


@pytest.mark.parametrize(
    ("precision", "weights", "gradients", "optimizer"),
    [
        ("fp32", 4, 4, 8),
        ("bf16", 2, 2, 4),
        ("bf16-mixed", 4, 4, 8),
        ("bf16-master", 2, 2, 12),
        ("fp16-master", 2, 2, 12),
    ],
)
def test_full_training_by_precision(
    precision: str, weights: int, gradients: int, optimizer: int, llama: Model, table: dict[str, Any]
) -> None:
    """Bytes a parameter: the ZeRO paper's 16 with masters, 16 in float32, 8 in bfloat16 alone."""
    device = estimate(*llama, Recipe(method="full", precision=precision), table).fullest
    assert (device.weights, device.gradients, device.optimizer) == (
        weights * PARAMETERS, gradients * PARAMETERS, optimizer * PARAMETERS,
    )  # fmt: skip


def test_eight_bit_states_leave_small_tensors_and_embeddings_alone(llama: Model, table: dict[str, Any]) -> None:
    """A byte each and a float32 maximum for 256; below 4096 elements, and for token embeddings, 32 bit."""
    small = 64 + 4 * (2 * 64 + 2 * 16 * 64)
    large = 4 * sum(rows * columns for rows, columns in LAYER if rows * columns >= 4096) + 512 * 64
    device = estimate(*llama, Recipe(method="full", precision="bf16", optimizer="adamw_8bit"), table).fullest
    assert device.optimizer == 2 * (4 * (small + 512 * 64) + large + 4 * large // 256)


def test_adafactor_keeps_a_row_and_a_column(llama: Model, table: dict[str, Any]) -> None:
    """Float32 sums of rows and columns of matrices, vectors whole."""
    factors = 2 * (512 + 64) + 64 + 4 * (2 * 64 + sum(rows + columns for rows, columns in LAYER))
    assert estimate(*llama, Recipe(method="full", optimizer="adafactor"), table).fullest.optimizer == 4 * factors


def test_muon_keeps_one_state_for_hidden_matrices(llama: Model, table: dict[str, Any]) -> None:
    """AdamW's two for tables, head and norms."""
    hidden = 4 * sum(rows * columns for rows, columns in LAYER)
    found = estimate(*llama, Recipe(method="full", precision="bf16", optimizer="muon"), table)
    assert found.fullest.optimizer == 2 * (hidden + 2 * (PARAMETERS - hidden))


@pytest.mark.parametrize(("optimizer", "states"), [("sgd", 0), ("sgd-momentum", 1), ("lion", 1), ("ADAMW", 2)])
def test_elementwise_optimizers(optimizer: str, states: int, llama: Model, table: dict[str, Any]) -> None:
    device = estimate(*llama, Recipe(method="full", precision="fp32", optimizer=optimizer), table).fullest
    assert device.optimizer == 4 * states * PARAMETERS


def test_qlora_packs_linear_layers_and_upcasts_the_rest(llama: Model, catalog: Catalog, table: dict[str, Any]) -> None:
    """NF4 with double quantisation; tables and norms in float32 unless they are left in 16 bit."""
    row = catalog.formats["packed"]["formats"]["NF4"]
    packed = 4 * sum(linear_bytes(rows, columns, row) for rows, columns in LAYER)
    rest = PARAMETERS - 4 * sum(rows * columns for rows, columns in LAYER)
    sizer = tensor_sizer("NF4", catalog.formats)
    for upcast, size in ((True, 4), (False, 2)):
        device = estimate(*llama, Recipe(method="qlora", upcast=upcast), table, packed=sizer).fullest
        assert device.weights == packed + size * rest


def test_a_tied_head_is_trained_once(catalog: Catalog, table: dict[str, Any]) -> None:
    subject = subject_of_model("llama-3.2-3b", catalog)
    found = estimate(subject.architecture, subject.tensors, Recipe(method="full", precision="bf16"), table)
    assert found.trainable == found.parameters == 3_212_749_824
    assert found.fullest.weights == 2 * 3_212_749_824


@pytest.mark.parametrize(
    ("layout", "shares"),
    [
        ({}, (1, 1, 1)), ({"zero": 1}, (1, 1, 4)), ({"zero": 2}, (1, 4, 4)), ({"zero": 3}, (4, 4, 4)), ({"fsdp": True}, (4, 4, 4)),
    ],
    ids=["ddp", "zero-1", "zero-2", "zero-3", "fsdp"],
)  # fmt: skip
def test_sharding_divides_what_its_stage_divides(
    layout: dict[str, Any], shares: tuple[int, int, int], llama: Model, table: dict[str, Any]
) -> None:
    """Weights, gradients and optimizer states over four devices (arXiv:1910.02054)."""
    recipe = Recipe(method="full", precision="bf16-master", **layout)
    device = estimate(*llama, recipe, table, 4).fullest
    whole = (2 * PARAMETERS, 2 * PARAMETERS, 12 * PARAMETERS)
    assert (device.weights, device.gradients, device.optimizer) == tuple(
        -(-size // share) for size, share in zip(whole, shares, strict=True)
    )


def test_tensor_and_pipeline_parallelism_hold_the_model_together(llama: Model, table: dict[str, Any]) -> None:
    """Two stages of two ranks hold every weight once, norms once a rank."""
    recipe = Recipe(method="full", precision="bf16", tensor_parallel=2, pipeline_parallel=2)
    found = estimate(*llama, recipe, table, 4)
    norms = 64 + 4 * 2 * 64
    assert 2 * sum(device.weights for device in found.stages) == 2 * (PARAMETERS + norms)
    assert (found.trainable, found.data_parallel, len(found.stages)) == (PARAMETERS, 1, 2)


def test_offloading_moves_states_to_the_host(llama: Model, table: dict[str, Any]) -> None:
    """Master, two states and a float32 gradient: 16 bytes a parameter in host memory, none on the device."""
    found = estimate(*llama, Recipe(method="full", zero=2, offload="optimizer"), table, 2)
    assert (found.fullest.optimizer, found.fullest.gradients, found.host) == (0, 0, 16 * PARAMETERS)
    everything = estimate(*llama, Recipe(method="full", zero=3, offload="parameters"), table, 2)
    assert (everything.fullest.weights, everything.host) == (0, 18 * PARAMETERS)


@pytest.mark.parametrize(
    ("change", "gpus", "error"),
    [
        ({"method": "adapter"}, 1, UsageError),
        ({"optimizer": "adamx"}, 1, UnknownName),
        ({"precision": "fp4"}, 1, UnknownName),
        ({"targets": ("w_q",)}, 1, UsageError),
        ({"tensor_parallel": 3}, 4, UsageError),
        ({"zero": 3, "fsdp": True}, 2, UsageError),
        ({"zero": 2, "pipeline_parallel": 2}, 2, UsageError),
        ({"offload": "optimizer"}, 1, UsageError),
        ({"offload": "parameters", "zero": 2}, 2, UsageError),
        ({"sequence_parallel": True}, 1, UsageError),
        ({"sequence": 0}, 1, UsageError),
    ],
    ids=str,
)
def test_what_cannot_be_run_is_refused(
    change: dict[str, Any], gpus: int, error: type[Exception], llama: Model, table: dict[str, Any]
) -> None:
    with pytest.raises(error):
        estimate(*llama, Recipe(**change), table, gpus)
