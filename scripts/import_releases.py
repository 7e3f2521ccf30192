"""Hand-made tables of `import_facts`: repositories of the same shape, variants, aliases that people type."""

import re

MORE_REPOSITORIES = {
    "bloom-176b": ["bigscience/bloomz"], "bloom-560m": ["bigscience/bloomz-560m"], "bloom-1b1": ["bigscience/bloomz-1b1"],
    "bloom-1b7": ["bigscience/bloomz-1b7"], "bloom-3b": ["bigscience/bloomz-3b"],
    "bloom-7b1": ["bigscience/bloomz-7b1", "bigscience/bloomz-7b1-mt"],
    "baichuan-13b": ["baichuan-inc/Baichuan-13B-Chat"], "baichuan2-7b": ["baichuan-inc/Baichuan2-7B-Chat"],
    "falcon-7b": ["tiiuae/falcon-7b-instruct"], "falcon-mamba-7b": ["tiiuae/falcon-mamba-7b-instruct"],
    "qwen-7b": ["Qwen/Qwen-7B-Chat"], "qwen-72b": ["Qwen/Qwen-72B-Chat"], "qwen-1.8b": ["Qwen/Qwen-1_8B-Chat"],
    "code-llama-70b": ["codellama/CodeLlama-70b-Instruct-hf"],
    "deepseek-coder-6.7b": ["deepseek-ai/deepseek-coder-6.7b-instruct"],
    "llama-3.2-90b-vision": ["meta-llama/Llama-3.2-90B-Vision-Instruct"],
    "dream-7b": ["Dream-org/Dream-v0-Instruct-7B"], "smollm3-3b": ["HuggingFaceTB/SmolLM3-3B-Base"],
    "smollm2-135m": ["HuggingFaceTB/SmolLM2-135M-Instruct"], "llama-2-7b": ["meta-llama/Llama-2-7b"],
    "llama-2-13b": ["meta-llama/Llama-2-13b"], "llama-2-70b": ["meta-llama/Llama-2-70b"],
    "llama-3-8b": ["meta-llama/Meta-Llama-3-8B"], "llama-3-70b": ["meta-llama/Meta-Llama-3-70B"],
    "llama-3.1-8b": ["meta-llama/Llama-3.1-8B", "meta-llama/Meta-Llama-3.1-8B", "meta-llama/Meta-Llama-3.1-8B-Instruct"],
    "llama-3.1-70b": ["meta-llama/Llama-3.1-70B", "meta-llama/Meta-Llama-3.1-70B", "meta-llama/Meta-Llama-3.1-70B-Instruct"],
    "qwen2-57b-a14b": ["Qwen/Qwen2-57B-A14B-Instruct"], "qwen1.5-moe-a2.7b": ["Qwen/Qwen1.5-MoE-A2.7B-Chat"],
    "kimi-linear-48b-a3b": ["moonshotai/Kimi-Linear-48B-A3B-Instruct"],
    "gemma-3n-e2b": ["google/gemma-3n-E2B-it"], "gemma-3n-e4b": ["google/gemma-3n-E4B-it"],
    "rwkv-7-1.5b": ["RWKV/RWKV7-Goose-World3-1.5B-HF"], "rwkv-7-0.4b": ["RWKV/RWKV7-Goose-World2.9-0.4B-HF"],
    "rwkv-7-2.9b": ["fla-hub/rwkv7-2.9B-world"], "minimax-m1": ["MiniMaxAI/MiniMax-M1-80k"],
    "gigachat-3.5-432b-a28b": ["ai-sage/GigaChat3.5-432B-A28B-Reasoning"], "xing-4.0-29b-a4b": ["XingChen-AGI/Xing4.0-29B-A4B-FP8"],
    "kimi-vl-a3b": ["moonshotai/Kimi-VL-A3B-Thinking", "moonshotai/Kimi-VL-A3B-Thinking-2506"],
    "llada-8b": ["GSAI-ML/LLaDA-8B-Base"], "mimo-v2.5": ["XiaomiMiMo/MiMo-V2.5-Base"], "mpt-30b": ["mosaicml/mpt-30b-chat", "mosaicml/mpt-30b-instruct"],
    "stablelm-2-1.6b": ["stabilityai/stablelm-2-1_6b-chat"], "nemotron-4-340b": [],
}  # fmt: skip

