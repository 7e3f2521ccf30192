"""What the forward pass keeps for the backward pass: bytes a token and layer, part by part.

Formulas name what autograd saves when Hugging Face's modules run (checked against ``torch.autograd.graph.
saved_tensors_hooks`` for a dozen architectures, tests/training/test_saved_tensors.py): inputs of matrix products whose
weight is trained, norms' inputs in float32, queries, keys, values and output of the attention, operands of activations.
Left out: the masks of batches with padding, what kernels need for a moment, mixtures' permutation buffers.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from llmpick.architecture.attention import Attention, LatentAttention
from llmpick.architecture.decoder import Architecture, Layer, Part
from llmpick.architecture.feed_forward import Experts, Mlp
from llmpick.inventory.decoder import part_rows
from llmpick.inventory.tensors import Tensor


class Mode(NamedTuple):
    """How a run computes. Bytes: ``compute`` of an activation, ``residual`` of the stream between layers.

    ``full``: weights are trained; ``autocast``: products cast their inputs; ``roles``: linear layers with adapters of
    ``rank``; ``eager``: attention scores are materialised; ``sequence``: tokens in one sequence; ``dropout``: adapters
    keep a mask of their input; ``adapter``: bytes of an adapter's weight, and of its input when nothing casts it;
    ``quantised``: frozen linear layers keep their input too (bitsandbytes ``MatMul4Bit``).
    """

    compute: int
    residual: int
    full: bool
    autocast: bool
    roles: frozenset[str]
    rank: int
    eager: bool
    sequence: int
    dropout: bool
    adapter: int
    quantised: bool


def layer_bytes(architecture: Architecture, layer: Layer, mode: Mode) -> float:
    """Bytes a token that one layer of this kind keeps."""
    total = float(sum(norm_bytes(architecture, width, mode) for _, width in layer.norms))
    for part in layer.parts:
        total += _PARTS.get(type(part), _recurrent)(part, layer, architecture, mode)
    for raw in layer.tensors:
        if len(raw.shape) == 2:
            used = raw.count if raw.active_count is None else raw.active_count
            total += used * _linear(raw.role, raw.shape[1], mode, False) + used * mode.compute * raw.shape[0]
    return total


def layer_experts(tensors: tuple[Tensor, ...], mode: Mode) -> int:
    """Bytes of one layer's merged experts, the largest: PEFT adds an adapter to stacked experts before using them."""
    held: dict[tuple[int, ...], int] = {}
    for tensor in tensors:
        if tensor.experts > 1 and tensor.role in mode.roles:
            held[tensor.layers] = held.get(tensor.layers, 0) + mode.compute * tensor.elements * tensor.experts
    return max(held.values(), default=0)


def norm_bytes(architecture: Architecture, width: int, mode: Mode) -> int:
    """RMS: the input in float32 and, when its weight is trained, the normalised input. LayerNorm: its input."""
    if architecture.norm.kind == "rms":
        return 4 * width + 4 + (mode.residual * width if mode.full else 0)
    return mode.residual * width + 4


def head_bytes(architecture: Architecture, mode: Mode) -> int:
    """Final norm and the output head's input, a token."""
    width = architecture.hidden_size
    return norm_bytes(architecture, width, mode) + (mode.compute * width if mode.full else 0)


def _linear(role: str, width: int, mode: Mode, shared: bool) -> int:
    """What a linear layer keeps of its input. ``shared``: another one keeps the same tensor."""
    if mode.full:
        return mode.compute * width if mode.autocast or not shared else 0
    kept = mode.compute * width if mode.quantised and not shared else 0
    return kept + _adapter_input(role, width, mode, shared)


def _adapter_input(role: str, width: int, mode: Mode, shared: bool) -> int:
    """What an adapter keeps: its own copy of the input, unless that is 16 bit already, and A's result."""
    if role not in mode.roles:
        return 0
    copy = mode.compute if mode.autocast else mode.adapter
    uncopied = shared and mode.adapter == mode.residual and not mode.dropout
    return copy * ((0 if uncopied else width) + mode.rank) + (width if mode.dropout else 0)


def _attention(part: Attention, layer: Layer, architecture: Architecture, mode: Mode) -> float:
    width = part.input_size or architecture.hidden_size
    heads, groups = part.num_attention_heads, part.num_key_value_heads if part.makes_keys_and_values else 0
    roles = ["attention_qkv"] if part.fused_qkv else ["attention_q", "attention_k", "attention_v"]
    total = float(sum(_linear(role, width, mode, index > 0) for index, role in enumerate(roles)))
    total += _kept_input("attention_output", heads * part.value_head_dim, mode)
    query, key, value = heads * part.head_dim, groups * part.head_dim, groups * part.value_head_dim
    rotated = query + key if architecture.position_encoding == "rotary" or not part.fused_qkv else 0
    total += mode.compute * (rotated + (query + key + value if part.fused_qkv else value))
    if part.query_norm_elements:
        total += (query + key) * (4 + (mode.residual if mode.full else 0)) + 4 * (heads + groups)
    return total + _scores(heads, groups, part.head_dim, part.value_head_dim, mode)


