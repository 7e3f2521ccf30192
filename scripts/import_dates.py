"""When the makers say that they released a model, and where they say it: (date, source) by id, for `import_facts`."""

_QWEN3 = "https://github.com/QwenLM/Qwen3/blob/4d9f43e9ffc5/README.md"
_QWEN3_VL = "https://github.com/QwenLM/Qwen3-VL/blob/0f2afbe48b55/README.md"
_QWEN35 = "https://github.com/QwenLM/Qwen3.8/blob/2ea10dc/README.md"
_QWEN_BLOG = "https://github.com/QwenLM/qwenlm.github.io/blob/1f89f8c/content/blog/{}/index.md"
_DEEPSEEK = "https://api-docs.deepseek.com/updates"
_MISTRAL = "https://docs.mistral.ai/getting-started/models/"
_MISTRAL_LOG = "https://github.com/mistralai/platform-docs-public/blob/222f4ba9/changelog/en/{}.mdx"
_EXAONE = "https://github.com/LG-AI-EXAONE/K-EXAONE/blob/32343b0/README.md"
_GPT2 = "https://github.com/openai/gpt-2/commit/{}"
_GRANITE_41 = (
    "https://github.com/ibm-granite/granite-4.1-language-models/blob/1f82511/disclosures/granite_4.1_{}_disclosure.json"
)
_PHI_VISION = "https://github.com/Azure/azureml-assets/blob/4b41f8ccbc/assets/models/system/phi-3.5-vision-128k-instruct/description.md"
_INTERNVL = "https://github.com/OpenGVLab/InternVL/blob/2410d1d/README.md"
_GEMMA = "https://github.com/google-deepmind/gemma/commit/{}"
_CARD = "release date on the model card of {}"


def _mistral(date: str) -> tuple[str, str]:
    return date, _MISTRAL_LOG.format(date)