ALIASES = {
    "llama-7b": ["llama1-7b", "llama-1-7b"], "llama-13b": ["llama1-13b", "llama-1-13b"],
    "llama-30b": ["llama-33b", "llama1-30b", "llama-1-30b"], "llama-65b": ["llama1-65b", "llama-1-65b"],
    "llama-3.1-8b": ["llama3.1"], "llama-3.2-3b": ["llama3.2"], "llama-3.3-70b": ["llama3.3"], "llama-3-8b": ["llama3"],
    "llama-2-7b": ["llama2"], "mistral-7b-v0.1": ["mistral-7b", "mistral"], "mistral-nemo-12b": ["mistral-nemo", "nemo-12b"],
    "mistral-large-2-123b": ["mistral-large-2"], "mixtral-8x7b": ["mixtral"], "mistral-small-3-24b": ["mistral-small-24b"],
    "bloom-176b": ["bloom"], "bloom-7b1": ["bloom-7b"], "opt-175b": ["opt"], "gpt-j-6b": ["gpt-j", "gptj"],
    "gpt-neox-20b": ["gpt-neox", "neox-20b"], "gpt-3-175b": ["gpt-3"], "gpt-2": ["gpt-2-small", "gpt-2-124m"],
    "gpt-2-xl": ["gpt-2-1.5b"], "gpt-oss-20b": ["gpt-oss"], "palm-540b": ["palm"], "chinchilla-70b": ["chinchilla"],
    "grok-1": ["grok", "grok-314b"], "grok-2": ["grok-270b"], "dbrx-132b": ["dbrx"], "dream-7b": ["dream", "dream-v0-7b"],
    "dolly-v2-12b": ["dolly-2.0", "dolly-2.0-12b", "dolly-12b", "dolly"], "dolly-v2-7b": ["dolly-7b"],
    "dolly-v2-3b": ["dolly-3b"], "redpajama-incite-7b": ["redpajama-7b"], "redpajama-incite-3b": ["redpajama-3b"],
    "alpaca-7b": ["alpaca", "stanford-alpaca-7b"], "koala-13b": ["koala"], "command-r-plus": ["command-r+"], "glm-4.7-flash": ["glm-4.7-30b-a3b"],
    "qwen3.8-2.4t-a95b": ["qwen3.8-max"], "deepseek-coder-v2": ["deepseek-coder-v2-236b"], "deepseek-coder-v2-lite": ["deepseek-coder-v2-16b"],
    "falcon-2-11b": ["falcon2-11b", "falcon-11b"], "solar-10.7b": ["solar"], "deepseek-r1-distill-qwen-14b": ["deepseek-r1-14b"], "belle-7b": ["belle-bloom-7b"],
    "belle-llama-7b": ["belle"], "wizardlm-13b": ["wizardlm-13b-v1.2"], "wizardlm-7b": ["wizardlm-7b-v1.0"],
    "vicuna-13b": ["vicuna-13b-v1.5"], "vicuna-7b": ["vicuna-7b-v1.5", "vicuna"], "vicuna-33b": ["vicuna-33b-v1.3"],
    "xuanyuan-176b": ["xuanyuan", "xuanyuan-2.0"], "chatglm-6b": ["chatglm", "chatglm1-6b"], "chatglm2-6b": ["chatglm2"],
    "chatglm3-6b": ["chatglm3"], "glm-130b": ["chatglm-130b"], "glm-4-9b": ["chatglm4-9b", "glm-4"],
    "chinese-llama-2-7b": ["chinese-llama2-7b"], "chinese-alpaca-7b": ["chinese-llama-alpaca-7b"],
    "pangu-alpha-200b": ["pangu-alpha"], "yi-34b": ["yi"], "deepseek-r1-distill-llama-70b": ["deepseek-r1-70b"],
    "deepseek-r1-distill-llama-8b": ["deepseek-r1-8b"], "deepseek-r1-distill-qwen-1.5b": ["deepseek-r1-1.5b"],
    "deepseek-r1-distill-qwen-7b": ["deepseek-r1-7b"], "deepseek-r1-distill-qwen-32b": ["deepseek-r1-32b"],
    "deepseek-r1": ["deepseek-r1-671b"], "deepseek-v3": ["deepseek-v3-671b"], "deepseek-moe-16b": ["deepseekmoe-16b"],
    "deepseek-v2-lite": ["deepseek-v2-16b"], "deepseek-v2": ["deepseek-v2-236b"], "deepseek-llm-7b": ["deepseek-7b"],
    "deepseek-llm-67b": ["deepseek-67b"], "phi-3-mini": ["phi-3", "phi-3-3.8b"], "phi-4": ["phi-4-14b"],
    "phi-2": ["phi-2-2.7b"], "tinyllama-1.1b": ["tinyllama"], "olmo-7b": ["olmo-1-7b"], "command-r-35b": ["command-r"],
    "starcoder-15b": ["starcoder"], "codegemma": [], "falcon-180b": ["falcon180b"], "gemma-2b": ["gemma-1-2b"],
    "gemma-7b": ["gemma-1-7b"], "qwen-7b": ["qwen-1-7b"], "qwen-14b": ["qwen-1-14b"], "qwen-72b": ["qwen-1-72b"],
    "kimi-k2": ["kimi-k2-instruct"], "jamba-v0.1": ["jamba"], "mpt-7b": ["mpt"], "open-llama-7b": ["openllama-7b"],
}  # fmt: skip

