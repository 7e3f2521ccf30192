"""llama.cpp's compute buffer: the largest of the moments of its graph, in bytes.

Formulas were read off the graph and checked against what llama.cpp (0c1e5709, ggml 0.25.3) reserves for true shapes;
docs/memory.md gives the errors. Left out: the allocator's fragmentation, which can add some tens of MiB; the high end
of the interval carries it.
"""

from typing import NamedTuple

from llmpick.runtimes.llama_cpp_shape import Shape

F32, F16 = 4, 2
FRAGMENT_CAP_BYTES = 64 * 2**20
PIPELINE_COPIES = 4
DELTA_RULE_TENSORS = 61
"""Quarters of the value width that a gated delta rule keeps at its widest (seen on one shape)."""


class Setting(NamedTuple):
    """What of a request the buffer depends on. ``outputs``: rows of logits; ``copies``: rows of a cache to be copied."""

    micro_batch: int
    cells: int
    windowed_cells: int
    streams: int
    flash_attention: bool
    outputs: int
    quantized_k: bool
    quantized_v: bool
    sequences: int = 1

    @property
    def caches(self) -> int:
        """Attention caches with masks of their own."""
        return 2 if self.windowed_cells else 1


def device_bytes(shape: Shape, at: Setting) -> int:
    """Bytes of the buffer on a device that runs all layers."""
    return max(moments(shape, at).values())


def moments(shape: Shape, at: Setting) -> dict[str, int]:
    """The moments at which most is alive: logits, feed-forward, experts, attention, state space."""
    unit = F32 * at.micro_batch
    x = shape.n_embd * unit
    held = _held_bytes(shape, at)
    found = {"logits": F32 * shape.n_vocab * at.outputs + x + _before_logits(shape, x, unit)}
    if shape.n_ff:
        states = 2 if shape.fused_gate_up or shape.recurrent else 3
        found["feed-forward"] = held + (3 if shape.gated else 1) * shape.n_ff * unit + states * x
    if shape.n_expert_used:
        found["experts"] = _expert_moment(shape, held, x, unit)
    if shape.n_head:
        found["attention"] = _attention_moment(shape, at, held, x, unit)
    if shape.d_inner:  # z, x and their copies, and what a sequence carries over
        rows = 6 * shape.d_inner if shape.mamba1 else shape.d_in_proj + 5 * shape.d_inner
        found["state space"] = held + rows * unit + F32 * shape.state * at.sequences
    if shape.delta_values:  # queries, keys, values, decays and their products chunk by chunk
        found["delta rule"] = held + DELTA_RULE_TENSORS * shape.delta_values * unit // 4
    return found


def pipeline(moments: dict[str, int], shape: Shape, at: Setting, first: bool) -> None:
    """Add what several devices in a pipeline keep in `PIPELINE_COPIES`: masks, the input embeddings, the layer's input.

    Read off two devices with flash attention and without; the first device has no layer input to receive.
    """
    held, x = _held_bytes(shape, at), shape.n_embd * F32 * at.micro_batch
    inputs = PIPELINE_COPIES * x * (1 if first else 2)
    for name in moments:  # every moment but the logits holds one copy of the masks already
        moments[name] += (PIPELINE_COPIES - (name != "logits")) * held + inputs


def _before_logits(shape: Shape, x: int, unit: int) -> int:
    """What lies in front of the logits because the last layer's output was not put at the start of the buffer.

    A shared expert wider than half the hidden state is computed beside the routed experts' outputs; an ungated
    feed-forward after attention leaves one hidden state, and so does a last layer that keeps a state or has no
    feed-forward at all.
    """
    if 2 * shape.n_ff_shared > shape.n_embd and shape.n_expert_used:
        return 2 * shape.n_expert_used * shape.n_embd * unit + 2 * x
    if shape.recurrent or not (shape.n_ff or shape.n_expert_used):
        return x
    return x if shape.n_ff and not shape.gated and not shape.parallel else 0


def _expert_moment(shape: Shape, held: int, x: int, unit: int) -> int:
    inner = shape.n_expert_used * shape.n_ff_expert * unit
    outer = shape.n_expert_used * shape.n_embd * unit
    shared = x if shape.n_ff_shared >= shape.n_expert_used * shape.n_ff_expert else 0
    return held + max(3 * inner + (2 if shape.recurrent else 3) * x + shared, 2 * outer + inner + 2 * x + 2 * shared)


def beside_staged_bytes(shape: Shape, at: Setting) -> int:
    """Activations alive while a down projection lies beside them on its way through the device."""
    unit = F32 * at.micro_batch
    expert = shape.n_expert_used * (shape.n_ff_expert + 2 * shape.n_embd) + 2 * shape.n_embd
    return unit * (expert if shape.n_expert_used else 3 * shape.n_embd)


