"""Checking a recipe and filling in what frameworks choose by themselves."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from llmpick.architecture.attention import Attention, LatentAttention
from llmpick.architecture.decoder import Architecture
from llmpick.errors import UnknownName, UsageError
from llmpick.training.records import ATTENTIONS, CROSS_ENTROPIES, METHODS, OFFLOADS, Recipe


def resolved(recipe: Recipe, gpus: int, data: Mapping[str, Any]) -> Recipe:
    """The recipe with its optimizer's own name and a precision. Raises UsageError and UnknownName.

    Without a precision: full fine-tuning under DeepSpeed keeps float32 masters (``bf16-master``), elsewhere float32
    weights under autocast (``bf16-mixed``); adapters train on 16-bit weights under autocast.
    """
    for name, value, known in (("method", recipe.method, METHODS), ("attention", recipe.attention, ATTENTIONS),
                               ("cross-entropy", recipe.cross_entropy, CROSS_ENTROPIES),
                               ("offload", recipe.offload, OFFLOADS)):  # fmt: skip
        if value not in known:
            raise UsageError(f"unknown {name} {value!r}", f"one of {', '.join(known)}")
    for name in ("rank", "sequence", "batch", "accumulation", "tensor_parallel", "pipeline_parallel"):
        if getattr(recipe, name) < 1:
            raise UsageError(f"{name.replace('_', '-')} must be at least 1")
    _check_parallelism(recipe, gpus)
    precision = recipe.precision or ("bf16-master" if recipe.zero else "bf16-mixed")
    if precision not in data["precisions"]:
        raise UnknownName.near("precision", precision, list(data["precisions"]))
    return replace(recipe, optimizer=optimizer_name(recipe.optimizer, data), precision=precision)


def optimizer_name(name: str, data: Mapping[str, Any]) -> str:
    """The optimizer behind a name or alias, compared without case."""
    folded = name.lower()
    for known, row in data["optimizers"].items():
        if folded == known or folded in row.get("aliases", ()):
            return str(known)
    raise UnknownName.near("optimizer", name, list(data["optimizers"]))


def adapter_bytes(precision: str) -> int:
    """Bytes of an adapter's weight: PEFT keeps float32 unless ``autocast_adapter_dtype`` is off."""
    sizes = {"fp32": 4, "bf16": 2, "fp16": 2}
    if precision.lower() not in sizes:
        raise UsageError(f"adapters are kept in fp32 or bf16, not {precision!r}")
    return sizes[precision.lower()]


def _check_parallelism(recipe: Recipe, gpus: int) -> None:
    model_parallel = recipe.tensor_parallel * recipe.pipeline_parallel
    if gpus % model_parallel:
        raise UsageError(
            f"{gpus} GPUs do not divide into groups of {model_parallel} "
            f"(tensor-parallel {recipe.tensor_parallel} × pipeline-parallel {recipe.pipeline_parallel})",
            f"--gpus {model_parallel} or a multiple of it",
        )
    if recipe.zero not in (0, 1, 2, 3):
        raise UsageError(f"ZeRO has stages 1, 2 and 3, not {recipe.zero}")
    if recipe.zero and recipe.fsdp:
        raise UsageError("--zero and --fsdp both shard the model", "give one of them")
    if recipe.offload != "none" and not (recipe.zero or recipe.fsdp):
        raise UsageError("offloading is a feature of ZeRO and FSDP", "add --zero 2, --zero 3 or --fsdp")
    if recipe.offload == "parameters" and not recipe.shards_weights:
        raise UsageError("offloading parameters needs sharded weights", "add --zero 3 or --fsdp")
    if recipe.zero == 2 and recipe.pipeline_parallel > 1:
        raise UsageError("pipelines accumulate gradients, which ZeRO-2 splits: they exclude each other", "--zero 1")
    if recipe.sequence_parallel and recipe.tensor_parallel == 1:
        raise UsageError("sequence parallelism divides what tensor parallelism leaves whole", "--tensor-parallel 2")


def check_split(architecture: Architecture, recipe: Recipe) -> None:
    """Raise UsageError when heads or layers cannot be divided as the recipe wants."""
    ranks, parts = recipe.tensor_parallel, recipe.pipeline_parallel
    for layer in architecture.layers:
        for part in layer.parts:
            heads = part.num_attention_heads if isinstance(part, (Attention, LatentAttention)) else ranks
            if heads % ranks:
                raise UsageError(
                    f"{heads} attention heads do not divide among {ranks} GPUs", "another --tensor-parallel, or --fsdp"
                )
    if parts > architecture.num_hidden_layers:
        raise UsageError(f"{architecture.num_hidden_layers} layers do not make {parts} pipeline stages")
