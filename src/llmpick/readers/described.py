"""A model file together with the architecture that describes it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from llmpick.architecture.decoder import Architecture
from llmpick.architecture.feed_forward import Experts
from llmpick.errors import UnsupportedArchitecture
from llmpick.inventory.decoder import inventory
from llmpick.inventory.tensors import Tensor
from llmpick.readers.hf_config import architecture_from_config
from llmpick.readers.stored import ConfigSource, StoredModel, mark_tied
from llmpick.readers.stored_rows import inventory_rows

Specs = Mapping[str, Mapping[str, Any]]


_FAMILY = {
    **dict.fromkeys(("attention_q", "attention_k", "attention_v", "attention_qkv"), "query, key, value"),
    "attention_output": "output",
    **dict.fromkeys(("mlp_gate", "mlp_up", "mlp_gate_up"), "up"),
    "mlp_down": "down",
    **dict.fromkeys(("expert_gate", "expert_up", "expert_gate_up"), "expert up"),
    "expert_down": "expert down",
}
"""Roles of linear layers that share or do not share having a bias, whether fused or not."""


class Described(NamedTuple):
    """``stored`` is None for a bare config: then nothing is known of bytes."""

    architecture: Architecture
    stored: StoredModel | None


def describe(source: ConfigSource | StoredModel, specs: Specs, assume: str | None = None) -> Described:
    """The architecture of an opened source, and its tensors with tied copies known as such.

    ``assume`` names the model type of a config whose own is not known. Raises UnsupportedArchitecture when nothing
    describes the model: an unknown architecture, or safetensors without a config.json.
    """
    if isinstance(source, ConfigSource):
        return Described(architecture_from_config(source.config, specs, assume), None)
    if source.kind == "gguf":
        from llmpick.readers.gguf_config import architecture_from_gguf, with_known_ties

        return Described(architecture_from_gguf(source, specs), with_known_ties(source, specs))
    if source.config is None:
        raise UnsupportedArchitecture(f"{source.files[0]}: no config.json beside it, so nothing says how it is built",
                                      "put the model's config.json beside the file")  # fmt: skip
    architecture = architecture_from_config(source.config, specs, assume)
    known = _without_padding_biases(source, architecture)
    return Described(architecture, mark_tied(known) if architecture.embeddings.tied else known)


def _without_padding_biases(model: StoredModel, architecture: Architecture) -> StoredModel:
    """GPTQ's first quantiser gave every linear layer a bias, zero where the model has none: those do not count."""
    if not any(tensor.type_name.startswith("GPTQ") for tensor in model.tensors):
        return model
    real = {_FAMILY.get(row.role) for row in inventory(architecture) if row.name.endswith(".bias")}
    return replace(model, tensors=tuple(
        tensor._replace(not_counted="bias that the model does not have")
        if tensor.name.endswith(".bias") and not tensor.not_counted and _FAMILY.get(tensor.role) not in {None, *real}
        else tensor
        for tensor in model.tensors
    ))  # fmt: skip


def stored_inventory(described: Described) -> tuple[Tensor, ...]:
    """The rows of the stored tensors, with the experts that one token uses as the architecture has it."""
    return () if described.stored is None else listed_tensors(described.stored, described.architecture)


def listed_tensors(stored: StoredModel, architecture: Architecture | None) -> tuple[Tensor, ...]:
    """The rows of the stored tensors. How many experts one token uses: as the architecture has it.

    Without one a GGUF file's own ``expert_used_count`` says it; where nothing does, all are taken as used.
    """
    if architecture is None:
        name = str(stored.metadata.get("general.architecture"))
        told = stored.metadata.get(f"{name}.expert_used_count")
        return inventory_rows(stored, told if type(told) is int and told > 0 else None)
    used = {
        part.num_experts_per_tok for layer in architecture.layers for part in layer.parts if isinstance(part, Experts)
    }
    return inventory_rows(stored, used.pop() if len(used) == 1 else None)
