"""What llama.cpp holds on each device: weights, caches, compute buffer and the CUDA context.

Placement as in llama-model.cpp: the input embedding stays on the host (a tied one is loaded again as output);
``n_gpu_layers`` counts the output first and then layers from the end; with several devices, contiguous layers go to
each in proportion to ``tensor_split`` (memory, if not given). Version and figures: catalog/runtimes/llama.cpp.yaml.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from llmpick.architecture.decoder import Architecture
from llmpick.errors import UsageError
from llmpick.formats.base import WeightBytes
from llmpick.inventory.caches import CacheLayer
from llmpick.runtimes import llama_cpp_cache as kv
from llmpick.runtimes import llama_cpp_compute as graph
from llmpick.runtimes.base import (
    Budget,
    DeviceMemory,
    Estimate,
    HostMemory,
    Model,
    Request,
    Term,
    checked_settings,
)  # fmt: skip
from llmpick.runtimes.llama_cpp_place import Plan, largest_host_tensor, place
from llmpick.runtimes.llama_cpp_shape import Shape, shape_of

NAME = "llama.cpp"
MAX_SEQUENCES = 256
"""llama.cpp's own bound on parallel sequences (LLAMA_MAX_SEQ)."""
SETTINGS: dict[str, type] = {
    "n_batch": int, "n_ubatch": int, "flash_attn": bool, "n_seq_max": int, "kv_unified": bool, "swa_full": bool,
    "n_outputs_max": int, "n_gpu_layers": int, "n_cpu_moe": int, "split_mode": str, "tensor_split": str, "main_gpu": int,
}  # fmt: skip
_GRAPH_SOURCE = "ggml-org/llama.cpp 0c1e5709, measured allocations (docs/memory.md)"


class Loaded(NamedTuple):
    """A model in one format, reduced to what llama.cpp's memory depends on."""

    layers: int
    shape: Shape
    caches: tuple[CacheLayer, ...]
    weights: WeightBytes


def load(model: Model) -> Loaded:
    """Reduce a model."""
    architecture = model.architecture
    caches = cached_by_llama_cpp(architecture, model.caches)
    return Loaded(architecture.num_hidden_layers, shape_of(architecture), caches, model.weights)


def cached_by_llama_cpp(architecture: Architecture, caches: tuple[CacheLayer, ...]) -> tuple[CacheLayer, ...]:
    """The caches that llama.cpp keeps: full ones where it does not implement the architecture's window."""
    if not architecture.gguf.ignores_windows:
        return caches
    return tuple(cache._replace(kind="full", window=None) if cache.window else cache for cache in caches)


def estimate(model: Loaded, request: Request, devices: Sequence[Budget], data: Mapping[str, Any]) -> Estimate:
    """Memory on every device and the host. ``data``: catalog/runtimes/llama.cpp.yaml and the cache types."""
    settings = checked_settings(NAME, request.settings, SETTINGS)
    plan = place(model.layers, devices, settings)
    at, found = setting(model, request, settings)
    shape = model.shape
    kv_layers = kv_bytes_by_layer(model, found, request, settings, data["kv_types"])
    made = [_device(index, device, model, plan, kv_layers, shape, at, data) for index, device in enumerate(devices)]
    host = _host(model, plan, kv_layers, shape, at, bool(devices))
    bases = [_base(data, device.vendor, shape, at) for device in devices]
    terms = _terms(model, made, host, at, shape, bases, data["base_source"], sum(kv_layers))
    placement = {
        "devices": len(devices), "n_gpu_layers": plan.on_device + (1 if plan.output_device >= 0 else 0),
        "layers_on_gpu": plan.on_device, "layers": len(plan.layer_device), "n_cpu_moe": plan.expert_layers_on_host,
        "split": "layer" if len(devices) > 1 else "none",
    }  # fmt: skip
    return Estimate(NAME, data["version"], terms, tuple(made), host, placement)


class Overhead(NamedTuple):
    """What comes on top of the weights when everything is on one device: bytes, and the interval around them."""

    estimate: int
    low: int
    high: int


