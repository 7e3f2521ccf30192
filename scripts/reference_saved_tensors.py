"""Measure what autograd saves of one layer: rows of tests/data/training/saved_tensors.jsonl.

    python scripts/reference_saved_tensors.py ROWS.jsonl [CONFIGS.jsonl]

Needs torch, transformers and peft; runs on the CPU. Every row has a ``config`` and a ``mode``: ``full`` (bfloat16),
``mixed`` (float32 under autocast), ``eager`` (bfloat16, eager attention), ``lora`` (all-linear, float32 adapters on
bfloat16) and ``lora_ac`` (the same under autocast). ``layer_bytes`` is the difference between three layers and two,
``rest_bytes`` what is left: distinct storages handed to ``saved_tensors_hooks``, parameters and buffers not counted.
CONFIGS: further configs, one a line with ``name`` and ``config``, measured in every mode that the model supports.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM

MODES = ("full", "mixed", "eager", "lora", "lora_ac")


def built(config: dict[str, Any], mode: str, rank: int) -> torch.nn.Module:
    """A model with random weights, in training mode."""
    shape = {key: value for key, value in config.items() if key != "model_type"}
    model = AutoModelForCausalLM.from_config(
        AutoConfig.for_model(config["model_type"], **shape),
        attn_implementation="eager" if mode == "eager" else "sdpa",
        dtype=torch.float32 if mode == "mixed" else torch.bfloat16,
    )
    if mode.startswith("lora"):
        model = get_peft_model(model, LoraConfig(r=rank, target_modules="all-linear", task_type="CAUSAL_LM"))
        model.enable_input_require_grads()
    return model.train()


def saved_bytes(model: torch.nn.Module, batch: int, sequence: int, vocabulary: int, autocast: bool) -> int:
    """Bytes of the distinct storages that one forward pass saves."""
    own = {tensor.untyped_storage().data_ptr() for tensor in [*model.parameters(), *model.buffers()]}
    kept: dict[int, torch.Tensor] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage().data_ptr()
        if storage not in own:
            kept.setdefault(storage, tensor)
        return tensor

    tokens = torch.randint(0, vocabulary, (batch, sequence))
    with (
        torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor),
        torch.autocast("cpu", torch.bfloat16, enabled=autocast),
    ):
        model(input_ids=tokens, labels=tokens, use_cache=False)
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values())


def measured(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its bytes."""
    sizes = []
    for layers in (2, 3):
        config = {**row["config"], "num_hidden_layers": layers}
        model = built(config, row["mode"], row["rank"])
        autocast = row["mode"] in ("mixed", "lora_ac")
        sizes.append(saved_bytes(model, row["batch"], row["sequence"], config["vocab_size"], autocast))
    return {**row, "layer_bytes": sizes[1] - sizes[0], "rest_bytes": 3 * sizes[0] - 2 * sizes[1]}


def wanted(paths: list[Path]) -> list[dict[str, Any]]:
    """Rows to measure: those of the first file, and every mode of the configs of the second."""
    rows = [json.loads(line) for line in paths[0].read_text(encoding="utf-8").splitlines()]
    for line in paths[1].read_text(encoding="utf-8").splitlines() if len(paths) > 1 else ():
        given = json.loads(line)
        config = {**given["config"], "num_hidden_layers": 2}
        rows += [
            {"name": given["name"], "mode": mode, "batch": 2, "sequence": 16, "rank": 4, "layer_bytes": 0,
             "rest_bytes": 0, "config": config} for mode in MODES
        ]  # fmt: skip
    return rows


def main(paths: list[Path]) -> None:
    """Measure and write the first file anew; modes that a model does not support are left out, saying so."""
    made = []
    for row in wanted(paths):
        try:
            made.append(measured(row))
        except (ValueError, RuntimeError, NotImplementedError) as error:
            print(f"{row['name']} {row['mode']}: {str(error)[:120]}", file=sys.stderr)
    paths[0].write_text("".join(json.dumps(row) + "\n" for row in made), encoding="utf-8")


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit(__doc__)
    main([Path(argument) for argument in sys.argv[1:]])
