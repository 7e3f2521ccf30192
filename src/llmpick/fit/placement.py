"""What goes where: the first placement, in the order that llama.cpp and Ollama prefer, whose memory is enough.

Devices are never summed into one pool: every device must hold what is put on it. Order: everything on the devices; then
(mixture of experts) as few layers as possible with their experts on the host; then as many whole layers as possible on
the devices; then the host alone. The verdict compares each device's interval with what it can give.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from llmpick.runtimes import llama_cpp, ollama
from llmpick.runtimes.base import Budget, Estimate, Request
from llmpick.runtimes.token_caches import most

VERDICTS = ("fits", "tight", "offload", "no")
HOST_RESERVE_BYTES = 2 * 2**30
"""What the operating system and other programs keep of the host's memory."""
GGUF_ESTIMATES: dict[str, Callable[..., Estimate]] = {llama_cpp.NAME: llama_cpp.estimate, ollama.NAME: ollama.estimate}
NO_LIMIT = 2**20


class Placed(NamedTuple):
    """A verdict with the memory of the placement behind it, and the reason in words."""

    verdict: str
    estimate: Estimate
    why: str


def judge(estimate: Estimate, host_bytes: int | None) -> str:
    """``fits``: the high end fits on every device; ``tight``: only the low end; else ``no``. Host shares count too."""
    if estimate.host.total and host_bytes is not None and estimate.host.total > host_bytes - HOST_RESERVE_BYTES:
        return "no"
    if all(device.high <= device.usable for device in estimate.devices):
        return "fits"
    return "tight" if all(device.low <= device.usable for device in estimate.devices) else "no"


def placed_as_it_is(estimate: Estimate, host_bytes: int | None) -> Placed:
    """The verdict of a placement that was asked for, not searched."""
    verdict = judge(estimate, host_bytes)
    return Placed(verdict, estimate, _reason(estimate, verdict, host_bytes) if estimate.devices else "no device")


def place_llama_cpp(model: llama_cpp.Loaded, request: Request, devices: Sequence[Budget], host_bytes: int | None,
                    data: Mapping[str, Any], runtime: str = llama_cpp.NAME) -> Placed:  # fmt: skip
    """The best placement for llama.cpp, or with ``runtime`` for Ollama, which moves whole layers only."""
    estimate_of = GGUF_ESTIMATES[runtime]
    layers = "num_gpu" if runtime == ollama.NAME else "n_gpu_layers"

    def at(**settings: Any) -> Estimate:
        merged = {**settings, **request.settings}
        return estimate_of(model, replace(request, settings=merged), devices, data)

    whole = at()
    if not devices:
        return _on_host(whole, host_bytes)
    if _split_by_settings(model, whole):
        return _placed_split(whole, host_bytes)
    verdict = judge(whole, host_bytes)
    if verdict != "no" or layers in request.settings:
        return Placed(verdict, whole, _reason(whole, verdict, host_bytes))
    if host_bytes is None:
        return Placed("no", whole, _shortfall(whole, host_bytes))
    for name in (
        [layers] if runtime == ollama.NAME or not any(model.weights.layer_expert_bytes) else ["n_cpu_moe", layers]
    ):
        found = _least(partial(_with, at, name), model.layers, host_bytes, rising=name == "n_cpu_moe")
        if found is not None:
            return Placed("offload", found, _offload_reason(found))
    return Placed("no", whole, _shortfall(whole, host_bytes))


def _split_by_settings(model: llama_cpp.Loaded, estimate: Estimate) -> bool:
    """Whether settings (``n_gpu_layers``, ``num_gpu``, ``n_cpu_moe``) keep layers or experts on the host."""
    placed = estimate.placement
    on_host = model.weights.layer_expert_bytes[: placed["n_cpu_moe"]]
    return bool(placed["layers_on_gpu"] < placed["layers"] or any(on_host))


def _placed_split(estimate: Estimate, host_bytes: int | None) -> Placed:
    """A split that was asked for: never ``fits``, and ``no`` where nobody said what the host has."""
    if host_bytes is None:
        return Placed("no", estimate, f"{_gib(estimate.host.total)} on the CPU; host memory not given (--ram)")
    verdict = judge(estimate, host_bytes)
    if verdict == "fits":
        return Placed("offload", estimate, _offload_reason(estimate))
    return Placed(verdict, estimate, _reason(estimate, verdict, host_bytes))


def _with(make: Callable[..., Estimate], name: str, count: int) -> Estimate:
    return make(**{name: count})


