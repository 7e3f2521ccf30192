"""Low-rank adapters (arXiv:2106.09685): which linear layers get one and how large it is."""

from collections.abc import Iterable, Mapping
from typing import Any

from llmpick.errors import UsageError
from llmpick.inventory.tensors import Tensor
from llmpick.training.records import Recipe


def target_roles(recipe: Recipe, tensors: Iterable[Tensor], data: Mapping[str, Any]) -> frozenset[str]:
    """Roles of the linear layers that get an adapter; empty when everything is trained.

    ``all-linear`` is every linear layer but the output head, as in PEFT. Raises UsageError for a name that is no module
    of this model, naming those that are.
    """
    if recipe.method == "full":
        return frozenset()
    here = {tensor.role for tensor in tensors if len(tensor.shape) == 2 and tensor.layers}
    linear = here & set(data["linear_roles"])
    roles: set[str] = set()
    for name in recipe.targets:
        wanted = linear if name == "all-linear" else set(data["targets"].get(name, ())) & linear
        if not wanted:
            known = [target for target, its in data["targets"].items() if set(its) & linear]
            raise UsageError(f"this model has no module {name!r} for an adapter", f"all-linear, {', '.join(known)}")
        roles |= wanted
    return frozenset(roles)


def adapter_elements(tensor: Tensor, rank: int) -> int:
    """Weights of the adapter of one linear layer: A is (rank, in), B is (out, rank)."""
    return rank * (tensor.shape[0] + tensor.shape[1])


def has_adapter(tensor: Tensor, roles: frozenset[str]) -> bool:
    """Whether it is a linear weight of a targeted role inside the layers."""
    return tensor.role in roles and len(tensor.shape) == 2 and bool(tensor.layers)
