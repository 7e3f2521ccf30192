"""Where llama.cpp puts layers, and which splits are refused."""

from typing import Any

import pytest

from llmpick.errors import UsageError
from llmpick.runtimes.base import Budget
from llmpick.runtimes.llama_cpp_place import place

TWO = (Budget("large", 24 * 2**30), Budget("small", 8 * 2**30))


@pytest.mark.parametrize(
    ("settings", "counts", "output"),
    [({}, (24, 7), 1), ({"tensor_split": "1,1"}, (16, 15), 1), ({"tensor_split": "1/0"}, (31, 0), 0),
     ({"split_mode": "none"}, (31, 0), 0), ({"split_mode": "none", "main_gpu": 1}, (0, 31), 1)],
)  # fmt: skip
def test_layers_follow_the_split(settings: dict[str, Any], counts: tuple[int, int], output: int) -> None:
    """31 layers and the output over a card of 24 GiB and one of 8."""
    plan = place(31, TWO, settings)
    assert tuple(plan.layer_device.count(device) for device in (0, 1)) == counts
    assert plan.output_device == output


@pytest.mark.parametrize(
    "settings",
    [{"tensor_split": "abc"}, {"tensor_split": "0,0"}, {"tensor_split": "nan,1"}, {"tensor_split": "-1,2"},
     {"split_mode": "row"}, {"split_mode": "none", "main_gpu": 2}],
)  # fmt: skip
def test_a_split_that_means_nothing_is_a_usage_error(settings: dict[str, Any]) -> None:
    """A split that cannot be followed, or is not modelled, is refused rather than guessed."""
    with pytest.raises(UsageError):
        place(31, TWO, settings)
