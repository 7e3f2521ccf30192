"""Hand-made tables of `import_facts`: families, licence names, spellings."""

# (pattern of ids, family folder, row of the tokenizer table or "", "closed" for reference points)
FAMILIES = [
    (r"hermes", "hermes", "", ""), (r"muse-", "muse", "", ""), (r"mellum", "mellum", "", ""), (r"seed-coder", "seed-coder", "", ""),
    (r"qwen2(\.5)?-vl", "qwen2-vl", "", ""), (r"glm-4\.\d+v", "glm-4", "", ""), (r"phi-(tiny|mini)-moe", "phi", "", ""),
    (r"command-a", "command-r", "", ""),
    (r"llama-(7|13|30|65)b$", "llama", "LLaMA (1)", ""),
    (r"llama-2-", "llama-2", "Llama 2", ""),
    (r"code-llama", "code-llama", "", ""),
    (r"llama-3\.[13]-nemotron|.*minitron", "nemotron", "", ""), (r"llama-3-chinese", "chinese-llama", "", ""),
    (r"llama-3-", "llama-3", "Llama 3", ""),
    (r"llama-3\.[13]-", "llama-3", "Llama 3.1 / 3.3", ""),
    (r"llama-3\.2-\d+b-vision", "llama-3.2-vision", "", ""), (r"llama-3\.2-", "llama-3", "Llama 3.2", ""),
    (r"llama-4", "llama-4", "Llama 4", ""),
    (r"open-llama", "open-llama", "", ""), (r"tinyllama", "tinyllama", "TinyLlama 1.1B", ""),
    (r"alpaca", "alpaca", "Alpaca", ""), (r"vicuna", "vicuna", "Vicuna", ""), (r"koala", "koala", "Koala", ""),
    (r"wizardlm", "wizardlm", "WizardLM", ""), (r"belle", "belle", "", ""),
    (r"chinese-", "chinese-llama", "", ""), (r"xuanyuan", "xuanyuan", "", ""),
    (r"falcon-(7|40)b$", "falcon", "Falcon 7B/40B", ""), (r"falcon-180b", "falcon", "Falcon 180B", ""),
    (r"falcon-h1", "falcon-h1", "Falcon-H1", ""), (r"falcon", "falcon", "", ""),
    (r"mixtral", "mixtral", "Mixtral 8x7B / 8x22B", ""), (r"mistral-7b", "mistral", "Mistral 7B", ""),
    (r"mistral-nemo", "mistral", "Mistral Nemo 12B", ""), (r"mistral-large-2", "mistral", "Mistral Large 2", ""),
    (r"mistral|ministral", "mistral", "", ""),
    (r"gpt-j", "gpt-j", "GPT-J", ""), (r"gpt-neox", "gpt-neox", "GPT-NeoX-20B", ""), (r"gpt-neo", "gpt-neo", "", ""),
    (r"gpt-oss", "gpt-oss", "gpt-oss", ""), (r"gpt-3", "gpt-3", "", "closed"), (r"gpt-2", "gpt-2", "GPT-2", ""),
    (r"pythia", "pythia", "Pythia", ""), (r"dolly", "dolly", "Dolly v2", ""),
    (r"redpajama", "redpajama", "RedPajama-INCITE", ""), (r"bloom", "bloom", "BLOOM", ""), (r"opt-", "opt", "OPT", ""),
    (r"cerebras", "cerebras-gpt", "Cerebras-GPT", ""),
    (r"chatglm-6b", "chatglm", "ChatGLM-6B", ""), (r"chatglm2", "chatglm", "ChatGLM2-6B", ""),
    (r"chatglm3", "chatglm", "ChatGLM3-6B", ""), (r"glm-130b", "glm-130b", "GLM-130B", ""),
    (r"glm-4-9b$", "glm-4", "GLM-4-9B", ""), (r"glm-4\.", "glm-4", "GLM-4.5", ""), (r"glm-4", "glm-4", "", ""),
    (r"glm-5", "glm-5", "", ""), (r"pangu", "pangu-alpha", "", ""),
    (r"baichuan-7b", "baichuan", "Baichuan-7B", ""), (r"baichuan-13b", "baichuan", "Baichuan-13B", ""),
    (r"baichuan2", "baichuan", "Baichuan 2", ""), (r"yi-", "yi", "Yi / Yi-9B", ""),
    (r"glm-z1", "glm-4", "", ""), (r"codeqwen", "qwen1.5", "", ""), (r"qwq", "qwen2.5", "Qwen2.5", ""), (r"qwen3\.8", "qwen3.5", "", ""),
    (r"aya", "command-r", "", ""), (r"devstral", "mistral", "", ""), (r"moonlight", "kimi", "", ""),
    (r"baichuan-m", "baichuan", "", ""), (r"k-exaone", "exaone", "", ""), (r"seed-oss", "seed-oss", "", ""),
    (r"solar", "solar", "", ""), (r"minicpm", "minicpm", "", ""), (r"eurollm", "eurollm", "", ""),
    (r"afm|trinity", "arcee", "", ""), (r"jamba2", "jamba", "", ""), (r"mistral-7b-v0.2", "mistral", "", ""),
    (r"qwen1\.5", "qwen1.5", "Qwen1.5", ""), (r"qwen2\.5", "qwen2.5", "Qwen2.5", ""), (r"qwen2-", "qwen2", "Qwen2", ""),
    (r"qwen3\.[56]", "qwen3.5", "Qwen3.5 / 3.6", ""), (r"qwen3-vl", "qwen3-vl", "", ""),
    (r"qwen3", "qwen3", "Qwen3", ""), (r"qwen-", "qwen", "Qwen (1)", ""),
    (r"deepseek-llm|deepseek-moe", "deepseek", "DeepSeek LLM", ""), (r"deepseek-v2", "deepseek", "DeepSeek-V2", ""),
    (r"deepseek-(v3|r1)$", "deepseek", "DeepSeek-V3 / R1", ""), (r"deepseek", "deepseek", "", ""),
    (r"gemma-[27]b", "gemma", "Gemma (1)", ""), (r"gemma-2-", "gemma", "Gemma 2", ""),
    (r"gemma-3-", "gemma", "Gemma 3", ""), (r"gemma", "gemma", "", ""),
    (r"grok-1", "grok", "Grok-1", ""), (r"grok", "grok", "", ""), (r"dream", "dream", "", ""),
    (r"palm", "palm", "", "closed"), (r"chinchilla", "chinchilla", "", "closed"),
    (r"phi-2", "phi", "Phi-2", ""), (r"phi-3-mini", "phi", "Phi-3-mini", ""), (r"phi-4$", "phi", "Phi-4", ""),
    (r"phi", "phi", "", ""), (r"stablelm", "stablelm", "", ""), (r"mpt", "mpt", "MPT", ""),
    (r"starcoder2", "starcoder", "StarCoder2", ""), (r"starcoder", "starcoder", "StarCoder", ""),
    (r"command", "command-r", "Command R / R+", ""), (r"internlm-", "internlm", "InternLM 7B / 20B", ""),
    (r"internlm2", "internlm", "InternLM2 / 2.5", ""), (r"internlm3", "internlm", "InternLM3 8B", ""),
    (r"olmo-7b", "olmo", "OLMo 1 (7B)", ""), (r"olmo-2", "olmo", "OLMo 2", ""), (r"olmo", "olmo", "", ""),
    (r"smollm2", "smollm", "SmolLM2", ""), (r"smollm", "smollm", "", ""), (r"granite-3", "granite", "Granite 3.x", ""),
    (r"granite", "granite", "", ""), (r"mamba", "mamba", "", ""), (r"jamba", "jamba", "Jamba", ""),
    (r"rwkv-[567]", "rwkv-world", "", ""), (r"ling-|ring-|llada2", "ling", "", ""), (r"llada", "llada", "", ""),
    (r"spark-x", "spark", "", ""), (r"k2-horizon", "k2-horizon", "", ""), (r"motif", "motif", "", ""), (r"sdar", "sdar", "", ""),
    (r"longcat", "longcat", "", ""), (r"intern-s", "intern-s", "", ""), (r"alice", "alice", "", ""), (r"xing", "xing", "", ""),
    (r"gigachat", "gigachat", "", ""), (r"hymba", "hymba", "", ""), (r"gravity", "gravity", "", ""), (r"snowflake", "arctic", "", ""), (r"ouro", "ouro", "", ""), (r"sarvam", "sarvam", "", ""), (r"plamo", "plamo", "", ""),
    (r"smallthinker", "smallthinker", "", ""), (r"nanbeige", "nanbeige", "", ""), (r"internvl", "internvl", "", ""),
    (r"rwkv", "rwkv", "RWKV-4 Pile", ""), (r"zamba", "zamba", "", ""), (r"lfm", "lfm2", "", ""),
    (r"bamba", "bamba", "", ""), (r"nemotron", "nemotron", "", ""), (r"dbrx", "dbrx", "DBRX", ""),
    (r"kimi-k2$", "kimi", "Kimi K2", ""), (r"kimi", "kimi", "", ""),
    (r"minimax-text", "minimax", "MiniMax-Text-01", ""), (r"minimax", "minimax", "", ""),
    (r"exaone", "exaone", "", ""), (r"ernie", "ernie", "", ""), (r"hunyuan|hy3", "hunyuan", "", ""),
    (r"mimo", "mimo", "", ""), (r"step", "step", "", ""), (r"apertus", "apertus", "", ""),
]  # fmt: skip

