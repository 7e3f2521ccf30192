"""An `Architecture` -> its weights: one generic decoder for every model.

Each part of a layer yields its tensors here and nowhere else; parameters, bytes, shares and states are folds over the
result. Linear layers have the shape ``(out_features, in_features)``.
"""

from collections.abc import Callable, Iterator
from typing import Any

from llmpick.architecture.attention import Attention, LatentAttention
from llmpick.architecture.decoder import Architecture, Layer, Part, RawTensor
from llmpick.architecture.feed_forward import Experts, Mlp
from llmpick.architecture.state_space import GatedDeltaNet, Mamba, Mamba2, ShortConvolution
from llmpick.inventory.recurrent import delta_net_tensors, mamba2_tensors, mamba_tensors, short_convolution_tensors
from llmpick.inventory.rows import Row, linear
from llmpick.inventory.tensors import Tensor

LAYER_PREFIX = "model.layers.{i}."


def inventory(architecture: Architecture) -> tuple[Tensor, ...]:
    """Every weight of the model as it runs, in the order in which a token meets them."""
    rows = [*_embedding_rows(architecture)]
    for layer in architecture.layers:
        rows += _layer_rows(architecture, layer)
    rows += _output_rows(architecture)
    rows += [_raw(raw, ()) for raw in architecture.tensors]
    return tuple(row for row in rows if row.elements and row.number)


def _embedding_rows(architecture: Architecture) -> Iterator[Tensor]:
    tables, hidden_size = architecture.embeddings, architecture.hidden_size
    width = tables.embedding_size
    yield Tensor("model.embed_tokens.weight", "token_embedding", (tables.vocab_size, width))
    if tables.position_rows:
        yield Tensor("model.embed_positions.weight", "position_embedding", (tables.position_rows, hidden_size))
    if tables.norm:
        yield from _norm_rows(architecture, "model.embed_norm", "embedding_norm", width, ())
    if tables.projections:
        yield Tensor("model.project_in.weight", "embedding_projection", (hidden_size, width))
        yield Tensor("model.project_out.weight", "embedding_projection", (width, hidden_size))


def _output_rows(architecture: Architecture) -> Iterator[Tensor]:
    tables = architecture.embeddings
    if architecture.final_norm:
        yield from _norm_rows(architecture, "model.norm", "final_norm", architecture.hidden_size, ())
    if not tables.tied:
        yield Tensor("lm_head.weight", "output_head", (tables.output_rows, tables.embedding_size))
    if tables.output_bias:
        yield Tensor("lm_head.bias", "output_head", (tables.output_rows,))


def _layer_rows(architecture: Architecture, layer: Layer) -> Iterator[Tensor]:
    for name, width in layer.norms:
        yield from _norm_rows(architecture, LAYER_PREFIX + name, "norm", width, layer.indices)
    for part in layer.parts:
        for row in part_rows(part, architecture.hidden_size):
            yield Tensor(LAYER_PREFIX + row.name, row.role, row.shape, layer.indices, row.experts, row.experts_used)
    for raw in layer.tensors:
        yield _raw(raw, layer.indices)


def _norm_rows(
    architecture: Architecture, name: str, role: str, width: int, layers: tuple[int, ...]
) -> Iterator[Tensor]:
    elements = architecture.norm.elements(width)
    if elements:
        yield Tensor(f"{name}.weight", role, (width,), layers)
    if elements > width:
        yield Tensor(f"{name}.bias", role, (width,), layers)


def _raw(raw: RawTensor, layers: tuple[int, ...]) -> Tensor:
    prefix = LAYER_PREFIX if layers else ""
    if raw.active_count is None:
        return Tensor(prefix + raw.name, raw.role, raw.shape, layers, copies=raw.count)
    return Tensor(prefix + raw.name, raw.role, raw.shape, layers, raw.count, raw.active_count)


def _module(part: Attention) -> str:
    return "cross_attn" if part.cross_tokens else "self_attn"


def _attention_rows(part: Attention, hidden_size: int) -> Iterator[Row]:
    name, width = _module(part), part.input_size or hidden_size
    query = part.num_attention_heads * part.head_dim
    key = part.num_key_value_heads * part.head_dim if part.makes_keys_and_values else 0
    value = part.num_key_value_heads * part.value_head_dim if part.makes_keys_and_values else 0
    if part.fused_qkv:
        yield from linear(f"{name}.qkv_proj", "attention_qkv", query + key + value, width, part.query_bias)
    else:
        gate_in_query = part.output_gate_elements if part.gate_in_query else 0
        yield from linear(f"{name}.q_proj", "attention_q", query + gate_in_query, width, part.query_bias)
        yield from linear(f"{name}.k_proj", "attention_k", key, width, part.key_bias)
        if not part.value_from_key:
            yield from linear(f"{name}.v_proj", "attention_v", value, width, part.value_bias)
    if part.output_gate_elements and not part.gate_in_query:
        yield Row(f"{name}.g_proj.weight", "attention_gate", (part.output_gate_elements, width))
    if part.output_projection:
        mixed = part.num_attention_heads * part.value_head_dim
        yield from linear(
            f"{name}.o_proj", "attention_output", part.output_size or hidden_size, mixed, part.output_bias
        )
    if part.sinks:
        yield Row(f"{name}.sinks", "attention_sinks", (part.num_attention_heads,))
    yield from _attention_norm_rows(part)


