"""Counts parameters with Hugging Face transformers on torch's meta device: the reference for `llmpick params`.

A maintainer's tool: transformers and torch are never dependencies of llmpick. See README.md in this directory.

    reference_counts.py SOURCE... --rows rows.jsonl --shapes DIR

SOURCE is a config.json, a catalog model (YAML with a `config` mapping) or a directory of either. Nothing is
downloaded and no weights are allocated; a model takes seconds, whatever its size.
"""

import argparse
import json
import re
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from math import prod
from pathlib import Path

import reference_caches as caches
import reference_formulas as formulas

COMPONENT_RULES = (
    ("mtp", r"\bmtp"),
    ("audio", r"audio|speech|^sound"),
    ("other", r"\baltup|\blaurel"),
    ("vision", r"vision|visual|\bimage|multi_modal_projector|mm_projector|\bvit\b|qformer|\bconnector|patch_embed|img_|aligner|\bmerger|resampler|vqmodel|query_tokens|language_projection"),
    ("per_layer_embedding", r"embed_tokens_per_layer"),
    ("position_embedding", r"\bwpe\b|embed_positions|position_embeddings|top_query_embeddings|positions_embed|pos_emb"),
    ("output_head", r"\blm_head|embed_out|^head\.|output_layer\.weight|output_projection|^proj_out"),
    ("norms", r"word_embeddings_layernorm|\.\d+\.\w*(norm|ln)\w*\.(weight|bias)$|shared_transformer\.\w*norm|mamba_decoder\.\w*norm|norm_attn_norm\.norm"),
    ("token_embedding", r"embed_tokens|\bwte\b|word_embeddings|embed_in\b|^(backbone|rwkv)\.embeddings|tokens_embed|\bembedding\.weight|(^|\.)embeddings?\.weight"),
    ("shared_experts", r"shared_(expert|mlp)(s|_intermediate)?\b|shared_expert_gate"),
    ("router", r"router|\bmlp\.gate\.|\bmoe\.gate\b|block_sparse_moe\.gate\.|feed_forward\.gate\.|ffn\.gate|mixer\.gate\.|\.gate\.(wg\.)?weight$|moe_statics"),
    ("expert_latent", r"latent_proj|routed_expert_(norm|down_proj|up_proj)"),
    ("experts", r"experts?\b|block_sparse_moe\.(input|output)_linear|block_sparse_moe\.w\d"),
    ("attention", r"mixer\.[qkvo]_proj"),
    ("mlp", r"mixer\.(up|down|gate)_proj"),
    ("state_space", r"time_(decay|first|mix)|mamba|linear_att|\bmixer\.|\bssm|\bconv\b|conv1d|A_log|dt_bias|\.kda|temporal_block"),
    ("mlp", r"\bmlp\b|feed_forward|\bffn|\bfc[12]\b|dense_(h_to_4h|4h_to_h)|feedforward|mlp_"),
    ("attention", r"attn|attention|[qkv]_norm|\bindexer"),
    ("norms", r"norm|\bln(_|\d)|layer_?norm"),
    ("projection", r"project_(in|out)\b"),
    ("per_layer_projection", r"per_layer_(input_gate|projection|model_projection)\.weight"),
)  # fmt: skip
"""First pattern that matches a parameter's name gives its component; the words are those of the tensor inventory."""

COMPONENTS = (*tuple(dict.fromkeys(component for component, _ in COMPONENT_RULES)), "other")
EXPERT_COUNT_KEYS = ("n_routed_experts", "num_local_experts", "num_experts", "moe_num_experts", "n_experts")
EXPERT_USED_KEYS = ("num_experts_per_tok", "num_experts_per_token", "moe_k", "moe_topk", "moe_top_k", "top_k_experts", "experts_per_token")  # fmt: skip

Weight = tuple[str, tuple[int, ...]]


def component_of(name: str) -> str:
    """The component of one weight, by its name."""
    return next((component for component, rule in COMPONENT_RULES if re.search(rule, name)), "other")


def components(weights: list[Weight]) -> dict[str, str]:
    """Name -> component; all of an attention module that keeps a recurrent state is state space."""
    names = [name for name, _ in weights]
    recurrent = tuple(name[: found.end()] for name in names if (found := caches.RECURRENT_MODULE.match(name)))
    return {name: "state_space" if name.startswith(recurrent) else component_of(name) for name in names}


def read_sources(paths: Iterable[Path]) -> Iterator[tuple[str, dict]]:
    """(id, config) of every config in the given files and directories."""
    for path in paths:
        if path.is_dir():
            files = (file for file in path.rglob("*") if file.suffix in (".json", ".yaml"))
            yield from read_sources(sorted(files))
            continue
        document = load_document(path)
        config = document.get("config", document)
        if config.get("model_type"):
            named = path.stem if path.stem != "config" else path.parent.name
            yield document.get("id") or named, config


def load_document(path: Path) -> dict:
    """A JSON or YAML mapping."""
    text = path.read_text()
    if path.suffix == ".json":
        return json.loads(text)
    import yaml

    return yaml.safe_load(text) or {}


def model_class(config: object, raw: dict) -> type:
    """The class with a language-model head: with its towers where the config describes them."""
    from transformers import AutoModelForCausalLM as Causal
    from transformers import AutoModelForImageTextToText as Conditional

    towers = any(key in raw for key in ("vision_config", "audio_config", "text_config"))
    order = (Conditional, Causal) if towers else (Causal, Conditional)
    for auto in order:
        if type(config) in auto._model_mapping:
            found = auto._model_mapping[type(config)]
            return found[0] if isinstance(found, tuple) else found
    raise ValueError(f"transformers has no causal LM for model_type {config.model_type!r}")


