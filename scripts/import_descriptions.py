"""What the table of tokenizers and training says of a family, as `import_facts` puts it into records."""

import re
from typing import Any

from import_sources import source
from import_tables import LANGUAGES, MORE_SOURCES


def add_description(record: dict[str, Any], description: dict[str, Any]) -> None:
    """The tokenizer table's facts; training facts join those that the record has."""
    training = {**description.pop("training", {}), **record.get("training", {})}
    noted = description.pop("sources")
    before = record["sources"].get("training", [])
    record.update(description)
    record["sources"].update(noted)
    if training:
        order = ("tokens", "data", "hardware", "compute", "knowledge_cutoff")
        record["training"] = {key: training[key] for key in order if key in training}
        record["sources"]["training"] = before + [row for row in noted.get("training", []) if row not in before]


def describe(row: dict[str, Any], config: dict[str, Any], date: str) -> dict[str, Any]:
    """What the tokenizer table says of a family."""
    vocabulary = re.match(r"(\d{4,})", str(row.get("vocab_size", "")))
    tokenizer = {"algorithm": row.get("tokenizer_algorithm"), "library": row.get("tokenizer_library"),
                 "vocab_size": int(vocabulary[1]) if vocabulary else None}  # fmt: skip
    training = {"hardware": row.get("training_hardware"), "knowledge_cutoff": row.get("knowledge_cutoff")}
    found = {
        "languages": LANGUAGES.get(row.get("languages", ""), row.get("languages")), "chinese_support": row.get("chinese_support"),
        "position_encoding": row.get("position_encoding"), "normalization": row.get("normalisation"),
        "activation": row.get("activation"), "attention": attention(row.get("attention") or "", config),
        "tokenizer": {key: value for key, value in tokenizer.items() if value and value != "undisclosed"},
        "training": {key: str(value) for key, value in training.items() if value and "undisclosed" not in str(value)},
    }  # fmt: skip
    found = {key: value for key, value in found.items() if value and value != "undisclosed"}
    confidence = {} if row.get("evidence_level") == "read" else {"confidence": "low"}
    note = [{"source": row["source"], "date": date, **confidence}]
    sources = dict.fromkeys(found, note)
    for (family, key), text in MORE_SOURCES.items():
        if family == row["family"]:
            sources[key] = source(text, date)
    return {**found, "sources": sources}


def attention(text: str, config: dict[str, Any]) -> str:
    """A family's statement, made this size's own where the sizes differ."""
    if not re.search(r"\d+B|/GQA|; ?GQA|\(R", text):
        return text
    inner = config.get("text_config", config)
    heads = inner.get("num_attention_heads") or inner.get("n_head")
    kv = inner.get("num_key_value_heads") or inner.get("num_kv_heads") or heads
    kind = "MHA" if kv == heads else "MQA" if kv == 1 else f"GQA ({heads} query heads, {kv} key-value heads)"
    return kind + (", parallel" if "parallel" in text else "")