# licence text of the facts -> (id in catalog/licences.yaml, whether the assignment is uncertain)
LICENCES = {
    "Apache-2.0": ("Apache-2.0", False), "MIT": ("MIT", False), "CC-BY-NC-4.0": ("CC-BY-NC-4.0", False),
    "CC-BY-SA-4.0": ("CC-BY-SA-4.0", False), "Llama-2-Community": ("llama2", False),
    "Llama-3-Community": ("llama3", False), "Llama-3.1-Community": ("llama3.1", False),
    "Llama-3.2-Community": ("llama3.2", False), "Llama-3.3-Community": ("llama3.3", False),
    "Llama-4-Community": ("llama4", False), "LLaMA non-commercial": ("llama1", False),
    "LLaMA non-commercial (bespoke)": ("llama1", False), "LLaMA non-commercial (research)": ("llama1", False),
    "Apache-2.0 (LoRA); LLaMA non-commercial (base)": ("llama1", False),
    "Tongyi-Qianwen-License": ("tongyi-qianwen", False),
    "Tongyi-Qianwen-Research-License": ("tongyi-qianwen-research", False), "Qwen-Research-License": ("qwen-research", False),
    "Gemma-Terms-of-Use": ("gemma", False), "OPT-175B-License (non-commercial)": ("opt-175b", False),
    "Falcon-LLM-License": ("falcon-llm", False), "Falcon-180B-TII-License": ("falcon-180b", False),
    "Falcon-Mamba-7B-License": ("falcon-llm", True), "DeepSeek-Model-License": ("deepseek", False),
    "BigScience-BLOOM-RAIL-1.0": ("bigscience-bloom-rail-1.0", False),
    "BigScience-BLOOM-RAIL-1.0 (base)": ("bigscience-bloom-rail-1.0", False),
    "Apache-2.0 (code); BLOOM RAIL (weights)": ("bigscience-bloom-rail-1.0", False),
    "BigCode-OpenRAIL-M": ("bigcode-openrail-m", False),
    "Apache-2.0 (code); InternLM license (weights)": ("internlm", True),
    "NVIDIA-Open-Model-License": ("nvidia-open-model", False),
    "NVIDIA-Nemotron-Open-Model-License": ("nvidia-open-model", True),
    "NVIDIA-Internal-Scientific-Research-and-Development": ("nvidia-research", False),
    "LFM-1.0": ("lfm-1.0", False), "EXAONE-NC-License": ("exaone-nc", False),
    "Baichuan Community License": ("baichuan", False), "Tencent-Hunyuan-License": ("tencent-hunyuan", True),
    "Tencent-Hunyuan-A13B-License": ("tencent-hunyuan", True), "Proprietary": ("proprietary", False),
    "Modified-MIT": ("modified-mit", False), "Apache-2.0 (was Yi License)": ("Apache-2.0", False),
    "Mistral-Research-License": ("mistral-research", False), "Jamba-Open-Model-License": ("jamba-open", False),
    "ChatGLM-6B Model License": ("chatglm", False), "ChatGLM2-6B Model License": ("chatglm", False),
    "ChatGLM3-6B Model License": ("chatglm", False), "GLM-4-9B License": ("glm-4", False),
    "GLM-130B License": ("glm-130b", False),
    "Stability-AI-Non-Commercial/Community": ("stabilityai-community", True), "MiniMax-Model-License": ("minimax", True),
    "MiniMax-Community-License": ("minimax", True), "Databricks-Open-Model-License": ("databricks-dbrx", False),
    "Qwen3.8-Max-License": ("qwen3.8-max", False), "K-EXAONE-License": ("k-exaone", False),
    "Upstage-Solar-License": ("upstage-solar", False), "OpenMDW-1.1": ("OpenMDW-1.1", False),
    "Kimi-K3-License": ("kimi-k3", False), "MiniMax-M2.7-License": ("minimax-m2.7", False),
    "GLM-5.3-License": ("glm-5.3", False), "Mistral-Medium-3.5-License": ("mistral-medium-3.5", True), "Grok-2 Community License": ("grok-2", True),
}  # fmt: skip

