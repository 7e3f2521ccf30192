"""Prime numbers for mappings: tables hashed by n-grams have a prime number of rows for each head."""

from functools import cache

from llmpick.errors import InvalidFile

MAX_START = 2**40
MAX_COUNT = 4096
_WITNESSES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
"""Enough for the test of Miller and Rabin to be certain below 3.3e24 (Sorenson and Webster, arXiv:1509.00864)."""


def is_prime(value: int) -> bool:
    """Whether ``value`` is prime, for certain."""
    if value < 2 or any(value % witness == 0 for witness in _WITNESSES):
        return value in _WITNESSES
    odd, halvings = value - 1, 0
    while odd % 2 == 0:
        odd, halvings = odd // 2, halvings + 1
    return all(_passes(witness, odd, halvings, value) for witness in _WITNESSES)


def _passes(witness: int, odd: int, halvings: int, value: int) -> bool:
    power = pow(witness, odd, value)
    if power in (1, value - 1):
        return True
    return any(pow(power, 2**step, value) == value - 1 for step in range(1, halvings))


@cache
def sum_primes(start: int, skipped: int, count: int) -> int:
    """The sum of ``count`` consecutive primes from ``start`` on, after the first ``skipped`` of them.

    Raises InvalidFile when the numbers are out of bounds, so that a config cannot make this run long.
    """
    within = all(isinstance(value, int) and value >= 0 for value in (start, skipped, count))
    if not within or start > MAX_START or skipped + count > MAX_COUNT:
        raise InvalidFile(f"primes from {start!r}, {skipped!r} + {count!r} of them: out of bounds")
    total, found, value = 0, 0, start
    while found < skipped + count:
        if is_prime(value):
            total += value if found >= skipped else 0
            found += 1
        value += 1
    return total