def build(raw: dict):
    """(model on the meta device, config object); quantisation and, where refused, RoPE scaling are dropped."""
    from transformers import AutoConfig

    kept = {key: value for key, value in raw.items() if key not in ("quantization_config", "auto_map")}
    try:
        config = AutoConfig.for_model(**kept)
        return instantiate(config, kept), config
    except (KeyError, TypeError, ValueError, AttributeError) as first:
        plain = without_rope(kept)
        if plain == kept:
            raise
        try:
            config = AutoConfig.for_model(**plain)
            return instantiate(config, plain), config
        except Exception:
            raise first from None


def without_rope(config: dict) -> dict:
    """The config less its RoPE parameters (they change no shape, and some are refused)."""
    nested = {key: without_rope(value) if isinstance(value, dict) else value for key, value in config.items()}
    return {key: value for key, value in nested.items() if key not in ("rope_scaling", "rope_parameters")}


def instantiate(config, raw: dict):
    """The model with tied weights tied, without storage."""
    import torch
    from transformers.initialization import no_init_weights

    config._attn_implementation = "eager"
    with torch.device("meta"), no_init_weights():
        model = model_class(config, raw)(config)
    model.tie_weights()
    return model


def weights_of(model) -> tuple[list[Weight], int, bool]:
    """(each distinct weight's name and shape, elements of persistent buffers, whether any weight is tied)."""
    weights = [(name, tuple(parameter.shape)) for name, parameter in model.named_parameters()]
    every = sum(1 for _ in model.named_parameters(remove_duplicate=False))
    names = {name for name, _ in model.named_parameters(remove_duplicate=False)}
    buffers = dict(model.named_buffers())
    stored = sum(buffers[key].numel() for key in model.state_dict() if key not in names and key in buffers)
    return weights, stored, every > len(weights)


def patterns(weights: list[Weight]) -> list[dict]:
    """The weights with layer and expert numbers folded into {i} and {e}, and how many there are of each."""
    counts: Counter[Weight] = Counter()
    layers: dict[Weight, list[int]] = {}
    kinds: dict[Weight, str] = {}
    parts = components(weights)
    for name, shape in weights:
        numbers = re.findall(r"\.(\d+)(?=\.)", name)
        folded = re.sub(r"experts\.\d+\.", "experts.{e}.", name)
        folded = re.sub(r"\.\d+(?=\.)", ".{i}", folded)
        counts[folded, shape] += 1
        kinds.setdefault((folded, shape), parts[name])
        if numbers:
            layers.setdefault((folded, shape), []).append(int(numbers[0]))
    return [
        {"name": name, "shape": shape, "count": count, "component": kinds[name, shape],
         "layers": ranges(layers.get((name, shape), []))}
        for (name, shape), count in counts.items()
    ]  # fmt: skip


def ranges(numbers: list[int]) -> str:
    """'0-2,5' for [0, 1, 2, 5]."""
    parts: list[list[int]] = []
    for number in sorted(set(numbers)):
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


def lookup(config: dict, keys: Iterable[str]) -> int | None:
    """The first of the keys that the config, or its text part, states."""
    for scope in (config, config.get("text_config") or {}, config.get("ffn_config") or {}):
        for key in keys:
            value = scope.get(key)
            if isinstance(value, list):
                value = max(value)
            if value:
                return int(value)
    return None


def active_parameters(by_component: dict[str, int], config: dict, total: int) -> int:
    """total - experts * (1 - k / E): the weights that one token uses, embeddings included."""
    routed = by_component.get("experts", 0)
    experts, used = lookup(config, EXPERT_COUNT_KEYS), lookup(config, EXPERT_USED_KEYS)
    if not routed or not experts or not used:
        return total
    return total - routed + routed * used // experts


def count(identifier: str, raw: dict) -> tuple[dict, list[dict]]:
    """(one row of counts, the shapes) of a model; the method says where the shapes come from."""
    import transformers

    method, config, extra = formulas.equivalent(raw)
    if config is None:
        weights, buffers, tied, full = extra, 0, bool(raw.get("tie_word_embeddings")), raw
    else:
        model, built = build(config)
        weights, buffers, tied = weights_of(model)
        weights = weights + extra
        full = {**built.to_dict(), **{key: value for key, value in config.items() if value is not None}}
    by_component: Counter[str] = Counter()
    parts = components(weights)
    for name, shape in weights:
        by_component[parts[name]] += prod(shape)
    total = sum(by_component.values())
    row = {
        "id": identifier, "model_type": raw["model_type"], "method": method, "transformers": transformers.__version__,
        "total": total, "by_component": {name: by_component[name] for name in COMPONENTS if by_component[name]},
        "buffers": buffers, "tied": tied, "active": active_parameters(by_component, full, total),
        "kv_cache_elements_per_token": caches.cache_elements(full, weights),
    }  # fmt: skip
    return row, patterns(weights)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", type=Path)
    parser.add_argument("--rows", type=Path, required=True, help="JSON Lines, one row a model")
    parser.add_argument("--shapes", type=Path, help="directory for <id>.json with every name pattern and shape")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.shapes:
        arguments.shapes.mkdir(parents=True, exist_ok=True)
    failures = 0
    with arguments.rows.open("w") as rows:
        for identifier, config in read_sources(arguments.sources):
            try:
                row, shapes = count(identifier, config)
            except Exception as problem:  # one model must not end the run
                failures += 1
                row = {"id": identifier, "model_type": config["model_type"], "error": f"{type(problem).__name__}: {problem}"[:500]}  # fmt: skip
            else:
                if arguments.shapes:
                    document = {**row, "parameters": shapes}
                    (arguments.shapes / f"{identifier}.json").write_text(json.dumps(document, indent=1))
            print(json.dumps(row), file=rows, flush=True)
    print(f"{failures} failed", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
