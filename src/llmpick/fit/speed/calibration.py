"""A machine's own constants from `llama-bench`: e with c fixed from one model, both from two or more sizes.

The file's own figures are enough: `model_size` (bytes of tensors), `model_n_params`, `avg_ts`. What a step reads of it is
the tensors less the input embedding, whose width the file does not say: the catalog's model of the same parameter count
tells it and the number of layers.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from llmpick.fit.speed.constants import ANY, CALIBRATED

FALLBACK = (0.87, 1.15)
"""Spread where the catalog does not say what a calibrated prediction is worth."""


class Measured(NamedTuple):
    """One decode row of a benchmark: what a step reads (bytes), layers, seconds a token, and whether experts are mixed."""

    model: str
    read_bytes: float
    layers: int
    seconds: float
    is_mixture: bool


class Solved(NamedTuple):
    """``solved``: ``efficiency`` alone, or ``both``."""

    efficiency: float
    layer_us: float
    solved: str


def solve(rows: Sequence[Measured], bandwidth: float, layer_us: float) -> Solved:
    """e with c fixed at ``layer_us``, or both where the rows' sizes differ enough (reads by layer differ twofold)."""
    sizes = [row.read_bytes / row.layers for row in rows]
    if max(sizes) >= 2 * min(sizes):
        found = _both(rows, bandwidth)
        if found is not None:
            return found
    return Solved(_efficiency(rows, bandwidth, layer_us), layer_us, "efficiency")


def _efficiency(rows: Sequence[Measured], bandwidth: float, layer_us: float) -> float:
    from statistics import median  # takes 10 ms to import, and every speed passes this module

    shares = []
    for row in rows:
        reading = row.seconds - 1e-6 * layer_us * row.layers
        least = row.read_bytes / bandwidth
        shares.append(min(1.0, least / reading) if reading > least else 1.0)
    return median(shares)


def _both(rows: Sequence[Measured], bandwidth: float) -> Solved | None:
    """Least squares of relative errors in ``1/e`` and c: two equations. None where they give no possible constants."""
    reads = [row.read_bytes / bandwidth / row.seconds for row in rows]
    fixed = [1e-6 * row.layers / row.seconds for row in rows]
    aa, bb = sum(a * a for a in reads), sum(b * b for b in fixed)
    ab, a1, b1 = sum(a * b for a, b in zip(reads, fixed, strict=True)), sum(reads), sum(fixed)
    determinant = aa * bb - ab * ab
    if determinant <= 1e-12 * aa * bb:
        return None
    slowness, layer_us = (a1 * bb - b1 * ab) / determinant, (b1 * aa - a1 * ab) / determinant
    return Solved(1 / slowness, layer_us, "both") if slowness >= 1 and layer_us >= 0 else None


def with_calibrations(
    constants: Mapping[str, Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any]:
    """The fitted constants with a machine's own beside them, under the card's name."""
    if not rows:
        return constants
    table = {runtime: dict(groups) for runtime, groups in constants.items()}
    for row in rows:
        groups = table.setdefault(str(row["runtime"]), {})
        groups[f"{CALIBRATED} {row['gpu_id'] or row['gpu']}"] = _as_group(row, groups.get(ANY, {}))
    return table


def _as_group(row: Mapping[str, Any], wider: Mapping[str, Any]) -> dict[str, Any]:
    low, high = FALLBACK
    spread = wider.get("calibrated", {"low": low, "high": high, "rows": len(row["rows"]), "cards": 1})
    count = len(row["rows"])
    basis = f"calibrated on this machine, {count} row{'s' if count > 1 else ''} of {row['date']}"
    return {
        "efficiency": row["efficiency"], "layer_us": row["layer_us"], "decode": spread, "rows": count, "cards": 1,
        "mixture_layer_us": max(row["layer_us"], row.get("mixture_layer_us") or 0.0), "basis": basis,
        **{key: wider[key] for key in ("hop_us", "all_reduce_us", "mixture", "utilisation", "prefill") if key in wider},
    }  # fmt: skip
