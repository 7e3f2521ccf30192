"""Reported benchmark figures, model by model: what `import_facts` puts under ``benchmarks``."""

import json
import re
from pathlib import Path
from typing import Any

from import_tables import BENCHMARKS_LEFT_OUT


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def benchmarks(fact: dict[str, Any], facts: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for repository, variant in candidates(fact["hf_repo"] or ""):
        row = facts["mmlu"].get(repository.lower())
        if row is None or (row.get("excluded") and not row.get("mmlu")):
            continue
        figure = {"benchmark": "MMLU", "value": float(row["mmlu"]), "setting": row["setting"], "variant": variant or None,
                  "reported_by": row["reported_by"], "low": row.get("min"), "high": row.get("max"),
                  "n_reports": row.get("n_reports"), "source": row["source"]}  # fmt: skip
        figure["variant"] = "instruct" if (row.get("variant") or variant) in ("instruct", "chat") else "base"
        for key in ("low", "high"):
            figure[key] = None if figure[key] is None else float(figure[key])
        found.append({key: value for key, value in figure.items() if value is not None})
    found += [dict(row) for repository, _ in candidates(fact["hf_repo"] or "")[:2]
              for row in facts["others"].get(repository.lower(), [])]  # fmt: skip
    once = [row for position, row in enumerate(found) if row not in found[:position]]
    return [row for row in once[:8] if (fact["id"], row["benchmark"]) not in BENCHMARKS_LEFT_OUT]


def candidates(repository: str) -> list[tuple[str, str]]:
    """The repository itself and the names its instruct or base twin would have."""
    base = re.sub(r"-(Base|hf)$", "", repository)
    twins = [
        f"{base}{suffix}" for suffix in ("-Instruct", "-instruct", "-it", "-Chat", "-chat-hf", "-chat", "-Base", "-hf")
    ]
    names = list(dict.fromkeys([repository, base, *twins, base.replace("meta-llama/", "meta-llama/Meta-"),
                                base.replace("meta-llama/Meta-", "meta-llama/")]))  # fmt: skip
    return [
        (name, "instruct" if re.search(r"-(Instruct|instruct|it|Chat|chat|chat-hf)$", name) else "") for name in names
    ]


def other_benchmarks(path: Path) -> dict[str, list[dict[str, Any]]]:
    wanted = ("HellaSwag", "ARC-C", "GSM8K", "HumanEval", "MMLU-Pro", "GPQA-Diamond", "C-Eval", "CMMLU")
    best: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows(path):
        if row["benchmark"] not in wanted or row.get("unit") != "%" or "recalled" in str(row.get("evidence", "")):
            continue
        key = (row["model"].lower(), row["benchmark"])
        kind = {"independent": "independent", "maker": "maker"}.get(row["reporter_kind"], "third-party")
        if key in best and (best[key]["reporter_kind"] == "independent" or kind != "independent"):
            continue
        figure = {"benchmark": row["benchmark"], "value": float(row["value"]), "setting": row.get("setting"),
                  "variant": "instruct" if row.get("variant") in ("instruct", "chat") else "base",
                  "reported_by": (row.get("reported_by") or "")[:160] or None, "reporter_kind": kind,
                  "source": row["source"]}  # fmt: skip
        best[key] = {name: value for name, value in figure.items() if value is not None}
    grouped: dict[str, list[dict[str, Any]]] = {}
    for (name, _), figure in best.items():
        grouped.setdefault(name, []).append(figure)
    return grouped
