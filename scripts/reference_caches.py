"""Elements that each further token adds to the caches, read off the shapes of the key and value projections.

A maintainer's tool, used by reference_counts.py; see README.md in this directory.
"""

import re
from math import prod

Weights = list[tuple[str, tuple[int, ...]]]

FUSED = re.compile(r"(query_key_value|c_attn|\bWqkv|qkv_proj|W_pack)\.weight$")
RECURRENT = re.compile(r"A_log|conv1d|linear_attn|kda|in_proj_ba|output_gate|_conv\.")
RECURRENT_MODULE = re.compile(
    r".*\.self_attn\.(?=(\w+\.)?(A_log|conv1d\.weight|[qkv]_conv1d\.weight|output_gate\.weight)$)"
)
"""The module of linear attention that carries the name of attention (Kimi Linear, MiniMax-01)."""


def cache_elements(config: dict, weights: Weights) -> int | None:
    """Elements cached for each further token (windows unbounded), read off the key and value projections; None where they do not say it."""
    text = config.get("text_config") or config
    heads = next((text[key] for key in ("num_attention_heads", "n_heads", "n_head", "num_heads") if text.get(key)), 0)
    layers: dict[str, Weights] = {}
    for name, shape in weights:
        found = re.search(r"\.(\d+)\.", name)
        if found and not re.search(r"vision|visual|audio|mtp|indexer", name):
            layers.setdefault(name[: found.end()], []).append((name, shape))
    if any("compressor" in name for name, _ in weights):
        return None
    shared = [shape[0] for name, shape in weights if re.search(r"shared_transformer.*\b[kv]_proj\.weight", name)]
    if shared:  # shared blocks: their weights count once, each use has its own cache
        return sum(kind == "hybrid" for kind in text["layers_block_type"]) * sum(shared[:2])
    return sum(layer_elements(rows, heads) for rows in layers.values())


def layer_elements(rows: Weights, heads: int) -> int:
    """One layer's: the latent of MLA, or keys and values (keys twice where no value projection is kept)."""
    shapes = dict(rows)
    latent = [shape[0] for name, shape in rows if re.search(r"kv_a_proj_with_mqa\.weight$", name)]
    keys = [
        shape[0]
        for name, shape in rows
        if re.search(r"\b(k_proj|key_proj)\.weight$", name) and not RECURRENT.search(name)
    ]
    values = [shape[0] for name, shape in rows if re.search(r"\b(v_proj|value_proj)\.weight$", name)]
    fused = [(name, shape) for name, shape in rows if FUSED.search(name)]
    attention_names = " ".join(name for name in shapes if "attn" in name or "attention" in name)
    if latent:
        return latent[0]
    if keys and not RECURRENT.search(attention_names):
        return keys[0] + (values[0] if values else keys[0])
    if fused and not RECURRENT.search(attention_names):
        return fused_elements(rows, fused[0][1], heads)
    return 0


def fused_elements(rows: Weights, shape: tuple[int, ...], heads: int) -> int:
    """What is left of a fused projection beside the queries, whose width is that of the output projection's input."""
    hidden = next(shape[0] for name, shape in rows if re.search(r"norm|ln_", name))
    outputs = prod(shape) // hidden
    out = next((s for n, s in rows if re.search(r"(attn|attention)\.(dense|out_proj|c_proj|o_proj)\.weight$", n)), None)
    return outputs - (prod(out) // hidden if out else hidden)
