"""Experts that one token uses."""

import pytest

from llmpick.architecture.feed_forward import Experts
from llmpick.inventory.decoder import part_rows


@pytest.mark.parametrize(("experts", "asked", "used"), [(8, 2, 2), (8, 8, 8), (4, 8, 4)])
def test_a_token_uses_no_more_experts_than_there_are(experts: int, asked: int, used: int) -> None:
    """So active parameters never exceed the parameters."""
    part = Experts(num_experts=experts, num_experts_per_tok=asked, moe_intermediate_size=16)
    counts = {(row.experts, row.experts_used) for row in part_rows(part, 32) if row.role.startswith("expert_")}
    assert counts == {(experts, used)}
