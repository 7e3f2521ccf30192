"""What SGLang needs: weights and caches inside its static share, and what it reserves outside for activations.

``mem_fraction_static`` is chosen so that the reserve stays free: 512 MiB + 1.5 MiB a token of a prefill chunk + 2 MiB a
sequence of the CUDA graphs + 128 MiB a GPU (srt/server_args.py, 0.5.10). Chunk and graph sizes follow the GPU's memory.
Data-parallel attention (`enable_dp_attention`) divides the requests among ``dp_size`` groups of ``tp_size`` GPUs, each with
all of attention; ``ep_size`` spreads whole experts. Left out: speculative decoding, piecewise graphs, multimodal factors.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from llmpick.errors import UsageError
from llmpick.runtimes.base import Budget, Estimate, Model, Request, checked_settings
from llmpick.runtimes.parallel import Plan, plan_of, rank_weights, vocabulary_padding
from llmpick.runtimes.parts import Parts, Range, Words, assemble, exactly, need_devices, row_for
from llmpick.runtimes.token_caches import cache_bits, cache_bytes

NAME = "sglang"
SETTINGS: dict[str, type] = {
    "mem_fraction_static": float, "tp_size": int, "pp_size": int, "chunked_prefill_size": int, "cuda_graph_max_bs": int,
    "page_size": int, "ep_size": int, "dp_size": int, "enable_dp_attention": bool,
}  # fmt: skip
MIB = 2**20


def estimate(model: Model, request: Request, devices: Sequence[Budget], data: Mapping[str, Any]) -> Estimate:
    """The need on every GPU. ``data``: catalog/runtimes/sglang.yaml. Raises UsageError without a GPU."""
    settings = checked_settings(NAME, request.settings, SETTINGS)
    need_devices(NAME, devices)
    plan = _plan(model, len(devices), settings, data["shard_multiple"].get(model.weights.format, 1))
    used = devices[: plan.devices]
    bits = cache_bits(request, data["kv_types"], NAME)
    reserve = reserved_bytes(min(device.usable_bytes for device in used), plan, settings, data)
    page = settings.get("page_size", data["page_size"])
    parts = []
    for index in range(len(used)):
        first, last = plan.stage(index // plan.ranks, model.architecture.num_hidden_layers)
        cache = cache_bytes(model.caches, request.context, plan.sequences(request.sequences), bits, first, last, block=page,
                            ranks=plan.tensor)  # fmt: skip
        weights = rank_weights(model, plan, index) + vocabulary_padding(model, plan, index, grows=True)
        parts.append(Parts(exactly(weights), cache, reserve, Range.of(data["base"])))
    return assemble(
        NAME, data["version"], used, parts, _words(model, request, data), _placement(model, plan, len(used))
    )


def _plan(model: Model, devices: int, settings: Mapping[str, Any], multiple: int) -> Plan:
    """SGLang's sizes as a plan: its ``tp_size`` counts the GPUs of all attention groups. Raises UsageError."""
    groups, experts, tensor = settings.get("dp_size", 1), settings.get("ep_size", 1), settings.get("tp_size")
    if groups > 1 and not settings.get("enable_dp_attention"):
        raise UsageError("sglang: dp_size without enable_dp_attention makes copies of the server",
                         "plan one copy, or --set enable_dp_attention=true")  # fmt: skip
    if experts > 1 and experts != (tensor or devices // settings.get("pp_size", 1)):
        raise UsageError(f"sglang: ep_size {experts} is not tp_size", "the same number for both")
    if tensor is not None and tensor % groups:
        raise UsageError(f"sglang: tp_size {tensor} does not divide into {groups} attention groups (dp_size)")
    sizes = {
        "tensor_parallel_size": tensor // groups if tensor else None, "pipeline_parallel_size": settings.get("pp_size"),
        "data_parallel_size": groups, "enable_expert_parallel": experts > 1,
    }  # fmt: skip
    return plan_of(model, devices, sizes, multiple)


def reserved_bytes(usable_bytes: int, plan: Plan, settings: Mapping[str, Any], data: Mapping[str, Any]) -> Range:
    """What SGLang leaves outside its static share on each GPU; or the rest of a share that was set."""
    if "mem_fraction_static" in settings:
        rest = int((1 - settings["mem_fraction_static"]) * usable_bytes)
        return Range(rest, rest // 2, rest)
    row = row_for(usable_bytes, data["defaults"])
    several = "cuda_graph_max_bs_tp4" if plan.ranks >= 4 else "cuda_graph_max_bs"
    chunk = settings.get("chunked_prefill_size", row["chunked_prefill_size"])
    graphs = settings.get("cuda_graph_max_bs", row[several])
    mib = 512 + 1.5 * max(chunk, 2048) + 2 * graphs + 1024 * plan.devices / 8
    if plan.data > 1:  # padding between the attention groups
        mib += graphs * plan.data * (4.5 if graphs > 300 else 3)
    return Range(int(mib * MIB), int(mib * MIB / 3), int(mib * MIB))


def _placement(model: Model, plan: Plan, devices: int) -> dict[str, Any]:
    layers = model.architecture.num_hidden_layers
    return {"devices": devices, "tp_size": plan.ranks, "pp_size": plan.pipeline, "dp_size": plan.data,
            "enable_dp_attention": plan.data > 1, "ep_size": plan.ranks if plan.experts_whole else 1, "layers": layers,
            "layers_on_gpu": layers, "n_cpu_moe": 0, "split": plan.split}  # fmt: skip


def _words(model: Model, request: Request, data: Mapping[str, Any]) -> Words:
    return Words(
        (f"every tensor of the {model.weights.format} checkpoint, divided among the GPUs", "B", "tensor shapes"),
        (f"{request.sequences} × {request.context:,} tokens × each layer's keys and values", "B", data["source"]),
        ("512 MiB + 1.5 MiB × prefill chunk + 2 MiB × CUDA graph batch + 128 MiB × GPUs", "B", data["source"]),
        ("CUDA context", "C", data["base_source"]),
    )
