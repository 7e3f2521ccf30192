"""Architectures kept as rows are the ones that the mappings give, every one of them."""

import json
from pathlib import Path

import pytest

from llmpick.catalog import Catalog, built_architectures
from llmpick.catalog.built_architectures import kept, of_row, row_of
from llmpick.catalog.counts import counts
from llmpick.catalog.subject import subject_of_model
from llmpick.readers.hf_config import architecture_from_config


def test_every_architecture_comes_back_from_its_row(catalog: Catalog) -> None:
    """Through JSON and back, for each model of the catalog."""
    different = []
    for model_id in catalog.ids:
        architecture = architecture_from_config(catalog.model_data(model_id)["config"], catalog.specs)
        if of_row(json.loads(json.dumps(row_of(architecture)))) != architecture:
            different.append(model_id)
    assert different == []


def test_a_row_stands_for_the_mapping_once_the_counts_are_made(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kept architecture is read, not evaluated, and says the same."""
    counts(catalog)
    evaluated = subject_of_model("llama-7b", catalog)
    monkeypatch.setattr("llmpick.catalog.subject.architecture_from_config", None)
    assert kept(catalog, "llama-7b") == evaluated.architecture
    assert subject_of_model("llama-7b", catalog).architecture == evaluated.architecture


def test_what_is_not_kept_is_evaluated(catalog: Catalog, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without its row a model is what its mapping says."""
    monkeypatch.setattr(type(catalog), "architecture_places", {})
    assert kept(catalog, "llama-7b") is None
    assert subject_of_model("llama-7b", catalog).architecture.num_hidden_layers == 32
    assert built_architectures.row_of((1, "a", None)) == [1, "a", None]
