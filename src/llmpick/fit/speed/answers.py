"""Speeds of one machine: the catalog's constants, the machine's own if it was calibrated, and its devices, put together."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from llmpick.catalog.calibrations import calibrations
from llmpick.catalog.catalog import Catalog
from llmpick.fit.profiles import Profile
from llmpick.fit.speed.calibration import with_calibrations
from llmpick.fit.speed.constants import Lookup
from llmpick.fit.speed.decode import Conditions, Speed, decode, host_of
from llmpick.fit.speed.devices import DeviceSpeed, device_speed
from llmpick.fit.speed.prefill import Prefill, prefill
from llmpick.fit.speed.work import Work, cache_bits, is_tied, of_parts, work_of_model
from llmpick.formats.base import WeightBytes
from llmpick.hardware.device import Machine
from llmpick.runtimes.base import Budget, DeviceMemory, Estimate, HostMemory, Request

__all__ = ["NOTHING", "Speeds", "Told", "light_work", "whole_on", "work_of_model", "work_of_profile"]


class Speeds:
    """Decode and prefill of placements on one machine. ``devices``: in the order of the budgets made of them."""

    def __init__(self, catalog: Catalog, devices: Sequence[DeviceSpeed | None], host_bandwidth: float | None) -> None:
        self.devices = tuple(devices)
        speed = catalog.speed
        self.find = Lookup(with_calibrations(speed["constants"], calibrations()))
        self.host = host_of(speed["host"], host_bandwidth) if speed["host"] else None

    @classmethod
    def of_machine(cls, catalog: Catalog, machine: Machine, free: bool = False) -> "Speeds":
        """Of the devices that work together on a machine, those of unknown memory left out."""
        devices = [device for device in machine.largest_group(free) if device.budget(free) is not None]
        return cls(catalog, [device_speed(device, catalog.gpus) for device in devices], machine.host.bandwidth)

    @property
    def known(self) -> bool:
        """Whether any device's speed is known (or there is none, and the processor decodes)."""
        return not self.devices or any(device is not None for device in self.devices)

    def decode(self, work: Work, placed: Estimate, request: Request, kv_types: Mapping[str, Any],
               tokens: int | None = None) -> Speed | None:  # fmt: skip
        """Tokens per second with ``tokens`` in each user's cache; half the context, if not said: an answer's middle."""
        held = request.context // 2 if tokens is None else tokens
        at = Conditions(placed.runtime, request.sequences, held, cache_bits(request, kv_types))
        return decode(work, placed, self.devices, self.host, at, self.find)

    def told(self, work: Work, placed: Estimate, request: Request, kv_types: Mapping[str, Any],
             tokens: int | None = None) -> "Told":  # fmt: skip
        """All that is said of a placement's speed: with ``tokens`` in the context, at its ends, and the prompt's time."""
        middle = self.decode(work, placed, request, kv_types, tokens)
        if middle is None:
            return NOTHING
        ends = [self.decode(work, placed, request, kv_types, end) for end in (0, request.context)]
        first, last = (end.estimate if end else middle.estimate for end in ends)
        return Told(middle, first, last, self.prefill(work, placed, tokens or max(1, request.context // 2)))

    def prefill(self, work: Work, placed: Estimate, prompt: int) -> Prefill | None:
        """The time to read a prompt of ``prompt`` tokens."""
        return prefill(work, placed, self.devices, prompt, self.find)


class Told(NamedTuple):
    """``decode`` half way through the context (None: not known), the estimates at its start and end, and the prompt."""

    decode: Speed | None
    empty: float
    full: float
    prefill: Prefill | None


NOTHING = Told(None, 0.0, 0.0, None)


def work_of_profile(profile: Profile, weights: WeightBytes) -> Work:
    """What a profiled model asks of a step in a GGUF format."""
    outside = weights.output_bytes + weights.other_bytes
    return of_parts(weights, outside, profile.shape, profile.caches, profile.active, is_tied(weights))


def light_work(profile: Profile, format_name: str) -> Work:
    """The same from the profile's sums alone: for models that are only ranked."""
    tensor, embedding, output, layers, experts, other = profile.weights[format_name]
    shape, head = profile.shape, profile.shape.n_vocab * profile.shape.n_embd
    tied = embedding + output + layers + other > tensor
    return Work(
        profile.layers, output + other + layers - experts, experts, shape.n_expert, shape.n_expert_used, profile.caches,
        max(0, profile.active - (head if tied else 2 * head)), head, shape.n_head * shape.d_head,
    ).looped(shape.passes, output + other)  # fmt: skip


def whole_on(budgets: Sequence[Budget], layers: int, runtime: str) -> Estimate:
    """A placement of all layers, shared by what the devices hold: enough to tell a speed."""
    devices = tuple(DeviceMemory(each.name, each.usable_bytes, each.usable_bytes, 0, 0, 0, 0, 0) for each in budgets)
    split = "layer" if len(devices) > 1 else "none"
    placement = {"layers": layers, "layers_on_gpu": layers, "n_cpu_moe": 0, "split": split}
    return Estimate(runtime, "", (), devices, HostMemory(), placement)
