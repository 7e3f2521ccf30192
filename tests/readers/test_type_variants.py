"""Configs that differ from their model type's defaults: counts of Hugging Face transformers on the meta device."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from llmpick.catalog import Catalog
from llmpick.inventory.decoder import inventory
from llmpick.readers.hf_config import architecture_from_config

ROWS = [
    json.loads(line)
    for path in sorted((Path(__file__).parents[1] / "data" / "reference").glob("type_variants_*.jsonl.gz"))
    for line in gzip.decompress(path.read_bytes()).decode().splitlines()
]


def label(row: dict[str, Any]) -> str:
    """The model type and what its config changes."""
    changes = ",".join(f"{key}={value}" for key, value in row["config"].items() if key != "model_type")
    return f"{row['model_type']}[{changes[:60]}]"


@pytest.mark.parametrize("row", ROWS, ids=label)
def test_counts_of_changed_configs_are_exact(row: dict[str, Any], catalog: Catalog) -> None:
    """The formulas of a mapping hold, not only its defaults; components where their names leave no doubt."""
    rows = inventory(architecture_from_config(row["config"], catalog.specs))
    assert sum(tensor.parameters for tensor in rows) == row["total"]
    found: Counter[str] = Counter()
    for tensor in rows:
        found[tensor.component] += tensor.parameters
    expected = row.get("by_component", {})
    assert {component: found[component] for component in expected} == expected
