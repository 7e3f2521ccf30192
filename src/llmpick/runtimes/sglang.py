"""What SGLang needs: weights and caches inside its static share, and what it reserves outside for activations.

``mem_fraction_static`` is chosen so that the reserve stays free: 512 MiB + 1.5 MiB a token of a prefill chunk + 2 MiB a
sequence of the CUDA graphs + 128 MiB a GPU (srt/server_args.py, 0.5.10). Chunk and graph sizes follow the GPU's memory.
Left out: data-parallel attention, speculative decoding, piecewise graphs, multimodal factors.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from llmpick.runtimes import vllm
from llmpick.runtimes.base import Budget, Estimate, Model, Request, checked_settings
from llmpick.runtimes.parts import Parts, Range, Words, assemble, exactly, need_devices, row_for
from llmpick.runtimes.token_caches import cache_bits, cache_bytes

NAME = "sglang"
SETTINGS: dict[str, type] = {
    "mem_fraction_static": float, "tp_size": int, "pp_size": int, "chunked_prefill_size": int, "cuda_graph_max_bs": int,
    "page_size": int,
}  # fmt: skip
MIB = 2**20


def estimate(model: Model, request: Request, devices: Sequence[Budget], data: Mapping[str, Any]) -> Estimate:
    """The need on every GPU. ``data``: catalog/runtimes/sglang.yaml. Raises UsageError without a GPU."""
    settings = checked_settings(NAME, request.settings, SETTINGS)
    need_devices(NAME, devices)
    sizes = {"tensor_parallel_size": settings.get("tp_size"), "pipeline_parallel_size": settings.get("pp_size")}
    plan = vllm.plan_of(model, len(devices), sizes)
    used = devices[: plan.tensor * plan.pipeline]
    bits = cache_bits(request, data["kv_types"], NAME)
    reserve = reserved_bytes(min(device.usable_bytes for device in used), plan, settings, data)
    page = settings.get("page_size", data["page_size"])
    parts = []
    for index in range(len(used)):
        stage = index // plan.tensor
        first, last = plan.stage(stage, model.architecture.num_hidden_layers)
        cache = cache_bytes(model.caches, request.context, request.sequences, bits, first, last, block=page,
                            ranks=plan.tensor)  # fmt: skip
        parts.append(Parts(exactly(vllm.rank_weights(model, plan, stage)), cache, reserve, Range.of(data["base"])))
    return assemble(
        NAME, data["version"], used, parts, _words(model, request, data), _placement(model, plan, len(used))
    )


def reserved_bytes(usable_bytes: int, plan: vllm.Plan, settings: Mapping[str, Any], data: Mapping[str, Any]) -> Range:
    """What SGLang leaves outside its static share on each GPU; or the rest of a share that was set."""
    if "mem_fraction_static" in settings:
        rest = int((1 - settings["mem_fraction_static"]) * usable_bytes)
        return Range(rest, rest // 2, rest)
    row = row_for(usable_bytes, data["defaults"])
    several = "cuda_graph_max_bs_tp4" if plan.tensor >= 4 else "cuda_graph_max_bs"
    chunk = settings.get("chunked_prefill_size", row["chunked_prefill_size"])
    graphs = settings.get("cuda_graph_max_bs", row[several])
    mib = 512 + 1.5 * max(chunk, 2048) + 2 * graphs + 1024 * plan.tensor * plan.pipeline / 8
    return Range(int(mib * MIB), int(mib * MIB / 3), int(mib * MIB))


def _placement(model: Model, plan: vllm.Plan, devices: int) -> dict[str, Any]:
    layers = model.architecture.num_hidden_layers
    return {"devices": devices, "tp_size": plan.tensor, "pp_size": plan.pipeline, "layers": layers, "layers_on_gpu": layers,
            "n_cpu_moe": 0, "split": "tensor" if plan.tensor > 1 else "pipeline" if plan.pipeline > 1 else "none"}  # fmt: skip


def _words(model: Model, request: Request, data: Mapping[str, Any]) -> Words:
    return Words(
        (f"every tensor of the {model.weights.format} checkpoint, divided among the GPUs", "B", "tensor shapes"),
        (f"{request.sequences} × {request.context:,} tokens × each layer's keys and values", "B", data["source"]),
        ("512 MiB + 1.5 MiB × prefill chunk + 2 MiB × CUDA graph batch + 128 MiB × GPUs", "B", data["source"]),
        ("CUDA context", "C", data["base_source"]),
    )
