"""Config files as another project stores them (most of models that the catalog has too): counted right, or seldom refused."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from llmpick.catalog import Catalog
from llmpick.errors import UnsupportedArchitecture
from llmpick.inventory.decoder import inventory
from llmpick.readers.hf_config import architecture_from_config

PATH = Path(__file__).parents[1] / "data" / "reference" / "held_out_configs.jsonl.gz"
ROWS = [json.loads(line) for line in gzip.decompress(PATH.read_bytes()).decode().splitlines()]


def total(row: dict[str, Any], catalog: Catalog) -> int:
    """The parameters that the config describes."""
    return sum(tensor.parameters for tensor in inventory(architecture_from_config(row["config"], catalog.specs)))


@pytest.mark.parametrize("row", [row for row in ROWS if "total" in row], ids=lambda row: row["id"])
def test_no_published_config_is_counted_wrong(row: dict[str, Any], catalog: Catalog) -> None:
    """Equal to an independent count, or refused."""
    try:
        found = total(row, catalog)
    except UnsupportedArchitecture:
        return
    assert found == row["total"]


def test_at_most_one_in_twenty_is_refused(catalog: Catalog) -> None:
    """Configs with and without a reference."""
    refused = []
    for row in ROWS:
        try:
            total(row, catalog)
        except UnsupportedArchitecture as error:
            refused.append((row["id"], error.message))
    assert len(refused) <= len(ROWS) / 20, refused
