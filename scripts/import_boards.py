"""Leaderboards whose rows come from one experiment, into catalog/benchmarks: one file a board, scores by model id.

    python scripts/import_boards.py FACTS

A row counts for a catalog model when its repository is the model's, or is a later release of the same shape (LATER).
"""

import argparse
import json
import re
from pathlib import Path
from typing import Any

from llmpick.catalog import open_catalog
from llmpick.catalog.catalog import Catalog
from llmpick.errors import UnknownName

BENCHMARKS = Path(__file__).resolve().parents[1] / "catalog" / "benchmarks"
LMARENA = {
    "LMArena": "LMArena text Elo (overall)",
    "LMArena coding": "LMArena text Elo (coding)",
    "LMArena Chinese": "LMArena text Elo (Chinese prompts)",
}
LATER = {
    # Later releases that differ in training only: the same shape and so the same memory and speed.
    "qwen/qwen3-30b-a3b-instruct-2507": "qwen3-30b-a3b",
    "qwen/qwen3-235b-a22b-instruct-2507": "qwen3-235b-a22b",
    "qwen/qwen3-235b-a22b-thinking-2507": "qwen3-235b-a22b",
    "deepseek-ai/deepseek-v3-0324": "deepseek-v3",
    "deepseek-ai/deepseek-v3.1": "deepseek-v3",
    "deepseek-ai/deepseek-v3.1-terminus": "deepseek-v3",
    "deepseek-ai/deepseek-r1-0528": "deepseek-r1",
    "deepseek-ai/deepseek-v2.5": "deepseek-v2",
    "deepseek-ai/deepseek-v2.5-1210": "deepseek-v2",
    "moonshotai/kimi-k2-instruct-0905": "kimi-k2",
    "moonshotai/kimi-k2-thinking": "kimi-k2",
    "google/gemma-1.1-2b-it": "gemma-2b",
    "google/gemma-1.1-7b-it": "gemma-7b",
    "mistralai/mistral-large-instruct-2411": "mistral-large-2-123b",
    "nvidia/llama-3_3-nemotron-super-49b-v1_5": "llama-3.3-nemotron-super-49b",
    "ai21labs/ai21-jamba-1.5-large": "jamba-1.5-large",
    "ai21labs/ai21-jamba-1.5-mini": "jamba-1.5-mini",
    "allenai/olmo-2-0325-32b-instruct": "olmo-2-32b",
    "allenai/olmo-3-32b-think": "olmo-3-32b",
    "chavinlo/alpaca-13b": "alpaca-13b",
    "snowflake/snowflake-arctic-instruct": "arctic-480b",
    "microsoft/phi-3-mini-128k-instruct": "phi-3-mini",
    "microsoft/phi-3-small-8k-instruct": "phi-3-small",
    "microsoft/phi-3-medium-4k-instruct": "phi-3-medium",
    "zai-org/glm-4.5v": "glm-4.5v",
    "minimaxai/minimax-m2": "minimax-m2",
    "stepfun-ai/step3": "step3",
    "ibm-granite/granite-3.1-2b-instruct": "granite-3.1-2b",
    "ibm-granite/granite-3.1-8b-instruct": "granite-3.1-8b",
    "ibm-granite/granite-3.0-8b-instruct": "granite-3.0-8b",
    "cohereLabs/aya-expanse-8b": "aya-expanse-8b",
    "cohereLabs/aya-expanse-32b": "aya-expanse-32b",
}
TUNED_SUFFIX = re.compile(r"-(instruct|it|chat|chat-hf|hf|instruct-v0\.\d)$", re.IGNORECASE)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("facts", type=Path)
    rows = [
        json.loads(line) for line in (parser.parse_args().facts / "quality/benchmarks.jsonl").open(encoding="utf-8")
    ]
    catalog = open_catalog()
    board = {
        name: scores([row for row in rows if row["benchmark"] == title], catalog) for name, title in LMARENA.items()
    }
    first = next(row for row in rows if row["benchmark"] in LMARENA.values())
    lines = [
        "# Bradley-Terry ratings from pairwise votes of people; low and high are the board's 95 % interval.",
        "title: LMArena text leaderboard",
        f"source: {first['source']}",
        f"date: '{first['date']}'",
        "setting: Bradley-Terry, no style control",
        "reported_by: LMArena",
        "scores:",
    ]
    for name, found in board.items():
        lines.append(f"  {name}:")
        for model, row in sorted(found.items()):
            lines.append(
                f"    {model}: {{value: {row['value']:.1f}, low: {row['ci95'][0]}, high: {row['ci95'][1]}, "
                f"release: {row['model']}{mode(row)}}}"
            )
    BENCHMARKS.mkdir(exist_ok=True)
    (BENCHMARKS / "lmarena.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print({name: len(found) for name, found in board.items()})


def scores(rows: list[dict[str, Any]], catalog: Catalog) -> dict[str, dict[str, Any]]:
    """Model id -> its best row: of several releases of one shape, people would run the better."""
    best: dict[str, dict[str, Any]] = {}
    for row in rows:
        model = model_of(row["model"], catalog)
        if model and (model not in best or best[model]["value"] < row["value"]):
            best[model] = row
    return best


def model_of(repository: str, catalog: Catalog) -> str | None:
    later = LATER.get(repository.lower())
    for name in (later, repository, TUNED_SUFFIX.sub("", repository), TUNED_SUFFIX.sub("", repository.split("/")[-1])):
        if name:
            try:
                return catalog.resolve(name)
            except UnknownName:
                continue
    return None


def mode(row: dict[str, Any]) -> str:
    """How it was asked, where that is not plain."""
    setting = row["setting"].removeprefix("Bradley-Terry, no style control").strip("; ")
    return f", mode: {setting.split(';')[0]}" if setting else ""


if __name__ == "__main__":
    main()
