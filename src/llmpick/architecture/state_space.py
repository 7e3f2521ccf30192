"""Recurrent parts of a layer: their state does not grow with context."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mamba:
    """Selective state space, first form (arXiv:2312.00752)."""

    intermediate_size: int
    state_size: int
    conv_kernel: int
    time_step_rank: int
    projection_bias: bool = False
    conv_bias: bool = True
    inner_norms: bool = False
    """Weighted norms on dt, B and C (Jamba)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mamba2:
    """Selective state space, second form (arXiv:2405.21060): scalar decay per head, B and C per group."""

    intermediate_size: int
    num_heads: int
    n_groups: int
    state_size: int
    conv_kernel: int
    projection_bias: bool = False
    conv_bias: bool = True
    gated_norm: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class GatedDeltaNet:
    """Gated delta rule (arXiv:2412.06464) as in Qwen3-Next: state ``value_heads * key_dim * value_dim``."""

    linear_num_key_heads: int
    linear_num_value_heads: int
    linear_key_head_dim: int
    linear_value_head_dim: int
    linear_conv_kernel_dim: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortConvolution:
    """Gated short convolution (LFM2): three-way input projection, depthwise kernel, output projection."""

    kernel_size: int
    bias: bool = False
