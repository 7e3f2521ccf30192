"""What lives through a whole training run: weights, adapters, gradients, optimizer states. A fold over the tensors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

from llmpick.inventory.tensors import Tensor
from llmpick.training.adapters import adapter_elements, has_adapter
from llmpick.training.records import Recipe

REPLICATED = frozenset(
    ("norm", "q_norm", "k_norm", "latent_norm", "final_norm", "router", "shared_expert_router", "attention_q_a",
     "attention_kv_a", "indexer", "position_embedding")
)  # fmt: skip
"""Weights that every tensor-parallel rank holds whole."""
TABLES = ("token_embedding", "output_head")
LAST = ("output_head", "final_norm")
UNCAST = ("token_embedding", "position_embedding")
"""Looked up, not multiplied: autocast leaves them alone."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Pipeline stage ``index`` of ``count`` with layers ``first`` up to, not including, ``last``."""

    index: int
    count: int
    first: int
    last: int

    def holds(self, tensor: Tensor) -> int:
        """How many of the row's tensors are here; what stands outside the layers is at the first or last stage."""
        if tensor.layers:
            return sum(self.first <= layer < self.last for layer in tensor.layers) * tensor.experts * tensor.copies
        home = self.count - 1 if tensor.role in LAST else 0
        return tensor.number if home == self.index else 0


def stages(layers: int, count: int) -> list[Stage]:
    """Contiguous layers dealt out evenly."""
    bounds = [round(layers * index / count) for index in range(count + 1)]
    return [Stage(index, count, bounds[index], bounds[index + 1]) for index in range(count)]


Sizer = Callable[[Tensor], int]
"""Bytes of one tensor in the format in which frozen weights are held."""


class States(NamedTuple):
    """Of one pipeline stage and one tensor-parallel rank, before data-parallel sharding. Bytes unless said otherwise.

    ``casts``: 16-bit copies that autocast makes of trained float32 weights. ``trained_bytes``: trained weights, adapters
    included. ``elements`` are trained weights, ``adapter_elements`` those in adapters.
    """

    weights: int = 0
    adapters: int = 0
    gradients: int = 0
    optimizer: int = 0
    casts: int = 0
    trained_bytes: int = 0
    elements: int = 0
    adapter_elements: int = 0

    def plus(self, other: "States", times: int) -> "States":
        """This and ``times`` the other."""
        return States(*(one + times * two for one, two in zip(self, other, strict=True)))


def states_of(tensors: Sequence[Tensor], stage: Stage, recipe: Recipe, roles: frozenset[str], data: Mapping[str, Any],
              frozen: Sizer) -> States:  # fmt: skip
    """The sum over what stands in this stage. ``roles``: `adapters.target_roles`; ``frozen``: `Sizer` of weights."""
    total = States()
    for tensor in tensors:
        number = 0 if tensor.role in ("mtp", "buffer") else stage.holds(tensor)
        if number:
            total = total.plus(_of_tensor(tensor, recipe, roles, data, frozen), number)
    return total


