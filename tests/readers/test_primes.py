"""Rows of hashed n-gram tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmpick.errors import InvalidFile
from llmpick.readers.primes import is_prime, sum_primes


@given(st.integers(0, 20_000))
def test_primes_are_the_numbers_without_divisors(value: int) -> None:
    """Against trial division."""
    assert is_prime(value) == (value > 1 and all(value % divisor for divisor in range(2, int(value**0.5) + 1)))


@pytest.mark.parametrize("value", [3215031751, 2**61 - 1, 20_000_003, 561])
def test_pseudoprimes_and_large_primes(value: int) -> None:
    """Numbers that fool the test with few witnesses do not fool it with twelve."""
    assert is_prime(value) is (value in (2**61 - 1, 20_000_003))


@given(st.integers(0, 1000), st.integers(0, 20), st.integers(0, 20))
def test_consecutive_runs_add_up(start: int, first: int, second: int) -> None:
    """The primes of two runs one after the other are those of one long run."""
    together = sum_primes(start, 0, first) + sum_primes(start, first, second)
    assert together == sum_primes(start, 0, first + second)


@pytest.mark.parametrize("numbers", [(2**41, 0, 1), (2, 0, 5000), (-1, 0, 1), (2.5, 0, 1)])
def test_numbers_out_of_bounds_are_refused(numbers: tuple[int, int, int]) -> None:
    """A config cannot make the search run long."""
    with pytest.raises(InvalidFile):
        sum_primes(*numbers)
