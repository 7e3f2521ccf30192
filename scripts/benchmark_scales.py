"""How many points of a benchmark go with one point of MMLU, over the models that have both: catalog/benchmarks/scales.yaml.

Formats' losses are measured in points of MMLU; on another scale they are shown equated by spread (the ratio of standard
deviations over the shared models), which is an assumption and is marked so. Run: python scripts/benchmark_scales.py
"""

from pathlib import Path
from statistics import stdev
from typing import Any

from llmpick.catalog import open_catalog
from llmpick.fit.quality import figures

PAGE = Path(__file__).resolve().parents[1] / "catalog" / "benchmarks" / "scales.yaml"
HEAD = """\
# Benchmarks that models can be ranked by. `uses` are the names of `fit --for`.
# questions: size of the test (sampling error). chance: what guessing gives. at_chance_below: figures below cannot be told
# from guessing. loss_scale: points (Elo) that go with one point of MMLU over the models that have both (shared), by
# scripts/benchmark_scales.py; a format's loss, measured in MMLU, is shown on this scale by it.
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


def main() -> None:
    catalog = open_catalog()
    known = figures(catalog, "MMLU", FACTS)
    mmlu = {model: found.value for model, found in known.items() if not found.at_chance}
    lines = []
    for name, facts in FACTS.items():
        found = figures(catalog, name, FACTS)
        shared = [model for model, row in found.items() if model in mmlu and not row.at_chance]
        ratio = stdev(found[model].value for model in shared) / stdev(mmlu[model] for model in shared)
        row = {**facts, "loss_scale": 1.0 if name == "MMLU" else round(ratio, 2), "shared": len(shared)}
        lines.append(f"  {name}: {{{', '.join(f'{key}: {value}' for key, value in row.items())}}}")
    PAGE.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
