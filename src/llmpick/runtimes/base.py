"""What every runtime's memory figure consists of, and what it is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from llmpick.architecture.decoder import Architecture
from llmpick.errors import UsageError
from llmpick.formats.base import WeightBytes
from llmpick.inventory.caches import CacheLayer
from llmpick.inventory.tensors import Tensor


class Model(NamedTuple):
    """All that a runtime needs to know of a model in one format."""

    architecture: Architecture
    tensors: tuple[Tensor, ...]
    caches: tuple[CacheLayer, ...]
    weights: WeightBytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """``context`` tokens per sequence and ``sequences`` of them; ``settings`` are the runtime's own, by its own names."""

    context: int
    sequences: int = 1
    type_k: str = "f16"
    type_v: str = "f16"
    settings: Mapping[str, Any] = field(default_factory=dict)


class Budget(NamedTuple):
    """One device to be filled: bytes it can give, whether it shares the host's memory, and who makes it (amd)."""

    name: str
    usable_bytes: int
    unified: bool = False
    vendor: str = ""


class Term(NamedTuple):
    """One summand of a device's memory. ``certainty``: A byte-exact, B a few per cent, C empirical, D recalled."""

    name: str
    estimate: int
    low: int
    high: int
    certainty: str
    formula: str
    source: str


class DeviceMemory(NamedTuple):
    """Bytes on one device."""

    name: str
    usable: int
    weights: int
    kv_cache: int
    compute: int
    runtime: int
    low: int
    high: int

    @property
    def total(self) -> int:
        """The estimate of all of it."""
        return self.weights + self.kv_cache + self.compute + self.runtime


class HostMemory(NamedTuple):
    """Bytes in host memory."""

    weights: int = 0
    kv_cache: int = 0
    compute: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.kv_cache + self.compute


class Estimate(NamedTuple):
    """A runtime's memory for one model, request and placement. ``low..high``: 90 % interval of all device memory."""

    runtime: str
    version: str
    terms: tuple[Term, ...]
    devices: tuple[DeviceMemory, ...]
    host: HostMemory
    placement: dict[str, Any]

    @property
    def total(self) -> int:
        """Device bytes (host bytes where there is no device)."""
        return sum(device.total for device in self.devices) if self.devices else self.host.total

    @property
    def low(self) -> int:
        """Lower end of the interval."""
        return sum(device.low for device in self.devices) if self.devices else sum(term.low for term in self.terms)

    @property
    def high(self) -> int:
        """Upper end of the interval."""
        return sum(device.high for device in self.devices) if self.devices else sum(term.high for term in self.terms)


def memory_json(estimate: Estimate) -> dict[str, int]:
    """The ``memory`` object of the contract: weights and caches on all devices and host together."""
    devices, host = estimate.devices, estimate.host
    return {
        "weights": sum(device.weights for device in devices) + host.weights,
        "kv_cache": sum(device.kv_cache for device in devices) + host.kv_cache,
        "compute": sum(device.compute for device in devices) + (0 if devices else host.compute),
        "runtime": sum(device.runtime for device in devices),
        "total": estimate.total, "low": estimate.low, "high": estimate.high,
    }  # fmt: skip


def devices_json(estimate: Estimate) -> dict[str, Any]:
    """The ``devices`` and ``host`` objects of the contract."""
    keys = ("name", "usable", "weights", "kv_cache", "compute", "runtime", "total", "low", "high")
    host = estimate.host
    return {
        "devices": [{key: getattr(device, key) for key in keys} for device in estimate.devices],
        "host": {"weights": host.weights, "kv_cache": host.kv_cache, "compute": host.compute, "total": host.total},
    }


def checked_settings(runtime: str, settings: Mapping[str, Any], known: Mapping[str, type]) -> dict[str, Any]:
    """Settings converted to their types. Raises UsageError naming the runtime's own settings."""
    checked = {}
    for key, value in settings.items():
        if key not in known:
            raise UsageError(f"{runtime} has no setting {key!r}", f"its settings: {', '.join(sorted(known))}")
        checked[key] = _converted(runtime, key, value, known[key])
    return checked


def _converted(runtime: str, key: str, value: Any, kind: type) -> Any:
    if kind is bool and isinstance(value, str):
        if value.lower() in ("1", "true", "on", "yes"):
            return True
        if value.lower() in ("0", "false", "off", "no"):
            return False
        raise UsageError(f"{runtime}: {key} is on or off, not {value!r}")
    try:
        return kind(value)
    except (TypeError, ValueError):
        raise UsageError(f"{runtime}: {key} takes a {kind.__name__}, not {value!r}") from None