# Display names as their makers write them: (pattern, replacement), in this order
NAMES = [
    (r"\bV(\d)", r"v\1"), (r"\b(\d+)X(\d+B)", r"\1x\2"), (r"\bGPT (\d|J|Neo)", r"GPT-\1"), (r"\bXl\b", "XL"),
    (r"GPT Oss (\d+)B", r"gpt-oss-\1b"), (r"Cerebras GPT", "Cerebras-GPT"), (r"^GLM (130B|\d)", r"GLM-\1"),
    (r"^(ChatGLM\d?) 6B", r"\1-6B"), (r"^DeepSeek (v\d\S*|R1)", lambda match: f"DeepSeek-{match[1].capitalize()}"),
    (r"R1 Distill (\w+) ", r"R1-Distill-\1 "), (r"^DeepSeek MoE", "DeepSeekMoE"), (r"^PanGu Alpha", "PanGu-α"),
    (r"^Chinese (Llama|Alpaca)", r"Chinese-\1"), (r"^Vicuna (7|13)B$", r"Vicuna \1B v1.5"), (r"^WizardLM 13B$", "WizardLM 13B v1.2"), (r"^Falcon H1", "Falcon-H1"), (r"^Grok (\d)", r"Grok-\1"),
    (r"^Phi (\d)", r"Phi-\1"), (r"^RedPajama INCITE", "RedPajama-INCITE"), (r"^Open Llama", "OpenLLaMA"),
    (r"^BELLE Llama", "BELLE-LLaMA"), (r"^RWKV (\d)", r"RWKV-\1"), (r"4e1t", "4E1T"), (r"^Qwen1.5 MoE", "Qwen1.5-MoE"),
    (r"^Qwen3 (Next|VL)", r"Qwen3-\1"), (r"^StableLM Base Alpha", "StableLM-Base-Alpha"), (r"^Nemotron (4|H)\b", r"Nemotron-\1"),
    (r"^MiniMax (M\d\S*|Text)", r"MiniMax-\1"), (r"^MiniMax-Text 01", "MiniMax-Text-01"), (r"^Llama 3.3 Nem", "Llama-3.3-Nem"),
    (r"^Codeqwen", "CodeQwen"), (r"^Qwq", "QwQ"), (r"(?<=\d)t A", "T A"), (r"^Lfm", "LFM"), (r"^(GLM|Phi) (Z1)", r"\1-\2"),
    (r"^K EXAONE", "K-EXAONE"), (r"^Kimi Dev", "Kimi-Dev"), (r"^Llama 3 Chinese", "Llama-3-Chinese"), (r"^Afm", "AFM"),
    (r"^(Qwen(?:2\.5|3)) Coder", r"\1-Coder"), (r"^Minicpm", "MiniCPM"), (r"^Eurollm", "EuroLLM"), (r"Mistral Nemo Min", "Mistral-NeMo-Min"),
    (r"^Seed Oss", "Seed-OSS"), (r"^Alice Ai", "Alice AI"), (r"^Gigachat", "GigaChat"), (r"^Intern S1 Mini", "Intern-S1-mini"), (r"^Intern S", "Intern-S"), (r"^Solar (\d)", r"SOLAR-\1"), (r"^Command R Plus", "Command R+"),
    (r"^Mamba2", "Mamba-2"), (r"^Step (\d)", r"Step-\1"), (r"^GLM-4\.(\d)V\b", r"GLM-4.\1V"), (r"^GLM-4\.(\d)v\b", r"GLM-4.\1V"),
    (r"^Mellum2", "Mellum 2"), (r"^Qwen(2\.5|2) VL", r"Qwen\1-VL"), (r"^Hermes (\S+) (\d)", r"Hermes \1 \2"), (r"^(Phi) (Tiny|Mini) MoE", r"Phi-\2-MoE"),
]  # fmt: skip

