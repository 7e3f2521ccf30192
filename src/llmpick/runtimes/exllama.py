"""What ExLlamaV3 needs: trellis weights, a cache in 2 to 16 bits, and one prefill chunk's activations.

A quantised cache stores a 16-bit scale for every 32 elements. Layers are dealt out over several GPUs in order.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from llmpick.runtimes.base import Budget, Estimate, Model, Request, checked_settings
from llmpick.runtimes.parts import Parts, Range, Words, assemble, exactly, layer_weights, need_devices, shares
from llmpick.runtimes.token_caches import cache_bits, cache_bytes
from llmpick.runtimes.widths import expanded_caches, widths_of

NAME = "exllamav3"
SETTINGS: dict[str, type] = {"max_chunk_size": int, "cache_page_size": int}


def estimate(model: Model, request: Request, devices: Sequence[Budget], data: Mapping[str, Any]) -> Estimate:
    """The need on every GPU. ``data``: catalog/runtimes/exllamav3.yaml. Raises UsageError without a GPU."""
    settings = checked_settings(NAME, request.settings, SETTINGS)
    need_devices(NAME, devices)
    bits = cache_bits(request, data["kv_types"], NAME)
    widths = widths_of(model.architecture)
    chunk = min(request.context, settings.get("max_chunk_size", data["max_chunk_size"]))
    size = 2 * chunk * widths.layer + 4 * widths.vocab * request.sequences
    caches = expanded_caches(model.architecture, model.caches)
    parts = []
    for index, (first, last) in enumerate(shares(model, devices)):
        weights = layer_weights(model, first, last, index, len(devices))
        cache = cache_bytes(caches, request.context, request.sequences, bits, first, last,
                            block=settings.get("cache_page_size", data["page_size"]))  # fmt: skip
        parts.append(Parts(exactly(weights), cache, Range(size, size // 2, 2 * size), Range.of(data["base"])))
    layers = model.architecture.num_hidden_layers
    placement = {"devices": len(devices), "layers": layers, "layers_on_gpu": layers, "n_cpu_moe": 0,
                 "split": "layer" if len(devices) > 1 else "none"}  # fmt: skip
    words = Words(
        (f"every tensor of the {model.weights.format} checkpoint", "A", data["source"]),
        (f"{request.sequences} × {request.context:,} tokens × each layer's keys and values", "B", data["source"]),
        (f"{widths.layer:,} elements × 2 B × {chunk:,} tokens of a chunk", "D", data["source"]),
        ("CUDA context, cuBLAS workspace", "C", data["base_source"]),
    )
    return assemble(NAME, data["version"], devices, parts, words, placement)