def _attention_moment(shape: Shape, at: Setting, held: int, x: int, unit: int) -> int:
    q = shape.n_head * shape.d_head * unit
    if shape.query_gate:  # queries and their gate are one projection, kept until the gate is applied
        held += (shape.n_head * shape.d_head + shape.query_gate) * unit - x
    # Rotated queries and keys of a fused projection are new tensors, after which the projection is freed; a quantised
    # cache rotates them once more.
    freed = shape.fused_qkv and not at.quantized_k
    if at.flash_attention:
        copied = (shape.n_embd_k if at.quantized_k else 0) + (shape.n_embd_v if at.quantized_v else 0)
        copied = 0 if shape.latent_rows else copied
        copy = 2 * at.cells * at.streams * copied
        before = _before_copy(shape, unit)
        before = before if copy > before else 0
        return held + (x if freed else 2 * x) + 2 * q + copy + before + 2 * shape.v_head_rows * unit
    scores = F32 * shape.n_head * at.cells * at.micro_batch
    return held + scores + (0 if freed else 2 * x) + 2 * q + shape.latent_rows * unit


def _before_copy(shape: Shape, unit: int) -> int:
    """What lies in front of a copied cache that does not fit there: the room of the feed-forward before.

    The layer's input sits behind that room with experts and where attention and feed-forward stand side by side; not
    with one expert in use, whose output is copied to the front.
    """
    if shape.n_expert_used > 1 and not shape.delta_values:
        return 3 * shape.n_expert_used * shape.n_ff_expert * unit
    return (3 if shape.gated else 1) * shape.n_ff * unit if shape.parallel and shape.gated else 0


def _held_bytes(shape: Shape, at: Setting) -> int:
    """What the whole graph holds: masks, and without flash attention the indices at which values are stored."""
    if not shape.n_head:
        return 0
    return mask_bytes(at) + (0 if at.flash_attention else 8 * at.micro_batch * shape.n_embd_v * at.caches)


def mask_bytes(at: Setting) -> int:
    """The attention mask: F16 with flash attention, F32 without."""
    return (at.cells + at.windowed_cells) * at.micro_batch * (2 if at.flash_attention else 4)


def pool_bytes(shape: Shape, at: Setting, keeps_buffers: bool) -> int:
    """16-bit copies that products take from a GPU's pool where it multiplies no quantised matrices (see base_source).

    A layer's matrices and their operands; without flash attention also the probabilities of a micro-batch. A pool that
    keeps its buffers (ROCm's, without virtual memory) takes 5 % more for each, holds the first matrix beside a larger one,
    and grows by another buffer whenever the probabilities have grown past the largest.
    """
    first = shape.v_head_rows or shape.n_head * shape.d_head
    width = max(shape.n_ff, shape.n_ff_shared, shape.n_ff_expert, shape.d_in_proj)
    widths = (first, width) if first < width else (first,)
    matrices = sum(widths) * F16 * (shape.n_embd + 2 * at.micro_batch) * 21 // 20
    if at.flash_attention:
        return matrices
    if not keeps_buffers:
        return max(matrices, probability_bytes(shape, at))
    largest, steps = max(widths) * F16 * shape.n_embd, -(-at.cells // at.micro_batch)
    grown = [probability_bytes(shape, at) * step // steps for step in range(1, steps + 1)]
    return matrices + sum(size for size in grown if size > largest * 21 // 20) * 21 // 20


def probability_bytes(shape: Shape, at: Setting) -> int:
    """The 16-bit copy of a micro-batch's attention probabilities, which cuBLAS multiplies by the values."""
    return 0 if at.flash_attention else shape.n_head * at.cells * at.micro_batch * F16


def host_bytes(shape: Shape, at: Setting) -> int:
    """Inputs in pinned host memory: embeddings twice, the mask, cache indices."""
    values = 8 * at.micro_batch * (1 if at.flash_attention else shape.n_embd_v) * at.caches
    positions = shape.n_embd * at.micro_batch * F32 if shape.learned_positions else 0
    indices = 8 * at.micro_batch * at.caches
    return 2 * shape.n_embd * at.micro_batch * F32 + positions + mask_bytes(at) + indices + values


def fragmentation_bytes(shape: Shape, at: Setting) -> int:
    """What the allocator may need on top, at worst: tensors freed too late to be used again."""
    unit = F32 * at.micro_batch
    held = _held_bytes(shape, at)
    return min(held, FRAGMENT_CAP_BYTES) + unit * (
        3 * shape.n_embd + shape.n_head * shape.d_head + shape.n_expert_used * shape.n_embd
    )
