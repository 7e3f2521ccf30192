"""The widths of an architecture that decide how large llama.cpp's activations are."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from llmpick.architecture.attention import Attention, LatentAttention
from llmpick.architecture.decoder import Architecture, Layer
from llmpick.architecture.feed_forward import Experts, Mlp
from llmpick.architecture.state_space import GatedDeltaNet, Mamba, Mamba2, ShortConvolution


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The widths that decide how large activations are (elements)."""

    n_embd: int
    n_vocab: int
    n_head: int = 0
    d_head: int = 0
    n_embd_k: int = 0
    n_embd_v: int = 0
    v_head_rows: int = 0
    latent_rows: int = 0
    n_ff: int = 0
    gated: bool = True
    fused_qkv: bool = False
    fused_gate_up: bool = False
    n_expert: int = 0
    n_expert_used: int = 0
    n_ff_expert: int = 0
    n_ff_shared: int = 0
    mamba1: bool = False
    d_in_proj: int = 0
    d_inner: int = 0
    state: int = 0
    """Elements that a state-space layer's moment holds for each sequence: the state and twice the convolution's."""
    recurrent: bool = False
    passes: float = 1.0
    """How often a token goes through a layer, in the mean of the layers: each time its weights are read again."""
    delta_values: int = 0
    query_gate: int = 0
    learned_positions: bool = False
    parallel: bool = False


def _passes(layer: Layer) -> int:
    return max((part.passes for part in layer.parts if isinstance(part, Attention)), default=1)


@lru_cache(maxsize=4096)
def shape_of(architecture: Architecture) -> Shape:
    """The widest of every kind of part."""
    found: dict[str, Any] = {}

    def widest(**values: int) -> None:
        for key, value in values.items():
            found[key] = max(found.get(key, 0), value)

    gated, fused_qkv, fused_gate_up = True, False, False
    for layer in architecture.layers:
        for part in layer.parts:
            if isinstance(part, Attention):
                widest(n_head=part.num_attention_heads, d_head=part.head_dim,
                       n_embd_k=part.num_key_value_heads * part.head_dim,
                       n_embd_v=part.num_key_value_heads * part.value_head_dim,
                       query_gate=part.output_gate_elements if part.gate_in_query else 0)  # fmt: skip
                fused_qkv = part.fused_qkv and architecture.position_encoding == "rotary" and len(layer.norms) > 1
            elif isinstance(part, LatentAttention):
                latent = part.kv_lora_rank + part.qk_rope_head_dim
                widest(n_head=part.num_attention_heads, d_head=latent, n_embd_k=latent,
                       v_head_rows=part.num_attention_heads * part.v_head_dim,
                       latent_rows=part.num_attention_heads * part.kv_lora_rank)  # fmt: skip
            elif isinstance(part, Mlp):
                widest(n_ff=part.intermediate_size)
                gated, fused_gate_up = part.gated, part.fused_gate_up
            elif isinstance(part, Experts) and not part.num_experts:
                widest(n_ff=part.shared_intermediate_size)
            elif isinstance(part, Experts):
                widest(n_expert=part.num_experts, n_expert_used=part.num_experts_per_tok,
                       n_ff_expert=part.moe_intermediate_size, n_ff_shared=part.shared_intermediate_size)  # fmt: skip
            else:
                widest(**_recurrent(part))
    layers = max(1, architecture.num_hidden_layers)
    passes = sum(len(layer.indices) * (_passes(layer) - 1) for layer in architecture.layers) / layers + 1
    return Shape(
        passes=passes,
        n_embd=architecture.hidden_size, n_vocab=architecture.embeddings.output_rows, gated=gated,
        fused_qkv=fused_qkv, fused_gate_up=fused_gate_up,
        learned_positions=architecture.embeddings.position_rows > 0, parallel=architecture.parallel_residual,
        **{key: bool(value) if key in ("mamba1", "recurrent") else value for key, value in found.items()},
    )  # fmt: skip


def _recurrent(part: object) -> dict[str, int]:
    if isinstance(part, (Mamba, Mamba2)):
        groups = 2 * part.n_groups * part.state_size if isinstance(part, Mamba2) else 0
        convolved = (part.conv_kernel - 1) * (part.intermediate_size + groups)
        widths = {"d_inner": part.intermediate_size,
                  "state": part.state_size * part.intermediate_size + 2 * convolved}  # fmt: skip
        if isinstance(part, Mamba):
            return {**widths, "mamba1": 1, "recurrent": 1}
        return {**widths, "d_in_proj": 2 * part.intermediate_size + groups + part.num_heads}
    if isinstance(part, ShortConvolution):
        return {"recurrent": 1}
    if isinstance(part, GatedDeltaNet):
        return {"delta_values": part.linear_num_value_heads * part.linear_value_head_dim}
    return {}
