"""gguf-parser's estimate for a whole model on GPUs, written anew from its source for the same rows.

gpustack/gguf-parser-go 8dc7a62: file_estimate__llamacpp.go (estimateLLaMACppRunInModel, SummarizeItem), file_architecture.go,
cmd/gguf-parser/main.go (250 MiB of VRAM for the platform). Covered: decoders with a KV cache, every layer on the GPUs,
layers split evenly, batches of 2048 and 512, an F16 cache. Its own assumptions stay: sliding layers by the architecture's
name, float32 masks, logits for every token of a batch in the output buffer, one layer's queries' weights in the graph.
"""

from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

from llmpick.architecture.attention import Attention
from llmpick.architecture.decoder import Architecture
from llmpick.architecture.feed_forward import Experts, Mlp
from llmpick.formats.base import WeightBytes

PLATFORM_BYTES = 250 * 2**20
LOGICAL_BATCH, BATCH = 2048, 512
PATTERNS = {"llama4_text": 4, "llama4": 4, "gemma2": 2, "gemma3": 6, "gemma3_text": 6, "cohere2": 4}
F32, F16 = 4, 2


def gguf_parser(
    architecture: Architecture, weights: WeightBytes, query_bytes: int, context: int, flash: bool, devices: int
) -> float:
    """Bytes of all GPUs together. ``query_bytes``: the query projection's weights of the last layer."""
    n_kv = _padded(context, 256 if flash else 32)
    tokens = min(n_kv, BATCH)
    held = _layers_by_device(architecture.num_hidden_layers, devices)
    attention, compute = _attention(architecture), 0
    for cached in [] if attention is None else [attention]:
        compute = max(
            _attention_bytes(architecture, cached, query_bytes, n_kv, tokens, flash), _ffn_bytes(architecture, tokens)
        )
    copies = 1 if devices == 1 else 2 if _experts(architecture) else 4
    inputs = copies * (F32 * architecture.hidden_size * tokens + 4 * tokens + F32 * n_kv * tokens)
    rows = architecture.embeddings.output_rows
    outside = (architecture.hidden_size + rows) * tokens * F32  # output buffer
    outside += (architecture.hidden_size + rows) * tokens * F32  # output norm and logits in the graph
    caches = 0 if attention is None else _cache_bytes(architecture, attention, n_kv, flash)
    used = sum(1 for layers in held if layers)
    return (sum(weights.layer_bytes) + weights.output_bytes + weights.other_bytes + caches + outside
            + used * (compute + inputs + PLATFORM_BYTES))  # fmt: skip


def _padded(count: int, multiple: int) -> int:
    return -(-count // multiple) * multiple


def _layers_by_device(layers: int, devices: int) -> list[list[int]]:
    """Equal shares of the layers and the output, as the first share whose end lies beyond a layer's place."""
    ends = [(index + 1) / devices for index in range(devices)]
    held: list[list[int]] = [[] for _ in range(devices)]
    for layer in range(layers):
        held[bisect_right(ends, layer / (layers + 1))].append(layer)
    return held


def _attention(architecture: Architecture) -> Attention | None:
    parts = (part for layer in architecture.layers for part in layer.parts)
    return next((part for part in parts if isinstance(part, Attention)), None)


def _experts(architecture: Architecture) -> Experts | None:
    parts = (part for layer in architecture.layers for part in layer.parts)
    return next((part for part in parts if isinstance(part, Experts)), None)


def _cache_bytes(architecture: Architecture, attention: Attention, n_kv: int, flash: bool) -> int:
    row = attention.num_key_value_heads * (attention.head_dim + attention.value_head_dim) * F16
    pattern, layers = PATTERNS.get(architecture.model_type, 1), architecture.num_hidden_layers
    if pattern == 1:
        return layers * row * n_kv
    windows = [part.window or part.chunk or 0 for layer in architecture.layers for part in layer.parts
               if isinstance(part, Attention)]  # fmt: skip
    sliding = min(n_kv, _padded(max(windows) + LOGICAL_BATCH, 256 if flash else 32))
    full = sum(1 for layer in range(layers) if layer % pattern == 0)
    return row * (full * n_kv + (layers - full) * sliding)


def _attention_bytes(architecture: Architecture, attention: Attention, query_bytes: int, n_kv: int, tokens: int, flash: bool) -> int:  # fmt: skip
    norm = F32 * architecture.hidden_size * tokens
    if flash:
        row = attention.num_key_value_heads * (attention.head_dim + attention.value_head_dim) * F16
        return F16 * n_kv * tokens + norm + query_bytes + row * n_kv
    return norm + 2 * F32 * architecture.hidden_size * tokens + F32 * n_kv * tokens * attention.num_attention_heads


def _ffn_bytes(architecture: Architecture, tokens: int) -> int:
    """Outputs of the last layer's two norms, gate and up; with experts their router and hidden states instead."""
    last = next(layer for layer in architecture.layers if architecture.num_hidden_layers - 1 in layer.indices)
    dense = next((part for part in last.parts if isinstance(part, Mlp)), None)
    size = 2 * architecture.hidden_size * tokens * F32
    size += 0 if dense is None else (2 if dense.gated else 1) * dense.intermediate_size * tokens * F32
    if (routed := _experts(architecture)) is not None:
        size += F32 * routed.num_experts * (architecture.hidden_size + tokens)
        size += F32 * architecture.hidden_size * routed.num_experts_per_tok * tokens
    return size


def peer_bytes(model: Any, typed: Mapping[str, int], row: Mapping[str, Any]) -> float:
    """The estimate for a row. ``typed``: tensor name -> bytes in the last layer."""
    query = typed.get("blk.{i}.attn_q.weight", typed.get("blk.{i}.attn_qkv.weight", 0))
    flash = bool(row["settings"].get("flash_attn", False))
    return gguf_parser(model.architecture, model.weights, query, row["context"], flash, row["devices"])