LEFT_OUT: set[str] = set()
"""Models whose weights cannot be counted exactly yet."""

# Names of exceptions to "the published count explains the computed one", with the reason.
EXCEPTIONS = {
    "ministral-3-3b": "3.4B of language and 0.4B of vision, as the makers count them",
    "qwen2.5-vl-3b": "named after its language model",
    "granite-3.0-2b": "2.5B rounded down in the name",
    "granite-3.1-1b-a400m": "1.3B rounded down in the name",
    **dict.fromkeys(("granite-3.1-2b", "granite-3.3-2b"), "2.5B rounded down in the name"),
    "granite-4.0-1b": "1.6B rounded down in the name",
    "granite-4.0-h-1b": "1.5B rounded down in the name",
}

DERIVATIONS = {
    **dict.fromkeys(("deepseek-v3.2", "deepseek-v3.2-exp"), "a sparse indexer in every layer"),
    "llama-3.1-nemotron-nano-4b": "pruned: hidden size, feed-forward width and heads' total width",
    "llama-3.3-nemotron-super-49b": "found by architecture search: attention left out and feed-forward narrowed in many layers",
    "mistral-nemo-minitron-8b": "pruned: hidden size 5120 to 4096, feed-forward width 14336 to 11520",
}
"""What makers changed in the shape of the original."""