def one_device_overhead(model: Loaded, request: Request, data: Mapping[str, Any], vendor: str = "") -> Overhead:
    """Caches, compute buffer and context of a whole model on one device; the same for every weight format."""
    settings = checked_settings(NAME, request.settings, SETTINGS)
    at, found = setting(model, request, settings)
    sequences = settings.get("n_seq_max", request.sequences)
    cache = sum(
        len(row.layers) * kv.layer_bytes(row, found, request.type_k, request.type_v, sequences, data["kv_types"])
        for row in model.caches
    )
    compute, base = graph.device_bytes(model.shape, at), _base(data, vendor, model.shape, at)
    known = cache + compute
    slack = graph.fragmentation_bytes(model.shape, at)
    return Overhead(known + base.estimate, known + base.low, known + slack + base.high)


def _base(data: Mapping[str, Any], vendor: str, shape: Shape, at: graph.Setting) -> Overhead:
    """What a vendor's device holds besides: as measured, or with copies in its pool larger than those measured."""
    base = {**data["base"], **data["base"]["vendors"].get(vendor, {})}
    pool = graph.pool_bytes(shape, at, base["keeps_buffers"])
    copied = 0 if base["keeps_buffers"] else graph.probability_bytes(shape, at)
    return Overhead(base["estimate"] + copied, base["low"], max(base["high"], base["without_copies"] + pool))


def setting(model: Loaded, request: Request, settings: Mapping[str, Any]) -> tuple[graph.Setting, kv.Cells]:
    """What the graph and the caches depend on. Raises UsageError for more sequences than llama.cpp serves."""
    sequences = settings.get("n_seq_max", request.sequences)
    if max(sequences, request.sequences) > MAX_SEQUENCES:
        raise UsageError(
            f"llama.cpp serves at most {MAX_SEQUENCES} sequences at once", "fewer users, or --runtime vllm"
        )
    n_ctx = request.context * request.sequences
    n_batch = settings.get("n_batch", 2048)
    micro = min(n_ctx, n_batch, settings.get("n_ubatch", 512))
    window = kv.widest_window(model.caches)
    found = kv.cells(
        n_ctx, sequences, window, micro, settings.get("kv_unified", False), settings.get("swa_full", False)
    )
    outputs = min(micro, settings.get("n_outputs_max", n_batch))
    flash = settings.get("flash_attn", True)
    exact = ("f16", "bf16", "f32")
    at = graph.Setting(micro, found.full, found.windowed if window else 0, found.streams, flash, outputs,
                       request.type_k not in exact, request.type_v not in exact, sequences)  # fmt: skip
    return at, found


def kv_bytes_by_layer(model: Loaded, found: kv.Cells, request: Request, settings: Mapping[str, Any],
                      types: Mapping[str, tuple[int, int]]) -> list[int]:  # fmt: skip
    """Cache bytes of each layer, exact."""
    sequences = settings.get("n_seq_max", request.sequences)
    by_layer = [0] * model.layers
    for cache in model.caches:
        size = kv.layer_bytes(cache, found, request.type_k, request.type_v, sequences, types)
        for layer in cache.layers:
            by_layer[layer] += size
    return by_layer


def _device(index: int, device: Budget, model: Loaded, plan: Plan, kv_layers: Sequence[int], shape: Shape,
            at: graph.Setting, data: Mapping[str, Any]) -> DeviceMemory:  # fmt: skip
    weights, cache = 0, 0
    for layer, owner in enumerate(plan.layer_device):
        if owner == index:
            at_home = layer < plan.expert_layers_on_host
            weights += model.weights.layer_bytes[layer] - (model.weights.layer_expert_bytes[layer] if at_home else 0)
            cache += kv_layers[layer]
    if plan.output_device == index:
        weights += model.weights.output_bytes
    if index == 0 and plan.uses_devices:
        weights += model.weights.other_bytes
    compute, slack = _compute(index, model, plan, shape, at)
    base = _base(data, device.vendor, shape, at)
    known = weights + cache + compute
    return DeviceMemory(device.name, device.usable_bytes, weights, cache, compute, base.estimate,
                        known + base.low, known + slack + base.high)  # fmt: skip


