"""Memory of a fine-tuning run, device by device: states + activations + logits + buffers + the runtime itself.

The peak stands at the start of the backward pass: everything that lives through the run, the activations of every layer
(with checkpointing: every layer's input and one layer's activations), and the loss's logits. Gradients are counted whole
there too, as they are held between accumulation steps and in the buckets of data parallelism. The optimizer's step
borrows what the activations have left; what it needs beyond that is part of ``buffers``.
Left out: batches with padding, evaluation and checkpoints on the way, sequences longer than ``sequence``.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from llmpick.architecture.decoder import Architecture
from llmpick.inventory.tensors import Tensor
from llmpick.training.activations import Mode, head_bytes, layer_bytes, layer_experts
from llmpick.training.adapters import target_roles
from llmpick.training.recipes import check_split, resolved
from llmpick.training.records import Recipe, TrainingDevice, TrainingEstimate
from llmpick.training.states import Sizer, Stage, States, frozen_sizer, gathered_bytes, stages, states_of
from llmpick.training.words import notes_of, terms_of


class Run(NamedTuple):
    """Everything that the terms of a device are computed from."""

    architecture: Architecture
    tensors: Sequence[Tensor]
    recipe: Recipe
    data: Mapping[str, Any]
    gpus: int
    roles: frozenset[str]
    mode: Mode
    frozen: Sizer

    @property
    def data_parallel(self) -> int:
        """Copies of the model, or groups that share one, with sequences of their own."""
        return self.gpus // (self.recipe.tensor_parallel * self.recipe.pipeline_parallel)

    @property
    def tokens(self) -> int:
        """Tokens that go through a device at once."""
        return self.recipe.batch * self.recipe.sequence


def estimate(architecture: Architecture, tensors: Sequence[Tensor], recipe: Recipe, data: Mapping[str, Any],
             gpus: int = 1, packed: Sizer | None = None) -> TrainingEstimate:  # fmt: skip
    """What ``recipe`` takes on ``gpus`` equal devices. ``data``: catalog/runtimes/training.yaml; ``packed``: bytes of a
    tensor in the quantised format of QLoRA (`llmpick.formats.packed.tensor_sizer`).

    Raises UsageError for what cannot be run, UnknownName for names nobody knows.
    """
    run = prepared(architecture, tensors, recipe, data, gpus, packed)
    parts = stages(architecture.num_hidden_layers, run.recipe.pipeline_parallel)
    held = [states_of(tensors, stage, run.recipe, run.roles, data, run.frozen) for stage in parts]
    devices = tuple(_device(run, stage, states) for stage, states in zip(parts, held, strict=True))
    ranks = run.recipe.tensor_parallel
    whole = states_of(tensors, Stage(0, 1, 0, architecture.num_hidden_layers), run.recipe, run.roles, data, run.frozen) \
        if ranks == 1 else _unsplit(run)  # fmt: skip
    found = TrainingEstimate(
        recipe=run.recipe, gpus=gpus, data_parallel=run.data_parallel,
        parameters=sum(tensor.parameters for tensor in tensors if tensor.role not in ("mtp", "buffer")),
        trainable=whole.elements, adapter_parameters=whole.adapter_elements, terms=(), stages=devices,
        host=_host_bytes(run, whole), notes=notes_of(run.recipe, architecture, run.roles, gpus),
    )  # fmt: skip
    return found._replace(terms=terms_of(found, data))


def prepared(architecture: Architecture, tensors: Sequence[Tensor], recipe: Recipe, data: Mapping[str, Any], gpus: int,
             packed: Sizer | None) -> Run:  # fmt: skip
    """The checked recipe with what follows from it."""
    recipe = resolved(recipe, gpus, data)
    check_split(architecture, recipe)
    roles = target_roles(recipe, tensors, data)
    row = data["precisions"][recipe.precision]
    full = recipe.method == "full"
    mode = Mode(
        compute=row["compute"], residual=row["residual"] if full else data["frozen_bytes"], full=full,
        autocast=row["autocast"], roles=roles, rank=recipe.rank, eager=recipe.attention == "eager",
        sequence=recipe.sequence, dropout=recipe.dropout, adapter=recipe.adapter_bytes, quantised=recipe.method == "qlora",
    )  # fmt: skip
    return Run(architecture, tensors, recipe, data, gpus, roles, mode, frozen_sizer(recipe, data, packed))


def _unsplit(run: Run) -> States:
    """The whole model's states, as if nothing were divided among tensor-parallel ranks."""
    from dataclasses import replace

    one = replace(run.recipe, tensor_parallel=1)
    return states_of(
        run.tensors, Stage(0, 1, 0, run.architecture.num_hidden_layers), one, run.roles, run.data, run.frozen
    )


def _device(run: Run, stage: Stage, states: States) -> TrainingDevice:
    recipe, data, shards = run.recipe, run.data, run.data_parallel
    offloads = recipe.offload != "none"
    weights = _share(states.weights, shards if recipe.shards_weights else 1)
    adapters = _share(states.adapters, shards if recipe.shards_weights else 1)
    gradients = _share(states.gradients, shards if recipe.shards_weights or recipe.zero == 2 else 1)
    optimizer = _share(states.optimizer, shards if recipe.zero or recipe.fsdp else 1)
    if recipe.offload == "parameters":
        weights = adapters = 0
    if offloads:
        optimizer = 0
        gradients = 0 if recipe.zero >= 2 or recipe.fsdp else gradients
    activations, logits = _activations(run, stage), _logits(run, stage)
    step = _step_bytes(run, states)
    buffers = _buffers(run, stage, states) + max(0, step - activations - logits)
    runtime = data["base"]["estimate"] + (data["nccl"]["estimate"] if run.gpus > 1 else 0)
    made = TrainingDevice(
        stage.index, weights, adapters, gradients, optimizer, activations, logits, buffers, runtime, 0, 0
    )
    made = _with_loading(run, made, states)
    return made._replace(low=_end(run, made, "low"), high=_end(run, made, "high"))