# (model, benchmark) -> why a published row is not taken over
BENCHMARKS_LEFT_OUT = {
    ("code-llama-34b", "HellaSwag"): "31.8 is near chance: the board ran a broken checkpoint",
    ("code-llama-34b", "ARC-C"): "37.5, from the same run",
    ("deepseek-llm-7b", "HellaSwag"): "30.4 is near chance, against 75 in the makers' report",
}

# Licences that the facts have differently; why: (licence, source)
LICENCE_CORRECTIONS = {
    "minimax-m2": ("minimax-m2", "https://github.com/MiniMax-AI/MiniMax-M2/blob/2e575ef/LICENSE"),
    "minimax-m2.1": ("minimax-m2.1", "https://github.com/MiniMax-AI/MiniMax-M2.1/blob/a878624/LICENSE"),
    "minimax-m2.5": ("minimax", "https://github.com/MiniMax-AI/MiniMax-M2.5/blob/0fe00c8/LICENSE-MODEL"),
    "granite-3.0-2b": (
        "Apache-2.0",
        "Hub metadata, llmfit@1.1.17: ibm-granite/granite-3.0-2b-instruct license=apache-2.0",
    ),
    "granite-3.3-8b": (
        "Apache-2.0",
        "Hub metadata, llmfit@1.1.17: ibm-granite/granite-3.3-8b-instruct license=apache-2.0",
    ),
    "falcon-h1-1.5b-deep": (
        "falcon-llm",
        "Hub metadata, llmfit@1.1.17: tiiuae/Falcon-H1-1.5B-Deep-Instruct license=falcon-llm-license",
    ),
    "nemotron-3-ultra-550b-a55b": (
        "OpenMDW-1.1",
        "Hub metadata, llmfit@1.1.17: nvidia/NVIDIA-Nemotron-3-Ultra-550B-A55B-BF16 license=openmdw-1.1",
    ),
    "deepseek-v3": ("deepseek", "https://github.com/deepseek-ai/DeepSeek-V3/blob/9b4e9788e4a3/LICENSE-MODEL"),
    "chinese-llama-2-7b": ("llama2", "inherits the licence of Llama 2"),
    "chinese-llama-2-13b": ("llama2", "inherits the licence of Llama 2"),
    "deepseek-r1-distill-llama-8b": (
        "llama3.1",
        "https://github.com/deepseek-ai/DeepSeek-R1/blob/0cf78561f1d5/README.md (MIT on top of the base's licence)",
    ),
    "deepseek-r1-distill-llama-70b": (
        "llama3.3",
        "https://github.com/deepseek-ai/DeepSeek-R1/blob/0cf78561f1d5/README.md (MIT on top of the base's licence)",
    ),
}