CHECKPOINT_STORES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys((
        "alpaca-7b", "chinese-alpaca-33b", "llama-13b", "llama-2-13b", "llama-2-70b", "llama-2-7b",
        "llama-30b", "llama-65b", "llama-7b", "pythia-70m", "redpajama-incite-3b",
    ), ("rotary_emb.inv_freq",)),
    **dict.fromkeys((
        "chatglm2-6b", "chatglm3-6b",
    ), ("rotary_pos_emb.inv_freq",)),
    **dict.fromkeys((
        "deepseek-r1", "deepseek-v3.2", "glm-4.5", "glm-4.5-air", "glm-4.7", "glm-4.7-flash",
    ), ("mtp", "mtp.embed_tokens.weight", "mtp.lm_head.weight", "e_score_correction_bias")),
    **dict.fromkeys((
        "deepseek-r1-0528", "deepseek-v3-0324", "deepseek-v3.1", "deepseek-v3.1-terminus", "deepseek-v3.2-exp",
    ), ("mtp", "mtp.embed_tokens.weight", "mtp.lm_head.weight", "e_score_correction_bias", "weight_scale_inv")),
    **dict.fromkeys(("rwkv-7-1.5b", "rwkv-7-7.2b", "rwkv-7-13.3b"), ("attn.v_lora",)),
    **dict.fromkeys((
        "ling-mini-2.0", "ling-flash-2.0", "ling-1t", "ling-3.0-tiny", "ring-2.5-1t", "llada2.0-mini", "sarvam-30b",
        "sarvam-105b", "solar-open-2-250b", "gravity-16b-a3b", "gravity-30b-a5b",
    ), ("e_score_correction_bias",)),
    "alice-ai-80b-a3b": ("mtp", "e_score_correction_bias"),
    "xing-4.0-29b-a4b": ("mtp.block", "mtp.gate.bias", "mtp.emb_and_head.weight", "e_score_correction_bias"),
    "gigachat-3.5-432b-a28b": ("mtp.block", "mtp.emb_and_head.weight", "e_score_correction_bias"),
    "kimi-vl-a3b": ("e_score_correction_bias", "rotary_emb.inv_freq"),
    "lfm2.5-8b-a1b": ("e_score_correction_bias",), "kimi-linear-48b-a3b": ("e_score_correction_bias",),
    **dict.fromkeys(("lfm2-24b-a2b", "glm-4.5v"), ("e_score_correction_bias",)), "glm-5.3": ("mtp", "e_score_correction_bias"),
    "step-3.5-flash": ("mtp", "mtp.lm_head.weight", "e_score_correction_bias"),
    "minimax-m2": ("e_score_correction_bias",), "minimax-m2.1": ("e_score_correction_bias", "weight_scale_inv"),
    "moonlight-16b-a3b": ("e_score_correction_bias", "rotary_emb.inv_freq"),
    "deepseek-v3": ("mtp", "mtp.embed_tokens.weight", "mtp.lm_head.weight", "e_score_correction_bias", "weight_scale_inv"),
    **dict.fromkeys((
        "gemma-4-e2b", "gemma-4-e4b",
    ), ("shared_kv", "layer_scalar")),
    **dict.fromkeys(("gemma-3n-e2b", "gemma-3n-e4b"), ("shared_kv",)),
    "gemma-4-12b": ("layer_scalar",), "kimi-k3": ("e_score_correction_bias", "A_log"),
    **dict.fromkeys((
        "glm-4.6", "hy3",
    ), ("mtp", "e_score_correction_bias")),
    **dict.fromkeys((
        "glm-5", "glm-5.2",
    ), ("mtp", "e_score_correction_bias", "weight_scale_inv")),
    **dict.fromkeys((
        "gpt-2", "gpt-2-large", "gpt-2-medium", "gpt-2-xl",
    ), ("attn.bias",)),
    **dict.fromkeys((
        "gpt-neo-1.3b", "gpt-neo-125m", "gpt-neo-2.7b",
    ), ("attn.attention.bias",)),
    **dict.fromkeys((
        "gpt-oss-120b", "gpt-oss-20b",
    ), ("experts.scales",)),
    **dict.fromkeys((
        "pythia-14m", "pythia-410m", "pythia-1.4b", "pythia-12b", "pythia-160m", "pythia-1b", "pythia-2.8b", "pythia-6.9b",
    ), ("attention.bias", "rotary_emb.inv_freq")),
    **dict.fromkeys((
        "nemotron-3-ultra-550b-a55b", "qwen3-next-80b-a3b", "qwen3.5-0.8b", "qwen3.5-122b-a10b", "qwen3.5-27b",
        "qwen3.5-2b", "qwen3.5-397b-a17b", "qwen3.5-4b", "qwen3.6-27b", "qwen3.6-35b-a3b", "qwen3.5-9b", "qwen3.5-35b-a3b",
        "qwen3.8-27b", "qwen3.8-2.4t-a95b",
    ), ("mtp",)),
    **dict.fromkeys((
        "falcon-180b", "falcon-40b", "falcon-7b", "gemma-4-26b-a4b", "qwen3-0.6b", "qwen3-1.7b",
    ), ("lm_head.weight",)),
    "kimi-k2": ("e_score_correction_bias", "rotary_emb.inv_freq"),
    **dict.fromkeys(
        ("deepseek-v4-flash", "deepseek-v4-pro"),
        ("ffn.gate.tid2eid", "mtp.0", "mtp.0.gate.bias", "mtp.0.emb_and_head.weight", "scale", "e_score_correction_bias"),
    ),
    "mimo-v2-flash": ("model.mtp.layers", "scales_of_four_shards", "e_score_correction_bias"),
    "minimax-m2.5": ("e_score_correction_bias", "weight_scale_inv"),
    "minimax-m3": ("e_score_correction_bias",),
    "step-3.7-flash": ("mtp", "mtp.lm_head.weight", "e_score_correction_bias"),
}  # fmt: skip
"""What each checkpoint stores beyond the model as it runs, item by item (llmpick.inventory.checkpoint): in sum, to the unit."""

