"""What is asked of a training run and what it takes. All sizes are bytes."""

from dataclasses import dataclass
from typing import NamedTuple

METHODS = ("full", "lora", "qlora")
ATTENTIONS = ("sdpa", "flash", "eager")
CROSS_ENTROPIES = ("standard", "chunked", "fused")
OFFLOADS = ("none", "optimizer", "parameters")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A training run. ``batch`` sequences of ``sequence`` tokens go through one data-parallel device at a time.

    ``precision`` None: what the frameworks do by default (`llmpick.training.recipes.resolved`). ``targets``: PEFT's
    module names, or ``("all-linear",)``. ``train_embeddings``: embeddings and head are trained whole beside the adapters
    (PEFT's modules_to_save). ``dropout``: adapters drop inputs and keep the mask. ``adapter_bytes``: of an adapter's
    weight (PEFT keeps them in float32). ``upcast``: what QLoRA does not quantise is held in float32 (PEFT's
    prepare_model_for_kbit_training). ``whole_model_first``: a device holds the unsharded model before it is sharded.
    """

    method: str = "lora"
    rank: int = 16
    targets: tuple[str, ...] = ("all-linear",)
    train_embeddings: bool = False
    dropout: bool = False
    adapter_bytes: int = 4
    upcast: bool = True
    optimizer: str = "adamw"
    precision: str | None = None
    sequence: int = 2048
    batch: int = 1
    accumulation: int = 1
    checkpointing: bool = True
    attention: str = "sdpa"
    cross_entropy: str = "standard"
    zero: int = 0
    fsdp: bool = False
    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    sequence_parallel: bool = False
    offload: str = "none"
    whole_model_first: bool = False

    @property
    def shards_weights(self) -> bool:
        """Whether every data-parallel device holds a share of the weights only."""
        return self.fsdp or self.zero == 3


class TrainingTerm(NamedTuple):
    """One summand of a device's memory. ``certainty``: A byte-exact, B a few per cent, C empirical, D recalled."""

    name: str
    estimate: int
    certainty: str
    formula: str
    source: str


class TrainingDevice(NamedTuple):
    """What one device of pipeline stage ``stage`` holds at its peak; ``low..high`` is the 90 % interval of ``total``."""

    stage: int
    weights: int
    adapters: int
    gradients: int
    optimizer: int
    activations: int
    logits: int
    buffers: int
    runtime: int
    low: int
    high: int

    @property
    def held(self) -> int:
        """What lives through the whole run."""
        return self.weights + self.adapters + self.gradients + self.optimizer

    @property
    def step(self) -> int:
        """What one step needs beside that."""
        return self.activations + self.logits + self.buffers

    @property
    def total(self) -> int:
        """All of it."""
        return self.held + self.step + self.runtime


class TrainingEstimate(NamedTuple):
    """A training run on ``gpus`` devices: the terms of the fullest one, every stage's device, and host memory.

    ``data_parallel``: how many copies of the model work on their own sequences.
    """

    recipe: Recipe
    gpus: int
    data_parallel: int
    parameters: int
    trainable: int
    adapter_parameters: int
    terms: tuple[TrainingTerm, ...]
    stages: tuple[TrainingDevice, ...]
    host: int
    notes: tuple[str, ...]

    @property
    def fullest(self) -> TrainingDevice:
        """The device with the highest upper end."""
        return max(self.stages, key=lambda device: device.high)

    @property
    def global_batch(self) -> int:
        """Sequences in one optimizer step."""
        return self.recipe.batch * self.recipe.accumulation * self.data_parallel

    def device(self, index: int) -> TrainingDevice:
        """The device with this index: tensor-parallel neighbours share a stage."""
        per_stage = max(1, self.gpus // len(self.stages))
        return self.stages[min(index // per_stage, len(self.stages) - 1)]
