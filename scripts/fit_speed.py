"""Fit the constants of the speed model: catalog/speed/measurements.yaml -> catalog/speed/constants.yaml.

python scripts/fit_speed.py [--check]

`accuracy_lines` is the section of docs/accuracy.md that scripts/accuracy.py writes.
"""

import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from llmpick.catalog import open_catalog
from llmpick.fit.speed.groups import Judged, constants_table, possible
from llmpick.fit.speed.measured import Sample, samples

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "catalog" / "speed" / "constants.yaml"
HEAD = """\
# Written by scripts/fit_speed.py from measurements.yaml; do not edit. What each means: docs/speed.md.
# {kept} rows fitted, {refused} refused because they imply more than the card's peak.
"""


@cache
def fitted() -> tuple[list[Sample], list[Sample], dict[str, Any], list[Judged]]:
    """(rows kept, rows refused, constants, every dense row judged without its card)."""
    catalog = open_catalog()
    kept, refused = possible(samples(catalog, catalog.measurements))
    return kept, refused, *constants_table(kept)


def main() -> int:
    kept, refused, table, _ = fitted()
    for sample in refused:
        print(f"refused: {sample.where} implies {sample.ceiling_seconds / sample.seconds:.0%} of the card's peak")
    text = HEAD.format(kept=len(kept), refused=len(refused)) + "".join(written(table))
    if "--check" in sys.argv:
        same = FILE.read_text(encoding="utf-8") == text
        print("in step" if same else f"{FILE} is not what the rows give: run scripts/fit_speed.py")
        return 0 if same else 1
    FILE.write_text(text, encoding="utf-8")
    print(f"{len(kept)} rows fitted, {len(refused)} refused")
    return 0


def written(table: dict[str, Any]) -> list[str]:
    """The table as YAML, one line a key, nested rows in flow style."""
    lines = []
    for runtime, groups in table.items():
        lines.append(f"{runtime}:\n")
        for group, row in groups.items():
            lines.append(f"  {group}:\n")
            lines += [f"    {key}: {_value(value)}\n" for key, value in row.items()]
    return lines


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_value(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(value) + "]"
    if isinstance(value, str) and value[:1].isdigit():
        return f"'{value}'"
    return str(value).lower() if isinstance(value, bool) else str(value)


def accuracy_lines() -> list[str]:
    """Error and coverage by group, beside what two other tools' formulas give for the same rows."""
    kept, refused, table, every = fitted()
    judged = [each for each in every if not each.sample.is_mixture]
    mixtures = [each for each in every if each.sample.is_mixture]
    one = [sample for sample in kept if sample.cards == 1 and not sample.flops]
    return [
        f"{len(kept)} published speeds ({len(refused)} more refused: above the card's peak), {len(one)} of them decoding on",
        f"one card. Dense models, {len(judged)} rows: each estimated with constants that were fitted without its card (where",
        "a group is one card: without its model). The estimate knows no build; its 90 % interval must hold the measurement.",
        "", *_table(judged, lambda each: f"{each.sample.runtime} | {each.group}"), "",
        "The constants: the share of peak bandwidth e, the fixed time of a layer c in the estimate, in builds before 2025 and",
        "in the latest, in mixtures of experts, and the factors of the 90 % interval.", "", *_constants(table), "", "llama.cpp's builds, NVIDIA only:", "",
        *_table([each for each in judged if each.sample.runtime == "llama.cpp" and "nvidia" in each.sample.device.groups],
                lambda each: f"{'since 2025' if each.sample.current else 'before 2025'} | all"), "",
        "Mixtures of experts, each model left out in turn:", "",
        *_table(mixtures, lambda each: f"{each.sample.runtime} | {each.group}"), "",
        "llmfit: 0.55 of the bandwidth over the active bytes. whichllm: 0.40 (16 bit) or 0.55 (4 bit) of it, on Apple 0.82 of",
        "that; rows of other widths are not in its column. Both published without an interval that is fitted. Several",
        "cards and prompts have constants from few machines: their intervals are as wide as the rows left out ask for.",
    ]  # fmt: skip


def _constants(table: dict[str, Any]) -> list[str]:
    lines = ["| runtime | group | rows | cards | e | c, µs | before 2025 | latest | mixtures | decoding | mixtures | prompts |",
             "|---|---|---:|---:|---:|---:|---:|---:|---:|---|---|---|"]  # fmt: skip
    for runtime, groups in table.items():
        for group, row in groups.items():
            us = [f"{row[key]:.0f}" if key in row else "" for key in
                  ("layer_us", "earlier_layer_us", "latest_layer_us", "mixture_layer_us")]  # fmt: skip
            spreads = [
                f"×{row[key]['low']:.2f}-{row[key]['high']:.2f}" if key in row else ""
                for key in ("decode", "mixture", "prefill")
            ]
            lines.append(f"| {runtime} | {group} | {row['rows']} | {row['cards']} | {row['efficiency']:.2f} | "
                         + " | ".join([*us, *spreads]) + " |")  # fmt: skip
    return lines


def _table(judged: Sequence[Judged], key: Callable[[Judged], str]) -> list[str]:
    groups: dict[str, list[Judged]] = {}
    for each in judged:
        groups.setdefault(key(each), []).append(each)
    head = ["| runtime or builds | kind of card | rows | cards | left out | median error | 90th percentile | in the interval | llmfit | whichllm |",
            "|---|---|---:|---:|---|---:|---:|---:|---:|---:|"]  # fmt: skip
    return head + [_cells(name, rows) for name, rows in sorted(groups.items())] + [_cells("**all** | ", list(judged))]


def _cells(name: str, rows: list[Judged]) -> str:
    errors = sorted(abs(each.error) for each in rows)
    cards = len({each.sample.device.gpu_id for each in rows})
    inside = sum(each.is_inside for each in rows) / len(rows)
    held = "/".join(sorted({each.left_out for each in rows}))
    peers = [_peer([share(each.sample) for each in rows], rows) for share in (_llmfit, _whichllm)]
    last = errors[min(len(errors) - 1, int(0.9 * len(errors)))]
    return (f"| {name} | {len(rows)} | {cards} | {held} | {median(errors):.1%} | {last:.0%} | {inside:.0%} "
            f"| {peers[0]} | {peers[1]} |")  # fmt: skip


def _peer(shares: Sequence[float | None], rows: Sequence[Judged]) -> str:
    errors = [
        abs(share * each.sample.device.bandwidth / (each.sample.read_bytes - each.sample.cache_bytes) * each.sample.seconds - 1)
        for share, each in zip(shares, rows, strict=True) if share is not None
    ]  # fmt: skip
    return f"{median(errors):.0%}" if errors else "-"


def _llmfit(sample: Sample) -> float:
    return 0.55


def _whichllm(sample: Sample) -> float | None:
    apple = 0.82 if "apple" in sample.device.groups else 1.0
    if sample.format_name in ("F16", "BF16"):
        return 0.40 * apple
    return (
        0.55 * apple
        if "4bit" in sample.format_name or "Q4" in sample.format_name or "4.0bpw" in sample.format_name
        else None
    )


if __name__ == "__main__":
    sys.exit(main())
