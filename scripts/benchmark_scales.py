"""How many points of a benchmark go with one point of MMLU, over the models that have both: catalog/benchmarks/scales.yaml.

Formats' losses are measured in points of MMLU; on another scale they are shown equated by spread (the ratio of standard
deviations over the shared models), which is an assumption and is marked so. Run: python scripts/benchmark_scales.py
"""

from math import sqrt
from pathlib import Path
from statistics import linear_regression, stdev
from typing import Any

from llmpick.catalog import open_catalog
from llmpick.catalog.catalog import Catalog
from llmpick.fit.quality import best_row, figures, logit, points

PAGE = Path(__file__).resolve().parents[1] / "catalog" / "benchmarks" / "scales.yaml"
HEAD = """\
# Benchmarks that models can be ranked by. `uses` are the names of `fit --for`.
# questions: size of the test (sampling error). chance: what guessing gives. at_chance_below: figures below cannot be told
# from guessing. loss_scale: points (Elo) that go with one point of MMLU over the models that have both (shared), by
# scripts/benchmark_scales.py; a format's loss, measured in MMLU, is shown on this scale by it.
# bridge: a model without the benchmark but with the one named `from` is placed by a line through the log odds (above guessing)
# of the models that have both in one variant; sd: error in points with the model itself left out; highest: the highest
# figure of `from` among them.
uses: {knowledge: MMLU, chat: LMArena, code: LMArena coding, chinese: LMArena Chinese, math: GSM8K, science: GPQA-Diamond,
  commonsense: HellaSwag}
benchmarks:
"""
FACTS: dict[str, dict[str, Any]] = {
    "MMLU": {"questions": 14042, "chance": 25, "at_chance_below": 28},
    "MMLU-Pro": {"questions": 12032, "chance": 10, "at_chance_below": 12},
    "GPQA-Diamond": {"questions": 198, "chance": 25, "at_chance_below": 32},
    "GSM8K": {"questions": 1319, "chance": 0, "at_chance_below": 3},
    "HellaSwag": {"questions": 10042, "chance": 25, "at_chance_below": 27},
    "ARC-C": {"questions": 1172, "chance": 25, "at_chance_below": 28},
    "HumanEval": {"questions": 164, "chance": 0, "at_chance_below": 2},
    "C-Eval": {"questions": 12342, "chance": 25, "at_chance_below": 28},
    "CMMLU": {"questions": 11528, "chance": 25, "at_chance_below": 28},
    "LMArena": {"unit": "Elo"},
    "LMArena coding": {"unit": "Elo"},
    "LMArena Chinese": {"unit": "Elo"},
}


BRIDGES = {"MMLU": "MMLU-Pro"}
"""Only neighbours: the same kind of questions. GPQA or a rating would miss MMLU by about 10 points."""


def bridge(catalog: Catalog, benchmark: str, neighbour: str) -> str:
    """The line from a neighbour's log odds to the benchmark's, with its leave-one-out error."""
    to, came = FACTS[benchmark], FACTS[neighbour]
    pairs = [pair for model in catalog.ids for pair in _pairs(catalog, model, benchmark, neighbour)]
    odds = [(logit(x, came["chance"]), logit(y, to["chance"])) for x, y in pairs]
    errors = []
    for left, (x, y) in enumerate(odds):
        line = linear_regression(*zip(*(pair for at, pair in enumerate(odds) if at != left), strict=True))
        errors.append(points(line.slope * x + line.intercept, to["chance"]) - points(y, to["chance"]))
    line = linear_regression(*zip(*odds, strict=True))
    sd = sqrt(sum(error**2 for error in errors) / len(errors))
    return (
        f"{{from: {neighbour}, slope: {line.slope:.4f}, intercept: {line.intercept:.4f}, sd: {sd:.1f}, shared: {len(pairs)}, "
        f"highest: {max(x for x, _ in pairs)}}}"
    )


def _pairs(catalog: Catalog, model: str, benchmark: str, neighbour: str) -> list[tuple[float, float]]:
    """(neighbour, benchmark) of a model, variant by variant, where neither is near guessing."""
    rows = catalog.model_data(model).get("benchmarks", [])
    found = []
    for variant in ("base", "instruct"):
        mine = [row for row in rows if row.get("variant", "instruct") == variant]
        x, y = best_row(mine, neighbour), best_row(mine, benchmark)
        if (
            x is not None
            and y is not None
            and all(row["value"] >= FACTS[row["benchmark"]]["at_chance_below"] for row in (x, y))
        ):
            found.append((float(x["value"]), float(y["value"])))
    return found


def written(catalog: Catalog) -> str:
    """The file that the catalog's figures give."""
    known = figures(catalog, "MMLU", FACTS)
    mmlu = {model: found.value for model, found in known.items() if not found.at_chance}
    lines = [f"  {name}: {{{_row(catalog, name, facts, mmlu)}}}" for name, facts in FACTS.items()]
    return HEAD + "\n".join(lines) + "\n"


def _row(catalog: Catalog, name: str, facts: dict[str, Any], mmlu: dict[str, float]) -> str:
    found = figures(catalog, name, FACTS)
    shared = [model for model, row in found.items() if model in mmlu and not row.at_chance]
    ratio = stdev(found[model].value for model in shared) / stdev(mmlu[model] for model in shared)
    row = {**facts, "loss_scale": 1.0 if name == "MMLU" else round(ratio, 2), "shared": len(shared)}
    if name in BRIDGES:
        row["bridge"] = bridge(catalog, name, BRIDGES[name])
    return ", ".join(f"{key}: {value}" for key, value in row.items())


def main() -> None:
    PAGE.write_text(written(open_catalog()), encoding="utf-8")


if __name__ == "__main__":
    main()
