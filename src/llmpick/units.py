"""Bytes and counts: parsing what people type, printing what people read.

Memory is binary everywhere: a card sold as "24 GB" holds 24 GiB, so ``GB`` and ``GiB`` both mean 2**30 here.
Parameter counts are decimal: 7B is 7 * 10**9.
"""

import re

KIB, MIB, GIB, TIB = 2**10, 2**20, 2**30, 2**40

_BYTE_UNITS = {
    "b": 1,
    "k": KIB,
    "kb": KIB,
    "kib": KIB,
    "m": MIB,
    "mb": MIB,
    "mib": MIB,
    "g": GIB,
    "gb": GIB,
    "gib": GIB,
    "t": TIB,
    "tb": TIB,
    "tib": TIB,
}
_COUNT_UNITS = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "t": 10**12}
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)", re.IGNORECASE)


def parse_bytes(text: str) -> int:
    """``24GB``, ``24 GiB``, ``24576MiB``, ``1.5T`` -> bytes (binary units). Raises ValueError."""
    match = _QUANTITY.fullmatch(text.strip())
    if match is None or match[2].lower() not in _BYTE_UNITS:
        raise ValueError(f"{text!r} is not an amount of memory such as 24GB or 24576MiB")
    return round(float(match[1]) * _BYTE_UNITS[match[2].lower()])


def parse_count(text: str) -> int:
    """``7B``, ``350M``, ``32k`` -> a decimal count; context lengths such as ``32k`` use `parse_tokens`."""
    match = _QUANTITY.fullmatch(text.strip())
    if match is None or match[2].lower() not in _COUNT_UNITS:
        raise ValueError(f"{text!r} is not a count such as 7B, 350M or 123456")
    return round(float(match[1]) * _COUNT_UNITS[match[2].lower()])


def parse_tokens(text: str) -> int:
    """``8192``, ``8k`` (8192), ``1M`` (1048576) -> tokens; context lengths are written in binary thousands."""
    match = _QUANTITY.fullmatch(text.strip())
    units = {"": 1, "k": 1024, "m": 1024**2}
    if match is None or match[2].lower() not in units:
        raise ValueError(f"{text!r} is not a number of tokens such as 8192 or 32k")
    return round(float(match[1]) * units[match[2].lower()])


def format_bytes(size_bytes: int) -> str:
    """Three significant digits in binary units, written the way cards are sold: ``13.5 GB`` is 13.5 GiB."""
    size = float(size_bytes)
    for limit, unit in ((TIB, "TiB"), (GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if abs(size) >= limit:
            return f"{_three_digits(size / limit)} {unit}"
    return f"{size_bytes} B"


def format_count(count: int) -> str:
    """Three significant digits in decimal units: ``6.74B``."""
    for limit, unit in ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k")):
        if abs(count) >= limit:
            return f"{_three_digits(count / limit)}{unit}"
    return str(count)


def _three_digits(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
