"""What Hugging Face transformers takes while it generates: `generate` with a dynamic cache, eager PyTorch.

The prompt goes through in one piece, so a layer's intermediate tensors for all of its tokens are alive at once; logits
are made for the last position only (since 4.46). Latent attention is cached up-projected, head by head. Several devices
hold contiguous layers (``device_map="auto"``), each with activations of its own.
Left out: fragmentation of PyTorch's caching allocator; what a quantisation kernel unpacks on the way.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from llmpick.runtimes.base import Budget, Estimate, Model, Request, checked_settings
from llmpick.runtimes.parts import Parts, Range, Words, assemble, exactly, layer_weights, need_devices, shares
from llmpick.runtimes.token_caches import cache_bits, cache_bytes
from llmpick.runtimes.widths import expanded_caches, widths_of

NAME = "transformers"
SETTINGS: dict[str, type] = {"attn_implementation": str, "prefill_chunk_size": int, "max_new_tokens": int}


def estimate(model: Model, request: Request, devices: Sequence[Budget], data: Mapping[str, Any]) -> Estimate:
    """Memory on every device. ``data``: catalog/runtimes/transformers.yaml. Raises UsageError without a device."""
    settings = checked_settings(NAME, request.settings, SETTINGS)
    need_devices(NAME, devices)
    bits = cache_bits(request, data["kv_types"], NAME)
    caches = expanded_caches(model.architecture, model.caches)
    compute = activations(model, request, settings, data)
    parts = []
    for index, (first, last) in enumerate(shares(model, devices)):
        weights = layer_weights(model, first, last, index, len(devices))
        cache = cache_bytes(caches, request.context, request.sequences, bits, first, last, state_bytes=2)
        parts.append(Parts(exactly(weights), cache, compute, Range.of(data["base"])))
    placement = {"devices": len(devices), "device_map": "auto", "split": "layer" if len(devices) > 1 else "none",
                 "layers": model.architecture.num_hidden_layers, "layers_on_gpu": model.architecture.num_hidden_layers,
                 "n_cpu_moe": 0}  # fmt: skip
    return assemble(NAME, data["version"], devices, parts, _words(model, request, data), placement)


def activations(model: Model, request: Request, settings: Mapping[str, Any], data: Mapping[str, Any]) -> Range:
    """The widest layer for every prompt token, float32 logits of one position, and scores when attention is eager."""
    widths = widths_of(model.architecture)
    prompt = max(1, request.context - settings.get("max_new_tokens", 0))
    tokens = min(prompt, settings.get("prefill_chunk_size") or prompt)
    size = 2 * tokens * widths.layer + 8 * widths.vocab
    if settings.get("attn_implementation") == "eager":
        size += (2 + 4) * widths.heads * tokens * prompt
    size *= request.sequences
    width = Range(size, int(data["activation_low"] * size), int(data["activation_high"] * size))
    return width.plus(Range.of(data["workspace"]))


def _words(model: Model, request: Request, data: Mapping[str, Any]) -> Words:
    return Words(
        (f"every tensor of the {model.weights.format} checkpoint", "A", "tensor shapes"),
        (f"{request.sequences} × {request.context:,} tokens × each layer's keys and values", "A", data["source"]),
        (
            f"{widths_of(model.architecture).layer:,} elements × 2 B a token of the prompt",
            "B",
            data["activation_source"],
        ),
        ("CUDA context, cuBLAS workspace", "C", data["base_source"]),
    )
