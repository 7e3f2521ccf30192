"""The time to read a prompt: its matrix products and attention over what the cards reach of their dense 16-bit rate.

``t = (2 P s + attention) / (FLOPS u)``, and at least one pass over the weights. Quantised weights are unpacked to 16 bit
(or multiplied in INT8), so their own rate does not count. The share u that a runtime reaches differs by card, format and
build far more than decoding does: the interval is wide. Left out: queueing, the tokeniser, loading.
"""

from collections.abc import Sequence
from typing import NamedTuple

from llmpick.fit.speed.constants import Constants, Lookup
from llmpick.fit.speed.devices import DeviceSpeed
from llmpick.fit.speed.work import Work, prompt_flops
from llmpick.runtimes.base import Estimate


class Prefill(NamedTuple):
    """Seconds until the first token of an answer to a prompt of ``prompt`` tokens, with a 90 % interval."""

    prompt: int
    seconds: float
    low: float
    high: float
    formula: str

    @property
    def tokens_per_second(self) -> float:
        """Prompt tokens by second."""
        return self.prompt / self.seconds


def prefill(work: Work, placed: Estimate, speeds: Sequence[DeviceSpeed | None], prompt: int,
            find: Lookup) -> Prefill | None:  # fmt: skip
    """The time to the first token. None with weights on the host, or where a rate or its share is not known."""
    layers = placed.placement.get("layers", work.layers)
    if not prompt or placed.placement.get("n_cpu_moe", 0) or placed.placement.get("layers_on_gpu", layers) < layers:
        return None
    found: list[tuple[DeviceSpeed, Constants]] = []
    for device, speed in zip(placed.devices, speeds, strict=False):
        constants = find(placed.runtime, speed) if speed and device.weights else None
        if (
            speed is None
            or constants is None
            or not (speed.rate(placed.runtime) and constants.utilisation and constants.prefill_spread)
        ):
            return None
        found.append((speed, constants))
    return _prefill(work, found, prompt) if found else None


def _prefill(work: Work, found: Sequence[tuple[DeviceSpeed, Constants]], prompt: int) -> Prefill:
    """Cards that take turns each do their share: as one card of their mean rate."""
    flops = prompt_flops(work, prompt)
    rates = [(speed.rate(constants.runtime) or 0.0) * (constants.utilisation or 0.0) for speed, constants in found]
    rate = len(rates) / sum(1 / each for each in rates)
    read = max(work.read_bytes(prompt) / (speed.bandwidth * constants.efficiency) for speed, constants in found)
    time = max(flops / rate, read)
    spreads = [constants.prefill_spread for _, constants in found if constants.prefill_spread]
    text = f"{flops / 1e12:.1f} TFLOP / ({rate / 1e12:.0f} TFLOPS reached)"
    return Prefill(prompt, time, max(read, time / max(each.high for each in spreads)),
                   time / min(each.low for each in spreads), text)  # fmt: skip