def _end(run: Run, made: TrainingDevice, end: str) -> int:
    """An end of the interval: measured shares of what is held and of what a step needs, and the runtime's own range."""
    row = run.data["interval"]["several" if run.gpus > 1 else "one"]
    runtime = run.data["base"][end] + (run.data["nccl"][end] if run.gpus > 1 else 0)
    return int(row[f"held_{end}"] * made.held + row[f"step_{end}"] * made.step) + int(runtime)


def _activations(run: Run, stage: Stage) -> int:
    """Bytes kept for the backward pass by the layers of this stage, of every micro-batch in flight."""
    recipe, architecture = run.recipe, run.architecture
    kinds = [
        (layer, sum(stage.first <= index < stage.last for index in layer.indices)) for layer in architecture.layers
    ]
    each = [
        (_split(run, layer_bytes(architecture, layer, run.mode)) * run.tokens, number)
        for layer, number in kinds
        if number
    ]
    experts = layer_experts(tuple(run.tensors), run.mode) // recipe.tensor_parallel
    flights = min(recipe.pipeline_parallel - stage.index, max(1, recipe.accumulation))
    tail = head_bytes(architecture, run.mode) * run.tokens if stage.index == stage.count - 1 else 0
    if not recipe.checkpointing:
        return int(flights * sum((size + experts) * number for size, number in each) + tail)
    stream = run.mode.residual * architecture.hidden_size * run.tokens
    stream //= recipe.tensor_parallel if recipe.sequence_parallel else 1
    kept = flights * stream * sum(number for _, number in each)
    widest = max((size for size, _ in each), default=0) + experts
    return int(kept + max(tail, widest - _logits(run, stage)))


def _split(run: Run, size: float) -> float:
    """A layer's share on one tensor-parallel rank: norms and the residual stream stay whole without sequence parallelism.

    arXiv:2205.05198, section 4: 10 of the 34 bytes of a token and hidden element are not divided.
    """
    ranks = run.recipe.tensor_parallel
    if ranks == 1:
        return size
    whole = 0.0 if run.recipe.sequence_parallel else min(size, 10.0 * run.architecture.hidden_size)
    return whole + (size - whole) / ranks


def _logits(run: Run, stage: Stage) -> int:
    """Bytes of the loss at its peak, on the last stage."""
    recipe, architecture = run.recipe, run.architecture
    if stage.index < stage.count - 1:
        return 0
    vocabulary = -(-architecture.embeddings.output_rows // recipe.tensor_parallel)
    if recipe.cross_entropy != "fused":
        return int(run.data["cross_entropy"][recipe.cross_entropy] * run.tokens * vocabulary)
    return _fused_loss(run, vocabulary)


def _fused_loss(run: Run, vocabulary: int) -> int:
    """Liger's fused head and loss: gradients of its input (and head) are made in the forward pass, logits chunk by chunk.

    A chunk has the power of two at or above tokens / ceil(vocabulary / hidden) rows.
    """
    hidden = run.architecture.hidden_size
    rows = -(-run.tokens // -(-vocabulary // hidden))
    chunk = min(run.tokens, 1 << max(0, rows - 1).bit_length())
    head = run.mode.compute * vocabulary * hidden if run.mode.full else 0
    return (run.mode.compute + 4) * chunk * vocabulary + run.mode.compute * run.tokens * hidden + head


def _step_bytes(run: Run, states: States) -> int:
    """What the optimizer's step makes for a moment: foreach's copies; DeepSpeed's float32 gradients of its share."""
    recipe, shards = run.recipe, run.data_parallel if run.recipe.zero or run.recipe.fsdp else 1
    copies = run.data["optimizers"][recipe.optimizer].get("step_copies", 0) * states.trained_bytes
    if recipe.zero and recipe.offload == "none":
        copies += 6 * states.elements
    return _share(copies, shards)


def _buffers(run: Run, stage: Stage, states: States) -> int:
    """Gathered layers, gradient buckets, casts of autocast, and the 16-bit copy of a quantised layer in use."""
    recipe, data = run.recipe, run.data
    total = states.casts if not recipe.shards_weights else 0
    layer, outside = gathered_bytes(run.tensors, stage, recipe, run.frozen, run.mode.compute)
    if recipe.shards_weights:
        total += layer + max(layer, outside)
        total += 2 * layer if recipe.method == "full" else 0
    if recipe.zero:
        total += 2 * data["reduce_bucket_elements"]
    elif run.data_parallel > 1 and not recipe.shards_weights:
        total += states.gradients
    if recipe.method == "qlora":
        total += 2 * max((tensor.elements for tensor in run.tensors if tensor.role in data["linear_roles"]), default=0)
    return total


def _with_loading(run: Run, made: TrainingDevice, states: States) -> TrainingDevice:
    """A model that is whole on a device before it is sharded: its peak may stand there."""
    if not run.recipe.whole_model_first or not run.recipe.shards_weights:
        return made
    loading = states.weights + states.weights // run.data_parallel
    held = made.total - made.runtime
    return made._replace(buffers=made.buffers + max(0, loading - held))


def _host_bytes(run: Run, states: States) -> int:
    """Host memory of offloading, all devices together (DeepSpeed: masters, states, gradients; and the weights)."""
    if run.recipe.offload == "none":
        return 0
    of_trained = run.data["offload_host"]["optimizer"] * states.elements
    weights = states.weights + states.adapters if run.recipe.offload == "parameters" else 0
    return int(of_trained + weights)


def _share(size: int, parts: int) -> int:
    return -(-size // parts)
