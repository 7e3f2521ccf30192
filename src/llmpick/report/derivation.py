"""A model's parameter count written out: which tables and matrices, how many of each, and what they add up to."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from llmpick.inventory.tensors import COMPONENTS, Tensor

_WORDS = {
    "token_embedding": "token embedding",
    "position_embedding": "position embedding",
    "per_layer_embedding": "per-layer embedding",
    "state_space": "state space",
    "shared_experts": "shared experts",
    "output_head": "output head",
}


class Term(NamedTuple):
    """One summand: ``layers`` times the sum of ``parts`` (component, expression, parameters of one layer)."""

    layers: int
    parts: tuple[tuple[str, str, int], ...]

    @property
    def parameters(self) -> int:
        """Weights of this summand."""
        return max(1, self.layers) * sum(part[2] for part in self.parts)

    @property
    def text(self) -> str:
        """The summand with the model's numbers in it."""
        inside = " + ".join(f"{label(component)} {expression}" for component, expression, _ in self.parts)
        if not self.layers:
            return inside
        return f"{self.layers} {'layers' if self.layers > 1 else 'layer'} × ({inside})"


def label(component: str) -> str:
    """The component in plain words."""
    return _WORDS.get(component, component.replace("_", " "))


def terms(tensors: Sequence[Tensor]) -> tuple[Term, ...]:
    """Summands in the order in which a token meets them; layers of one kind are one summand."""
    found: list[Term] = []
    for layers, group in groupby(tensors, key=lambda tensor: tensor.layers):
        parts = _parts(list(group))
        equal = next((index for index, term in enumerate(found) if layers and term.parts == parts), None)
        if equal is not None:
            found[equal] = Term(found[equal].layers + len(layers), parts)
        elif layers:
            found.append(Term(len(layers), parts))
        else:
            found += [Term(0, (part,)) for part in parts]
    return tuple(found)


def formula(tensors: Sequence[Tensor]) -> str:
    """The whole sum on one line: ``total = ... + ...``."""
    summands = terms(tensors)
    return f"{sum(term.parameters for term in summands):,} = " + " + ".join(term.text for term in summands)


def _parts(rows: Iterable[Tensor]) -> tuple[tuple[str, str, int], ...]:
    by_component: dict[str, list[Tensor]] = {}
    for row in rows:
        by_component.setdefault(row.component, []).append(row)
    return tuple(
        (component, _expression(by_component[component]), sum(_in_one_layer(row) for row in by_component[component]))
        for component in COMPONENTS
        if component in by_component
    )


def _in_one_layer(row: Tensor) -> int:
    return row.elements * row.experts * row.copies


def _expression(rows: list[Tensor]) -> str:
    """``4×4096×4096 + 2×4096``: equal matrices are counted, experts multiply the whole."""
    by_experts: dict[int, dict[tuple[int, ...], int]] = {}
    for row in rows:
        shapes = by_experts.setdefault(row.experts, {})
        shape = tuple(sorted(row.shape, reverse=True))
        shapes[shape] = shapes.get(shape, 0) + row.copies
    pieces = []
    for experts, shapes in by_experts.items():
        text = " + ".join(_times(count, shape) for shape, count in shapes.items())
        pieces.append(f"{experts}×({text})" if experts > 1 else text)
    return " + ".join(pieces)


def _times(count: int, shape: tuple[int, ...]) -> str:
    sides = "×".join(str(side) for side in shape)
    return f"{count}×{sides}" if count > 1 else sides