def _compute(index: int, model: Loaded, plan: Plan, shape: Shape, at: graph.Setting) -> tuple[int, int]:
    """(estimate, what may come on top) of a device's compute buffer; nothing on a device without layers."""
    owners = {owner for owner in (*plan.layer_device, plan.output_device) if owner >= 0}
    if index and index not in owners:
        return 0, 0
    slack = graph.fragmentation_bytes(shape, at)
    moments = graph.moments(shape, at)
    everything = all(owner >= 0 for owner in plan.layer_device) and not plan.expert_layers_on_host
    if len(owners) > 1 and everything:
        graph.pipeline(moments, shape, at, index == 0)
    if len(owners) > 1 and index != plan.output_device:
        moments.pop("logits")
    size = max(moments.values(), default=3 * shape.n_embd * graph.F32 * at.micro_batch)
    if index == 0 and not everything:  # the first device computes batches of what is on the host
        staged = largest_host_tensor(model.weights, plan, shape.gated)
        logits = model.weights.output_bytes + moments.get("logits", 0) if plan.output_device < 0 else 0
        activations = graph.beside_staged_bytes(shape, at)
        size = max(size, staged + activations, logits)
        slack += staged
    return size, slack


def _host(model: Loaded, plan: Plan, kv_layers: Sequence[int], shape: Shape, at: graph.Setting,
          has_device: bool) -> HostMemory:  # fmt: skip
    weights = model.weights
    if not has_device:
        cpu = graph.device_bytes(shape, at._replace(quantized_k=False, quantized_v=False))
        return HostMemory(weights.tensor_bytes, sum(kv_layers), cpu + shape.n_embd * graph.F32 * at.micro_batch)
    held = weights.input_embedding_bytes + (weights.output_bytes if plan.output_device < 0 else 0)
    held += 0 if plan.uses_devices else weights.other_bytes
    for layer, owner in enumerate(plan.layer_device):
        if owner < 0:
            held += weights.layer_bytes[layer]
        elif layer < plan.expert_layers_on_host:
            held += weights.layer_expert_bytes[layer]
    cache = sum(size for size, owner in zip(kv_layers, plan.layer_device, strict=True) if owner < 0)
    return HostMemory(held, cache, graph.host_bytes(shape, at) + 4 * shape.n_vocab * at.streams)


def _terms(model: Loaded, devices: Sequence[DeviceMemory], host: HostMemory, at: graph.Setting, shape: Shape,
           bases: Sequence[Overhead], base_source: str, kv_total: int) -> tuple[Term, ...]:  # fmt: skip
    weights = sum(device.weights for device in devices) or host.weights
    cache = sum(device.kv_cache for device in devices) if devices else kv_total
    compute = sum(device.compute for device in devices) if devices else host.compute
    moments = graph.moments(shape, at)
    moment = max(moments, key=lambda name: moments[name])
    slack = graph.fragmentation_bytes(shape, at)
    count = len(devices)
    terms = [
        Term("weights", weights, weights, weights, "A", f"every tensor of the {model.weights.format} file, less the input "
             "embedding that stays on the host" if devices else f"every tensor of the {model.weights.format} file",
             "exact tensor types and sizes"),
        Term("kv_cache", cache, cache, cache, "A",
             f"{at.cells * at.streams:,} cells × each layer's keys and values", _GRAPH_SOURCE),
        Term("compute", compute, compute, compute + slack * max(1, count), "B",
             f"{moment} with {at.micro_batch} tokens in flight", _GRAPH_SOURCE),
    ]  # fmt: skip
    if devices:
        estimate, low, high = map(sum, zip(*bases, strict=True))
        terms.append(Term("runtime", estimate, low, high, "C", "context, kernels, workspace and pools of the backend",
                          base_source))  # fmt: skip
    return tuple(terms)
