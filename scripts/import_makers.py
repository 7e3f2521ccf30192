"""Benchmark figures that makers report of their own models, beyond the collected facts: what `import_facts` adds.

One entry a model: who says it, where, and (benchmark, figure, variant, setting) rows. The model cards were read in copies.
"""

from typing import Any

Rows = list[tuple[str, float, str, str]]
_CARD = "https://huggingface.co/{}"
_STATS = "https://github.com/JonathanChavezTamales/llm-leaderboard/blob/24a9ccf74023/data/organizations/{}/models/{}/benchmarks.json"
_THINKS, _PLAIN = "thinking", "as published"


def _card(
    maker: str, repository: str, *rows: tuple[str, float], setting: str = _THINKS, variant: str = "instruct"
) -> tuple[str, str, Rows]:
    return maker, _CARD.format(repository), [(name, value, variant, setting) for name, value in rows]


def _page(
    maker: str, source: str, *rows: tuple[str, float], setting: str = _PLAIN, variant: str = "instruct"
) -> tuple[str, str, Rows]:
    return maker, source, [(name, value, variant, setting) for name, value in rows]


def _qwen(
    name: str, pro: float, gpqa: float | None, ceval: float | None, setting: str = _THINKS
) -> tuple[str, str, Rows]:
    rows = (("MMLU-Pro", pro), ("GPQA-Diamond", gpqa), ("C-Eval", ceval))
    return _card(
        "Qwen team", f"Qwen/{name}", *((key, value) for key, value in rows if value is not None), setting=setting
    )


def _gemma(name: str, pro: float, gpqa: float) -> tuple[str, str, Rows]:
    return _card("Google DeepMind", f"google/{name}", ("MMLU-Pro", pro), ("GPQA-Diamond", gpqa))


def _stats(
    maker: str, path: tuple[str, str], *rows: tuple[str, float], setting: str = "self-reported, collected by llm-stats"
) -> tuple[str, str, Rows]:
    return _page(maker, _STATS.format(*path), *rows, setting=setting)


_HUNYUAN = "https://github.com/Tencent-Hunyuan/Hunyuan-7B/blob/49c25a0/README.md"
_HUNYUAN_A13B = "https://github.com/Tencent-Hunyuan/Hunyuan-A13B/blob/2798f3c/README.md"
_SEED = "https://github.com/ByteDance-Seed/seed-oss/blob/98e12be/README.md"
_EXAONE4 = "https://github.com/LG-AI-EXAONE/EXAONE-4.0/blob/c8b16a7/README.md"
_MIMO = "https://github.com/XiaomiMiMo/MiMo-V2-Flash/blob/b4eaae4/README.md"