ORGANIZATIONS = {
    "spelling": {
        "Glm": "GLM", "Gpt": "GPT", "Opt": "OPT", "Bloom": "BLOOM", "Mpt": "MPT", "Llm": "LLM", "Moe": "MoE",
        "Redpajama": "RedPajama", "Incite": "INCITE", "Deepseek": "DeepSeek", "Chatglm": "ChatGLM",
        "Chatglm2": "ChatGLM2", "Chatglm3": "ChatGLM3", "Tinyllama": "TinyLlama", "Internlm": "InternLM",
        "Internlm2": "InternLM2", "Internlm2.5": "InternLM2.5", "Internlm3": "InternLM3", "Starcoder": "StarCoder",
        "Starcoder2": "StarCoder2", "Stablelm": "StableLM", "Smollm": "SmolLM", "Smollm2": "SmolLM2",
        "Smollm3": "SmolLM3", "Olmo": "OLMo", "Olmoe": "OLMoE", "Exaone": "EXAONE", "Ernie": "ERNIE", "Rwkv": "RWKV",
        "Lfm2": "LFM2", "Dbrx": "DBRX", "Wizardlm": "WizardLM", "Belle": "BELLE", "Xuanyuan": "XuanYuan",
        "Minimax": "MiniMax", "Mimo": "MiMo", "Neox": "NeoX", "Palm": "PaLM", "Pangu": "PanGu", "Vl": "VL", "Llada": "LLaDA", "Sdar": "SDAR", "Longcat": "LongCat", "Llada2.0": "LLaDA2.0", "Plamo": "PLaMo", "Smallthinker": "SmallThinker",
        "Internvl3": "InternVL3", "Internvl3.5": "InternVL3.5", "Minicpm4": "MiniCPM4",
    },
}  # fmt: skip

