"""What vLLM needs on every GPU, and how many tokens its cache then holds.

vLLM takes ``gpu_memory_utilization`` of the device whatever the model; what is left after weights, the profiled peak
and CUDA graphs becomes KV blocks. The estimate here is the need: that much for ``sequences`` requests of ``context``
tokens. ``placement`` gives what the devices' share would hold.

Caches: `vllm_cache`. Sources: vllm/v1/worker/gpu_worker.py, worker/utils.py (0.33). Left out: weights that a
quantisation kernel repacks.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from llmpick.runtimes import vllm_cache
from llmpick.runtimes.base import Budget, DeviceMemory, Estimate, HostMemory, Model, Request, Term, checked_settings
from llmpick.runtimes.parallel import Plan, expert_padding, plan_of, rank_weights, vocabulary_padding
from llmpick.runtimes.parts import need_devices, row_for
from llmpick.runtimes.token_caches import cache_bits
from llmpick.runtimes.widths import widths_of

NAME = "vllm"
SETTINGS: dict[str, type] = {
    "gpu_memory_utilization": float, "tensor_parallel_size": int, "pipeline_parallel_size": int,
    "data_parallel_size": int, "enable_expert_parallel": bool, "max_num_batched_tokens": int, "max_num_seqs": int,
    "enforce_eager": bool, "block_size": int, "max_model_len": int,
}  # fmt: skip


def estimate(model: Model, request: Request, devices: Sequence[Budget], data: Mapping[str, Any]) -> Estimate:
    """The need on every GPU. ``data``: catalog/runtimes/vllm.yaml. Raises UsageError without a GPU."""
    settings = checked_settings(NAME, request.settings, SETTINGS)
    need_devices(NAME, devices)
    plan = plan_of(model, len(devices), settings, data["shard_multiple"].get(model.weights.format, 1))
    used = devices[: plan.devices]
    defaults = defaults_for(min(device.usable_bytes for device in used), data)
    chosen = {**defaults, **settings}
    activations = activation_bytes(model, chosen, plan, data)
    layers = model.architecture.num_hidden_layers
    pools = [
        rank_pool(model, request, *plan.stage(stage, layers), plan, chosen, data) for stage in range(plan.pipeline)
    ]
    made, held = [], []
    for index, device in enumerate(used):
        pool = pools[index // plan.ranks]
        found, tokens = _device(model, request, device, index, plan, chosen, data, activations, pool)
        made.append(found)
        held.append(tokens)
    placement = {
        "devices": len(used), "tensor_parallel_size": plan.tensor, "pipeline_parallel_size": plan.pipeline,
        "gpu_memory_utilization": chosen["gpu_memory_utilization"], "max_num_seqs": chosen["max_num_seqs"],
        "max_num_batched_tokens": chosen["max_num_batched_tokens"], "kv_cache_tokens": min(held),
        "split": plan.split, "data_parallel_size": plan.data, "enable_expert_parallel": plan.experts_whole,
        "layers": layers, "layers_on_gpu": layers,
        "n_cpu_moe": 0,
    }  # fmt: skip
    terms = _terms(made, model, request, chosen, plan, data)
    return Estimate(NAME, data["version"], terms, tuple(made), HostMemory(), placement)


def defaults_for(usable_bytes: int, data: Mapping[str, Any]) -> dict[str, Any]:
    """vLLM's defaults for a GPU of this size (its API server's table)."""
    row = row_for(usable_bytes, data["defaults"])
    return {**data["common_defaults"], **{key: row[key] for key in row if key != "below_gib"}}


def activation_bytes(model: Model, settings: Mapping[str, Any], plan: Plan, data: Mapping[str, Any]) -> int:
    """The profiled peak: a dummy batch through the widest layer, or the sampler over ``max_num_seqs`` rows of logits.

    The sampler sorts float32 logits: logits, sorted copy, int64 indices, probabilities and sums stay alive together,
    ``sampler_bytes_per_logit`` in all (fitted on printed activation peaks; independent of the model otherwise).
    Data-parallel ranks gather each other's tokens before their experts.
    """
    widths, tokens = widths_of(model.architecture), settings["max_num_batched_tokens"]
    sampled = min(settings["max_num_seqs"], tokens)
    sampler: int = int(data["sampler_bytes_per_logit"] * sampled * widths.vocab)
    layer: int = 2 * tokens * plan.data * (max(widths.inner, widths.attention) // plan.ranks + 2 * widths.hidden)
    return max(sampler, layer)


def _device(model: Model, request: Request, device: Budget, index: int, plan: Plan, settings: Mapping[str, Any],
            data: Mapping[str, Any], activations: int, pool: vllm_cache.Pool) -> tuple[DeviceMemory, int]:  # fmt: skip
    weights = rank_weights(model, plan, index) + expert_padding(model, plan, index, data["expert_pad"])
    weights += vocabulary_padding(model, plan, index)
    runtime, low, high = _overhead(settings, plan.ranks > 1, data)
    share = int(settings["gpu_memory_utilization"] * device.usable_bytes)
    wanted = pool.need(plan.sequences(request.sequences))
    held = pool.capacity(share - weights - activations - runtime)
    low, high = low + wanted + weights, high + wanted + pool.block_bytes + int(data["weights_high"] * weights)
    made = DeviceMemory(
        device.name, share, weights, wanted, activations, runtime,
        int(data["activation_low"] * activations) + low, int(data["activation_high"] * activations) + high,
    )  # fmt: skip
    return made, held


def rank_pool(model: Model, request: Request, first: int, last: int, plan: Plan, settings: Mapping[str, Any],
              data: Mapping[str, Any]) -> vllm_cache.Pool:  # fmt: skip
    """The cache pool of one rank with the layers from ``first`` up to, not including, ``last``."""
    chosen = vllm_cache.settings_of(
        model.caches, model.architecture.model_type, settings["block_size"], settings["max_num_batched_tokens"],
        plan.pipeline, plan.tensor, cache_bits(request, data["kv_types"], NAME), data,
    )  # fmt: skip
    return vllm_cache.pool(model.caches, request.context, first, last, chosen)


def _overhead(settings: Mapping[str, Any], several: bool, data: Mapping[str, Any]) -> tuple[int, int, int]:
    """(estimate, low, high): memory outside PyTorch, and CUDA graphs unless ``enforce_eager``."""
    rows = [data["non_torch_parallel" if several else "non_torch"]]
    if not settings.get("enforce_eager"):
        rows.append(data["cuda_graphs"])
    estimate_, low, high = (sum(row[key] for row in rows) for key in ("estimate", "low", "high"))
    return estimate_, low, high


def _terms(devices: Sequence[DeviceMemory], model: Model, request: Request, settings: Mapping[str, Any], plan: Plan,
           data: Mapping[str, Any]) -> tuple[Term, ...]:  # fmt: skip
    weights, cache = sum(each.weights for each in devices), sum(each.kv_cache for each in devices)
    compute, runtime = sum(each.compute for each in devices), sum(each.runtime for each in devices)
    _, low, high = _overhead(settings, plan.ranks > 1, data)
    several = f" on {len(devices)} GPUs" if len(devices) > 1 else ""
    rows = min(settings["max_num_seqs"], settings["max_num_batched_tokens"])
    return (
        Term("weights", weights, weights, int(data["weights_high"] * weights), "B",
             f"{model.weights.format} tensors{several}", data["source"]),
        Term("kv_cache", cache, cache, cache, "A",
             f"{request.sequences} × {request.context:,} tokens in blocks of "
             f"{settings['block_size']}{several}", data["source"]),
        Term("compute", compute, int(data["activation_low"] * compute), int(data["activation_high"] * compute), "C",
             f"profiled peak: the larger of {data['sampler_bytes_per_logit']} B × {rows} sequences × vocabulary and "
             f"{settings['max_num_batched_tokens']:,} tokens through a layer", data["activation_source"]),
        Term("runtime", runtime, low * len(devices), high * len(devices), "C", "memory outside PyTorch, CUDA graphs",
             data["overhead_source"]),
    )  # fmt: skip