MAKERS: dict[str, list[tuple[str, str, Rows]]] = {
    # Qwen
    "qwen3.5-0.8b": [_qwen("Qwen3.5-0.8B", 29.7, None, 46.4, "without thinking")],
    "qwen3.5-2b": [_qwen("Qwen3.5-2B", 55.3, None, 65.2, "without thinking")],
    "qwen3.5-4b": [_qwen("Qwen3.5-4B", 79.1, 76.2, 85.1)], "qwen3.5-9b": [_qwen("Qwen3.5-9B", 82.5, 81.7, 88.2)],
    "qwen3.5-27b": [_qwen("Qwen3.5-27B", 86.1, 85.5, 90.5)], "qwen3.5-35b-a3b": [_qwen("Qwen3.5-35B-A3B", 85.3, 84.2, 90.2)],
    "qwen3.5-122b-a10b": [_qwen("Qwen3.5-122B-A10B", 86.7, 86.6, 91.9)],
    "qwen3.5-397b-a17b": [_qwen("Qwen3.5-397B-A17B", 87.8, 88.4, 93.0)],
    "qwen3.6-27b": [_qwen("Qwen3.6-27B", 86.2, 87.8, 91.4)], "qwen3.6-35b-a3b": [_qwen("Qwen3.6-35B-A3B", 85.2, 86.0, 90.0)],
    "qwen3-4b-2507": [_qwen("Qwen3-4B-Instruct-2507", 69.6, 62.0, None, "without thinking")],
    "qwen3-30b-a3b-2507": [_qwen("Qwen3-30B-A3B-Thinking-2507", 80.9, 73.4, None)],
    "qwen3-235b-a22b-2507": [_stats("Qwen team", ("qwen", "qwen3-235b-a22b-thinking-2507"), ("MMLU-Pro", 84.4), ("GPQA-Diamond", 81.1))],
    "qwen3-next-80b-a3b": [_stats("Qwen team", ("qwen", "qwen3-next-80b-a3b-thinking"), ("MMLU-Pro", 82.7), ("GPQA-Diamond", 77.2))],
    # Google, OpenAI, NVIDIA
    "gemma-4-e2b": [_gemma("gemma-4-E2B-it", 60.0, 43.4)], "gemma-4-e4b": [_gemma("gemma-4-E4B-it", 69.4, 58.6)],
    "gemma-4-26b-a4b": [_gemma("gemma-4-26B-A4B-it", 82.6, 82.3)], "gemma-4-31b": [_gemma("gemma-4-31B-it", 85.2, 84.3)],
    "gpt-oss-20b": [_stats("OpenAI", ("openai", "gpt-oss-20b"), ("MMLU", 85.3), ("GPQA-Diamond", 71.5))],
    "gpt-oss-120b": [_stats("OpenAI", ("openai", "gpt-oss-120b"), ("MMLU", 90.0))],
    "nemotron-3-nano-30b-a3b": [_card("NVIDIA", "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", ("MMLU-Pro", 78.3), ("GPQA-Diamond", 73.0))],
    "nemotron-3-super-120b-a12b": [
        _card("NVIDIA", "nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-BF16", ("MMLU-Pro", 83.73), ("GPQA-Diamond", 79.23))],
    "nemotron-nano-9b-v2": [_stats("NVIDIA", ("nvidia", "nemotron-nano-9b-v2"), ("GPQA-Diamond", 64.0))],
    # Zhipu, DeepSeek, Moonshot, MiniMax, Xiaomi
    "glm-4.5": [_stats("Z.ai", ("zai-org", "glm-4.5"), ("MMLU-Pro", 84.6), ("GPQA-Diamond", 79.1))],
    "glm-4.5-air": [_stats("Z.ai", ("zai-org", "glm-4.5-air"), ("MMLU-Pro", 81.4), ("GPQA-Diamond", 75.0))],
    "glm-4.6": [_card("Z.ai", "zai-org/GLM-4.7", ("MMLU-Pro", 83.2), ("GPQA-Diamond", 81.0))],
    "glm-4.7": [_card("Z.ai", "zai-org/GLM-4.7", ("MMLU-Pro", 84.3), ("GPQA-Diamond", 85.7))],
    "glm-4.7-flash": [_card("Z.ai", "zai-org/GLM-4.7-Flash", ("GPQA-Diamond", 75.2))],
    "deepseek-v3-0324": [_stats("DeepSeek", ("deepseek", "deepseek-v3-0324"), ("MMLU-Pro", 81.2), ("GPQA-Diamond", 68.4))],
    "deepseek-r1-0528": [_stats("DeepSeek", ("deepseek", "deepseek-r1-0528"), ("MMLU-Pro", 85.0))],
    "deepseek-v3.1": [_card("DeepSeek", "deepseek-ai/DeepSeek-V3.1", ("MMLU-Pro", 84.8), ("GPQA-Diamond", 80.1))],
    "deepseek-v3.2-exp": [_stats("DeepSeek", ("deepseek", "deepseek-v3.2-exp"), ("MMLU-Pro", 85.0), ("GPQA-Diamond", 79.9))],
    "deepseek-v4-flash": [_card("DeepSeek", "deepseek-ai/DeepSeek-V4-Flash", ("MMLU-Pro", 86.2), setting="thinking, max effort")],
    "deepseek-v4-pro": [_card("DeepSeek", "deepseek-ai/DeepSeek-V4-Pro", ("MMLU-Pro", 87.5), ("GPQA-Diamond", 90.1),
                              setting="thinking, max effort")],
    "kimi-k2.5": [_page("Moonshot AI", "https://github.com/MoonshotAI/Kimi-K2.5/blob/3e60763/README.md", ("MMLU-Pro", 87.1),
                        ("GPQA-Diamond", 87.6), setting=_THINKS)],
    "minimax-m2": [_page("MiniMax (Artificial Analysis)", "https://github.com/MiniMax-AI/MiniMax-M2/blob/2e575ef/README.md",
                         ("MMLU-Pro", 82.0), ("GPQA-Diamond", 78.0))],
    "minimax-m2.1": [_page("MiniMax", "https://github.com/MiniMax-AI/MiniMax-M2.1/blob/a878624/README.md", ("MMLU-Pro", 88.0),
                           ("GPQA-Diamond", 83.0))],
    "minimax-m2.5": [_page("MiniMax", "https://github.com/MiniMax-AI/MiniMax-M2.5/blob/0fe00c8/README.md", ("GPQA-Diamond", 85.2))],
    "mimo-v2-flash": [_page("Xiaomi", _MIMO, ("MMLU-Pro", 84.9), ("GPQA-Diamond", 83.7), setting=_THINKS),
                      _page("Xiaomi", _MIMO, ("MMLU", 86.7), ("CMMLU", 87.4), setting="5-shot", variant="base")],
    # LG, Tencent, ByteDance, Shanghai AI Laboratory, Mistral, Microsoft
    "exaone-4.0-32b": [_page("LG AI Research", _EXAONE4, ("MMLU-Pro", 81.8), ("GPQA-Diamond", 75.4), setting=_THINKS)],
    "exaone-4.0-1.2b": [_page("LG AI Research", _EXAONE4, ("MMLU-Pro", 59.3), ("GPQA-Diamond", 52.0), setting=_THINKS)],
    "k-exaone-236b-a23b": [_page("LG AI Research", "https://github.com/LG-AI-EXAONE/K-EXAONE/blob/32343b0/README.md",
                                 ("MMLU-Pro", 83.8), ("GPQA-Diamond", 79.1), setting=_THINKS)],
    **{f"hunyuan-{size}": [_page("Tencent", _HUNYUAN, ("MMLU", mmlu), ("MMLU-Pro", pro), ("GSM8K", gsm), variant="base"),
                           _page("Tencent", _HUNYUAN, ("GPQA-Diamond", gpqa), setting=_THINKS)]
       for size, mmlu, pro, gsm, gpqa in (("0.5b", 54.02, 31.15, 55.64, 23.3), ("1.8b", 64.62, 38.65, 77.26, 47.2),
                                          ("4b", 74.01, 51.91, 87.49, 61.1), ("7b", 79.82, 57.79, 88.25, 60.1))},
    "hunyuan-a13b": [_page("Tencent", _HUNYUAN_A13B, ("MMLU", 88.17), ("MMLU-Pro", 67.23), ("GSM8K", 91.83), variant="base"),
                     _page("Tencent", _HUNYUAN_A13B, ("GPQA-Diamond", 71.2), setting=_THINKS)],
    "seed-oss-36b": [_page("ByteDance Seed", _SEED, ("MMLU", 84.9), ("MMLU-Pro", 65.1), ("GSM8K", 90.8), ("HumanEval", 76.8),
                           setting="with synthetic instruction data", variant="base"),
                     _page("ByteDance Seed", _SEED, ("MMLU", 87.4), ("MMLU-Pro", 82.7), ("GPQA-Diamond", 71.4), setting=_THINKS)],
    "internlm3-8b": [_page("Shanghai AI Laboratory", "https://github.com/InternLM/InternLM/blob/fe4c2eb/README.md", ("MMLU", 76.6),
                           ("CMMLU", 83.1), setting="0-shot")],
    "mistral-small-3.1-24b": [_stats("Mistral AI", ("mistral", "mistral-small-3.1-24b-instruct-2503"), ("MMLU", 80.62),
                                     ("MMLU-Pro", 66.76), ("GPQA-Diamond", 45.96))],
    "mistral-small-3.2-24b": [_stats("Mistral AI", ("mistral", "mistral-small-3.2-24b-instruct-2506"), ("MMLU", 80.5),
                                     ("MMLU-Pro", 69.06), ("GPQA-Diamond", 46.13))],
    "mistral-small-3-24b": [_stats("Mistral AI", ("mistral", "mistral-small-24b-instruct-2501"), ("MMLU-Pro", 66.3),
                                   ("GPQA-Diamond", 45.3))],
    "phi-4-mini": [_stats("Microsoft", ("microsoft", "phi-4-mini"), ("MMLU", 67.3), ("MMLU-Pro", 52.8))],
    "granite-3.3-8b": [_stats("IBM", ("ibm", "granite-3.3-8b-instruct"), ("MMLU", 65.54), ("GSM8K", 80.89))],
}  # fmt: skip


def maker_rows(model_id: str, known: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of ``MAKERS`` in the form of the catalog, but for figures that the model has already."""
    there = {(row["benchmark"], row.get("variant")) for row in known}
    return [
        {"benchmark": name, "value": float(value), "setting": setting, "variant": variant, "reported_by": maker,
         "reporter_kind": "maker", "source": source}
        for maker, source, rows in MAKERS.get(model_id, [])
        for name, value, variant, setting in rows if (name, variant) not in there
    ]  # fmt: skip
