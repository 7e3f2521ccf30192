"""What TensorRT-LLM needs: the engine, paged caches, and everything else as one measured reserve.

Its caches take ``free_gpu_memory_fraction`` of what is FREE after engine and activations are loaded, unlike vLLM and
SGLang, which take a share of all memory. Version-bound and not checked against runs: certainty D, a wide interval.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from llmpick.runtimes.base import Budget, Estimate, Model, Request, checked_settings
from llmpick.runtimes.parallel import plan_of, rank_weights
from llmpick.runtimes.parts import Parts, Range, Words, assemble, exactly, need_devices
from llmpick.runtimes.token_caches import cache_bits, cache_bytes

NAME = "tensorrt-llm"
SETTINGS: dict[str, type] = {
    "free_gpu_memory_fraction": float, "tp_size": int, "pp_size": int, "tokens_per_block": int,
}  # fmt: skip


def estimate(model: Model, request: Request, devices: Sequence[Budget], data: Mapping[str, Any]) -> Estimate:
    """The need on every GPU. ``data``: catalog/runtimes/tensorrt-llm.yaml. Raises UsageError without a GPU."""
    settings = checked_settings(NAME, request.settings, SETTINGS)
    need_devices(NAME, devices)
    sizes = {"tensor_parallel_size": settings.get("tp_size"), "pipeline_parallel_size": settings.get("pp_size")}
    plan = plan_of(model, len(devices), sizes)
    used = devices[: plan.devices]
    bits = cache_bits(request, data["kv_types"], NAME)
    fraction = settings.get("free_gpu_memory_fraction", data["free_gpu_memory_fraction"])
    links = data["nccl"][min(plan.tensor.bit_length() - 1, len(data["nccl"]) - 1)]
    block = settings.get("tokens_per_block", data["tokens_per_block"])
    parts = []
    for index in range(len(used)):
        first, last = plan.stage(index // plan.ranks, model.architecture.num_hidden_layers)
        cache = cache_bytes(model.caches, request.context, request.sequences, bits, first, last, block=block,
                            ranks=plan.tensor)  # fmt: skip
        unused = int(cache / fraction) - cache
        base = Range.of(data["base"]).plus(exactly(links + unused))
        weights = rank_weights(model, plan, index)
        parts.append(Parts(exactly(weights).times(0.98, 1.05), cache, exactly(0), base))
    layers = model.architecture.num_hidden_layers
    placement = {"devices": len(used), "tp_size": plan.tensor, "pp_size": plan.pipeline, "layers": layers,
                 "layers_on_gpu": layers, "n_cpu_moe": 0, "split": "tensor" if plan.tensor > 1 else "none"}  # fmt: skip
    words = Words(
        (f"every {model.weights.format} tensor, divided among the GPUs", "D", "tensor shapes"),
        (f"{request.sequences} × {request.context:,} tokens in blocks of {block}", "D", data["source"]),
        ("within the reserve", "D", data["source"]),
        (f"reserve for activations and context, NCCL, and the {1 - fraction:.0%} of free memory left to others", "D",
         data["source"]),
    )  # fmt: skip
    return assemble(NAME, data["version"], used, parts, words, placement)
