"""The fitted constants (catalog/speed/constants.yaml) and which of them hold for a card: its generation's, else wider."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from llmpick.fit.speed.devices import DeviceSpeed

ENGINE = {"ollama": "llama.cpp", "sglang": "vllm", "tensorrt-llm": "vllm", "mlx": "llama.cpp"}
"""Whose constants stand for a runtime: ollama runs llama.cpp's kernels; of the others no rows are known."""
SAME_ENGINE = frozenset({"ollama"})
ANY = "any"
CALIBRATED = "calibrated"


class Spread(NamedTuple):
    """Factors on a speed that hold 90 % of the rows left out, and how many rows and cards they rest on."""

    low: float
    high: float
    rows: int
    cards: int


class Constants(NamedTuple):
    """What a runtime makes of a kind of card.

    ``efficiency``: share of the peak bandwidth that large reads reach; ``layer_us``: fixed microseconds a layer
    (``mixture_layer_us`` in a mixture of experts), between ``earlier_layer_us`` of builds before 2025 and
    ``latest_layer_us``; ``overlaps``: whether the
    fixed time runs beside the reads (the longer counts) or after them; ``utilisation``: share of the peak FLOPS in
    prefill; ``hop_us`` a further card that takes its turn, ``all_reduce_us`` one exchange between tensor-parallel cards.
    """

    runtime: str
    group: str
    efficiency: float
    layer_us: float
    earlier_layer_us: float
    latest_layer_us: float
    mixture_layer_us: float
    overlaps: bool
    utilisation: float | None
    hop_us: float
    all_reduce_us: float
    spread: Spread
    mixture_spread: Spread
    prefill_spread: Spread | None
    basis: str

    def fixed_us(self, is_mixture: bool, era: str = "") -> float:
        """Microseconds a layer takes whatever it reads; ``era`` is ``earlier_`` or ``latest_`` for an end."""
        us = float(getattr(self, f"{era}layer_us"))
        return max(self.mixture_layer_us, us) if is_mixture else us


def constants_for(table: Mapping[str, Any], runtime: str, device: DeviceSpeed) -> Constants | None:
    """The constants of the narrowest measured group of the device; None when nothing is known of the runtime.

    A card outside its group's measured cards takes the spread of the next wider group when the group is one card.
    """
    engine = ENGINE.get(runtime, runtime)
    groups = table.get(engine)
    if not groups:
        return None
    own = groups.get(calibrated_name(device))
    if own is not None:
        return _constants(runtime, engine, CALIBRATED, own, own["basis"])
    for name in device.groups:
        row = groups.get(name)
        if row is not None and (row["cards"] > 1 or device.gpu_id in row["gpus"] or name == ANY):
            return _constants(runtime, engine, name, row, _words(runtime, engine, name, row, device))
    return None


class Lookup:
    """`constants_for` in one table, each device looked up once."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self.table = table
        self._found: dict[tuple[str, DeviceSpeed], Constants | None] = {}

    def __call__(self, runtime: str, device: DeviceSpeed) -> Constants | None:
        """The constants of a runtime on a device."""
        key = (runtime, device)
        if key not in self._found:
            self._found[key] = constants_for(self.table, runtime, device)
        return self._found[key]


def calibrated_name(device: DeviceSpeed) -> str:
    """The group under which a machine's own measurements of a card stand."""
    return f"{CALIBRATED} {device.gpu_id or device.name}"


def _words(runtime: str, engine: str, group: str, row: Mapping[str, Any], device: DeviceSpeed) -> str:
    cards = "1 card" if row["cards"] == 1 else f"{row['cards']} cards"
    text = f"{row['rows']} measured rows on {cards}, {engine}"
    text += "" if group == ANY else f", {group}"
    text += f", {row['first'][:4]}" + (f"-{row['last'][:4]}" if row["last"][:4] != row["first"][:4] else "")
    if group != device.groups[0]:
        text += f" (too few on {device.groups[0]})"
    if engine != runtime and runtime not in SAME_ENGINE:
        text += f"; {runtime} itself was not measured"
    return text


def _constants(runtime: str, engine: str, group: str, row: Mapping[str, Any], basis: str) -> Constants:
    wide = engine != runtime and runtime not in SAME_ENGINE
    return Constants(
        runtime, group, row["efficiency"], row["layer_us"], row.get("earlier_layer_us", row["layer_us"]),
        row.get("latest_layer_us", row["layer_us"]),
        row.get("mixture_layer_us", row["layer_us"]), bool(row.get("overlaps")), row.get("utilisation"),
        row.get("hop_us", 0.0), row.get("all_reduce_us", 0.0), _spread(row, "decode", wide), _spread(row, "mixture", wide),
        _spread(row, "prefill", wide) if "prefill" in row else None, basis,
    )  # fmt: skip


def _spread(row: Mapping[str, Any], kind: str, wide: bool) -> Spread:
    """The row's spread of a kind (decode's where it has none of its own); squared for an engine that stands in."""
    found = row.get(kind, row["decode"])
    low, high = (found["low"] ** 2, found["high"] ** 2) if wide else (found["low"], found["high"])
    return Spread(low, high, found["rows"], found["cards"])
