"""Rows of one layer before they are placed: what a part of a layer yields."""

from collections.abc import Iterator
from typing import NamedTuple


class Row(NamedTuple):
    """A weight of one layer; ``experts`` identical ones of which a token uses ``experts_used``."""

    name: str
    role: str
    shape: tuple[int, ...]
    experts: int = 1
    experts_used: int = 1


def linear(
    name: str, role: str, out_features: int, in_features: int, bias: bool, experts: int = 1, experts_used: int = 1
) -> Iterator[Row]:
    """A linear layer's weight and, if it has one, bias; nothing when it has no rows."""
    if out_features:
        yield Row(f"{name}.weight", role, (out_features, in_features), experts, experts_used)
        if bias:
            yield Row(f"{name}.bias", role, (out_features,), experts, experts_used)
