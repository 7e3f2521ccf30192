"""Weights of the recurrent parts of a layer (state spaces, delta rule, short convolutions)."""

from collections.abc import Iterator

from llmpick.architecture.state_space import GatedDeltaNet, Mamba, Mamba2, ShortConvolution
from llmpick.inventory.rows import Row, linear


def mamba_tensors(part: Mamba, hidden_size: int) -> Iterator[Row]:
    """Mamba (arXiv:2312.00752): input, depthwise convolution, selective projections, A, D, output."""
    inner, state, rank = part.intermediate_size, part.state_size, part.time_step_rank
    yield from linear("mixer.in_proj", "ssm_in", 2 * inner, hidden_size, part.projection_bias)
    yield Row("mixer.conv1d.weight", "ssm_conv", (inner, 1, part.conv_kernel))
    if part.conv_bias:
        yield Row("mixer.conv1d.bias", "ssm_conv", (inner,))
    yield Row("mixer.x_proj.weight", "ssm_x", (rank + 2 * state, inner))
    yield from linear("mixer.dt_proj", "ssm_dt", inner, rank, True)
    yield Row("mixer.A_log", "ssm_a", (inner, state))
    yield Row("mixer.D", "ssm_d", (inner,))
    yield from linear("mixer.out_proj", "ssm_out", hidden_size, inner, part.projection_bias)
    if part.inner_norms:
        yield Row("mixer.dt_layernorm.weight", "ssm_norm", (rank,))
        yield Row("mixer.b_layernorm.weight", "ssm_norm", (state,))
        yield Row("mixer.c_layernorm.weight", "ssm_norm", (state,))


def mamba2_tensors(part: Mamba2, hidden_size: int) -> Iterator[Row]:
    """Mamba-2 (arXiv:2405.21060): one projection for gate, x, B, C and dt; convolution over x, B and C."""
    inner, heads = part.intermediate_size, part.num_heads
    convolved = inner + 2 * part.n_groups * part.state_size
    yield from linear("mixer.in_proj", "ssm_in", inner + convolved + heads, hidden_size, part.projection_bias)
    yield Row("mixer.conv1d.weight", "ssm_conv", (convolved, 1, part.conv_kernel))
    if part.conv_bias:
        yield Row("mixer.conv1d.bias", "ssm_conv", (convolved,))
    yield Row("mixer.dt_bias", "ssm_dt", (heads,))
    yield Row("mixer.A_log", "ssm_a", (heads,))
    yield Row("mixer.D", "ssm_d", (heads,))
    if part.gated_norm:
        yield Row("mixer.norm.weight", "ssm_norm", (inner,))
    yield from linear("mixer.out_proj", "ssm_out", hidden_size, inner, part.projection_bias)


def delta_net_tensors(part: GatedDeltaNet, hidden_size: int) -> Iterator[Row]:
    """Gated delta rule as in Qwen3-Next: q, k, v and gate from one projection, beta and decay from another."""
    key = part.linear_num_key_heads * part.linear_key_head_dim
    value = part.linear_num_value_heads * part.linear_value_head_dim
    heads = part.linear_num_value_heads
    yield Row("linear_attn.in_proj_qkvz.weight", "ssm_in", (2 * key + 2 * value, hidden_size))
    yield Row("linear_attn.in_proj_ba.weight", "ssm_x", (2 * heads, hidden_size))
    yield Row("linear_attn.conv1d.weight", "ssm_conv", (2 * key + value, 1, part.linear_conv_kernel_dim))
    yield Row("linear_attn.dt_bias", "ssm_dt", (heads,))
    yield Row("linear_attn.A_log", "ssm_a", (heads,))
    yield Row("linear_attn.norm.weight", "ssm_norm", (part.linear_value_head_dim,))
    yield Row("linear_attn.out_proj.weight", "ssm_out", (hidden_size, value))


def short_convolution_tensors(part: ShortConvolution, hidden_size: int) -> Iterator[Row]:
    """Gated short convolution (LFM2)."""
    yield from linear("conv.in_proj", "ssm_in", 3 * hidden_size, hidden_size, part.bias)
    yield Row("conv.conv.weight", "ssm_conv", (hidden_size, 1, part.kernel_size))
    if part.bias:
        yield Row("conv.conv.bias", "ssm_conv", (hidden_size,))
    yield from linear("conv.out_proj", "ssm_out", hidden_size, hidden_size, part.bias)
