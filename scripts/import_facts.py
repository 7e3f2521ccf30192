"""Turn a directory of collected facts (configs, licences, benchmarks, tokenizers, claims) into catalog files.

    python scripts/import_facts.py FACTS_DIRECTORY [--date YYYY-MM-DD]

Existing model files are rewritten; hand-made files of other ids are left alone. A maintainer's tool, not shipped.
"""

import argparse
import json
import re
from pathlib import Path
from typing import Any

import yaml

from import_benchmarks import benchmarks, other_benchmarks, rows
from import_claims import claims
from import_dates import RELEASE_DATES
from import_descriptions import add_description, describe
from import_makers import maker_rows
from import_releases import (
    ALIASES,
    CHECKPOINT_NOTES,
    CHECKPOINT_STORES,
    DERIVATIONS,
    EXCEPTIONS,
    LEFT_OUT,
    MORE_REPOSITORIES,
    same_shape,
    variants,
)
from import_sources import source
from import_tables import (
    FAMILIES,
    LICENCE_CORRECTIONS,
    LICENCE_ROWS,
    LICENCES,
    NAMES,
    NATIVE_FORMATS,
    ORGANIZATIONS,
)
from llmpick.catalog.canonical import model_text

CATALOG = Path(__file__).resolve().parents[1] / "catalog"
MORE = Path(__file__).with_name("more_models.jsonl")
"""Models beyond the collected ones, in the same form, one a line."""
DROP_CONFIG = {"architectures", "auto_map", "torch_dtype", "dtype", "transformers_version", "use_cache",
               "initializer_range", "attention_dropout", "bos_token_id", "eos_token_id", "pad_token_id"}  # fmt: skip
CONFIG_FIXES: dict[str, dict[str, Any]] = {"step-3.7-flash": {"num_sliding_attention_heads": 96}}
"""Keys that a published config leaves out, inferred from the checkpoint's total."""
WINDOWS_SOURCE = "https://github.com/google-deepmind/gemma/blob/7691fd4/gemma/gm/nn/_gemma.py"
WINDOWS = {"gemma-3-270m": 512, "gemma-3-1b": 512, "gemma-3-4b": 1024, "gemma-3-12b": 1024, "gemma-3-27b": 1024}


def _of_repository(text: str, repository: str | None) -> str:
    """ "model card" says whose."""
    return f"{text} of {repository}" if repository and text in ("model card", "model card / paper") else text


def slim(config: dict[str, Any]) -> dict[str, Any]:
    """Shape-bearing keys only: nulls and run-time settings say nothing about the model."""
    kept = {}
    for key, value in config.items():
        if value is None or key in DROP_CONFIG:
            continue
        kept[key] = slim(value) if isinstance(value, dict) else value
    return kept


