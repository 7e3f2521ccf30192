"""What a model file holds, tensor by tensor, whatever its format, and the folds over it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, NamedTuple

from llmpick.inventory.tensors import COMPONENT_OF

EXPERT_ROLES = frozenset({"expert_gate", "expert_up", "expert_gate_up", "expert_down"})
OUTPUT_ROLES = frozenset({"output_head", "final_norm"})
EMBEDDING_ROLES = frozenset({"token_embedding", "position_embedding"})
TIED_COPY = "copy of the token embedding"


class StoredTensor(NamedTuple):
    """One weight as a file holds it.

    ``shape`` is the weight's own (not its packing's), in Hugging Face order: ``(out_features, in_features)``, experts
    stacked in front. ``bytes_stored`` includes the scales and zero points that belong to it, ``stored_elements``
    counts the elements of all of them. ``not_counted`` says why it is no parameter of the model as it runs (empty: it
    is one).
    """

    name: str
    type_name: str
    shape: tuple[int, ...]
    bytes_stored: int
    role: str = "other"
    layer: int | None = None
    stored_elements: int = 0
    not_counted: str = ""

    @property
    def elements(self) -> int:
        """Weights it stands for."""
        return prod(self.shape)

    @property
    def parameters(self) -> int:
        """Weights that count as parameters of the model as it runs."""
        return 0 if self.not_counted else self.elements

    @property
    def component(self) -> str:
        """The component it is counted under."""
        return COMPONENT_OF[self.role]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredModel:
    """A model's files, headers only. Sizes are bytes; ``total_file_bytes`` = headers + padding + tensor bytes."""

    kind: str
    """``gguf`` or ``safetensors``."""
    tensors: tuple[StoredTensor, ...]
    metadata: Mapping[str, Any]
    total_file_bytes: int
    header_bytes: int
    """Bytes before the tensor data, in all files together."""
    files: tuple[str, ...]
    config: Mapping[str, Any] | None = None
    """The ``config.json`` beside safetensors files, when there is one."""
    notes: tuple[str, ...] = field(default=())
    """What the reader had to assume, in words for the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigSource:
    """A ``config.json``: hyperparameters without tensors."""

    path: str
    config: Mapping[str, Any]


def tensor_bytes(model: StoredModel) -> int:
    """Bytes of all tensors, without headers and padding."""
    return sum(tensor.bytes_stored for tensor in model.tensors)


def logical_parameters(model: StoredModel) -> int:
    """Parameters of the model as it runs: no buffers, scales, multi-token-prediction blocks or tied copies."""
    return sum(tensor.parameters for tensor in model.tensors)


def stored_elements(model: StoredModel) -> int:
    """Elements in the files: packed words, scales and buffers each count as one."""
    return sum(tensor.stored_elements for tensor in model.tensors)


def not_counted(model: StoredModel) -> dict[str, int]:
    """Reason -> elements that the files hold beyond the model as it runs."""
    reasons = [tensor for tensor in model.tensors if tensor.not_counted]
    return _sums(reasons, lambda tensor: tensor.not_counted, lambda tensor: tensor.elements)


def packing(model: StoredModel) -> dict[str, int]:
    """Type name -> stored elements beyond the weights they stand for: scales, zero points, indices, less what packing
    several weights into a word saves. Types whose elements are their weights are left out."""
    gained = _sums(model.tensors, lambda tensor: tensor.type_name,
                   lambda tensor: tensor.stored_elements - tensor.elements)  # fmt: skip
    return {name: elements for name, elements in gained.items() if elements}


def tensors_by_type(model: StoredModel) -> dict[str, int]:
    """Type name -> how many tensors, in the order of first appearance."""
    return _sums(model.tensors, lambda tensor: tensor.type_name, lambda tensor: 1)


def bytes_by_type(model: StoredModel) -> dict[str, int]:
    """Type name -> bytes, in the order of first appearance."""
    return _sums(model.tensors, lambda tensor: tensor.type_name, lambda tensor: tensor.bytes_stored)


def bytes_by_component(model: StoredModel) -> dict[str, int]:
    """Component -> bytes, in the order of first appearance."""
    return _sums(model.tensors, lambda tensor: tensor.component, lambda tensor: tensor.bytes_stored)


def parameters_by_component(model: StoredModel) -> dict[str, int]:
    """Component -> parameters; sums to `logical_parameters`."""
    counted = [tensor for tensor in model.tensors if tensor.parameters]
    return _sums(counted, lambda tensor: tensor.component, lambda tensor: tensor.parameters)


def _sums(tensors: Any, key: Callable[[StoredTensor], str], value: Callable[[StoredTensor], int]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for tensor in tensors:
        totals[key(tensor)] = totals.get(key(tensor), 0) + value(tensor)
    return totals


def format_of(model: StoredModel) -> str:
    """The name of the format: what a GGUF file says it was quantised to, else the type that holds most of the bytes."""
    from llmpick.readers.gguf_types import FILE_TYPES

    said = model.metadata.get("general.file_type") if model.kind == "gguf" else None
    by_type = bytes_by_type(model)
    return FILE_TYPES.get(said if type(said) is int else -1) or max(by_type, key=lambda name: by_type[name])


def weight_split(model: StoredModel) -> dict[str, Any]:
    """Where the bytes lie, under the field names of a format's weight bytes (all but its name).

    For a tied model the output is the copy of the embedding that a runtime loads. Multi-token-prediction blocks and
    buffers stay where they are stored: in their layer, or in ``other_bytes``.
    """
    layers = [0] * (1 + max((tensor.layer for tensor in model.tensors if tensor.layer is not None), default=-1))
    experts = [0] * len(layers)
    embedding = output = other = table = 0
    for tensor in model.tensors:
        if tensor.layer is not None:
            layers[tensor.layer] += tensor.bytes_stored
            experts[tensor.layer] += tensor.bytes_stored if tensor.role in EXPERT_ROLES else 0
        elif tensor.role in EMBEDDING_ROLES:
            embedding += tensor.bytes_stored
            table += tensor.bytes_stored if tensor.role == "token_embedding" else 0
        elif tensor.role in OUTPUT_ROLES:
            output += tensor.bytes_stored
        else:
            other += tensor.bytes_stored
    return {
        "tensor_bytes": tensor_bytes(model),
        "input_embedding_bytes": embedding,
        "output_bytes": output + (0 if has_output_head(model) else table),
        "layer_bytes": tuple(layers),
        "layer_expert_bytes": tuple(experts),
        "other_bytes": other,
    }


def has_output_head(model: StoredModel) -> bool:
    """Whether the files store an output table of their own."""
    return any(tensor.role == "output_head" and len(tensor.shape) > 1 for tensor in model.tensors)


def mark_tied(model: StoredModel) -> StoredModel:
    """The same model with a stored output table known to be a copy of the token embedding (counted once)."""
    tables = {tensor.shape for tensor in model.tensors if tensor.role == "token_embedding"}
    return replace(model, tensors=tuple(
        tensor._replace(not_counted=TIED_COPY) if tensor.role == "output_head" and tensor.shape in tables else tensor
        for tensor in model.tensors
    ))  # fmt: skip
