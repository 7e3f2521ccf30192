"""Why a model is called "7B": which of its counts the number in its name is, rounded."""

import re
from decimal import Decimal

from llmpick.inventory.parameters import ParameterCount
from llmpick.units import format_count

_SIZE = re.compile(r"(?<![\w.])(?:(\d+)x)?(?:([eE])?)(\d+(?:\.\d+)?)([bBmMtT])(?![a-zA-Z])")
_ACTIVE = re.compile(r"(?<![a-zA-Z])[aA](\d+(?:\.\d+)?)([bBmM])(?![a-zA-Z])")
_UNITS = {"m": 10**6, "b": 10**9, "t": 10**12}


def size_in(text: str) -> tuple[str, Decimal, int] | None:
    """The size in a name or a published text: (as written, number, unit); None when there is none."""
    match = _SIZE.search(text)
    if match is None or match[1] or match[2]:
        return None
    return match[0].upper(), Decimal(match[3]), _UNITS[match[4].lower()]


def rounds_to(count: int, number: Decimal, unit: int) -> bool:
    """Whether ``count``, rounded to the digits that ``number`` shows, is ``number``."""
    digits = -int(number.as_tuple().exponent)
    return round(Decimal(count) / unit, digits) == number


def explain_name(name: str, count: ParameterCount, published: str | None) -> list[str]:
    """Sentences for people who ask what "7B" means."""
    found = size_in(name)
    lines = [f"B stands for billion (10^9): this model has {count.total / 10**9:.3f} billion trainable weights."]
    if found is not None:
        lines.append(_reason(*found, count))
    several = re.search(r"(\d+)x(\d+(?:\.\d+)?)[bB]", name)
    if several:
        lines.append(
            f"{several[0]} is not a product: only the expert MLPs exist {several[1]} times, the rest is shared, "
            f"so the total is {format_count(count.total)}."
        )
    if count.active != count.total:
        lines.append(_active(name, count))
    if published:
        lines.append(f"Its makers print {published}.")
    return lines


def _reason(text: str, number: Decimal, unit: int, count: ParameterCount) -> str:
    candidates = {
        "the total": count.total,
        "the total without embeddings": count.non_embedding,
    }
    for meaning, value in candidates.items():
        if rounds_to(value, number, unit):
            return f'"{text}" is {meaning}, {value:,}, rounded.'
    nearest = min(candidates, key=lambda meaning: abs(candidates[meaning] / unit - float(number)))
    difference = candidates[nearest] / (float(number) * unit) - 1
    return (
        f'"{text}" is a rough name: {nearest} is {format_count(candidates[nearest])}, '
        f"{abs(difference):.1%} {'more' if difference > 0 else 'less'}."
    )


def _active(name: str, count: ParameterCount) -> str:
    text = (
        f"One token uses {count.active:,} of them ({count.active_without_input_embedding:,} without the input embedding): "
        "the router picks a few experts in each layer."
    )
    found = _ACTIVE.search(name)
    return f'{text} "{found[0].upper()}" is that number, rounded.' if found else text