def model(fact: dict[str, Any], facts: dict[str, Any], date: str) -> dict[str, Any]:
    family = family_of(fact["id"])
    licence, low = LICENCES.get(fact["license"], (None, True))
    if licence is None:
        raise SystemExit(f"{fact['id']}: licence {fact['license']!r} is not in the table")
    record: dict[str, Any] = {"name": display_name(fact, family), "organization": fact["organization"]}
    sources = {
        key: source(_of_repository(text, fact["hf_repo"]), date) for key, text in fact["sources"].items() if text
    }
    if fact["release_date"]:
        record["release_date"] = str(fact["release_date"])
    record["licence"] = licence
    sources["licence"] = sources.pop("license", source("model card", date))
    if low:
        sources["licence"][0]["confidence"] = "low"
    if fact["id"] in RELEASE_DATES:
        record["release_date"], where = RELEASE_DATES[fact["id"]]
        sources["release_date"] = source(where, date)
    row = next((facts["licences"][row] for pattern, row in LICENCE_ROWS if re.match(pattern, fact["id"])), None)
    if row is not None and row["evidence"].startswith("read"):
        sources["licence"] = source(row["source"], date)
    if fact["id"] in LICENCE_CORRECTIONS:
        record["licence"], why = LICENCE_CORRECTIONS[fact["id"]]
        sources["licence"] = source(why, date)
    published = {key: fact["published_params"].get(key) for key in ("text", "value")}
    if published["text"]:
        published["exception"] = EXCEPTIONS.get(fact["id"])
        record["published_parameters"] = {key: value for key, value in published.items() if value}
    by_name = "model name" in fact["sources"].get("published_params", "")
    if by_name and published["text"] and published["text"].lower() in (fact["hf_repo"] or "").lower():
        sources["published_params"] = source(f"name of {fact['hf_repo']}", date)
    record["config"] = {**slim(fact["config"]), **CONFIG_FIXES.get(fact["id"], {})}
    if fact["id"] in WINDOWS:
        record["config"].get("text_config", record["config"])["sliding_window"] = WINDOWS[fact["id"]]
        sources["config"] += source(f"{WINDOWS_SOURCE} (sliding_window_size)", date)
    if fact["context_length"]:
        record["context_length"] = fact["context_length"]
    if fact["derived_from"]:
        record["derived_from"] = fact["derived_from"]
    record |= {"derivation": DERIVATIONS[fact["id"]]} if fact["id"] in DERIVATIONS else {}
    if fact["training_tokens"]:
        record["training"] = {"tokens": fact["training_tokens"]}
    if fact["languages"] and fact["languages"] != "hy-v3":
        record["languages"] = re.sub(r",(?=\S)", ", ", fact["languages"]).replace("jp", "ja")
    repository = fact["hf_repo"]
    if repository and "/" in repository:
        others = [*same_shape(repository, facts["repositories"]), *MORE_REPOSITORIES.get(fact["id"], [])]
        record["repositories"] = list({name.lower(): name for name in [repository, *others]}.values())
        record["variants"] = variants(record["repositories"])
    if fact["id"] in NATIVE_FORMATS:
        record["native_format"], where = NATIVE_FORMATS[fact["id"]]
        sources["native_format"] = source(where, date)
    if fact["safetensors_total_params"]:
        record["checkpoint_parameters"] = fact["safetensors_total_params"]
        if fact["id"] in CHECKPOINT_STORES:
            record["checkpoint_stores"] = list(CHECKPOINT_STORES[fact["id"]])
        if fact["id"] in CHECKPOINT_NOTES:
            record["checkpoint_note"] = CHECKPOINT_NOTES[fact["id"]]
        sources["checkpoint_parameters"] = sources.pop("safetensors_total_params", source("hub metadata", date))
    if family[2] == "closed" or fact["license"] == "Proprietary":
        record["weights"] = "closed"
    record["aliases"] = ALIASES.get(fact["id"], [])
    found = benchmarks(fact, facts)
    record["benchmarks"] = found + maker_rows(fact["id"], found)
    record["claims"] = facts["claims"].get(fact["id"], [])
    present = set(record) | {"published_parameters"}
    renamed = {"published_params": "published_parameters", "training_tokens": "training", "vocab_size": "config"}
    record["sources"] = {}
    for key, value in sources.items():
        key = renamed.get(key, key)
        if key in present:
            record["sources"].setdefault(key, value)
    return {key: value for key, value in record.items() if value not in ([], {}, None)}


def display_name(fact: dict[str, Any], family: tuple[str, str, str]) -> str:
    """``llama-2-7b`` -> ``Llama 2 7B``: the family's own spelling, then the size."""
    pieces = fact["id"].split("-")
    words = [piece.upper() if re.fullmatch(r"[a-z]?\d+(\.\d+)?[bmk]\d?|\d+x\d+b|a\d+[bm]", piece) else piece.capitalize()
             for piece in pieces]  # fmt: skip
    text = " ".join(words)
    for plain, proper in ORGANIZATIONS["spelling"].items():
        text = re.sub(rf"(?<![\w.]){re.escape(plain)}(?![\w.])", proper, text)
    for pattern, proper in NAMES:
        text = re.sub(pattern, proper, text)
    return text.replace("Llama", "LLaMA") if family[0] in ("llama", "chinese-llama") and "-3-" not in text else text