def _of_tensor(tensor: Tensor, recipe: Recipe, roles: frozenset[str], data: Mapping[str, Any], frozen: Sizer) -> States:
    ranks = tensor_ranks(tensor, recipe)
    elements = -(-tensor.elements // ranks)
    if recipe.method == "full":
        return _trained(tensor, elements, recipe, data, data["precisions"][recipe.precision])
    base = States(weights=-(-frozen(tensor) // ranks))
    if recipe.train_embeddings and tensor.role in TABLES:
        row = {"weights": 2, "gradients": 2, "master": 0, "states": 2, "autocast": False}
        copy = _trained(tensor, elements, recipe, data, row)
        return base.plus(copy._replace(weights=0, adapters=copy.weights), 1)
    if has_adapter(tensor, roles):
        return base.plus(_adapter(tensor, ranks, recipe, data), 1)
    return base


def _trained(tensor: Tensor, elements: int, recipe: Recipe, data: Mapping[str, Any], row: Mapping[str, Any]) -> States:
    """A tensor that is trained whole, of which this rank holds ``elements``."""
    optimizer = data["optimizers"][recipe.optimizer]
    kept = optimizer_bytes(tensor, elements, optimizer, row["states"]) + row["master"] * elements
    cast = row["autocast"] and len(tensor.shape) > 1 and tensor.experts == 1 and tensor.role not in UNCAST
    return States(
        weights=row["weights"] * elements, gradients=row["gradients"] * elements, optimizer=kept,
        casts=row["compute"] * elements if cast else 0, trained_bytes=row["weights"] * elements, elements=elements,
    )  # fmt: skip


def _adapter(tensor: Tensor, ranks: int, recipe: Recipe, data: Mapping[str, Any]) -> States:
    """A and B of one linear layer; tensor parallelism splits the side along which the layer itself is split."""
    size, optimizer = recipe.adapter_bytes, data["optimizers"][recipe.optimizer]
    sides = [(recipe.rank, tensor.shape[1]), (tensor.shape[0], recipe.rank)]
    elements = -(-adapter_elements(tensor, recipe.rank) // ranks) if ranks > 1 else sum(map(prod, sides))
    kept = sum(optimizer_bytes(Tensor("", tensor.role, side), prod(side), optimizer, size) for side in sides)
    cast = data["precisions"][recipe.precision]["autocast"]
    return States(
        adapters=size * elements, gradients=size * elements, optimizer=-(-kept // ranks),
        casts=2 * elements if cast and size > 2 else 0, trained_bytes=size * elements, elements=elements,
        adapter_elements=elements,
    )  # fmt: skip


def tensor_ranks(tensor: Tensor, recipe: Recipe) -> int:
    """Tensor-parallel ranks among which a tensor is divided: vectors and `REPLICATED` ones are whole everywhere."""
    return 1 if tensor.role in REPLICATED or len(tensor.shape) < 2 else recipe.tensor_parallel


def optimizer_bytes(tensor: Tensor, elements: int, row: Mapping[str, Any], state_bytes: int) -> int:
    """States of one tensor of which ``elements`` are here.

    8-bit states: a byte each and a float32 maximum for every block; small tensors and token embeddings stay in 32 bit
    (bitsandbytes optim/optimizer.py, transformers trainer.py). Factored: a row and a column sum in float32, vectors whole
    (arXiv:1804.04235). Muon: one momentum for hidden matrices, AdamW's two states for the rest.
    """
    smallest, block = int(row.get("smallest", 0)), int(row.get("block", 1))
    if row.get("factored"):
        if len(tensor.shape) < 2:
            return 4 * elements
        return 4 * (tensor.elements // tensor.shape[-1] + tensor.elements // tensor.shape[-2])
    hidden = len(tensor.shape) >= 2 and bool(tensor.layers or not tensor.name)
    number = int(row["matrices"] if "matrices" in row and hidden else row["states"])
    if row.get("bits") == 8:
        if tensor.elements < smallest or tensor.role == "token_embedding":
            return number * 4 * elements
        return number * (elements + 4 * -(-elements // block))
    return number * state_bytes * elements


def gathered_bytes(
    tensors: Sequence[Tensor], stage: Stage, recipe: Recipe, frozen: Sizer, compute_bytes: int
) -> tuple[int, int]:
    """(largest layer, largest table outside the layers): weights as a device holds them while it computes with them."""
    layers: dict[int, int] = {}
    outside = 0
    for tensor in tensors:
        if not stage.holds(tensor):
            continue
        whole = recipe.method == "full"
        size = -(-(compute_bytes * tensor.elements if whole else frozen(tensor)) // tensor_ranks(tensor, recipe))
        outside = outside if tensor.layers else max(outside, size)
        for layer in tensor.layers:
            layers[layer] = layers.get(layer, 0) + size * tensor.experts * tensor.copies
    return max(layers.values(), default=0), outside


def frozen_sizer(recipe: Recipe, data: Mapping[str, Any], packed: Sizer | None) -> Sizer:
    """Bytes of a frozen tensor: 16 bit; with QLoRA ``packed`` for linear layers and 32 bit for the rest.

    PEFT's ``prepare_model_for_kbit_training`` casts what is not quantised to float32.
    """
    if recipe.method != "qlora" or packed is None:
        return lambda tensor: int(data["frozen_bytes"]) * tensor.elements

    def size(tensor: Tensor) -> int:
        small = packed(tensor)
        return small if small < 2 * tensor.elements or not recipe.upcast else 4 * tensor.elements

    return size
