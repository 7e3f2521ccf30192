"""Counts the default model of every decoder type that transformers registers: what mappings of model types are tested against.

A maintainer's tool like reference_counts.py; see README.md in this directory.

    reference_types.py types.jsonl.gz [--shapes DIR]

One row per model type: the config with every key that the class knows (its defaults, less the keys common to all
configs), keys that have two names, the class with a language-model head, its total and components.
"""

import argparse
import gzip
import json
import signal
import sys
import warnings
from collections import Counter
from math import prod
from pathlib import Path

import reference_counts as counts

SECONDS = 60
ROPE = {"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}}
OVERRIDES: dict[str, dict] = {
    "aya_vision": {"vision_config": {"model_type": "siglip_vision_model", "num_attention_heads": 16, "hidden_size": 1152}},
    "dbrx": {"attn_config": {"rope_theta": 10000.0, "kv_n_heads": 8, "clip_qkv": 8}},
    "dots1": {"n_routed_experts": 128, "n_shared_experts": 2},
    "hunyuan_v1_dense": {**ROPE, "head_dim": 128},
    "hunyuan_v1_moe": {**ROPE, "head_dim": 128, "num_experts": 64, "moe_topk": 8},
    "lfm2_moe": {"layer_types": ["conv", "conv", "conv", "full_attention"] * 8},
    "ministral": {"head_dim": 128},
    "nemotron": {"head_dim": 128, "num_key_value_heads": 8},
}  # fmt: skip
"""Values for types whose defaults do not make a model."""


def default_config(kind: str):
    """The config object of a model type, with its defaults."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    return CONFIG_MAPPING[kind](**OVERRIDES.get(kind, {}))


def keys_of(config, common: set[str]) -> dict:
    """Every key of a config and of those in it, with its value."""
    from transformers import PretrainedConfig

    values = {}
    for key, value in config.to_dict().items():
        if key in common:
            continue
        part = config.__dict__.get(key)
        values[key] = keys_of(part, common) if isinstance(part, PretrainedConfig) else plain(value)
    return values


def plain(value):
    """The value, or its text where JSON has no word for it."""
    try:
        json.dumps(value)
    except TypeError:
        return str(value)
    return value


def row_of(kind: str, causal: str | None, conditional: str | None, common: set[str]) -> tuple[dict, list[dict]]:
    """(one row, the shapes) of the model that a type's default config describes."""
    config = default_config(kind)
    model = counts.instantiate(config, {"text_config": 1} if conditional else {})
    weights, _, tied = counts.weights_of(model)
    parts, by_component = counts.components(weights), Counter()
    for name, shape in weights:
        by_component[parts[name]] += prod(shape)
    row = {
        "model_type": kind, "class": type(model).__name__, "encoder_decoder": bool(config.to_dict().get("is_encoder_decoder")),
        "total": sum(by_component.values()), "by_component": dict(by_component), "tied": tied,
        "aliases": dict(config.attribute_map), "config": {"model_type": kind, **keys_of(default_config(kind), common)},
    }  # fmt: skip
    return row, counts.patterns(weights)


def stop(*_: object) -> None:
    raise TimeoutError(f"more than {SECONDS} s")


def main() -> int:
    import transformers
    from transformers.models.auto import modeling_auto as auto

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=Path)
    parser.add_argument("--shapes", type=Path, help="directory for <model_type>.json")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    causal, conditional = auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES, auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
    common = set(transformers.PretrainedConfig().to_dict()) - {"tie_word_embeddings"}
    signal.signal(signal.SIGALRM, stop)
    lines = []
    for kind in sorted({*causal, *conditional}):
        signal.alarm(SECONDS)
        try:
            row, shapes = row_of(kind, causal.get(kind), conditional.get(kind), common)
        except Exception as problem:  # one type must not end the run
            print(f"{kind}: {type(problem).__name__}: {str(problem)[:120]}", file=sys.stderr)
            continue
        finally:
            signal.alarm(0)
        lines.append(json.dumps(row, separators=(",", ":")))
        if arguments.shapes:
            arguments.shapes.mkdir(parents=True, exist_ok=True)
            (arguments.shapes / f"{kind}.json").write_text(json.dumps({**row, "parameters": shapes}, indent=1))
    with gzip.GzipFile(arguments.rows, "wb", mtime=0) as file:
        file.write(("\n".join(lines) + "\n").encode())
    print(f"{len(lines)} model types", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
