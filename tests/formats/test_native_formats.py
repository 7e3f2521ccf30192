"""Weights that their makers publish packed: bytes against published sizes, and what each runtime takes them as."""

from typing import Any

import pytest

from llmpick.catalog.subject import Subject, subject_of_model
from llmpick.fit.ranking import Wish, loss_of, rank
from llmpick.fit.subjects import native_of, usual_format, usual_ladder
from llmpick.formats import weigh
from llmpick.formats.loading import ladder_from, native_format, runtimes_for
from llmpick.runtimes.base import Budget, Request

PUBLISHED_GGUF = {"gpt-oss-20b": 11.27, "gpt-oss-120b": 59.02}
"""GiB of tensors as llama-bench prints them for "gpt-oss ... MXFP4 MoE" (kyuz0/amd-strix-halo-toolboxes)."""
FILE_OF_20B = 12_109_566_560
"""ggml-org/gpt-oss-20b-GGUF: gpt-oss-20b-mxfp4.gguf, header of about 13 MB (a vocabulary of 201,088) included."""


def weighed(subject: Subject, name: str, catalog: Any) -> int:
    return weigh(subject.architecture, subject.tensors, name, catalog.formats).tensor_bytes


@pytest.mark.parametrize(("model", "gib"), PUBLISHED_GGUF.items())
def test_native_gguf_has_the_published_size(model: str, gib: float, catalog: Any) -> None:
    """The mix that holds MXFP4 experts as they are is what is published, to the last digit printed."""
    assert round(weighed(subject_of_model(model, catalog), "MXFP4_MOE", catalog) / 2**30, 2) == gib


def test_native_gguf_is_the_published_file_less_its_header(catalog: Any) -> None:
    """Tensor bytes and the header of a large vocabulary make up the file."""
    header = FILE_OF_20B - weighed(subject_of_model("gpt-oss-20b", catalog), "MXFP4_MOE", catalog)
    assert 12_000_000 < header < 14_000_000


def test_deepseek_v3_is_published_in_689_gigabytes(catalog: Any) -> None:
    """FP8 blocks of the model and of its prediction block, whose tables and joining projection are 16 bit."""
    subject = subject_of_model("deepseek-v3", catalog)
    items = {item.name: item.elements for item in subject.checkpoint}
    sixteen = items["mtp.embed_tokens.weight"] + items["mtp.lm_head.weight"]
    total = weighed(subject, "FP8-block", catalog) + items["mtp"] + 2 * sixteen
    assert total / 1e9 == pytest.approx(688.6, abs=0.2)


def test_int4_experts_take_595_gigabytes(catalog: Any) -> None:
    """Kimi K2.5's routed experts are packed in 4 bits with 16-bit scales; attention and shared experts are not."""
    assert weighed(subject_of_model("kimi-k2.5", catalog), "W4A16-experts", catalog) / 1e9 == pytest.approx(595, abs=2)


def test_experts_may_be_packed_apart(catalog: Any) -> None:
    """FP8 with MXFP4 experts lies between both: all in FP8, and experts in MXFP4 beside 16 bit."""
    subject = subject_of_model("deepseek-v4-flash", catalog)
    sizes = [weighed(subject, name, catalog) for name in ("FP8-block-MXFP4", "MXFP4", "FP8-block")]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize(
    ("native", "runtime", "taken"),
    [
        ("MXFP4", "llama.cpp", "MXFP4_MOE"), ("MXFP4", "ollama", "MXFP4_MOE"), ("MXFP4", "vllm", "MXFP4"),
        ("MXFP4", "exllamav3", None), ("FP8-block", "sglang", "FP8-block"), ("FP8-block", "llama.cpp", None),
        ("W4A16-experts", "vllm", "W4A16-experts"), ("W4A16-experts", "tensorrt-llm", None), (None, "vllm", None),
    ],
)  # fmt: skip
def test_what_a_runtime_takes_native_weights_as(
    native: str | None, runtime: str, taken: str | None, catalog: Any
) -> None:
    """As a mix that holds them, as they are, or not at all."""
    assert native_format(native, runtime, catalog.formats) == taken


def test_every_native_format_of_the_catalog_is_loaded_by_some_server(catalog: Any) -> None:
    """A record's native format is one that vLLM and SGLang load as published."""
    natives = {facts for model in catalog.ids if (facts := catalog.model_data(model).get("native_format"))}
    assert natives
    assert all({"vllm", "sglang"} <= set(runtimes_for(name, catalog.formats)) for name in natives)


def test_nothing_larger_than_the_native_format_is_tried() -> None:
    """A larger format holds no more than the makers' own; smaller ones stay, in their order."""
    sizes = {"native": 10, "large": 20, "small": 9, "smaller": 5}
    assert ladder_from("native", ["large", "small", "smaller"], sizes.__getitem__) == ("native", "small", "smaller")
    assert ladder_from(None, ["large", "small"], sizes.__getitem__) == ("large", "small")


@pytest.mark.parametrize(
    ("model", "runtime", "ladder"),
    [
        ("gpt-oss-20b", "llama.cpp", ("MXFP4_MOE", "Q2_K")), ("gpt-oss-20b", "vllm", ("MXFP4", "AWQ-4bit-128g")),
        ("deepseek-v3", "vllm", ("FP8-block", "AWQ-4bit-128g")), ("kimi-k2.5", "sglang", ("W4A16-experts", "AWQ-4bit-128g")),
        ("llama-3.1-8b", "vllm", ("BF16", "FP8", "AWQ-4bit-128g")),
    ],
)  # fmt: skip
def test_ladders_start_with_the_native_format(model: str, runtime: str, ladder: tuple[str, ...], catalog: Any) -> None:
    """What is tried when nobody names a format, and what is taken when only one is wanted."""
    subject = subject_of_model(model, catalog)
    found = usual_ladder(subject, runtime, catalog.formats, catalog.formats["ladders"]["ladders"][runtime])
    assert found == ladder
    assert native_of(subject, runtime, catalog.formats) in (None, usual_format(subject, runtime, catalog.formats))


def test_fit_offers_the_native_format_without_loss(catalog: Any) -> None:
    """gpt-oss on a 24 GB card: as published, at no loss; a format that was named is taken as named."""
    devices = [Budget("card", 24 * 2**30)]
    allowed = frozenset({"gpt-oss-20b"})
    for wish, wanted in (
        (Wish(request=Request(context=8192), usual=True, allowed=allowed), "MXFP4_MOE"),
        (Wish(request=Request(context=8192), formats=("Q8_0",), allowed=allowed), "Q8_0"),
    ):
        ((candidate, _),) = rank(catalog, wish, devices, None)
        loss = loss_of(candidate.profile, candidate.format_name, catalog.formats["quality"]["measurements"])
        assert candidate.format_name == wanted
        assert (loss.points, loss.high) == (0.0, 0.0) if wanted == "MXFP4_MOE" else loss.high > 0.0
