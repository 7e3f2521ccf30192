"""A file's tensors as inventory rows: what a config yields by computation, a file yields by listing."""

import re

from llmpick.inventory.tensors import Tensor
from llmpick.readers.stored import EXPERT_ROLES, StoredModel, StoredTensor

_LAYER = re.compile(r"(?<=[a-z]\.)[0-9]+(?=\.)")  # the first number between dots is the layer's
_EXPERT = re.compile(r"(experts|ffn_(?:gate|up|down))\.[0-9]+(?=\.)")

Kind = tuple[str, str, tuple[int, ...]]


def inventory_rows(model: StoredModel, experts_used: int | None = None) -> tuple[Tensor, ...]:
    """The counted weights as inventory rows: equal tensors of several layers, and equal experts, are one row.

    ``experts_used`` is how many routed experts one token uses (None: unknown, all are taken as used). The rows'
    parameters sum to `logical_parameters`.
    """
    found: dict[tuple[Kind, int | None], int] = {}
    for tensor in model.tensors:
        if tensor.parameters:
            kind, experts = _kind(tensor)
            found[kind, tensor.layer] = found.get((kind, tensor.layer), 0) + experts
    layers: dict[tuple[Kind, int], list[int]] = {}
    rows = []
    for (kind, layer), count in found.items():
        if layer is None:
            rows.append(_row(kind, (), count, experts_used))
        else:
            layers.setdefault((kind, count), []).append(layer)
    return (*rows, *(_row(kind, tuple(sorted(held)), count, experts_used) for (kind, count), held in layers.items()))


def _kind(tensor: StoredTensor) -> tuple[Kind, int]:
    """(name pattern, role, shape of one) and how many experts the tensor holds."""
    name, shape, experts = tensor.name, tensor.shape, 1
    if tensor.role in EXPERT_ROLES:
        # Stacked experts: a matrix each in front, or, for a bias, a row each.
        if len(shape) == 3 or (len(shape) == 2 and name.endswith("bias")):
            experts, shape = shape[0], shape[1:]
        name = _EXPERT.sub(r"\1.{e}", name)
    if tensor.layer is not None:
        name = _LAYER.sub("{i}", name, count=1)
    return (name, tensor.role, shape), experts


def _row(kind: Kind, layers: tuple[int, ...], count: int, experts_used: int | None) -> Tensor:
    name, role, shape = kind
    if role not in EXPERT_ROLES:
        return Tensor(name, role, shape, layers, copies=count)
    return Tensor(name, role, shape, layers, count, count if experts_used is None else min(count, experts_used))
