"""Experts that pass their input on have no weights (LongCat-Flash, arXiv:2509.01322: 560B, about 27B active)."""

from llmpick.catalog import Catalog
from llmpick.inventory.caches import cache_layers
from llmpick.inventory.decoder import inventory
from llmpick.readers.hf_config import architecture_from_config

LAYERS, HIDDEN, WIDTH, EXPERTS, IDENTITIES = 28, 6144, 2048, 512, 256
ALLOCATED = 741_053_585_408
"""What transformers 5.23.0 allocates: up-projections for the identities too, which no checkpoint fills."""


def test_identity_experts_are_no_parameters(catalog: Catalog) -> None:
    """The published count; and of the twelve experts a token picks, eight on average are real."""
    rows = inventory(architecture_from_config({"model_type": "longcat_flash"}, catalog.specs))
    parameters = sum(row.parameters for row in rows)
    assert parameters == ALLOCATED - LAYERS * IDENTITIES * 2 * WIDTH * HIDDEN == 560_664_958_976
    experts = [row for row in rows if row.component == "experts"]
    assert {(row.experts, row.experts_used) for row in experts} == {(EXPERTS, 8)}
    assert sum(row.active_parameters for row in rows) == 27_954_796_544


def test_a_layer_with_two_attentions_has_two_caches(catalog: Catalog) -> None:
    """As transformers' cache counts them: twice the layers, one latent row each."""
    caches = cache_layers(architecture_from_config({"model_type": "longcat_flash"}, catalog.specs))
    assert sum(len(cache.layers) for cache in caches) == 2 * LAYERS
    assert {(cache.kind, cache.key_head_dim) for cache in caches} == {("latent", 512 + 64)}
