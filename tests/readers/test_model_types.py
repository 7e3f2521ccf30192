"""Every decoder type of transformers: counted as its own class counts it, or refused with a word about why."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from llmpick.catalog import Catalog
from llmpick.errors import InvalidFile
from llmpick.inventory.decoder import inventory
from llmpick.readers.hf_config import architecture_from_config

PATH = Path(__file__).parents[1] / "data" / "reference" / "model_types.jsonl.gz"
ROWS = [json.loads(line) for line in gzip.decompress(PATH.read_bytes()).decode().splitlines()]
INCOMPLETE = {"deepseek_v2", "dots1"}
"""Types whose default config says null for the experts of a token: no model."""


def total(row: dict[str, Any], catalog: Catalog) -> int:
    """The parameters of the type's default config."""
    config = {"model_type": row["model_type"], **row["config"]}
    return sum(tensor.parameters for tensor in inventory(architecture_from_config(config, catalog.specs)))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["model_type"])
def test_the_default_config_counts_as_in_transformers_or_is_refused_for_what_it_is(
    row: dict[str, Any], catalog: Catalog
) -> None:
    """Exact; or known to depart from what checkpoints hold; or no decoder."""
    found: int | None
    try:
        found = total(row, catalog)
    except InvalidFile as error:
        found, why = None, error.message
    if found is None:
        assert "llmpick counts decoders" in why or row["model_type"] in INCOMPLETE
    else:
        assert (found == row["total"]) is not ("departs" in row)
