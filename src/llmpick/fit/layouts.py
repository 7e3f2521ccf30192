"""Placements of runtimes that keep all of a model on GPUs: one device, tensor parallel, a pipeline, layers dealt out.

Tried in order of devices used, fewest first; with as many devices, tensor parallelism before pipelines (each of its
ranks holds an equal share, and a pipeline of one request uses one GPU at a time). Devices are taken largest first and
judged one by one: memory is never summed. Experts stay whole where their width does not divide, and where attention's
cache is whole on every rank anyway, attention may be data-parallel, so that each group keeps its own requests only.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any, NamedTuple

from llmpick.architecture.attention import Attention, LatentAttention
from llmpick.architecture.decoder import Architecture
from llmpick.errors import UsageError
from llmpick.fit.placement import VERDICTS, Placed, judge, placed_as_it_is
from llmpick.runtimes.base import Budget, Estimate, Model, Request
from llmpick.runtimes.registry import estimate
from llmpick.runtimes.token_caches import most
from llmpick.runtimes.widths import divisors

PARALLEL = {
    "vllm": ("tensor_parallel_size", "pipeline_parallel_size"),
    "sglang": ("tp_size", "pp_size"),
    "tensorrt-llm": ("tp_size", "pp_size"),
}
"""Runtimes that spread a layer over GPUs, with their settings for it; the others deal out whole layers."""
GROUPS = {"vllm": "data_parallel_size", "sglang": "dp_size"}
"""Runtimes that spread whole experts and run attention in data-parallel groups, with their setting for these."""
ALONE = frozenset({"mlx"})
"""Runtimes that use one device."""
MAX_SEQUENCES = 4096
NO_LIMIT = 2**20


class Layout(NamedTuple):
    """``tensor`` × ``pipeline`` GPUs; ``tensor`` 1 and ``pipeline`` n for runtimes that deal out layers."""

    tensor: int
    pipeline: int
    data: int = 1
    experts_whole: bool = False

    @property
    def devices(self) -> int:
        """GPUs used."""
        return self.tensor * self.data * self.pipeline


def layouts(runtime: str, architecture: Architecture, devices: int, node: int | None = None) -> list[Layout]:
    """What can be tried on so many devices, ``node`` of them in one machine (None: all): a pipeline spans machines."""
    if runtime in ALONE:
        return [Layout(1, 1)] if devices else []
    inside = min(devices, node or devices)
    sizes = [size for size in divisors(architecture) if size <= inside] if runtime in PARALLEL else [1]
    found = {
        Layout(tensor, total // tensor)
        for total in _counts(devices, node, runtime in PARALLEL)
        for tensor in sizes
        if total % tensor == 0 and total // tensor <= architecture.num_hidden_layers
        and (node is None or total <= node or tensor == max(size for size in sizes))
    }  # fmt: skip
    return sorted(found, key=lambda layout: (layout.devices, layout.pipeline))


def _counts(devices: int, node: int | None, parallel: bool) -> list[int]:
    """Numbers of devices worth trying: powers of two and all (dealt out: every one to four); then whole machines."""
    inside = min(devices, node or devices)
    counts = {
        count
        for count in range(1, inside + 1)
        if count & (count - 1) == 0 or count == inside or (count <= 4 and not parallel)
    }
    if node is not None:
        counts |= set(range(node, devices + 1, node))
    return sorted(counts)


def place(runtime: str, model: Model, request: Request, devices: Sequence[Budget], host_bytes: int | None,
          data: Mapping[str, Any], node: int | None = None) -> Placed | None:  # fmt: skip
    """The first layout that fits; else the best that is tight; else the one that comes nearest. None without a device.

    A layout named in the request's settings is judged as it is. Raises UsageError for settings that cannot be.
    """
    if not devices:
        return None
    if _named(runtime, request):
        return placed_as_it_is(estimate(runtime, model, request, devices, data), host_bytes)
    best: Placed | None = None
    for layout, found in _tried(runtime, model, request, devices, data, node):
        verdict = judge(found, host_bytes)
        if verdict == "fits":
            return _told(layout, model, found, verdict, len(devices))
        if best is None or _nearness(verdict, found) < _nearness(best.verdict, best.estimate):
            best = _told(layout, model, found, verdict, len(devices))
    return best


def fitting(runtime: str, model: Model, request: Request, devices: Sequence[Budget], data: Mapping[str, Any],
            node: int | None = None) -> Iterator[Placed]:  # fmt: skip
    """Every layout whose high end fits, fewest devices first. A layout named in the settings is the only one."""
    if devices and _named(runtime, request):
        asked = placed_as_it_is(estimate(runtime, model, request, devices, data), None)
        yield from [asked] if asked.verdict == "fits" else []
        return
    for layout, found in _tried(runtime, model, request, devices, data, node):
        if judge(found, None) == "fits":
            yield _told(layout, model, found, "fits", len(devices))


def _named(runtime: str, request: Request) -> bool:
    """Whether the request's settings say how the model is spread."""
    return bool({*PARALLEL.get(runtime, ()), GROUPS.get(runtime)} & set(request.settings))


def devices_named(runtime: str, request: Request) -> int:
    """GPUs that the request's settings spread the model over (1: they say nothing of it)."""
    names = (*PARALLEL.get(runtime, ()), *([GROUPS["vllm"]] if runtime == "vllm" else []))
    sizes = [str(request.settings.get(name, 1)) for name in names]
    known = all(size.isdecimal() and int(size) for size in sizes)
    return min(prod(map(int, sizes)), MAX_SEQUENCES) if known else 1


