"""Every catalog model against an independent count (transformers on the meta device, or a formula by hand)."""

from collections import Counter

import pytest

from llmpick.catalog import Catalog
from llmpick.catalog.subject import subject_of_model
from llmpick.inventory.caches import kv_elements_per_token
from reference_rows import read_rows

REFERENCES = {row["id"]: row for row in read_rows("reference/reference_counts.jsonl.gz")}
OTHER_HEAD = {"rwkv-4-14b", "rwkv-4-169m", "rwkv-4-1b5"}  # the references file its head under "other"
LEFT_OUT = {"kimi-k3"}  # its reference is a guess: no public code says how it is built
NOT_LINEAR = {"deepseek-v4-pro"}  # compressed caches: the reference's figure is for eight tokens
SAME_COMPONENTS = {
    "input_embeddings": "token_embedding", "output_head": "output_head", "experts": "experts",
    "shared_experts": "shared_experts", "position_embeddings": "position_embedding",
}  # fmt: skip


def test_there_are_enough_references() -> None:
    """The table is the whole of the reference: 198 models."""
    assert len(REFERENCES) == 198


@pytest.mark.parametrize("model_id", sorted(set(REFERENCES) - LEFT_OUT))
def test_count_equals_the_reference(model_id: str, catalog: Catalog) -> None:
    """Total and active parameters are equal to the unit."""
    count = subject_of_model(model_id, catalog).parameters
    assert count.total == REFERENCES[model_id]["total"]
    assert count.active == REFERENCES[model_id]["active"]
    assert sum(value for _, value in count.components) == count.total


@pytest.mark.parametrize("model_id", sorted(set(REFERENCES) - LEFT_OUT - OTHER_HEAD))
def test_components_equal_the_reference(model_id: str, catalog: Catalog) -> None:
    """Tables, heads and experts are equal one by one; the rest (which the references split by name) in sum."""
    reference, ours = (
        Counter(REFERENCES[model_id]["by_component"]),
        Counter(dict(subject_of_model(model_id, catalog).parameters.components)),
    )
    for theirs, name in SAME_COMPONENTS.items():
        assert ours[name] == reference[theirs], name


@pytest.mark.parametrize(
    "model_id",
    sorted(
        name
        for name, row in REFERENCES.items()
        if row["kv_cache_elements_per_token"] and name not in LEFT_OUT | NOT_LINEAR
    ),
)
def test_cache_elements_equal_the_reference(model_id: str, catalog: Catalog) -> None:
    """KV elements per token; a sparse indexer's own keys are not in the references."""
    caches = tuple(cache for cache in subject_of_model(model_id, catalog).caches if cache.kind != "indexer")
    assert kv_elements_per_token(caches) == REFERENCES[model_id]["kv_cache_elements_per_token"]


ALL_COUNTS = {row["id"]: row for row in read_rows("reference/model_counts.jsonl.gz")}


@pytest.mark.parametrize("model_id", sorted(name for name, row in ALL_COUNTS.items() if row["origin"] == "recomputed"))
def test_count_equals_the_recomputed_reference(model_id: str, catalog: Catalog) -> None:
    """The models without a count of others: equal to what scripts/reference_counts.py finds."""
    if model_id not in catalog.ids:
        pytest.skip("left out of the catalog")
    count = subject_of_model(model_id, catalog).parameters
    assert (count.total, count.active) == (ALL_COUNTS[model_id]["total"], ALL_COUNTS[model_id]["active"])
