"""The rules of CUDA_VISIBLE_DEVICES and its AMD relatives, as a table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmpick.hardware.visibility import Candidate, cuda_visible, is_list_of_indices, rocm_visible

THREE = [
    Candidate(0, "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6"),
    Candidate(1, "GPU-8932f000-d72c-4106-c12f-20bd9faed9f6"),
    Candidate(2, "GPU-11111111-2222-3333-4444-555555555555"),
]
SLICED = [
    Candidate(0, "MIG-aaaa0000-1", "GPU-bbbb0000", "MIG-GPU-bbbb0000/1/0"),
    Candidate(0, "MIG-aaaa0000-2", "GPU-bbbb0000", "MIG-GPU-bbbb0000/1/01"),
    Candidate(1, "GPU-cccc0000"),
]


@pytest.mark.parametrize(
    ("value", "positions"),
    [
        (None, (0, 1, 2)),
        ("", ()),
        ("  ", ()),
        ("0", (0,)),
        ("2,0", (2, 0)),
        ("0,1,2", (0, 1, 2)),
        (" 1 , 2 ", (1, 2)),
        ("-1", ()),
        ("0,2,-1,1", (0, 2)),
        ("0,3,1", (0,)),
        ("7", ()),
        ("1abc", (1,)),
        ("+1", (1,)),
        ("abc", ()),
        ("NoDevFiles", ()),
        ("0,0", ()),
        ("0,1,0", ()),
        ("0,,1", (0,)),
        ("0,GPU-11111111", (0,)),
        ("GPU-11111111,0", (2,)),
        ("GPU-11111111-2222-3333-4444-555555555555", (2,)),
        ("gpu-1111", (2,)),
        ("GPU-8932f", ()),
        ("GPU-8932f9", (0,)),
        ("GPU-8932f0,GPU-1", (1, 2)),
        ("GPU-", ()),
        ("GPU-1,GPU-11", ()),
        ("GPU-dead,GPU-1", ()),
        ("99999999999999999999999", ()),
    ],
)
def test_cuda_list(value: str | None, positions: tuple[int, ...]) -> None:
    assert cuda_visible(value, THREE).positions == positions


@pytest.mark.parametrize(
    ("value", "positions"),
    [
        (None, (0, 1, 2)),
        ("0", (0, 1)),
        ("1", (2,)),
        ("GPU-bbbb", (0, 1)),
        ("MIG-aaaa0000-2", (1,)),
        ("MIG-aaaa", ()),
        ("MIG-GPU-bbbb0000/1/0", (0,)),
        ("MIG-GPU-bbbb0000/1/01", (1,)),
        ("MIG-aaaa0000-1,GPU-cccc", (0, 2)),
    ],
)
def test_cuda_list_with_slices(value: str | None, positions: tuple[int, ...]) -> None:
    assert cuda_visible(value, SLICED).positions == positions


@pytest.mark.parametrize(
    ("environment", "positions"),
    [
        ({}, (0, 1, 2)),
        ({"ROCR_VISIBLE_DEVICES": "2,0"}, (2, 0)),
        ({"HIP_VISIBLE_DEVICES": "1"}, (1,)),
        ({"CUDA_VISIBLE_DEVICES": "1"}, (1,)),
        ({"HIP_VISIBLE_DEVICES": "0", "CUDA_VISIBLE_DEVICES": "1"}, (0,)),
        ({"ROCR_VISIBLE_DEVICES": "2,0", "HIP_VISIBLE_DEVICES": "1"}, (0,)),
        ({"ROCR_VISIBLE_DEVICES": "GPU-1111", "HIP_VISIBLE_DEVICES": "0"}, (2,)),
        ({"ROCR_VISIBLE_DEVICES": "1", "HIP_VISIBLE_DEVICES": "1"}, ()),
    ],
)
def test_rocm_lists_apply_one_after_the_other(environment: dict[str, str], positions: tuple[int, ...]) -> None:
    assert rocm_visible(environment, THREE).positions == positions


@pytest.mark.parametrize(
    ("value", "word"), [("", "empty"), ("0,9", "'9' names no device"), ("1,1", "twice"), ("0", "")]
)
def test_what_is_wrong_with_a_list_is_said(value: str, word: str) -> None:
    problem = cuda_visible(value, THREE).problem
    assert word in problem
    assert bool(problem) == bool(word)


@pytest.mark.parametrize(
    ("value", "expected"), [("0,1", True), (" 1", True), ("GPU-1", False), ("", False), (None, False)]
)
def test_lists_of_numbers_are_told_from_identifiers(value: str | None, expected: bool) -> None:
    assert is_list_of_indices(value) is expected


@given(st.text(alphabet="0123,-GPUMIab ", max_size=30))
def test_no_list_shows_a_device_twice_or_one_that_is_not_there(value: str) -> None:
    positions = cuda_visible(value, THREE).positions
    assert len(set(positions)) == len(positions)
    assert set(positions) <= {0, 1, 2}
