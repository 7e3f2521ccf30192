"""The surveys' claims, model by model: what `show` sets beside the computation."""

import re
from typing import Any

# (what a survey calls it) -> ids; a family name claims something about every size.
NAMES = {
    "LLaMA 7B": ["llama-7b"], "LLaMA 13B": ["llama-13b"], "LLaMA 65B": ["llama-65b"],
    "LLaMA": ["llama-7b", "llama-13b", "llama-30b", "llama-65b"], "Falcon 7B": ["falcon-7b"],
    "Falcon 40B": ["falcon-40b"], "Mistral 7B": ["mistral-7b-v0.1"], "GPT-NeoX-20B": ["gpt-neox-20b"],
    "BLOOM 176B": ["bloom-176b"], "BLOOM": ["bloom-176b"], "OPT 175B": ["opt-175b"], "GPT-J 6B": ["gpt-j-6b"],
    "RedPajama 7B": ["redpajama-incite-7b"], "Cerebras-GPT 13B": ["cerebras-gpt-13b"], "WizardLM 7B": ["wizardlm-7b"],
    "WizardLM 13B": ["wizardlm-13b"], "Chinese LLaMA": ["chinese-llama-7b", "chinese-llama-13b"],
    "Llama 3": ["llama-3-8b", "llama-3-70b"], "Alpaca 7B": ["alpaca-7b"], "Alpaca": ["alpaca-7b"],
    "Vicuna 13B": ["vicuna-13b"], "Vicuna": ["vicuna-13b"], "Koala 13B": ["koala-13b"], "Koala": ["koala-13b"],
    "Dolly 2.0 12B": ["dolly-v2-12b"], "Dolly 2.0": ["dolly-v2-12b"], "ChatGLM": ["chatglm-6b"],
    "PanGu-alpha": ["pangu-alpha-200b"], "BELLE": ["belle-7b", "belle-llama-7b"], "XuanYuan": ["xuanyuan-176b"],
    "WizardLM": ["wizardlm-7b", "wizardlm-13b"], "Grok": ["grok-1"],
    "Mistral (Mixtral)": ["mixtral-8x7b"], "Gemma": ["gemma-7b"],
    "Cerebras-GPT": ["cerebras-gpt-13b"], "OPT": ["opt-175b"], "GPT-J": ["gpt-j-6b"], "GPT-NeoX": ["gpt-neox-20b"],
    "Falcon": ["falcon-7b", "falcon-40b"], "Mistral": ["mistral-7b-v0.1"], "RedPajama": ["redpajama-incite-7b"],
}  # fmt: skip
KINDS = {"minimum_hardware": "hardware", "architecture": "architecture", "training": "training",
         "licence_and_lineage": "licence"}  # fmt: skip


def claims(survey: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Model id -> its claims."""
    found: dict[str, list[dict[str, Any]]] = {}
    for section, kind in KINDS.items():
        for row in survey[section]:
            for name in [row["model"]] if "model" in row else row["models"]:
                claim = _claim(row, kind)
                for model_id in NAMES.get(name, []) if claim["text"] else []:
                    found.setdefault(model_id, []).append(claim)
    return found


def _claim(row: dict[str, Any], kind: str) -> dict[str, Any]:
    facts = {key: value for key, value in row.items() if key not in ("article", "model", "models", "claim", "sizes",
                                                                     "structure", "note", "compared_on")}  # fmt: skip
    text = row.get("claim") or row.get("structure") or row.get("note") or ""
    if row.get("sizes"):
        text = (text + "; " if text else "") + "sizes " + ", ".join(map(str, row["sizes"]))
    if facts and not text:
        text = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in facts.items())
    claim: dict[str, Any] = {"article": row["article"], "kind": kind, "text": text}
    if kind == "hardware":
        claim.update(_hardware(text))
    if facts:
        claim["facts"] = facts
    return claim


def _hardware(text: str) -> dict[str, int]:
    """ "8 x A100 40GB" -> 8 GPUs of 40 GB; "16-24 GB" -> its upper end; "V100" alone says no memory."""
    several = re.search(r"(\d+) x \S+ (\d+)GB", text)
    if several:
        return {"gpus": int(several[1]), "memory_gb": int(several[2])}
    if re.match(r"runs on one", text):
        return {"gpus": 1}
    sizes = [int(size) for size in re.findall(r"(\d+) ?GB", text.split("(")[0])]
    return {"gpus": 1, "memory_gb": max(sizes)} if sizes and "several" not in text else (
        {"memory_gb": max(sizes)} if sizes else {})  # fmt: skip
