"""How engines spread a model over GPUs: tensor, pipeline, data and expert parallelism, and what one rank then holds.

A stage of the pipeline is run by ``tensor`` × ``data`` ranks. Tensor parallelism gives each a share of every matrix;
data parallelism repeats attention and dense layers for requests of its own. Routed experts are shared by all ranks of a
stage: each is cut into shares, or (expert parallelism) ranks hold whole experts, as evenly as they divide.

Sources: vllm 0.33.0, model_executor/layers/fused_moe/config.py and expert_map_manager.py, quantization/utils/fp8_utils.py;
sglang 0.5.10, srt/server_args.py.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from llmpick.architecture.decoder import Architecture
from llmpick.architecture.feed_forward import Experts, Mlp
from llmpick.errors import UsageError
from llmpick.runtimes.base import Model
from llmpick.runtimes.widths import divisors, rank_heads, replicated_elements


class Plan(NamedTuple):
    """Sizes of each kind of parallelism; ``experts_whole``: no expert is cut."""

    tensor: int
    pipeline: int
    data: int = 1
    experts_whole: bool = False

    @property
    def ranks(self) -> int:
        """GPUs of one stage."""
        return self.tensor * self.data

    @property
    def devices(self) -> int:
        """GPUs in all."""
        return self.ranks * self.pipeline

    def stage(self, index: int, layers: int) -> tuple[int, int]:
        """First layer of a stage, and the first that is no longer in it (stages differ by one layer at most)."""
        return index * layers // self.pipeline, (index + 1) * layers // self.pipeline

    def sequences(self, wanted: int) -> int:
        """Requests that one of the data-parallel groups serves."""
        return -(-wanted // self.data)

    @property
    def split(self) -> str:
        """The kind in one word."""
        return "tensor" if self.ranks > 1 else "pipeline" if self.pipeline > 1 else "none"


def plan_of(model: Model, devices: int, settings: Mapping[str, Any], multiple: int = 1) -> Plan:
    """Sizes as set; else all devices tensor-parallel if heads and widths divide, else as a pipeline.

    ``settings``: ``tensor_parallel_size``, ``pipeline_parallel_size``, ``data_parallel_size``,
    ``enable_expert_parallel``; ``multiple``: what a rank's share of a width must be a multiple of. Raises UsageError.
    """
    tensor, pipeline = settings.get("tensor_parallel_size"), settings.get("pipeline_parallel_size")
    data, whole = settings.get("data_parallel_size") or 1, bool(settings.get("enable_expert_parallel"))
    each = devices // max(1, data)
    if tensor is None and pipeline is None:
        able = each in divisors(model.architecture) and not uneven(model, Plan(each, 1, data, whole), multiple)
        tensor = each if able else 1
    tensor = tensor or max(1, each // (pipeline or 1))
    pipeline = pipeline or max(1, each // tensor)
    plan = Plan(tensor, pipeline, data, whole)
    if min(tensor, pipeline, data) < 1 or plan.devices > devices:
        sizes = f"{data} × {tensor} × {pipeline}" if data != 1 else f"{tensor} × {pipeline}"
        raise UsageError(f"{sizes} GPUs are asked for, {devices} are there")
    rank_heads(model.architecture, tensor)
    if (width := uneven(model, plan, multiple)) is not None:
        blocks = f" in blocks of {multiple} ({model.weights.format})" if multiple > 1 else ""
        raise UsageError(
            f"a width of {width:,} does not divide among {plan.ranks} GPUs{blocks}",
            "fewer of them, a pipeline, or whole experts (vLLM: enable_expert_parallel=true, SGLang: ep_size)",
        )
    return plan


def uneven(model: Model, plan: Plan, multiple: int) -> int | None:
    """A width of a feed-forward whose share on a rank is no multiple of ``multiple``; None: all divide."""
    cut = [(width, plan.tensor) for width in _dense_widths(model.architecture)]
    if not plan.experts_whole:
        cut += [(width, plan.ranks) for width in _expert_widths(model.architecture)]
    return next((width for width, ranks in cut if ranks > 1 and width % (ranks * multiple)), None)


def _dense_widths(architecture: Architecture) -> set[int]:
    parts = [part for layer in architecture.layers for part in layer.parts]
    shared = {part.shared_intermediate_size for part in parts if isinstance(part, Experts)}
    return {part.intermediate_size for part in parts if isinstance(part, Mlp)} | (shared - {0})


def _expert_widths(architecture: Architecture) -> set[int]:
    parts = (part for layer in architecture.layers for part in layer.parts)
    return {part.moe_intermediate_size for part in parts if isinstance(part, Experts) and part.num_experts}


def rank_weights(model: Model, plan: Plan, index: int) -> int:
    """Weight bytes on the GPU with this index: those of a stage are neighbours.

    Embeddings on the first stage, the head on the last (a tied table on both). Norms, routers and latent
    down-projections are whole on every rank; data-parallel ranks repeat all but the routed experts.
    """
    stage, rank = divmod(index, plan.ranks)
    size, experts = _stage_bytes(model, plan, stage)
    whole = 2 * replicated_elements(model.tensors) // plan.pipeline
    if plan.ranks == 1:
        return size
    if plan.data == 1 and not plan.experts_whole:
        return whole + -(-max(0, size - whole) // plan.tensor)
    whole = min(whole, size - experts)
    return whole + -(-(size - experts - whole) // plan.tensor) + _rank_experts(model, plan, rank, experts)


VOCABULARY_STEP = 64
"""Rows of token tables are padded to a multiple of this (vocab_parallel_embedding.py, in vLLM and SGLang)."""


def padded_vocabulary(rows: int, ranks: int, grows: bool) -> int:
    """Rows of a token table as loaded. ``grows``: the step is multiplied by the ranks where they do not divide (SGLang);
    else UsageError (vLLM)."""
    padded = -(-rows // VOCABULARY_STEP) * VOCABULARY_STEP
    if padded % ranks == 0:
        return padded
    if not grows:
        raise UsageError(
            f"a vocabulary of {padded:,} rows does not divide among {ranks} GPUs", "another number of them"
        )
    return -(-rows // (VOCABULARY_STEP * ranks)) * VOCABULARY_STEP * ranks


def vocabulary_padding(model: Model, plan: Plan, index: int, grows: bool = False) -> int:
    """Bytes that padded token tables (16 bit) add to a rank: the input's on the first stage, the head's on the last."""
    tables, stage = model.architecture.embeddings, index // plan.ranks
    rows = [tables.vocab_size] if stage == 0 else []
    if stage == plan.pipeline - 1 and not (tables.tied and stage == 0):
        rows.append(tables.output_rows)
    more = sum(padded_vocabulary(each, plan.tensor, grows) - each for each in rows)
    return 2 * more * tables.embedding_size // plan.tensor


def _stage_bytes(model: Model, plan: Plan, stage: int) -> tuple[int, int]:
    """(all bytes, routed experts) of a pipeline stage."""
    weights, layers = model.weights, model.architecture.num_hidden_layers
    first, last = plan.stage(stage, layers)
    experts = sum(weights.layer_expert_bytes[first:last])
    if plan.pipeline == 1:
        return weights.tensor_bytes, experts
    size = sum(weights.layer_bytes[first:last])
    size += weights.input_embedding_bytes + weights.other_bytes if stage == 0 else 0
    size += weights.output_bytes if stage == plan.pipeline - 1 else 0
    if model.architecture.embeddings.tied and stage == plan.pipeline - 1:
        size += max(0, weights.input_embedding_bytes - weights.output_bytes)
    return size, experts


def _rank_experts(model: Model, plan: Plan, rank: int, size: int) -> int:
    """Bytes of the routed experts of a stage on one of its ranks."""
    number = most_experts(model.architecture)
    if not plan.experts_whole or not number:
        return -(-size // plan.ranks)
    return size * local_experts(number, plan.ranks, rank) // number


def local_experts(number: int, ranks: int, rank: int) -> int:
    """Whole experts on a rank: as many as divide evenly, the first ranks one more."""
    return number // ranks + (rank < number % ranks)


def most_experts(architecture: Architecture) -> int:
    """Routed experts of a layer (0: dense)."""
    parts = (part for layer in architecture.layers for part in layer.parts)
    return max((part.num_experts for part in parts if isinstance(part, Experts)), default=0)


def expert_padding(model: Model, plan: Plan, index: int, multiples: Mapping[str, int]) -> int:
    """What kernels add to a rank's experts: intermediate sizes padded to a multiple (``expert_pad`` of the format)."""
    multiple = multiples.get(model.weights.format)
    width = max(_expert_widths(model.architecture), default=0)
    if not multiple or not width:
        return 0
    stage, rank = divmod(index, plan.ranks)
    _, experts = _stage_bytes(model, plan, stage)
    return _rank_experts(model, plan, rank, experts) * (-width % multiple) // width


def words(plan: Plan) -> str:
    """Where experts are, in words; empty without expert or data parallelism."""
    said = [f"attention data parallel {plan.data}"] if plan.data > 1 else []
    said += [f"whole experts on {plan.ranks} GPUs"] if plan.experts_whole and plan.ranks > 1 else []
    return ", ".join(said)
