"""Tokens per second of one user while an answer is written, term by term.

``t = sum over devices of bytes / (bandwidth e) + c layers + exchanges``; the speed is ``1 / t``, never above what the
peak bandwidth allows. Cards that take turns (layer split, pipeline) add up; tensor-parallel cards read at the same time
and exchange twice a layer. Weights on the host are read and multiplied by the processor. Left out: time to sample and
to send, speculative drafting.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from llmpick.fit.speed.constants import Constants, Lookup, Spread
from llmpick.fit.speed.devices import DeviceSpeed
from llmpick.fit.speed.work import Work, cache_read_bytes
from llmpick.runtimes.base import Estimate

UNLINKED_US = 20.0
"""One small all-reduce over PCIe: 19 to 24 µs through NCCL, 4 to 12 where cards reach each other's memory."""


class SpeedTerm(NamedTuple):
    """One summand of a step, in seconds: the estimate, and what it is at the ends of the interval."""

    name: str
    estimate: float
    low: float
    high: float
    formula: str


class Speed(NamedTuple):
    """Tokens per second of each user; ``low..high`` is a 90 % interval as far as ``basis`` says what it rests on.

    ``tokens``: in every user's cache at that moment. ``ceiling``: what the peak bandwidth allows.
    """

    estimate: float
    low: float
    high: float
    terms: tuple[SpeedTerm, ...]
    basis: tuple[str, ...]
    tokens: int
    sequences: int
    ceiling: float
    rows: int


class Conditions(NamedTuple):
    """What a speed depends on besides model and placement: users, tokens in each cache, bits of a cached key and value."""

    runtime: str
    sequences: int
    tokens: int
    bits: tuple[float, float]


class Host(NamedTuple):
    """Bytes per second that the processor makes of main memory: estimate, low, high, and why."""

    estimate: float
    low: float
    high: float
    basis: str


class _Part(NamedTuple):
    """What one device reads and multiplies in a step, and the layers it runs."""

    device: DeviceSpeed
    constants: Constants
    weights: float
    cache: float
    layers: float
    flops: float

    @property
    def read_seconds(self) -> float:
        """The time to read the weights."""
        return self.weights / (self.device.bandwidth * self.constants.efficiency)

    @property
    def multiply_seconds(self) -> float:
        """The time of the matrix products with the weights, at the share of the rate that prompts reach (all of it, if
        nobody measured that): more than reading takes only with many users."""
        rate = self.device.rate(self.constants.runtime)
        return self.flops / (rate * (self.constants.utilisation or 1.0)) if rate else 0.0


def decode(work: Work, placed: Estimate, speeds: Sequence[DeviceSpeed | None], host: Host | None, at: Conditions,
           find: Lookup) -> Speed | None:  # fmt: skip
    """The speed of a placement; ``speeds`` in the order of its devices. None where a device's speed is not known."""
    on_host, home = host_share(work, placed, at.sequences)
    cache = at.sequences * cache_read_bytes(work.caches, at.tokens, at.bits)
    parts = _parts(work, placed, speeds, at, find, work.read_bytes(at.sequences) - on_host, cache * (1 - home))
    if parts is None or (on_host and host is None):
        return None
    tensor = placed.placement.get("split") == "tensor"
    if tensor:
        parts = _in_turn(parts, placed.placement.get("pipeline_parallel_size") or placed.placement.get("pp_size") or 1)
    terms = [*_device_terms(parts, work, tensor), *_exchange_terms(parts, work, tensor)]
    if on_host and host is not None:
        terms.append(_host_term(on_host + cache * home, host))
    return _speed(terms, parts, on_host, host, at, work, tensor)


def host_share(work: Work, placed: Estimate, sequences: int) -> tuple[float, float]:
    """(weight bytes that a step reads in main memory, share of the layers there)."""
    placement = placed.placement
    if not any(device.weights for device in placed.devices):
        return work.read_bytes(sequences), 1.0
    layers = placement.get("layers", work.layers)
    home = layers - placement.get("layers_on_gpu", layers)
    share = work.expert_share(sequences)
    experts = _first(work.layer_expert_bytes, work.expert_bytes, home, layers)
    dense = _first(work.layer_bytes, work.always_bytes + work.expert_bytes, home, layers) - experts
    moved = _first(work.layer_expert_bytes, work.expert_bytes, max(home, placement.get("n_cpu_moe", 0)), layers)
    return dense + share * moved, home / layers if layers else 0.0


def _first(by_layer: tuple[int, ...], total: int, count: int, layers: int) -> float:
    """Bytes of the first ``count`` layers; a fair share where only the sum is known."""
    return float(sum(by_layer[:count])) if by_layer else total * count / layers


def _parts(work: Work, placed: Estimate, speeds: Sequence[DeviceSpeed | None], at: Conditions, find: Lookup,
           weights: float, cache: float) -> list[_Part] | None:  # fmt: skip
    """Shares of what is read, in proportion to the weights each device holds."""
    held = sum(device.weights for device in placed.devices)
    found = []
    for device, speed in zip(placed.devices, speeds, strict=False):
        share = device.weights / held if held else 0.0
        if not share:
            continue
        constants = find(at.runtime, speed) if speed is not None else None
        if constants is None or speed is None:
            return None
        home = placed.placement.get("layers", 0) - placed.placement.get("layers_on_gpu", 0)
        flops = 2.0 * (work.matrix_parameters + work.head_parameters) * at.sequences
        found.append(
            _Part(speed, constants, share * weights, share * cache, share * (work.layers - home), share * flops)
        )
    return found


