"""A subject as a runtime takes it: its weights in a format that is computed, or as its file stores them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from llmpick.catalog.subject import Subject
from llmpick.formats import weigh
from llmpick.formats.base import WeightBytes
from llmpick.formats.gguf_mix import converts
from llmpick.formats.loading import (
    check_loads,
    declared_format,
    default_format,
    ladder_from,
    native_format,
    runtime_for,
)
from llmpick.runtimes import llama_cpp
from llmpick.runtimes.base import Model
from llmpick.runtimes.registry import runtime_named

AS_STORED = " (as stored)"


def stored_format(subject: Subject) -> str | None:
    """The format of the subject's own file, such as ``Q4_K_M (as stored)``; None for a config or a catalog model."""
    if subject.stored is None:
        return None
    from llmpick.readers.stored import format_of

    return format_of(subject.stored) + AS_STORED


def runtime_of(subject: Subject, asked: str | None, format_name: str | None, formats: Mapping[str, Any]) -> str:
    """The runtime asked for; else one that loads the format, or the file as it is, else llama.cpp.

    Raises UsageError when the runtime does not load the format, UnknownName for either.
    """
    if asked is None:
        loads_safetensors = subject.stored is not None and subject.stored.kind == "safetensors"
        if format_name is None:
            return "transformers" if loads_safetensors else "llama.cpp"
        return runtime_for(format_name, formats)
    runtime = runtime_named(asked).name
    if format_name is not None:
        check_loads(runtime, format_name, formats)
    return runtime


def loadable_format(subject: Subject, runtime: str) -> str | None:
    """The file's own format, where the runtime loads such files as they are; one for GGUF would convert safetensors."""
    converted = runtime_named(runtime).gguf and subject.stored is not None and subject.stored.kind != "gguf"
    return None if converted else stored_format(subject)


def usual_format(subject: Subject, runtime: str, formats: Mapping[str, Any]) -> str:
    """The format taken when none is named: the file's own, the makers' own, else what the runtime's users usually take."""
    return loadable_format(subject, runtime) or native_of(subject, runtime, formats) or default_format(runtime, formats)


def native_of(subject: Subject, runtime: str, formats: Mapping[str, Any]) -> str | None:
    """The makers' own packed format as ``runtime`` takes it; None: they publish 16 or 32 bit, or it cannot be loaded.

    Of a catalog model its record tells it, of a config its ``quantization_config``.
    """
    native = subject.record.native_format if subject.record else declared_format(subject.config or {}, formats)
    return native_format(native, runtime, formats)


def usual_ladder(subject: Subject, runtime: str, formats: Mapping[str, Any], ladder: Sequence[str]) -> tuple[str, ...]:
    """``ladder`` (formats that the runtime's users try, best first) for this model: from its makers' own format on."""

    def size_of(name: str) -> int:
        return model_in(subject, name, formats, runtime).weights.tensor_bytes

    return ladder_from(native_of(subject, runtime, formats), ladder, size_of)


def why_not_loaded(subject: Subject, runtime: str, formats: Mapping[str, Any]) -> str:
    """Why a runtime cannot load the model in any format; empty where nothing speaks against it.

    Known of runtimes that read GGUF: what llama.cpp has no converter for. A file that is GGUF already needs none.
    """
    if not runtime_named(runtime).gguf or subject.source == "gguf" or converts(subject.architecture, formats):
        return ""
    return f"{runtime_named(runtime).name} has no converter for this architecture ({subject.architecture.model_type})"


def model_in(subject: Subject, format_name: str, formats: Mapping[str, Any], runtime: str = llama_cpp.NAME) -> Model:
    """The subject with its weights in a format; the name that `stored_format` gives means the file's own bytes.

    ``runtime`` decides whether a multimodal model's towers are loaded with it. Raises UnknownName for a format nobody
    knows, UnsupportedArchitecture for a file that nothing describes.
    """
    if format_name.endswith(AS_STORED):
        weights = stored_weights(subject)
    else:
        towers = not runtime_named(runtime).gguf
        weights = weigh(subject.architecture, subject.tensors, format_name, formats, towers)
    return Model(subject.architecture, subject.tensors, subject.caches, weights)


def loaded_subject(subject: Subject, format_name: str, formats: Mapping[str, Any]) -> llama_cpp.Loaded:
    """The subject in a format as llama.cpp loads it."""
    return llama_cpp.load(model_in(subject, format_name, formats, llama_cpp.NAME))


def stored_weights(subject: Subject) -> WeightBytes:
    """The bytes of the subject's file by place; prediction blocks apart, because a runtime does not load them.

    A tied head stored again in safetensors is left out: those runtimes share the table.
    """
    from llmpick.readers.stored import TIED_COPY, weight_split

    stored = subject.stored
    assert stored is not None
    if stored.kind != "gguf":
        stored = replace(stored, tensors=tuple(one for one in stored.tensors if one.not_counted != TIED_COPY))
    predicted = sum(one.bytes_stored for one in stored.tensors if one.role == "mtp")
    stored = replace(stored, tensors=tuple(one for one in stored.tensors if one.role != "mtp"))
    split, layers = weight_split(stored), subject.architecture.num_hidden_layers
    if stored.kind != "gguf" and subject.tied:
        split["output_bytes"] -= sum(one.bytes_stored for one in stored.tensors if one.role == "token_embedding")
    for key in ("layer_bytes", "layer_expert_bytes"):
        held = split[key]
        split[key] = (*held[:layers], *(0,) * (layers - len(held)))
        if key == "layer_bytes":
            split["other_bytes"] += sum(held[layers:])
    return WeightBytes(format=stored_format(subject) or "", prediction_bytes=predicted, **split)
