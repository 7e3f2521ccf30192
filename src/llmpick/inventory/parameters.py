"""Parameters: folds over the tensor inventory.

``total`` counts each trainable weight of the model as it runs once: tied embeddings once, towers included, no buffers,
no quantisation scales. ``active`` is what one token uses: every weight but the experts that the router does not pick
(embeddings included; vendors' "A3B" usually leaves the input embedding out, see ``active_without_input_embedding``).
"""

from typing import NamedTuple

from llmpick.inventory.tensors import COMPONENTS, TOWER_ROLES, Tensor

_TABLES = ("token_embedding", "position_embedding", "per_layer_embedding", "output_head", "projection")


class ParameterCount(NamedTuple):
    """Counts in weights. ``components`` are (component, parameters) in display order and sum to ``total``."""

    total: int
    active: int
    active_without_input_embedding: int
    embedding: int
    components: tuple[tuple[str, int], ...]

    @property
    def non_embedding(self) -> int:
        """Weights outside the input, position and output tables."""
        return self.total - self.embedding


def count_parameters(tensors: tuple[Tensor, ...], tied: bool) -> ParameterCount:
    """The counts of an inventory.

    A tied token embedding stays in ``active_without_input_embedding`` because it is also the output head.
    """
    sums = dict.fromkeys(COMPONENTS, 0)
    active = 0
    for tensor in tensors:
        sums[tensor.component] += tensor.parameters
        active += tensor.active_parameters
    components = tuple((name, parameters) for name, parameters in sums.items() if parameters)
    looked_up = 0 if tied else sums["token_embedding"]
    return ParameterCount(
        total=sum(sums.values()),
        active=active,
        active_without_input_embedding=active - looked_up,
        embedding=sum(sums[name] for name in _TABLES),
        components=components,
    )


def total_parameters(tensors: tuple[Tensor, ...]) -> int:
    """Weights of the model as it runs."""
    return sum(tensor.parameters for tensor in tensors)


def tower_parameters(tensors: tuple[Tensor, ...]) -> int:
    """Weights of towers and projectors, which a text model's GGUF file does not hold."""
    return sum(tensor.parameters for tensor in tensors if tensor.role in TOWER_ROLES)