def _in_turn(parts: list[_Part], stages: int) -> list[_Part]:
    """Tensor-parallel cards inside each of several pipeline stages: the stages take turns, so their times add up."""
    if stages == 1:
        return parts
    return [
        part._replace(weights=part.weights * stages, cache=part.cache * stages, flops=part.flops * stages)
        for part in parts
    ]


def _device_terms(parts: Sequence[_Part], work: Work, tensor: bool) -> list[SpeedTerm]:
    """Weights, cache and layers of every part; of tensor-parallel ones the slowest, which all others wait for."""
    if tensor:
        slowest = max(parts, key=lambda part: part.weights / part.device.bandwidth / part.constants.efficiency)
        parts = [slowest._replace(layers=float(work.layers))]
    return [term for part in parts for term in _part_terms(part, work.is_mixture)]


def _part_terms(part: _Part, is_mixture: bool) -> list[SpeedTerm]:
    constants, spread = part.constants, spread_of(part.constants, is_mixture)
    rate = part.device.bandwidth * constants.efficiency
    said = f"/ ({part.device.bandwidth / 1e9:,.0f} GB/s × {constants.efficiency:.2f}) on {part.device.name}"
    terms = [_weights_term(part, spread, said)] if part.weights else []
    if part.cache:
        time = part.cache / rate
        terms.append(_term("kv_cache", time, time, time, spread, f"{part.cache / 1e9:.2f} GB {said}"))
    us, slow, fast = (constants.fixed_us(is_mixture, era) for era in ("", "earlier_", "latest_"))
    text = f"{part.layers:.0f} × {us:.0f} µs on {part.device.name}"
    text += f" ({fast:.0f} in the latest builds, {slow:.0f} before 2025)" if slow > fast else ""
    each = 1e-6 * part.layers
    fixed = _term("layers", each * us, each * fast, each * slow, spread, text)
    if not constants.overlaps:
        return [*terms, fixed]
    read = sum(term.estimate for term in terms)
    return terms if read > fixed.estimate else [fixed._replace(formula=f"{text}: longer than the reads beside it")]


def _weights_term(part: _Part, spread: Spread, said: str) -> SpeedTerm:
    """Reading the weights, or multiplying with them where that takes longer."""
    read, multiply = part.read_seconds, part.multiply_seconds
    if multiply <= read:
        return _term("weights", read, read, read, spread, f"{part.weights / 1e9:.2f} GB {said}")
    text = f"{part.flops / 1e12:.2f} TFLOP / {part.flops / multiply / 1e12:.0f} TFLOPS on {part.device.name}"
    return _term("products", multiply, multiply, multiply, part.constants.prefill_spread or spread, text)


def _term(name: str, estimate: float, fast: float, slow: float, spread: Spread, formula: str) -> SpeedTerm:
    return SpeedTerm(name, estimate, fast / spread.high, slow / spread.low, formula)


def _exchange_terms(parts: Sequence[_Part], work: Work, tensor: bool) -> list[SpeedTerm]:
    if len(parts) < 2:
        return []
    if tensor:
        us = max(parts[0].constants.all_reduce_us, 0.0 if parts[0].device.linked else UNLINKED_US)
        time = 2e-6 * work.layers * us
        return [SpeedTerm("all_reduce", time, time / 4, time * 3, f"2 × {work.layers} × {us:.0f} µs between the cards")]
    us = parts[0].constants.hop_us
    time = 1e-6 * us * (len(parts) - 1)
    return [SpeedTerm("hops", time, time / 2, time * 2, f"{len(parts) - 1} × {us:.0f} µs from card to card")]


def _host_term(size: float, host: Host) -> SpeedTerm:
    return SpeedTerm("host", size / host.estimate, size / host.high, size / host.low,
                     f"{size / 1e9:.2f} GB / {host.estimate / 1e9:.0f} GB/s of main memory ({host.basis})")  # fmt: skip


def _speed(terms: Sequence[SpeedTerm], parts: Sequence[_Part], on_host: float, host: Host | None, at: Conditions,
           work: Work, tensor: bool) -> Speed:  # fmt: skip
    reads = [(part.weights + part.cache) / part.device.bandwidth for part in parts]
    least = max(reads, default=0.0) if tensor else sum(reads)
    least += on_host / host.high if on_host and host is not None else 0.0
    ceiling = 1 / least
    estimate, low, high = (1 / sum(getattr(term, end) for term in terms) for end in ("estimate", "high", "low"))
    basis = tuple(dict.fromkeys(part.constants.basis for part in parts))
    basis += (host.basis,) if on_host and host is not None else ()
    rows = min((spread_of(part.constants, work.is_mixture).rows for part in parts), default=0)
    return Speed(min(estimate, ceiling), min(low, ceiling), min(high, ceiling), tuple(terms), basis, at.tokens,
                 at.sequences, ceiling, rows)  # fmt: skip


def spread_of(constants: Constants, is_mixture: bool) -> Spread:
    """The spread that fits the kind of model."""
    return constants.mixture_spread if is_mixture else constants.spread


def host_of(row: Mapping[str, Any], bandwidth: float | None) -> Host:
    """What main memory gives the processor: its own bandwidth if known, else the range of usual machines."""
    share, assumed = row["share"], row["assumed_bandwidth_gbs"]
    if bandwidth is not None:
        known = [bandwidth * share[end] for end in ("estimate", "low", "high")]
        return Host(known[0], known[1], known[2], "share of its bandwidth that processors reach")
    ends = [1e9 * assumed[end] * share[end] for end in ("estimate", "low", "high")]
    return Host(ends[0], ends[1], ends[2], "two memory channels assumed (the bandwidth is not known)")
