"""The tensor inventory's rows: every weight of a model by name, role, shape and place."""

from math import prod
from typing import NamedTuple

COMPONENTS = {
    "token_embedding": ("token_embedding",),
    "position_embedding": ("position_embedding",),
    "per_layer_embedding": ("per_layer_embedding",),
    "attention": (
        "attention_q", "attention_k", "attention_v", "attention_qkv", "attention_output", "attention_gate",
        "attention_sinks", "attention_q_a", "attention_q_b", "attention_kv_a", "attention_kv_b",
        "indexer", "q_norm", "k_norm", "v_norm", "latent_norm",
    ),
    "state_space": ("ssm_in", "ssm_conv", "ssm_x", "ssm_dt", "ssm_a", "ssm_d", "ssm_out", "ssm_norm", "ssm_other"),
    "per_layer_projection": ("per_layer_projection",),
    "mlp": ("mlp_gate", "mlp_up", "mlp_gate_up", "mlp_down"),
    "experts": ("expert_gate", "expert_up", "expert_gate_up", "expert_down"),
    "expert_latent": ("expert_latent",),
    "shared_experts": ("shared_expert_gate", "shared_expert_up", "shared_expert_gate_up", "shared_expert_down",
        "shared_expert_router"),
    "router": ("router",),
    "norms": ("norm", "final_norm", "embedding_norm"),
    "output_head": ("output_head",),
    "projection": ("embedding_projection",),
    "vision": ("vision",),
    "audio": ("audio",),
    "projector": ("projector",),
    "other": ("other",),
    "mtp": ("mtp",),
    "buffer": ("buffer",),
}  # fmt: skip
"""Component -> the roles that belong to it, in the order in which they are shown."""

TOWER_ROLES = frozenset({"vision", "audio", "projector"})
"""Roles of what a multimodal model has beside its language model."""

COMPONENT_OF = {role: component for component, roles in COMPONENTS.items() for role in roles}


class Tensor(NamedTuple):
    """``count`` identical weights.

    ``name`` is the Hugging Face name with ``{i}`` for the layer and ``{e}`` for the expert; ``shape`` is as stored
    there: ``(out_features, in_features)`` for a linear layer. ``layers`` are the layers that hold it (empty: outside
    the layers). ``experts`` counts it within one layer, of which one token uses ``experts_used``. ``copies`` is a
    further multiplicity within a layer (or outside): several identical tensors of one role.
    """

    name: str
    role: str
    shape: tuple[int, ...]
    layers: tuple[int, ...] = ()
    experts: int = 1
    experts_used: int = 1
    copies: int = 1

    @property
    def component(self) -> str:
        """The component it is counted under."""
        return COMPONENT_OF[self.role]

    @property
    def elements(self) -> int:
        """Weights in one tensor."""
        return prod(self.shape)

    @property
    def number(self) -> int:
        """How many tensors this row stands for."""
        return max(1, len(self.layers)) * self.experts * self.copies

    @property
    def parameters(self) -> int:
        """Weights in all of them."""
        return self.elements * self.number

    @property
    def active_parameters(self) -> int:
        """Weights that one token uses."""
        return self.elements * max(1, len(self.layers)) * self.experts_used * self.copies