def family_of(model_id: str) -> tuple[str, str, str]:
    for pattern, family, table, weights in FAMILIES:
        if re.match(pattern, model_id):
            return family, table, weights
    raise SystemExit(f"{model_id}: no family in the table")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("facts", type=Path)
    parser.add_argument("--date", default="2026-11-21")
    options = parser.parse_args()
    directory = options.facts
    facts = {
        "mmlu": {row["model"].lower(): row for row in rows(directory / "quality/mmlu_consensus.jsonl")
                 if not row.get("weak_evidence")},
        "others": other_benchmarks(directory / "quality/benchmarks.jsonl"),
        "claims": claims(yaml.safe_load((directory / "survey-claims.yaml").read_text())),
    }  # fmt: skip
    measured = [row["model"] for name in ("benchmarks", "mmlu_consensus")
                for row in rows(directory / f"quality/{name}.jsonl")]  # fmt: skip
    facts["licences"] = {row["family"]: row for row in rows(directory / "quality/licences.jsonl")}
    facts["repositories"] = sorted({name for name in measured if re.fullmatch(r"[\w.-]+/[\w.-]+", name)})
    tokenizers = {row["family"]: row for row in rows(directory / "quality/languages_tokenizers.jsonl")}
    families: dict[str, dict[str, Any]] = {}
    collected = [json.loads(path.read_text()) for path in (directory / "configs/models").glob("*.json")]
    for fact in sorted([*collected, *rows(MORE)], key=lambda row: row["id"]):
        if fact["id"] in LEFT_OUT:
            continue
        family, table, _ = family_of(fact["id"])
        record = model(fact, facts, options.date)
        folder = CATALOG / "models" / family
        folder.mkdir(parents=True, exist_ok=True)
        if table:
            add_description(record, describe(tokenizers[table], record["config"], options.date))
        families.setdefault(family, {})[fact["id"]] = record
    everything = {each: row for some in families.values() for each, row in some.items()}
    for family, records in families.items():
        inherit(records, everything)
        write_family(CATALOG / "models" / family, records)


def inherit(records: dict[str, dict[str, Any]], everything: dict[str, dict[str, Any]]) -> None:
    """A derivative speaks what its original speaks, until someone says otherwise."""
    for record in records.values():
        base = everything.get(record.get("derived_from", ""), {})
        silent = "languages" not in record and "chinese_support" not in record
        for key in ("languages", "chinese_support"):
            if silent and key in base and key in base["sources"]:
                note = {"source": f"as {record['derived_from']}", "date": base["sources"][key][0]["date"]}
                record["sources"][key] = [{**note, "confidence": "low"}]
                record[key] = base[key]


ORDER = ("name", "organization", "weights", "release_date", "licence", "derived_from", "derivation", "published_parameters",
         "context_length", "languages", "chinese_support", "position_encoding", "normalization", "activation",
         "attention", "tokenizer", "training", "config", "native_format", "variants", "repositories", "aliases",
         "checkpoint_parameters", "checkpoint_stores", "checkpoint_note", "benchmarks", "claims", "notes", "sources")  # fmt: skip


def write_family(folder: Path, records: dict[str, dict[str, Any]]) -> None:
    """What all sizes share goes to family.yaml, the rest to one file a model."""
    some = list(records.values())
    shared_keys = [key for key in ORDER if key not in ("name", "config", "benchmarks", "claims", "repositories", "aliases",
                   "sources", "published_parameters", "checkpoint_parameters", "checkpoint_stores", "derived_from", "derivation", "variants", "training")
                   and len(some) > 1 and all(record.get(key) == some[0].get(key) and key in record for record in some)]  # fmt: skip
    shared: dict[str, Any] = {key: some[0][key] for key in shared_keys}
    shared_sources = {key: some[0]["sources"][key] for key in shared_keys if key in some[0]["sources"]
                      and all(record["sources"].get(key) == some[0]["sources"][key] for record in some)}  # fmt: skip
    if shared:
        if shared_sources:
            shared["sources"] = shared_sources
        (folder / "family.yaml").write_text(model_text(shared))
    for model_id, record in records.items():
        own = {key: record[key] for key in ORDER if key in record and key not in shared_keys}
        own["sources"] = {key: value for key, value in record["sources"].items()
                          if not (key in shared_keys and key in shared_sources)}  # fmt: skip
        (folder / f"{model_id}.yaml").write_text(model_text(own))


if __name__ == "__main__":
    main()