CHECKPOINT_NOTES = {
    **dict.fromkeys(
        ("longcat-flash", "longcat-flash-lite"), "a multi-token-prediction block and router biases are stored"
    ),
    "deepseek-v4.1-flash": "a drafting module, scales of FP8 and FP4 weights and router biases are stored",
    "mistral-small-4": "FP8: a scale of weights and one of activations for each of 36 x 264 linear layers and experts",
    "mimo-v2.5": "multi-token-prediction blocks, FP8 scales and router biases are stored, as by MiMo-V2-Flash",
    "k-exaone-236b-a23b": "a multi-token-prediction block whose layer is dense, and 47 x 128 router biases, are stored",
    "nemotron-3-super-120b-a12b": "a multi-token-prediction block and router biases are stored",
    **dict.fromkeys(
        ("kimi-k2.6", "kimi-k2.7-code"),
        "expert weights are packed with one scale per 32 of them (60 x 384 x 3 x 7168 x 2048 / 32 scales)",
    ),
    "opt-350m": "the checkpoint counted is of the same shape with 50,265 tokens instead of 50,272: 7 rows of 512 fewer",
}

_TUNED = re.compile(
    r"instruct|(?<![a-z])it$|zephyr|bloomz|dolly|alpaca|wizardlm|belle|tulu|sft|granite-4|lfm2|command-r|exaone-4|jamba-large"
    r"|phi-4$|qwen3-\d+b(-a22b)?$|qwen3\.[56]-|ernie.*-pt$",
    re.IGNORECASE,
)
_CHAT = re.compile(
    r"chat|vicuna|koala|deepseek-v3(\.\d)?$|deepseek-v4|glm-4\.[5-9]|glm-4-\d+b-0414|glm-5|grok-2|minimax|kimi-k2\.5|kimi-k3|hy3"
    r"|mimo-v2|step-3|xuanyuan2",
    re.IGNORECASE,
)
_REASONING = re.compile(r"deepseek-r1|thinking|-RL$|gpt-oss|nemotron-(nano|3|super)", re.IGNORECASE)
_CODE = re.compile(r"code|coder|codestral", re.IGNORECASE)
_BASE = re.compile(r"base|-pt$|-pile$|[-_]hf$", re.IGNORECASE)
_ENDING = re.compile(r"[-_](instruct|chat|it|hf|base|pt|sft|thinking|rl)$")
_OTHERS = {"upstage", "Kimi-K2-Thinking"}


def same_shape(repository: str, known: list[str]) -> list[str]:
    """Repositories of ``known`` that differ from ``repository`` only by base, instruct or chat."""
    wanted = _stem(repository)
    return [
        name for name in known if name != repository and _stem(name) == wanted and not _OTHERS & set(name.split("/"))
    ]


def _stem(repository: str) -> str:
    name = re.sub(r"^meta-", "", repository.lower().split("/")[-1]).replace("_", "-")
    while _ENDING.search(name):
        name = _ENDING.sub("", name)
    return re.sub(r"-(instruct|chat|base)-", "-", name)


def variants(repositories: list[str]) -> list[str]:
    """What the repositories hold, by what their makers call them; an unmarked name beside ``-Base`` is tuned."""
    names = [repository.split("/")[-1] for repository in repositories]
    has_base = any(_BASE.search(name) and "hf" not in name.lower()[-3:] for name in names)
    found: set[str] = set()
    for name in names:
        kinds = {kind for kind, pattern in (("chat", _CHAT), ("reasoning", _REASONING), ("instruct", _TUNED))
                 if pattern.search(name)} - ({"instruct", "chat"} if re.search(r"-base$", name, re.IGNORECASE) else set())  # fmt: skip
        if not kinds:
            kinds = {"instruct"} if has_base and not _BASE.search(name) else {"base"}
        found |= kinds | ({"code"} if _CODE.search(name) else set())
    return [kind for kind in ("base", "instruct", "chat", "reasoning", "code") if kind in found]