def _scores(heads: int, groups: int, key: int, value: int, mode: Mode) -> float:
    """Fused kernels keep the output and a float32 sum a head; eager attention keeps probabilities twice."""
    if not mode.eager:
        return mode.compute * heads * value + 4 * heads
    repeated = (heads - groups) * (key + value) if groups else 0
    return mode.compute * (heads * value + repeated) + (4 + mode.compute) * heads * mode.sequence


def _latent_attention(part: LatentAttention, _: Layer, architecture: Architecture, mode: Mode) -> float:
    width, heads = architecture.hidden_size, part.num_attention_heads
    down, latent = part.q_lora_rank or 0, part.kv_lora_rank
    key = part.qk_nope_head_dim + part.qk_rope_head_dim
    total = float(_linear("attention_q_a" if down else "attention_q", width, mode, False))
    total += _linear("attention_kv_a", width, mode, True) + _linear("attention_kv_b", latent, mode, False)
    total += _linear("attention_q_b", down, mode, False) if down else 0
    total += (down + latent) * (6 if mode.full else 4)
    total += mode.compute * heads * (2 * key + part.qk_nope_head_dim + part.v_head_dim)
    total += _kept_input("attention_output", heads * part.v_head_dim, mode)
    return total + _scores(heads, heads, key, part.v_head_dim, mode)


def _kept_input(role: str, width: int, mode: Mode) -> int:
    """What an adapter keeps of an input that is kept anyway."""
    return 0 if mode.full else _adapter_input(role, width, mode, True)


_OPERANDS = {"gelu_new": 5, "gelu_fast": 5, "quick_gelu": 3}
"""Tensors of the inner width that an activation and the product after it keep; others keep input and output."""


def _mlp(part: Mlp, layer: Layer, architecture: Architecture, mode: Mode) -> float:
    width, inner = part.input_size or architecture.hidden_size, part.intermediate_size
    fused = part.fused_gate_up
    roles = ["mlp_gate_up"] if fused else ["mlp_gate", "mlp_up"] if part.gated else ["mlp_up"]
    shared = architecture.parallel_residual and len(layer.norms) < 2
    total = sum(_linear(role, width, mode, index > 0 or shared) for index, role in enumerate(roles))
    return total + _inner(part.gated, inner, "mlp_down", architecture, mode)


def _inner(gated: bool, inner: int, down: str, architecture: Architecture, mode: Mode) -> int:
    """Operands between the first and the last product of a feed-forward."""
    kind = architecture.activation or ""
    if not gated and kind == "relu":  # the result is the next product's input
        return mode.compute * inner + _kept_input(down, inner, mode)
    operands = 3 if gated else _OPERANDS.get(kind, 2) - 1
    return operands * mode.compute * inner + _linear(down, inner, mode, False)


def _experts(part: Experts, _: Layer, architecture: Architecture, mode: Mode) -> float:
    """Router scores in float32; of each chosen expert: gathered input, inner operands, output before its weight.

    Stacked experts work in the weights' own precision, whatever autocast says (transformers 5).
    """
    mode = mode._replace(compute=mode.residual, autocast=False) if mode.full else mode
    width, chosen = part.expert_input_size or architecture.hidden_size, part.num_experts_per_tok
    total = 4 * part.num_experts + 64 * chosen + _linear("router", architecture.hidden_size, mode, False)
    expert = _linear("expert_up", width, mode, False) + mode.compute * width
    expert += _inner(part.gated, part.moe_intermediate_size, "expert_down", architecture, mode)
    total += chosen * expert
    if part.shared_intermediate_size:
        shared = part.shared_intermediate_size
        total += _inner(part.gated, shared, "shared_expert_down", architecture, mode)
        roles = ("shared_expert_gate", "shared_expert_up")
        total += sum(_kept_input(role, architecture.hidden_size, mode) for role in roles)
    return total


def _recurrent(part: Part, _: Layer, architecture: Architecture, mode: Mode) -> float:
    """State spaces and convolutions: inputs and outputs of their products, twice for what the scan keeps (certainty C)."""
    matrices = [row for row in part_rows(part, architecture.hidden_size) if len(row.shape) == 2]
    return 2.0 * mode.compute * sum(row.shape[0] + row.shape[1] for row in matrices)


_PARTS: dict[type, Callable[[Any, Layer, Architecture, Mode], float]] = {
    Attention: _attention,
    LatentAttention: _latent_attention,
    Mlp: _mlp,
    Experts: _experts,
}