# (pattern of ids, row of the licence table that someone read)
LICENCE_ROWS = [
    (r"llama-(7|13|30|65)b$", "LLaMA (1) 7B/13B/33B/65B"), (r"code-llama", "Code Llama"), (r"alpaca", "Alpaca (7B, 13B)"),
    (r"vicuna-(7|13)b$", "Vicuna v1.5 (7B, 13B, 16k)"), (r"vicuna", "Vicuna v0-v1.3 (7B, 13B, 33B)"), (r"koala", "Koala 13B"),
    (r"wizardlm-7b", "WizardLM 7B/13B v1.0-1.1, 30B"), (r"wizardlm", "WizardLM 13B v1.2, 70B v1.0"),
    (r"belle-llama", "BELLE-LLaMA"), (r"belle-7b|bloom", "BLOOM"), (r"xuanyuan", "XuanYuan"),
    (r"chinese-(llama|alpaca)-\d+b", "Chinese-LLaMA/Alpaca (v1)"), (r"opt-", "OPT 125M-66B"), (r"gpt-j", "GPT-J 6B"),
    (r"gpt-neox", "GPT-NeoX-20B"), (r"pythia", "Pythia 70M-12B"), (r"cerebras", "Cerebras-GPT"),
    (r"redpajama", "RedPajama-INCITE"), (r"dolly", "Dolly v2 3B/7B/12B"),
    (r"mpt-7b", "MPT-7B, MPT-30B (base), MPT-7B-StoryWriter"), (r"falcon-(7|40)b$", "Falcon 7B/40B (+instruct), Falcon-RW"),
    (r"falcon-180b", "Falcon 180B"), (r"qwen-1.8b", "Qwen 1.8B"), (r"qwen-", "Qwen 7B/14B/72B"),
    (r"deepseek-(llm|moe|coder|v2)",
     "DeepSeek LLM 7B/67B, DeepSeekMoE, DeepSeek-Coder, DeepSeek-V2/V2.5, Coder-V2, V3 (Dec 2024)"),
    (r"chatglm-6b", "ChatGLM-6B"), (r"chatglm2", "ChatGLM2-6B"), (r"chatglm3", "ChatGLM3-6B"), (r"glm-130b", "GLM-130B"),
    (r"glm-4-9b$", "GLM-4-9B"), (r"baichuan-7b", "Baichuan-7B"), (r"baichuan-13b", "Baichuan-13B"),
    (r"baichuan2", "Baichuan 2 7B/13B"), (r"yi-", "Yi 6B/9B/34B, Yi-1.5"), (r"grok-1", "Grok-1"),
    (r"phi-", "Phi-1, Phi-1.5, Phi-2, Phi-3, Phi-3.5, Phi-4"), (r"rwkv", "RWKV-4/5/6/7"), (r"dbrx", "DBRX"),
    (r"stablelm-(base|3b)", "StableLM-Base-Alpha, StableLM-3B-4E1T"), (r"nemotron-4-340b", "Nemotron-4 340B"),
    (r"starcoder-", "StarCoder, StarCoderBase, SantaCoder"),
]  # fmt: skip

