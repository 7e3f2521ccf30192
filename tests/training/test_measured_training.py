"""Published fine-tuning runs: what they took, and which ran out of memory."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmpick.catalog import Catalog, open_catalog
from llmpick.catalog.subject import subject_of_model
from llmpick.formats.packed import tensor_sizer
from llmpick.training.estimate import estimate
from llmpick.training.limits import judge, most
from llmpick.training.records import Recipe, TrainingEstimate
from reference_rows import DATA

ROWS = [json.loads(line) for line in Path(DATA / "training" / "measured.jsonl").read_text().splitlines()]
IN_CATALOG = [row for row in ROWS if row["model"] != "stablelm-base-alpha-3b"]


def made(row: dict[str, Any], catalog: Catalog) -> TrainingEstimate:
    subject = subject_of_model(row["model"], catalog)
    given = dict(row["recipe"])
    given["targets"] = tuple(given.get("targets", ("all-linear",)))
    table = catalog.runtimes["training"] | ({"reduce_bucket_elements": row["bucket"]} if "bucket" in row else {})
    packed = tensor_sizer(row.get("packed", "NF4"), catalog.formats)
    return estimate(subject.architecture, subject.tensors, Recipe(**given), table, row["gpus"], packed)


@pytest.mark.parametrize(
    "row", [row for row in IN_CATALOG if "out_of_memory_on" in row], ids=lambda row: str(row["quote"])
)
def test_a_run_that_ran_out_of_memory_is_not_said_to_fit(row: dict[str, Any], catalog: Catalog) -> None:
    """A false "fits" is the worst error."""
    assert judge(made(row, catalog), [row["out_of_memory_on"]] * row["gpus"], None)[0] != "fits"


def test_nine_of_ten_runs_lie_in_the_interval(catalog: Catalog) -> None:
    """Runs whose figure holds the runtime itself, as nvidia-smi's does; half of them within a tenth."""
    rows = [row for row in IN_CATALOG if row.get("counts") == "device" and "bytes" in row]
    devices = [made(row, catalog).fullest for row in rows]
    pairs = list(zip(devices, rows, strict=True))
    assert sum(device.low <= row["bytes"] <= device.high for device, row in pairs) >= 0.9 * len(rows)
    assert sum(abs(device.total / row["bytes"] - 1) < 0.1 for device, row in pairs) >= 0.5 * len(rows)


def test_trained_parameters_equal_what_was_printed(catalog: Catalog) -> None:
    """LitGPT's table and PEFT's benchmark print the number; Falcon's adapters there leave keys out."""
    rows = [row for row in IN_CATALOG if "trainable" in row and row["model"] != "falcon-40b"]
    assert len(rows) > 20
    assert [made(row, catalog).trainable for row in rows] == [row["trainable"] for row in rows]


CATALOG = open_catalog()
SUBJECT = subject_of_model("llama-3.2-3b", CATALOG)


def asked(recipe: Recipe, gpus: int = 1) -> TrainingEstimate:
    sizer = tensor_sizer("NF4", CATALOG.formats)
    return estimate(SUBJECT.architecture, SUBJECT.tensors, recipe, CATALOG.runtimes["training"], gpus, sizer)


@given(
    st.sampled_from(("full", "lora", "qlora")), st.integers(1, 64), st.integers(1, 32768), st.booleans(), st.booleans()
)
def test_more_tokens_never_take_less(method: str, batch: int, sequence: int, checkpointing: bool, fused: bool) -> None:
    """Along batch and sequence; and the interval is around the estimate."""
    recipe = {"method": method, "checkpointing": checkpointing, "cross_entropy": "fused" if fused else "standard"}
    here = asked(Recipe(**recipe, batch=batch, sequence=sequence)).fullest
    more = asked(Recipe(**recipe, batch=batch + 1, sequence=sequence)).fullest
    longer = asked(Recipe(**recipe, batch=batch, sequence=sequence + 64)).fullest
    assert here.low <= here.total <= here.high
    assert here.total <= more.total
    assert here.total <= longer.total


@given(st.sampled_from((1, 2, 4, 8, 16)), st.sampled_from(("zero", "fsdp")))
def test_more_devices_hold_less_each(gpus: int, kind: str) -> None:
    """Sharded weights, gradients and states shrink with every doubling."""
    layout: dict[str, Any] = {"zero": 3} if kind == "zero" else {"fsdp": True}
    recipe = Recipe(method="full", **layout)
    assert asked(recipe, 2 * gpus).fullest.held < asked(recipe, gpus).fullest.held


@given(st.integers(0, 100), st.integers(1, 100))
def test_the_largest_that_holds(edge: int, limit: int) -> None:
    """Bisection finds the edge, or the limit."""
    assert most(lambda count: count <= edge, limit) == min(edge, limit)


def test_checkpointing_and_fused_loss_save() -> None:
    """Their effect on a long sequence: most of the activations, all of the logits but a chunk."""
    plain = asked(Recipe(sequence=8192, checkpointing=False)).fullest
    checkpointed = asked(Recipe(sequence=8192)).fullest
    fused = asked(Recipe(sequence=8192, cross_entropy="fused")).fullest
    assert checkpointed.activations < plain.activations / 5
    assert fused.logits < plain.logits / 10


def test_a_verdict_needs_every_device_and_the_host() -> None:
    """One small device among large ones decides; host memory that is needed but unknown is not promised."""
    found = asked(Recipe(), 2)
    enough, small = found.fullest.high, found.fullest.low - 1
    assert judge(found, [enough, enough], None)[0] == "fits"
    assert judge(found, [enough, enough - 1], None)[0] == "tight"
    assert judge(found, [enough, small], None)[0] == "no"
    offloaded = asked(Recipe(method="full", zero=2, offload="optimizer"), 2)
    assert judge(offloaded, [2**60] * 2, None)[0] == "tight"
    assert judge(offloaded, [2**60] * 2, 2**30)[0] == "no"
    assert judge(offloaded, [2**60] * 2, 2**40)[0] == "fits"


def test_host_memory_needs_room_for_buffers() -> None:
    """Exactly what the states take is not enough for "fits"."""
    found = asked(Recipe(method="full", zero=2, offload="optimizer"), 2)
    assert judge(found, [2**60] * 2, found.host + 2 * 2**30)[0] == "tight"
    assert judge(found, [2**60] * 2, found.host * 2 + 2 * 2**30)[0] == "fits"
