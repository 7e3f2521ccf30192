"""Leaderboards whose rows come from one experiment, into catalog/benchmarks: one file a board, scores by model id.

    python scripts/import_boards.py FACTS --text LEADERBOARD.csv

A row counts for a catalog model when its repository is the model's, or is a later release of the same shape (LATER).
The board of all prompts is a CSV (model_name, arena_score, ci_lower, ci_upper) of the site; the boards by kind of prompt
come from the collected facts, which also say which repository stands behind the board's older names.
"""

import argparse
import csv
import json
import re
from pathlib import Path
from typing import Any

from llmpick.catalog import open_catalog
from llmpick.catalog.catalog import Catalog
from llmpick.errors import UnknownName

BENCHMARKS = Path(__file__).resolve().parents[1] / "catalog" / "benchmarks"
NO_STYLE = "Bradley-Terry, no style control"
OVERALL = "LMArena text Elo (overall)"
LMARENA = {
    "LMArena coding": "LMArena text Elo (coding)",
    "LMArena Chinese": "LMArena text Elo (Chinese prompts)",
}
TEXT_SOURCE = (
    "https://github.com/kmvaidya/llm-arena-vram-calc/blob/2bc26fd8b85d/arena_enrichment/output/arena_leaderboard_enriched.csv"
    " (arena.ai/leaderboard/text)"
)
TEXT_DATE = "2026-08-22"
NEWER = {
    # The board's names of 2026 -> repositories, where the name alone does not find the catalog's model.
    "kimi-k3-max": "moonshotai/Kimi-K3", "glm-5.3-max": "zai-org/GLM-5.3", "glm-5.2-max": "zai-org/GLM-5.2",
    "deepseek-v4-pro-high-20260813": "deepseek-ai/DeepSeek-V4-Pro", "deepseek-v4-pro-high-preview": "deepseek-ai/DeepSeek-V4-Pro",
    "deepseek-v4-flash-high-preview": "deepseek-ai/DeepSeek-V4-Flash", "kimi-k2.5-thinking": "moonshotai/Kimi-K2.5",
    "kimi-k2.5-instant": "moonshotai/Kimi-K2.5", "mistral-large-3": "mistralai/Mistral-Large-3-675B-Instruct-2512",
    "nvidia-nemotron-3-ultra-550b-a55b-nvfp4": "nvidia/NVIDIA-Nemotron-3-Ultra-550B-A55B-BF16",
    "nvidia-nemotron-3-super-120b-a12b": "nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-BF16",
    "nvidia-nemotron-3-nano-30b-a3b-bf16": "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16",
    "nvidia-nemotron-3.5-lightning-30b-a3b-nvfp4": "nvidia/NVIDIA-Nemotron-3.5-Lightning-30B-A3B-BF16",
    "mimo-v2-flash (thinking)": "XiaomiMiMo/MiMo-V2-Flash", "mimo-v2-flash (non-thinking)": "XiaomiMiMo/MiMo-V2-Flash",
    "minimax-m2.1-preview": "MiniMaxAI/MiniMax-M2.1", "ibm-granite-h-small": "ibm-granite/granite-4.0-h-small",
    "gemma-4-31b": "google/gemma-4-31B-it", "gemma-4-26b-a4b": "google/gemma-4-26B-A4B-it",
    "trinity-large-preview": "arcee-ai/Trinity-Large-Preview", "trinity-large-thinking": "arcee-ai/Trinity-Large-Preview",
    "inkling": "thinkingmachines/Inkling", "Inkling Small": "thinkingmachines/Inkling-Small",
    "mistral-medium-3.5": "mistralai/Mistral-Medium-3.5-128B", "muse-glimmer": "meta-models/Muse-Glimmer-30B",
    "olmo-3.1-32b-instruct": "allenai/Olmo-3.1-32B-Instruct", "olmo-3.1-32b-think": "allenai/Olmo-3.1-32B-Think",
    "molmo-2-8b": "allenai/Molmo2-8B", "step-3.5-flash": "stepfun-ai/Step-3.5-Flash", "minimax-m2.7": "MiniMaxAI/MiniMax-M2.7",
    "mistral-small-2506": "mistralai/Mistral-Small-3.2-24B-Instruct-2506",
}  # fmt: skip
LATER = {
    # Later releases that differ in training only: the same shape and so the same memory and speed.
    "qwen/qwen3-235b-a22b-thinking-2507": "qwen3-235b-a22b-2507",
    "deepseek-ai/deepseek-v3.1-terminus": "deepseek-v3.1",
    "deepseek-ai/deepseek-v2.5-1210": "deepseek-v2.5",
    "moonshotai/kimi-k2-instruct-0905": "kimi-k2",
    "moonshotai/kimi-k2-thinking": "kimi-k2",
    "google/gemma-1.1-2b-it": "gemma-2b",
    "google/gemma-1.1-7b-it": "gemma-7b",
    "mistralai/mistral-large-instruct-2411": "mistral-large-2-123b",
    "nvidia/llama-3_3-nemotron-super-49b-v1_5": "llama-3.3-nemotron-super-49b",
    "ai21labs/ai21-jamba-1.5-large": "jamba-1.5-large",
    "ai21labs/ai21-jamba-1.5-mini": "jamba-1.5-mini",
    "allenai/olmo-2-0325-32b-instruct": "olmo-2-32b",
    "allenai/olmo-3.1-32b-think": "olmo-3.1-32b",
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
    parser.add_argument("--text", type=Path, required=True)
    options = parser.parse_args()
    rows = [json.loads(line) for line in (options.facts / "quality/benchmarks.jsonl").open(encoding="utf-8")]
    catalog = open_catalog()
    BENCHMARKS.mkdir(exist_ok=True)
    first = next(row for row in rows if row["benchmark"] in LMARENA.values())
    kinds = {name: [row for row in rows if row["benchmark"] == title] for name, title in LMARENA.items()}
    names = {row["arena_key"]: row["model"] for row in rows if row["benchmark"] == OVERALL}
    write("lmarena", kinds, catalog, source=first["source"], date=first["date"], setting=NO_STYLE)
    text = {"LMArena": text_rows(options.text, names)}
    write("lmarena_text", text, catalog, source=TEXT_SOURCE, date=TEXT_DATE, setting="Bradley-Terry, style control")


def text_rows(path: Path, names: dict[str, str]) -> list[dict[str, Any]]:
    """The board of all prompts, in the form of the collected facts."""
    found = []
    for row in csv.DictReader(path.open(encoding="utf-8")):
        name = row["model_name"]
        thinks = re.search(r"(?<!no-)(?<!non-)thinking|-(max|high)(-|$)|-think$", name)
        ends = [round(float(row[key]), 1) for key in ("ci_lower", "ci_upper")]
        found.append({"model": NEWER.get(name) or names.get(name) or name, "value": float(row["arena_score"]),
                      "ci95": ends, "setting": f"{NO_STYLE}; thinking mode" if thinks else NO_STYLE})  # fmt: skip
    return found


def write(
    file: str, boards: dict[str, list[dict[str, Any]]], catalog: Catalog, *, source: str, date: str, setting: str
) -> None:
    """One file of catalog/benchmarks."""
    lines = [
        "# Bradley-Terry ratings from pairwise votes of people; low and high are the board's 95 % interval.",
        "title: LMArena text leaderboard", f"source: {source}", f"date: '{date}'", f"setting: {setting}",
        "reported_by: LMArena", "scores:",
    ]  # fmt: skip
    for name, rows in boards.items():
        lines.append(f"  {name}:")
        found = scores(rows, catalog)
        print(name, len(found), "of", len(rows))
        for model, row in sorted(found.items()):
            lines.append(
                f"    {model}: {{value: {row['value']:.1f}, low: {row['ci95'][0]}, high: {row['ci95'][1]}, "
                f"release: {release(row, model, catalog)}{mode(row)}}}"
            )
    (BENCHMARKS / f"{file}.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


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
    for name in (repository, later, TUNED_SUFFIX.sub("", repository), TUNED_SUFFIX.sub("", repository.split("/")[-1])):
        if name:
            try:
                return catalog.resolve(name)
            except UnknownName:
                continue
    return None


def release(row: dict[str, Any], model: str, catalog: Catalog) -> str:
    """The repository behind a row, the model's first where the board's name is no repository's."""
    return str(row["model"] if "/" in row["model"] else catalog.model_data(model)["repositories"][0])


def mode(row: dict[str, Any]) -> str:
    """How it was asked, where that is not plain."""
    setting = row["setting"].removeprefix(NO_STYLE).strip("; ")
    return f", mode: {setting.split(';')[0]}" if setting else ""


if __name__ == "__main__":
    main()