RELEASE_DATES: dict[str, tuple[str, str]] = {
    # Qwen
    "qwen3-4b-2507": ("2025-08-06", _QWEN3), "qwen3-30b-a3b-2507": ("2025-07-30", _QWEN3),
    "qwen3-235b-a22b-2507": ("2025-07-21", _QWEN3),
    **dict.fromkeys(("qwen3-vl-2b", "qwen3-vl-32b"), ("2025-10-21", _QWEN3_VL)),
    **dict.fromkeys(("qwen3-vl-4b", "qwen3-vl-8b"), ("2025-10-15", _QWEN3_VL)),
    "qwen3-vl-30b-a3b": ("2025-10-04", _QWEN3_VL), "qwen3-vl-235b-a22b": ("2025-09-23", _QWEN3_VL),
    "qwen3-next-80b-a3b": ("2025-09-11", _QWEN35), "qwen3.5-397b-a17b": ("2026-02-16", _QWEN35),
    **dict.fromkeys(("qwen3.5-122b-a10b", "qwen3.5-35b-a3b", "qwen3.5-27b"), ("2026-02-24", _QWEN35)),
    **dict.fromkeys(("qwen3.5-9b", "qwen3.5-4b", "qwen3.5-2b", "qwen3.5-0.8b"), ("2026-03-02", _QWEN35)),
    "qwen3.6-35b-a3b": ("2026-04-16", _QWEN35), "qwen3.6-27b": ("2026-04-22", _QWEN35),
    "qwen3.8-2.4t-a95b": ("2026-08-12", _QWEN35), "qwen3.8-27b": ("2026-08-14", _QWEN35),
    "codeqwen1.5-7b": ("2024-04-16", _QWEN_BLOG.format("codeqwen1.5")),
    "qwen1.5-32b": ("2024-04-02", _QWEN_BLOG.format("qwen1.5-32b")),
    **dict.fromkeys(("qwen2.5-coder-0.5b", "qwen2.5-coder-3b", "qwen2.5-coder-14b", "qwen2.5-coder-32b"),
                    ("2024-11-12", _QWEN_BLOG.format("qwen2.5-coder-family"))),
    "qwq-32b": ("2025-03-06", _QWEN_BLOG.format("qwq-32b")),
    "qwen3-coder-480b-a35b": ("2025-07-22", _QWEN_BLOG.format("qwen3-coder")),
    # Zhipu, DeepSeek, Moonshot, MiniMax
    "glm-4-9b": ("2024-06-05", "https://github.com/THUDM/GLM-4/blob/02831d280b31/README.md"),
    "glm-4.7-flash": ("2026-01-19", "https://github.com/zai-org/GLM-4.5/commit/176437d"),
    "deepseek-v3.2": ("2025-12-01", _DEEPSEEK), "deepseek-v3.2-exp": ("2025-09-29", _DEEPSEEK),
    "deepseek-v3.1": ("2025-08-21", _DEEPSEEK),
    "kimi-k2": ("2025-07-11", "https://github.com/MoonshotAI/Kimi-K2/commit/d778e27"),
    "minimax-m2": ("2025-10-27", "https://github.com/MiniMax-AI/MiniMax-M2/commit/ab049d5"),
    **dict.fromkeys(("deepseek-r1", "deepseek-r1-distill-llama-70b", "deepseek-r1-distill-llama-8b", "deepseek-r1-distill-qwen-1.5b",
                     "deepseek-r1-distill-qwen-14b", "deepseek-r1-distill-qwen-32b", "deepseek-r1-distill-qwen-7b"),
                    ("2025-01-20", "https://github.com/deepseek-ai/DeepSeek-R1/commit/23807ce")),
    "deepseek-v3": ("2024-12-26", "https://github.com/deepseek-ai/DeepSeek-V3/commit/4c2fdb8"),
    **dict.fromkeys(("deepseek-coder-v2", "deepseek-coder-v2-lite"),
                    ("2024-06-17", "https://github.com/deepseek-ai/DeepSeek-Coder-V2/commit/c84bfab")),
    "deepseek-v2.5": ("2024-09-05", "https://platform.deepseek.com/api-docs/updates/#version-2024-09-05"),
    **dict.fromkeys(("glm-4.5", "glm-4.5-air"), ("2025-07-28", "https://github.com/zai-org/GLM-4.5/commit/fa12b88")),
    "glm-4.6": ("2025-09-30", "https://github.com/zai-org/GLM-4.5/commit/6fb1bbf"),
    "minimax-m2.5": ("2026-02-13", "https://github.com/MiniMax-AI/MiniMax-M2.5/blob/0fe00c8/LICENSE-MODEL"),
    # Mistral
    "ministral-8b": ("2024-10", _MISTRAL), "mistral-large-2-123b": _mistral("2024-07-24"),
    "mistral-nemo-12b": _mistral("2024-07-18"), "mistral-small-3-24b": _mistral("2025-01-30"),
    "mistral-small-3.1-24b": _mistral("2025-03-17"), "mistral-small-3.2-24b": _mistral("2025-06-20"),
    "devstral-small-2505": _mistral("2025-05-21"), "mamba-codestral-7b": _mistral("2024-07-16"),
    # LG, Shanghai AI Laboratory, OpenBMB, Tencent, ByteDance, 01.AI, Baichuan
    "exaone-3.0-7.8b": ("2024-08-07", _EXAONE), "k-exaone-236b-a23b": ("2025-12-31", _EXAONE),
    **dict.fromkeys(("exaone-3.5-2.4b", "exaone-3.5-7.8b", "exaone-3.5-32b"), ("2024-12-09", _EXAONE)),
    **dict.fromkeys(("exaone-4.0-1.2b", "exaone-4.0-32b"), ("2025-07-15", _EXAONE)),
    "internlm3-8b": ("2025-01-15", "https://github.com/InternLM/InternLM/blob/fe4c2eb/README.md"),
    "minicpm5-1b": ("2026-05-19", "https://github.com/OpenBMB/MiniCPM/blob/0fcc3d0/README.md"),
    **dict.fromkeys(("hunyuan-0.5b", "hunyuan-1.8b", "hunyuan-4b", "hunyuan-7b"),
                    ("2025-07-30", "https://github.com/Tencent-Hunyuan/Hunyuan-7B/blob/49c25a0/README.md")),
    "hunyuan-a13b": ("2025-06-27", "https://github.com/Tencent-Hunyuan/Hunyuan-A13B/blob/2798f3c/README.md"),
    "hy3": ("2026-07-06", "https://github.com/Tencent-Hunyuan/Hy3/commit/8a12d9a"),
    "seed-oss-36b": ("2025-08-20", "https://github.com/ByteDance-Seed/seed-oss/blob/98e12be/README.md"),
    "yi-coder-9b": ("2024-09-05", "https://github.com/01-ai/Yi-Coder/blob/a9cf312/README.md"),
    "baichuan-7b": ("2023-06-15", "https://github.com/baichuan-inc/Baichuan-7B/commit/43b2ca1"),
    "baichuan-m2-32b": ("2025-08-11", "https://github.com/baichuan-inc/Baichuan-M2-32B/commit/28c2cc7"),
    "mimo-7b": ("2025-04-30", "https://github.com/XiaomiMiMo/MiMo/commit/13f6091"),
    "mimo-v2-flash": ("2025-12-16", "https://lmsys.org/blog/2025-12-16-mimo-v2-flash/"),
    # Google, IBM, Meta, OpenAI, EleutherAI, Stability AI, TII, LMSYS, Swiss AI, Cohere
    **dict.fromkeys(("gemma-4-e2b", "gemma-4-e4b", "gemma-4-26b-a4b", "gemma-4-31b"), ("2026-04-02", _GEMMA.format("b2dc124"))),
    **dict.fromkeys(("granite-3.0-2b", "granite-3.0-8b", "granite-3.0-3b-a800m", "granite-3.0-1b-a400m"),
                    ("2024-10-21", _CARD.format("ibm-granite/granite-3.0-8b-base"))),
    **dict.fromkeys(("granite-3.1-2b", "granite-3.1-8b", "granite-3.1-3b-a800m", "granite-3.1-1b-a400m"),
                    ("2024-12-18", _CARD.format("ibm-granite/granite-3.1-8b-instruct"))),
    "granite-3.2-8b": ("2025-02-26", _CARD.format("ibm-granite/granite-3.2-8b-instruct")),
    **dict.fromkeys(("granite-3.3-2b", "granite-3.3-8b"), ("2025-04-16", _CARD.format("ibm-granite/granite-3.3-8b-instruct"))),
    **dict.fromkeys(("granite-4.0-micro", "granite-4.0-h-micro", "granite-4.0-h-tiny", "granite-4.0-h-small"),
                    ("2025-10-02", _CARD.format("ibm-granite/granite-4.0-h-small"))),
    **dict.fromkeys(("granite-4.0-350m", "granite-4.0-1b", "granite-4.0-h-1b"),
                    ("2025-10-28", _CARD.format("ibm-granite/granite-4.0-h-350m-base, the same series"))),
    "phi-3-medium": ("2024-05-21", _CARD.format("microsoft/Phi-3-medium-128k-instruct")),
    **dict.fromkeys(("phi-3.5-mini", "phi-3.5-moe"), ("2024-08-20", "https://github.com/Azure/azureml-assets/commit/e0060353f4")),
    "phi-3.5-vision": ("2024-08-20", _PHI_VISION),
    "smollm3-3b": ("2025-07-08", "https://github.com/huggingface/smollm/commit/0aa4ddb"),
    "internvl3-8b": ("2025-04-11", _INTERNVL), "internvl3.5-30b-a3b": ("2025-08-26", _INTERNVL),
    "bamba-9b-v1": ("2024-12-18", "https://huggingface.co/blog/bamba"),
    **dict.fromkeys(("falcon-3-1b", "falcon-3-3b", "falcon-3-7b", "falcon-3-10b"), ("2024-12-17", "https://huggingface.co/blog/falcon3")),
    "nemotron-3-super-120b-a12b": ("2026-03-11", _CARD.format("nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-BF16")),
    **{f"granite-4.1-{size}": ("2026-04-29", _GRANITE_41.format(size)) for size in ("3b", "8b", "30b")},
    "code-llama-70b": ("2024-01-29", "https://github.com/meta-llama/codellama/commit/1af62e1"),
    "gpt-2": ("2019-02-14", _GPT2.format("f46b1dd")), "gpt-2-medium": ("2019-05-03", _GPT2.format("0503b1b")),
    "gpt-2-large": ("2019-08-20", _GPT2.format("f35fa1d")), "gpt-2-xl": ("2019-11-05", _GPT2.format("fbae7db")),
    **dict.fromkeys(("gpt-neo-1.3b", "gpt-neo-2.7b"), ("2021-03-21", "https://github.com/EleutherAI/gpt-neo/blob/23485e3/README.md")),
    "stablelm-3b-4e1t": ("2023-09-29", "https://github.com/Stability-AI/StableLM/blob/93eea08/README.md"),
    **dict.fromkeys(("falcon-h1-0.5b", "falcon-h1-1.5b", "falcon-h1-1.5b-deep", "falcon-h1-3b", "falcon-h1-7b", "falcon-h1-34b"),
                    ("2025-05-21", "https://github.com/tiiuae/Falcon-H1/blob/9d2f5fc/README.md")),
    **dict.fromkeys(("vicuna-7b", "vicuna-13b"), ("2023-08", "https://github.com/lm-sys/FastChat/blob/0e6d3e4b/README.md")),
    **dict.fromkeys(("apertus-8b", "apertus-70b"), ("2025-09-02", "https://github.com/swiss-ai/apertus-tech-report/commit/9d4b0fb")),
    **dict.fromkeys(("aya-expanse-8b", "aya-expanse-32b"), ("2024-10-24", "https://huggingface.co/blog/aya-expanse")),
    "command-r-08-2024": ("2024-08-30", "https://docs.cohere.com/changelog/command-gets-refreshed"),
    # a date that the makers put into the name
    **{model_id: (date, f"the date in the name {name}") for model_id, date, name in (
        ("command-r7b-12-2024", "2024-12", "CohereLabs/c4ai-command-r7b-12-2024"),
        ("glm-4-32b-0414", "2025-04", "zai-org/GLM-4-32B-0414"), ("glm-4-9b-0414", "2025-04", "zai-org/GLM-4-9B-0414"),
        ("glm-z1-32b-0414", "2025-04", "zai-org/GLM-Z1-32B-0414"), ("glm-z1-9b-0414", "2025-04", "zai-org/GLM-Z1-9B-0414"),
        ("olmo-2-13b", "2024-11", "allenai/OLMo-2-1124-13B"), ("olmo-2-7b", "2024-11", "allenai/OLMo-2-1124-7B"),
        ("olmo-2-1b", "2025-04", "allenai/OLMo-2-0425-1B"), ("olmo-2-32b", "2025-03", "allenai/OLMo-2-0325-32B"),
        ("olmo-3-32b", "2025-11", "allenai/Olmo-3-1125-32B"), ("deepseek-r1-0528", "2025-05-28", "deepseek-ai/DeepSeek-R1-0528"),
        ("deepseek-r1-0528-qwen3-8b", "2025-05", "deepseek-ai/DeepSeek-R1-0528-Qwen3-8B"),
        ("deepseek-v3-0324", "2025-03-24", "deepseek-ai/DeepSeek-V3-0324"),
    )},
}  # fmt: skip