def _nearness(verdict: str, found: Estimate) -> tuple[int, float]:
    return VERDICTS.index(verdict), max(device.low / max(device.usable, 1) for device in found.devices)


def _tried(runtime: str, model: Model, request: Request, devices: Sequence[Budget], data: Mapping[str, Any],
           node: int | None) -> Iterator[tuple[Layout, Estimate]]:  # fmt: skip
    if _named(runtime, request):
        yield Layout(1, len(devices)), estimate(runtime, model, request, devices, data)
        return
    ordered = sorted(devices, key=lambda device: -device.usable_bytes)
    for layout in layouts(runtime, model.architecture, len(ordered), node):
        used = ordered[: layout.devices]
        # A rank never holds less than its share of the weights: what even that is too much for needs no estimate.
        if model.weights.tensor_bytes > sum(device.usable_bytes for device in used) and layout.devices < len(ordered):
            continue
        for variant in _variants(runtime, model, request, layout):
            try:
                yield variant, estimate(runtime, model, settled(runtime, request, variant), used, data)
            except UsageError:
                if layout.devices == 1:
                    raise
                continue
            if not variant.experts_whole and not _latent(model.architecture):
                break


def _variants(runtime: str, model: Model, request: Request, layout: Layout) -> Iterator[Layout]:
    """The layout; with whole experts (for where they cannot be cut); latent attention also in data-parallel groups."""
    yield layout
    if runtime in GROUPS and layout.tensor > 1 and any(model.weights.layer_expert_bytes):
        yield layout._replace(experts_whole=True)
        if _latent(model.architecture) and request.sequences > 1:
            yield Layout(1, layout.pipeline, layout.tensor, True)


def _latent(architecture: Architecture) -> bool:
    return any(isinstance(part, LatentAttention) for layer in architecture.layers for part in layer.parts)


def settled(runtime: str, request: Request, layout: Layout) -> Request:
    """The request with the runtime's own settings for a layout."""
    if runtime not in PARALLEL:
        return request
    tensor, pipeline = PARALLEL[runtime]
    ranks = layout.tensor * layout.data
    sizes: dict[str, Any] = {tensor: layout.tensor if runtime == "vllm" else ranks, pipeline: layout.pipeline}
    if layout.data > 1:
        sizes |= {GROUPS[runtime]: layout.data} | ({} if runtime == "vllm" else {"enable_dp_attention": True})
    if layout.experts_whole:
        sizes |= {"enable_expert_parallel": True} if runtime == "vllm" else {"ep_size": ranks}
    return replace(request, settings={**request.settings, **sizes})


def _told(layout: Layout, model: Model, found: Estimate, verdict: str, there: int) -> Placed:
    base = placed_as_it_is(found, None).why
    words = spread(layout, model.architecture, found)
    if words:
        return Placed(verdict, found, f"{words}; {base}")
    return Placed(verdict, found, f"one of {there} GPUs; {base}" if there > 1 else base)


def spread(layout: Layout, architecture: Architecture, found: Estimate) -> str:
    """How a model lies on several devices: ``tensor parallel 2: 64 heads / 2, 8 KV heads / 2``."""
    words = [f"attention in {layout.data} groups, each with its own requests"] if layout.data > 1 else []
    if layout.tensor > 1:
        words.append(f"tensor parallel {layout.tensor}{_heads(architecture, layout.tensor)}")
    if layout.experts_whole:
        words.append(f"whole experts on {layout.tensor * layout.data} GPUs")
    if layout.pipeline > 1 and found.placement.get("split") == "layer":
        words.append(f"{architecture.num_hidden_layers} layers dealt out to {layout.pipeline} GPUs")
    elif layout.pipeline > 1:
        words.append(f"pipeline of {layout.pipeline}: {architecture.num_hidden_layers} layers")
    return ", ".join(words)


def _heads(architecture: Architecture, ranks: int) -> str:
    parts = [part for layer in architecture.layers for part in layer.parts]
    for part in parts:
        if isinstance(part, Attention):
            heads, shared = part.num_attention_heads, part.num_key_value_heads
            keys = (
                f"{shared} KV heads / {ranks}"
                if shared >= ranks
                else f"{shared} KV heads, each on {ranks // shared} GPUs"
            )
            return f": {heads} heads / {ranks}, {keys}"
        if isinstance(part, LatentAttention):
            return f": {part.num_attention_heads} heads / {ranks}, the latent cache on every GPU"
    return ""


def max_context(runtime: str, model: Model, request: Request, devices: Sequence[Budget], data: Mapping[str, Any],
                limit: int | None, node: int | None = None) -> int:  # fmt: skip
    """The longest context, to 256 tokens, whose high end fits some layout of all the devices or fewer; 0: none."""

    def holds(step: int) -> bool:
        return _fits_somewhere(runtime, model, replace(request, context=step * 256), devices, data, node)

    return 256 * most(holds, (limit or NO_LIMIT) // 256)


def max_users(runtime: str, model: Model, request: Request, devices: Sequence[Budget], data: Mapping[str, Any],
              node: int | None = None) -> int:  # fmt: skip
    """The most sequences of the asked context that fit at once (at most 4096); 0: none."""

    def holds(sequences: int) -> bool:
        return _fits_somewhere(runtime, model, replace(request, sequences=sequences), devices, data, node)

    return most(holds, MAX_SEQUENCES)


def _fits_somewhere(runtime: str, model: Model, request: Request, devices: Sequence[Budget], data: Mapping[str, Any],
                    node: int | None) -> bool:  # fmt: skip
    tried = _tried(runtime, model, request, devices, data, node)
    return any(judge(found, None) == "fits" for _, found in tried)
