"""Towers of multimodal models: in a file of their own for GGUF, in the checkpoint for everything else."""

from dataclasses import replace
from typing import Any

import pytest

from llmpick.catalog.subject import subject_of_model
from llmpick.fit.speed.work import work_of
from llmpick.fit.subjects import model_in
from llmpick.formats import weigh

SEEING = "qwen3-vl-4b"


def tower_parameters(subject: Any) -> int:
    return sum(tensor.parameters for tensor in subject.tensors if tensor.role in ("vision", "audio", "projector"))


@pytest.mark.parametrize(("name", "width"), [("BF16", 2), ("F16", 2), ("F32", 4)])
def test_unpacked_formats_hold_the_towers_when_asked(name: str, width: int, catalog: Any) -> None:
    """415 million weights of the tower, in the bytes of everything else and nowhere twice."""
    subject = subject_of_model(SEEING, catalog)
    text = weigh(subject.architecture, subject.tensors, name, catalog.formats)
    whole = weigh(subject.architecture, subject.tensors, name, catalog.formats, towers=True)
    beside = width * tower_parameters(subject)
    assert (whole.tensor_bytes - text.tensor_bytes, whole.other_bytes - text.other_bytes) == (beside, beside)
    assert whole.layer_bytes == text.layer_bytes


@pytest.mark.parametrize("name", ["NF4", "Q4_K_M"])
def test_other_formats_are_what_they_were(name: str, catalog: Any) -> None:
    """Packed checkpoints always hold the towers; GGUF mixes never."""
    subject = subject_of_model(SEEING, catalog)
    text = weigh(subject.architecture, subject.tensors, name, catalog.formats)
    assert weigh(subject.architecture, subject.tensors, name, catalog.formats, towers=True) == text


@pytest.mark.parametrize(("runtime", "held"), [("llama.cpp", False), ("transformers", True), ("vllm", True)])
def test_who_loads_the_towers(runtime: str, held: bool, catalog: Any) -> None:
    """llama.cpp is given the text model's file; runtimes of safetensors load the checkpoint."""
    subject = subject_of_model(SEEING, catalog)
    found = model_in(subject, "BF16", catalog.formats, runtime).weights.tensor_bytes
    assert (found >= 2 * subject.parameters.total) is held


@pytest.mark.parametrize("name", ["BF16", "F32"])
def test_a_step_of_text_reads_no_tower(name: str, catalog: Any) -> None:
    """The work of a step is that of the text model, with or without the towers in memory."""
    subject = subject_of_model(SEEING, catalog)
    model = model_in(subject, name, catalog.formats, "vllm")
    text = replace_weights(model, weigh(subject.architecture, subject.tensors, name, catalog.formats))
    assert work_of(model).read_bytes() == pytest.approx(work_of(text).read_bytes())


def replace_weights(model: Any, weights: Any) -> Any:
    return model._replace(weights=weights) if hasattr(model, "_replace") else replace(model, weights=weights)
