"""Recipes that take less than the one that was asked for."""

from collections.abc import Iterator
from dataclasses import replace

from llmpick.training.records import Recipe, TrainingEstimate


def alternatives(found: TrainingEstimate) -> Iterator[tuple[str, Recipe, int]]:
    """(what, recipe, GPUs) of what else could be done."""
    recipe, gpus = found.recipe, found.gpus
    if recipe.batch > 1:
        yield f"batch {recipe.batch // 2}", replace(recipe, batch=recipe.batch // 2), gpus
    if recipe.sequence > 256:
        yield f"sequence {recipe.sequence // 2:,}", replace(recipe, sequence=recipe.sequence // 2), gpus
    if not recipe.checkpointing:
        yield "gradient checkpointing", replace(recipe, checkpointing=True), gpus
    if recipe.attention == "eager":
        yield "sdpa or flash attention", replace(recipe, attention="sdpa"), gpus
    if recipe.cross_entropy != "fused":
        yield "fused cross-entropy", replace(recipe, cross_entropy="fused"), gpus
    yield from _lighter_states(recipe, gpus)
    if not recipe.shards_weights and gpus > 1:
        yield f"ZeRO-3 over {gpus} GPUs", replace(recipe, zero=3, fsdp=False), gpus
    if gpus == 1:
        yield "2 GPUs with FSDP", replace(recipe, fsdp=True, zero=0, offload="none"), 2
    if (recipe.zero or recipe.fsdp) and recipe.offload == "none":
        yield "optimizer on the host", replace(recipe, offload="optimizer"), gpus


def _lighter_states(recipe: Recipe, gpus: int) -> Iterator[tuple[str, Recipe, int]]:
    if recipe.optimizer not in ("adamw8bit", "paged-adamw8bit", "adafactor", "sgd"):
        yield "8-bit AdamW", replace(recipe, optimizer="adamw8bit"), gpus
    if recipe.method == "full":
        if recipe.precision != "bf16":
            yield "pure bfloat16", replace(recipe, precision="bf16"), gpus
        yield "LoRA", replace(recipe, method="lora", precision=None), gpus
    if recipe.method != "qlora":
        yield "QLoRA", replace(recipe, method="qlora", precision=None), gpus