def _attention_norm_rows(part: Attention) -> Iterator[Row]:
    name = _module(part)
    norms = {"q": part.query_norm_elements, "k": part.key_norm_elements, "v": part.value_norm_elements}
    for letter, elements in norms.items():
        if elements and (letter == "q" or part.makes_keys_and_values):
            yield Row(f"{name}.{letter}_norm.weight", f"{letter}_norm", (elements,))
        bias = elements if part.query_key_norm_bias else 0
        if bias and (letter == "q" or part.makes_keys_and_values):
            yield Row(f"{name}.{letter}_norm.bias", f"{letter}_norm", (bias,))


def _latent_attention_rows(part: LatentAttention, hidden_size: int) -> Iterator[Row]:
    query = part.num_attention_heads * (part.qk_nope_head_dim + part.qk_rope_head_dim)
    if part.q_lora_rank:
        yield from linear("self_attn.q_a_proj", "attention_q_a", part.q_lora_rank, hidden_size, part.bias)
        yield Row("self_attn.q_a_layernorm.weight", "latent_norm", (part.q_lora_rank,))
        yield Row("self_attn.q_b_proj.weight", "attention_q_b", (query, part.q_lora_rank))
    else:
        yield from linear("self_attn.q_proj", "attention_q", query, hidden_size, False)
    latent = part.kv_lora_rank + part.qk_rope_head_dim
    if part.shares_cache_with is None:
        yield from linear("self_attn.kv_a_proj_with_mqa", "attention_kv_a", latent, hidden_size, part.bias)
        yield Row("self_attn.kv_a_layernorm.weight", "latent_norm", (part.kv_lora_rank,))
    up = part.num_attention_heads * (part.qk_nope_head_dim + part.v_head_dim)
    yield Row("self_attn.kv_b_proj.weight", "attention_kv_b", (up, part.kv_lora_rank))
    yield from linear("self_attn.o_proj", "attention_output", hidden_size, part.num_attention_heads * part.v_head_dim,
                      part.output_bias)  # fmt: skip
    yield from _indexer_rows(part, hidden_size)


def _indexer_rows(part: LatentAttention, hidden_size: int) -> Iterator[Row]:
    """The sparse attention indexer of DeepSeek-V3.2: its own query, key, key LayerNorm and head weights."""
    if not part.index_n_heads:
        return
    rows, width = part.index_n_heads * part.index_head_dim, part.q_lora_rank or hidden_size
    yield Row("self_attn.indexer.wq_b.weight", "indexer", (rows, width))
    yield Row("self_attn.indexer.wk.weight", "indexer", (part.index_head_dim, hidden_size))
    yield Row("self_attn.indexer.k_norm.weight", "k_norm", (part.index_head_dim,))
    yield Row("self_attn.indexer.k_norm.bias", "k_norm", (part.index_head_dim,))
    yield Row("self_attn.indexer.weights_proj.weight", "indexer", (part.index_n_heads, hidden_size))


def _mlp_rows(part: Mlp, hidden_size: int) -> Iterator[Row]:
    width = part.input_size or hidden_size
    rows = part.intermediate_size
    if part.gated and part.fused_gate_up:
        yield from linear("mlp.gate_up_proj", "mlp_gate_up", 2 * rows, width, part.up_bias)
    else:
        if part.gated:
            yield from linear("mlp.gate_proj", "mlp_gate", rows, width, part.up_bias)
        yield from linear("mlp.up_proj", "mlp_up", rows, width, part.up_bias)
    yield from linear("mlp.down_proj", "mlp_down", width, rows, part.down_bias)


def _expert_rows(part: Experts, hidden_size: int) -> Iterator[Row]:
    width = part.expert_input_size or hidden_size
    pick = (part.num_experts, min(part.num_experts, part.num_experts_per_tok))
    if part.router:
        yield from linear("mlp.gate", "router", part.num_experts, hidden_size, part.router_bias)
    for name in ("gate", "up") if part.gated else ("up",):
        yield from linear(f"mlp.experts.{{e}}.{name}_proj", f"expert_{name}", part.moe_intermediate_size, width,
                          part.bias, *pick)  # fmt: skip
    yield from linear("mlp.experts.{e}.down_proj", "expert_down", width, part.moe_intermediate_size, part.bias, *pick)
    shared = part.shared_intermediate_size
    for name in ("gate", "up") if part.gated else ("up",):
        yield from linear(f"mlp.shared_expert.{name}_proj", f"shared_expert_{name}", shared, hidden_size, False)
    yield from linear("mlp.shared_expert.down_proj", "shared_expert_down", hidden_size if shared else 0, shared, False)
    if part.shared_gate:
        yield Row("mlp.shared_expert_gate.weight", "shared_expert_router", (1, hidden_size))


_PART_ROWS: dict[type, Callable[[Any, int], Iterator[Row]]] = {
    Attention: _attention_rows,
    LatentAttention: _latent_attention_rows,
    Mlp: _mlp_rows,
    Experts: _expert_rows,
    Mamba: mamba_tensors,
    Mamba2: mamba2_tensors,
    GatedDeltaNet: delta_net_tensors,
    ShortConvolution: short_convolution_tensors,
}


def part_rows(part: Part, hidden_size: int) -> Iterator[Row]:
    """The weights of one part of a layer."""
    return _PART_ROWS[type(part)](part, hidden_size)
