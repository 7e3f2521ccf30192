"""Where llama.cpp puts what: layers and the output to devices, experts that stay on the host.

As in llama-model.cpp: ``n_gpu_layers`` counts the output first and then layers from the end; contiguous layers go to each
device in proportion to ``tensor_split`` (memory, if not given).
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from llmpick.errors import UsageError
from llmpick.formats.base import WeightBytes
from llmpick.runtimes.base import Budget

NOT_SPLIT = {
    "row": "CUDA and ROCm builds of this version refuse it (their devices have no split buffers)",
    "tensor": "experimental, and what it puts where is not known here",
}
"""Modes that llama.cpp's options name but that are not planned (llama-model.cpp, make_gpu_buft_list; ggml-cuda.cu)."""


class Plan(NamedTuple):
    """Where everything goes: the device of each layer (-1: host), of the output, and layers whose experts stay home."""

    layer_device: tuple[int, ...]
    output_device: int
    expert_layers_on_host: int

    @property
    def on_device(self) -> int:
        """How many layers are on devices."""
        return sum(1 for device in self.layer_device if device >= 0)

    @property
    def uses_devices(self) -> bool:
        """Whether anything is on a device."""
        return self.output_device >= 0 or self.on_device > 0


def place(layers: int, devices: Sequence[Budget], settings: Mapping[str, Any]) -> Plan:
    """Layers to devices by ``n_gpu_layers`` (all, if not given) and ``tensor_split``."""
    wanted = settings.get("n_gpu_layers", layers + 1) if devices else 0
    units = min(wanted if wanted >= 0 else layers + 1, layers + 1)
    shares = _shares(devices, settings)
    bounds = [part / sum(shares) for part in accumulate(shares)] if devices else []
    first = layers + 1 - units
    assigned = [-1] * first + [min(bisect_right(bounds, unit / units), len(devices) - 1) for unit in range(units)]
    experts = settings.get("n_cpu_moe", 0) if devices else 0
    return Plan(tuple(assigned[:layers]), assigned[layers], min(experts, layers))


def _shares(devices: Sequence[Budget], settings: Mapping[str, Any]) -> list[float]:
    """Each device's part: all on ``main_gpu`` with ``split_mode`` none. Raises UsageError for what is not modelled."""
    mode, main = settings.get("split_mode", "layer"), settings.get("main_gpu", 0)
    if mode in NOT_SPLIT:
        raise UsageError(f"llama.cpp: split_mode {mode!r}: {NOT_SPLIT[mode]}", "split_mode=layer or split_mode=none")
    if mode not in ("layer", "none"):
        raise UsageError(f"llama.cpp has no split_mode {mode!r}", "layer or none")
    if mode == "none" and devices:
        if not 0 <= main < len(devices):
            raise UsageError(f"llama.cpp: main_gpu {main} is not one of {len(devices)} devices", "the first is 0")
        return [float(index == main) for index in range(len(devices))]
    split = settings.get("tensor_split")
    return _parts(split, len(devices)) if split else [float(device.usable_bytes) for device in devices]


def _parts(split: str, devices: int) -> list[float]:
    """``3,1`` or ``3/1`` as numbers, one for each device. Raises UsageError."""
    try:
        given = [float(part) for part in split.replace("/", ",").split(",")]
    except ValueError:
        given = []
    parts = (given + [0.0] * devices)[:devices]
    if devices and not (all(0 <= part < float("inf") for part in parts) and sum(parts) > 0):
        raise UsageError(
            f"llama.cpp: tensor_split {split!r} gives the devices nothing", "for instance tensor_split=3,1"
        )
    return parts


def largest_host_tensor(weights: WeightBytes, plan: Plan, gated: bool) -> int:
    """The largest matrix that a batch copies to the device: a third of a layer's experts, or half of a dense layer.

    A mix gives some layers a larger down projection: what the largest layer has over two thirds of the smallest.
    """
    experts = [size for size in weights.layer_expert_bytes if size]
    rest = min(experts, default=0) * (2 if gated else 1) // (3 if gated else 2)
    found = 0
    for layer, owner in enumerate(plan.layer_device):
        size = weights.layer_expert_bytes[layer]
        if owner < 0 or layer < plan.expert_layers_on_host:
            found = max(found, size - rest if size else weights.layer_bytes[layer] // 2)
    return found
