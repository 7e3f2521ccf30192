"""How each term of a training run came about, in words."""

from collections.abc import Mapping
from typing import Any

from llmpick.architecture.attention import Attention, LatentAttention
from llmpick.architecture.decoder import Architecture
from llmpick.architecture.feed_forward import Experts, Mlp
from llmpick.training.records import Recipe, TrainingEstimate, TrainingTerm

TERMS = ("weights", "adapters", "gradients", "optimizer", "activations", "logits", "buffers", "runtime")
ROUGH = "state-space layers"


def terms_of(found: TrainingEstimate, data: Mapping[str, Any]) -> tuple[TrainingTerm, ...]:
    """The fullest device's terms with certainty, formula and source."""
    recipe, device = found.recipe, found.fullest
    words = {
        "weights": ("A", _weights(recipe, data), "tensor shapes"),
        "adapters": ("A", _adapters(recipe), "peft.tuners.lora"),
        "gradients": ("A", f"{found.trainable:,} trained weights", "torch.autograd"),
        "optimizer": ("A", f"{recipe.optimizer}{_master(recipe, data)}", "each tensor's own states"),
        "activations": ("B", _activations(recipe), "tensors saved by autograd; arXiv:2205.05198"),
        "logits": ("B", _logits(recipe, data), "torch.nn.functional.cross_entropy in float32"),
        "buffers": ("C", _buffers(recipe, found), data["source"]),
        "runtime": ("C", "CUDA context, cuBLAS" + (", NCCL" if found.gpus > 1 else ""), "what nvidia-smi shows beyond PyTorch"),
    }  # fmt: skip
    if any(note.startswith(ROUGH) for note in found.notes):
        words["activations"] = ("C", *words["activations"][1:])
    return tuple(TrainingTerm(name, getattr(device, name), *words[name]) for name in TERMS)


def _adapters(recipe: Recipe) -> str:
    return f"rank {recipe.rank} × (inputs + outputs) of {', '.join(recipe.targets)} × {recipe.adapter_bytes} B"


def _weights(recipe: Recipe, data: Mapping[str, Any]) -> str:
    if recipe.method == "qlora":
        return f"linear layers quantised, the rest in {'float32' if recipe.upcast else '16 bit'}"
    if recipe.method == "lora":
        return f"frozen, {data['frozen_bytes']} B each"
    return f"{data['precisions'][recipe.precision]['weights']} B each" + (" / GPUs" if recipe.shards_weights else "")


def _master(recipe: Recipe, data: Mapping[str, Any]) -> str:
    master = recipe.method == "full" and data["precisions"][recipe.precision]["master"]
    text = ", float32 masters" if master else ""
    return text + (" on the host" if recipe.offload != "none" else " / GPUs" if recipe.zero or recipe.fsdp else "")


def _activations(recipe: Recipe) -> str:
    tokens = f"{recipe.batch} × {recipe.sequence:,} tokens"
    return f"{tokens}: every layer's input, one layer whole" if recipe.checkpointing else f"{tokens} × every layer"


def _logits(recipe: Recipe, data: Mapping[str, Any]) -> str:
    if recipe.cross_entropy == "fused":
        return "head and loss in one kernel, a chunk at a time"
    return f"{recipe.batch} × {recipe.sequence:,} tokens × vocabulary × {data['cross_entropy'][recipe.cross_entropy]} B"


def _buffers(recipe: Recipe, found: TrainingEstimate) -> str:
    found_words = []
    if recipe.shards_weights:
        found_words.append("gathered layers")
    if recipe.zero:
        found_words.append("reduce bucket")
    elif found.data_parallel > 1 and not recipe.shards_weights:
        found_words.append("gradient buckets")
    if recipe.method == "qlora":
        found_words.append("a dequantised layer")
    return ", ".join([*found_words, "casts, optimizer step"])


def notes_of(recipe: Recipe, architecture: Architecture, roles: frozenset[str], gpus: int) -> tuple[str, ...]:
    """What a reader should know of this model and recipe."""
    notes = []
    parts = [part for layer in architecture.layers for part in layer.parts]
    if any(not isinstance(part, (Attention, LatentAttention, Mlp, Experts)) for part in parts):
        notes.append(f"{ROUGH}: their activations are a rough estimate (certainty C)")
    if recipe.method == "qlora" and any(isinstance(part, Experts) for part in parts):
        notes.append(
            "transformers 5 stacks experts in one tensor, which bitsandbytes leaves in 16 bit: check that yours are quantised"
        )
    if any(role.startswith("expert_") for role in roles):
        notes.append(
            "adapters on experts: PEFT merges them into a copy of the layer's experts, counted under activations"
        )
    if any(tensor.role in ("vision", "audio") for tensor in architecture.tensors):
        notes.append("text only: towers are held, their activations are not counted")
    if gpus > 1 and not (recipe.zero or recipe.fsdp) and recipe.tensor_parallel * recipe.pipeline_parallel < gpus:
        notes.append("without --zero or --fsdp every GPU holds the whole model")
    if recipe.optimizer.startswith("paged"):
        notes.append("paged states move to host memory when a GPU is full; counted here as if they stayed")
    return tuple(notes)
