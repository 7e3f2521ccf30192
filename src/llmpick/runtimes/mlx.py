"""What mlx-lm takes on Apple silicon: weights, caches and one prefill step's activations in unified memory.

Prompts go through in steps of ``prefill_step_size`` tokens. Latent attention is cached up-projected. Left out: MLX's own
buffer cache, which it gives back under pressure.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from llmpick.runtimes.base import Budget, Estimate, Model, Request, checked_settings
from llmpick.runtimes.parts import Parts, Range, Words, assemble, exactly, need_devices
from llmpick.runtimes.token_caches import cache_bits, cache_bytes
from llmpick.runtimes.widths import expanded_caches, widths_of

NAME = "mlx"
SETTINGS: dict[str, type] = {"prefill_step_size": int, "kv_bits": int, "kv_group_size": int, "max_kv_size": int}


def estimate(model: Model, request: Request, devices: Sequence[Budget], data: Mapping[str, Any]) -> Estimate:
    """Memory on one device. ``data``: catalog/runtimes/mlx.yaml. Raises UsageError without a device."""
    settings = checked_settings(NAME, request.settings, SETTINGS)
    need_devices(NAME, devices)
    bits = cache_bits(request, data["kv_types"], NAME)
    if "kv_bits" in settings:  # a 16-bit scale and bias for every group
        packed = settings["kv_bits"] + 32 / settings.get("kv_group_size", 64)
        bits = packed, packed
    tokens = min(request.context, settings.get("max_kv_size") or request.context)
    cache = cache_bytes(
        expanded_caches(model.architecture, model.caches), tokens, request.sequences, bits, block=data["cache_step"]
    )
    widths = widths_of(model.architecture)
    step = min(request.context, settings.get("prefill_step_size", data["prefill_step_size"]))
    size = request.sequences * (2 * step * widths.layer + 4 * widths.vocab)
    compute = Range(size, size // 2, 2 * size)
    parts = Parts(exactly(model.weights.tensor_bytes), cache, compute, Range.of(data["base"]))
    layers = model.architecture.num_hidden_layers
    placement = {"devices": 1, "layers": layers, "layers_on_gpu": layers, "n_cpu_moe": 0, "split": "none"}
    words = Words(
        (f"every tensor of the {model.weights.format} checkpoint", "A", "tensor shapes"),
        (f"{request.sequences} × {tokens:,} tokens × each layer's keys and values", "B", data["source"]),
        (f"{widths.layer:,} elements × 2 B × {step:,} tokens of a prefill step", "D", data["source"]),
        ("Metal and Python", "D", data["base_source"]),
    )
    return assemble(NAME, data["version"], devices[:1], [parts], words, placement)
