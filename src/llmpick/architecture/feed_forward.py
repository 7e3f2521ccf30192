"""Feed-forward parts of a layer: a dense MLP or a mixture of experts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mlp:
    """``down(act(up(x)))``, or ``down(act(gate(x)) * up(x))`` when gated."""

    intermediate_size: int
    gated: bool = True
    up_bias: bool = False
    down_bias: bool = False
    fused_gate_up: bool = False
    input_size: int | None = None
    """Width of input and output when it is not ``hidden_size``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Experts:
    """``num_experts`` MLPs of which a router picks ``num_experts_per_tok``, plus experts that every token uses."""

    num_experts: int
    num_experts_per_tok: int
    moe_intermediate_size: int
    gated: bool = True
    bias: bool = False
    router_bias: bool = False
    router: bool = True
    score_correction_bias: bool = False
    """A bias on the router's scores that is a buffer, not a weight (it is in checkpoints and GGUF files)."""
    shared_intermediate_size: int = 0
    shared_gate: bool = False
    """A one-row gate on the shared expert's output (Qwen2-MoE)."""
    expert_input_size: int | None = None
    """Width at which routed experts work when it is not ``hidden_size`` (latent mixture of experts)."""