# A statement of the tokenizer table -> the same with the codes of languages first, where their makers list them
LANGUAGES = {
    "46 natural + 13 programming; simplified Chinese 16.2% of the corpus":
        "ak, ar, as, bm, bn, ca, en, es, eu, fon, fr, gu, hi, id, ig, ki, kn, lg, ln, ml, mr, ne, nso, ny, or, pa, pt, rn,"
        " rw, sn, st, sw, ta, te, tn, ts, tum, tw, ur, vi, wo, xh, yo, zh, zu; 13 programming languages",
    "10 optimised incl. zh, 23 in pretraining": "en, fr, es, it, de, pt, ja, ko, zh, ar; 23 in pretraining",
    "18 incl. Chinese": "ar, cs, de, en, es, fr, hi, it, ja, ko, nl, pl, pt, ro, ru, sv, ur, zh",
    "140+ incl. zh": "en, zh and 140 more", "12 incl. zh": "en, de, es, fr, ja, pt, ar, cs, it, ko, nl, zh",
    "8, as 3.1": "en, de, fr, it, pt, hi, es, th",
    "12 listed (Chinese not listed); 200 in data": "ar, de, en, es, fr, hi, id, it, pt, th, tl, vi; 200 in the data",
    "multilingual incl. zh": "en, zh and more", "10+ incl. zh": "en, fr, de, es, it, pt, zh, ja, ru, ko",
    "11 incl. zh": "en, fr, de, es, it, pt, ru, zh, ja; 11 stated", "12+ evaluated incl. zh": "en, zh; 12 more evaluated",
    "~30 incl. zh": "en, zh; about 30 stated", "29+ incl. zh": "en, zh; 29 stated", "119 incl. zh": "en, zh; 119 stated",
    "201 stated incl. zh": "en, zh; 201 stated",
}  # fmt: skip

# (row of the tokenizer table, field) -> where what stands above was read
MORE_SOURCES = {
    (
        "BLOOM",
        "languages",
    ): "https://huggingface.co/bigscience/bloom/blob/8ffc30e8203886158445cbc08e88b1b4e894c035/README.md"
}

_CONFIGS = "ai-dynamo/aiconfigurator:aic-core/src/aiconfigurator_core/model_configs"

# Packed weights as the makers publish them: (format in catalog/formats/packed.yaml, where it says so). Models that are
# published in 16 bits with a packed sibling are not here.
NATIVE_FORMATS = {
    **{model: ("MXFP4", f"{_CONFIGS}/openai--{model}_config.json: quantization_config") for model in ("gpt-oss-20b", "gpt-oss-120b")},
    **{model: ("FP8-block", f"{_CONFIGS}/{name}_config.json: quantization_config") for model, name in (
        ("deepseek-v3", "deepseek-ai--DeepSeek-V3"), ("deepseek-r1", "deepseek-ai--DeepSeek-R1"),
        ("deepseek-v3.2", "deepseek-ai--DeepSeek-V3.2"), ("kimi-k2", "moonshotai--Kimi-K2-Instruct"),
        ("mimo-v2-flash", "XiaomiMiMo--MiMo-V2-Flash"), ("minimax-m2.5", "MiniMaxAI--MiniMax-M2.5"),
    )},
    **{model: ("FP8-block", f"{repository}: FP8 scales in the checkpoint (weight_scale_inv)") for model, repository in (
        ("deepseek-r1-0528", "deepseek-ai/DeepSeek-R1-0528"), ("deepseek-v3-0324", "deepseek-ai/DeepSeek-V3-0324"),
        ("deepseek-v3.1", "deepseek-ai/DeepSeek-V3.1"), ("deepseek-v3.2-exp", "deepseek-ai/DeepSeek-V3.2-Exp"),
        ("minimax-m2.1", "MiniMaxAI/MiniMax-M2.1"),
    )},
    "minimax-m2": ("FP8-block", "whn09/neuronx-distributed-inference:examples/minimax_m2_misc/SUMMARY.md (the checkpoint's dtypes)"),
    **{model: ("FP8-block-MXFP4", f"{_CONFIGS}/deepseek-ai--{name}_config.json: quantization_config, expert_dtype fp4")
       for model, name in (("deepseek-v4-flash", "DeepSeek-V4-Flash"), ("deepseek-v4-pro", "DeepSeek-V4-Pro"))},
    "kimi-k2.5": ("W4A16-experts", f"{_CONFIGS}/moonshotai--Kimi-K2.5_config.json: quantization_config"),
    "kimi-k3": ("MXFP4", f"{_CONFIGS}/moonshotai--Kimi-K3_config.json: quantization_config"),
    **{model: ("W4A16-experts", f"https://huggingface.co/moonshotai/{name}: a scale per 32 expert weights, as kimi-k2.5")
       for model, name in (("kimi-k2.6", "Kimi-K2.6"), ("kimi-k2.7-code", "Kimi-K2.7-Code"))},
}  # fmt: skip
