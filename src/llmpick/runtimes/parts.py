"""Building an estimate from the same four parts on every device: weights, caches, activations, the runtime itself."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from llmpick.errors import UsageError
from llmpick.runtimes.base import Budget, DeviceMemory, Estimate, HostMemory, Model, Term


class Range(NamedTuple):
    """Bytes with the interval around them."""

    estimate: int
    low: int
    high: int

    @classmethod
    def of(cls, row: Mapping[str, int]) -> "Range":
        """From a row of a runtime's catalog file."""
        return cls(row["estimate"], row["low"], row["high"])

    def plus(self, other: "Range") -> "Range":
        """Both together."""
        return Range(*(one + two for one, two in zip(self, other, strict=True)))

    def times(self, low: float, high: float) -> "Range":
        """The interval widened to shares of the estimate."""
        return Range(self.estimate, int(low * self.estimate), int(high * self.estimate))


class Parts(NamedTuple):
    """What one device holds."""

    weights: Range
    kv_cache: int
    compute: Range
    runtime: Range


class Words(NamedTuple):
    """How each part came about: (formula, certainty, source) in the order of `Parts`."""

    weights: tuple[str, str, str]
    kv_cache: tuple[str, str, str]
    compute: tuple[str, str, str]
    runtime: tuple[str, str, str]


def exactly(size_bytes: int) -> Range:
    """A figure without an interval."""
    return Range(size_bytes, size_bytes, size_bytes)


def need_devices(runtime: str, devices: Sequence[Budget]) -> None:
    """Raise UsageError when there is no device."""
    if not devices:
        raise UsageError(f"{runtime} needs a GPU", "--gpu 24GB, or --runtime llama.cpp for the CPU")


def row_for(usable_bytes: int, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The defaults of a GPU of this size. A device of unbounded size (none was named) gets those of the smallest."""
    return next((row for row in rows if usable_bytes < row["below_gib"] * 2**30), rows[0])


def shares(model: Model, devices: Sequence[Budget]) -> list[tuple[int, int]]:
    """Layers [first, last) of each device when contiguous layers are dealt out by what the devices can hold."""
    layers, total = model.architecture.num_hidden_layers, sum(device.usable_bytes for device in devices)
    bounds, filled = [0], 0
    for device in devices:
        filled += device.usable_bytes
        bounds.append(round(layers * filled / total) if total else layers)
    return list(pairwise(bounds))


def layer_weights(model: Model, first: int, last: int, index: int, count: int) -> int:
    """Weight bytes of layers [first, last), with the embedding on the first device and the head on the last."""
    weights = model.weights
    if count == 1:
        return weights.tensor_bytes
    size = sum(weights.layer_bytes[first:last])
    size += weights.input_embedding_bytes + weights.other_bytes if index == 0 else 0
    return size + (weights.output_bytes if index == count - 1 else 0)


def assemble(name: str, version: str, devices: Sequence[Budget], parts: Sequence[Parts], words: Words,
             placement: dict[str, Any]) -> Estimate:  # fmt: skip
    """The estimate of all devices and its terms."""
    made = tuple(_device(device, each) for device, each in zip(devices, parts, strict=True))
    terms = tuple(_term(field, parts, getattr(words, field)) for field in Parts._fields)
    return Estimate(name, version, terms, made, HostMemory(), placement)


def _device(device: Budget, parts: Parts) -> DeviceMemory:
    ranges = (parts.weights, exactly(parts.kv_cache), parts.compute, parts.runtime)
    return DeviceMemory(
        device.name, device.usable_bytes, parts.weights.estimate, parts.kv_cache, parts.compute.estimate,
        parts.runtime.estimate, sum(each.low for each in ranges), sum(each.high for each in ranges),
    )  # fmt: skip


def _term(field: str, parts: Sequence[Parts], words: tuple[str, str, str]) -> Term:
    found = [getattr(each, field) for each in parts]
    ranges = [exactly(each) if isinstance(each, int) else each for each in found]
    formula, certainty, source = words
    low, estimate, high = (sum(getattr(each, key) for each in ranges) for key in ("low", "estimate", "high"))
    return Term(field, estimate, low, high, certainty, formula, source)