def _on_host(estimate: Estimate, host_bytes: int | None) -> Placed:
    if host_bytes is None:
        return Placed("no", estimate, "no GPU, and the host's memory is not known")
    if estimate.host.total <= host_bytes - HOST_RESERVE_BYTES:
        return Placed("offload", estimate, "no GPU: runs on the CPU from host memory")
    return Placed("no", estimate, _host_shortfall(estimate, host_bytes))


def _host_shortfall(estimate: Estimate, host_bytes: int) -> str:
    room = max(0, host_bytes - HOST_RESERVE_BYTES)
    return f"needs {_gib(estimate.host.total)} of host memory, {_gib(room)} can be used"


def _least(make: Callable[[int], Estimate], most: int, host_bytes: int | None, rising: bool) -> Estimate | None:
    """Bisect for the fewest experts on the host (rising), or the most layers on the devices, that still fit."""
    best: Estimate | None = None
    low, high = 1, most
    while low <= high:
        middle = (low + high) // 2
        found = make(middle)
        if judge(found, host_bytes) == "fits":
            best = found
            low, high = (low, middle - 1) if rising else (middle + 1, high)
        else:
            low, high = (middle + 1, high) if rising else (low, middle - 1)
    return best


def _reason(estimate: Estimate, verdict: str, host_bytes: int | None) -> str:
    worst = max(estimate.devices, key=lambda device: device.high / max(device.usable, 1))
    room = worst.usable - worst.high
    if verdict == "fits":
        return f"{_gib(room)} to spare at the high end" + (f" on {worst.name}" if len(estimate.devices) > 1 else "")
    if verdict == "tight":
        return f"the high end is {_gib(-room)} over"
    if host_bytes is not None and all(device.low <= device.usable for device in estimate.devices):
        return _host_shortfall(estimate, host_bytes)
    over = max(device.low - device.usable for device in estimate.devices)
    return f"{_gib(over)} too large even at the low end"


def _offload_reason(estimate: Estimate) -> str:
    placed = estimate.placement
    if placed["n_cpu_moe"]:
        return (
            f"experts of {placed['n_cpu_moe']} of {placed['layers']} layers on the CPU ({_gib(estimate.host.weights)})"
        )
    return (
        f"{placed['layers_on_gpu']} of {placed['layers']} layers on the GPU, {_gib(estimate.host.weights)} on the CPU"
    )


def _shortfall(estimate: Estimate, host_bytes: int | None) -> str:
    over = sum(max(0, device.low - device.usable) for device in estimate.devices)
    if host_bytes is None:
        return f"{_gib(over)} too large for the GPU; host memory not given (--ram)"
    if not over:
        return _host_shortfall(estimate, host_bytes)
    return f"{_gib(over)} too large for the GPU, and host memory is not enough for the rest"


def _gib(size_bytes: int) -> str:
    return f"{size_bytes / 2**30:.1f} GiB"


def max_context(model: llama_cpp.Loaded, request: Request, devices: Sequence[Budget], host_bytes: int | None,
                data: Mapping[str, Any], limit: int | None, runtime: str = llama_cpp.NAME) -> int:  # fmt: skip
    """The longest context that still fits whole on the devices, to 256 tokens; 0 when none does. Solved by bisection.

    ``limit``: the model's own maximum. Without devices, what host memory allows; split by settings, both memories.
    """

    def holds(step: int) -> bool:
        asked = replace(request, context=step * 256)
        return _holds(model, GGUF_ESTIMATES[runtime](model, asked, devices, data), host_bytes)

    return 256 * most(holds, (limit or NO_LIMIT) // 256)


def max_users(model: llama_cpp.Loaded, request: Request, devices: Sequence[Budget], host_bytes: int | None,
              data: Mapping[str, Any], runtime: str = llama_cpp.NAME) -> int:  # fmt: skip
    """The most sequences of the asked context that fit whole on the devices at once (at most 256); 0: none."""

    def holds(sequences: int) -> bool:
        asked = replace(request, sequences=sequences)
        return _holds(model, GGUF_ESTIMATES[runtime](model, asked, devices, data), host_bytes)

    return most(holds, llama_cpp.MAX_SEQUENCES)


def _holds(model: llama_cpp.Loaded, found: Estimate, host_bytes: int | None) -> bool:
    if not found.devices:
        return host_bytes is not None and found.host.total <= host_bytes - HOST_RESERVE_BYTES
    if host_bytes is None and _split_by_settings(model, found):
        return False
    return judge(found, host_bytes) == "fits"
