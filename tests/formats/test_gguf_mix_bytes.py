"""GGUF files against llama.cpp's own quantiser: exact bytes of every shape and mix."""

from typing import Any

import pytest

from llmpick.catalog import Catalog
from llmpick.formats.gguf_mix import weigh_mix
from llmpick.inventory.decoder import inventory
from llmpick.readers.hf_config import architecture_from_config
from reference_rows import read_rows

SHAPES = {row["model"]: row for row in read_rows("formats/gguf_mix_bytes.jsonl.gz")}


@pytest.mark.parametrize("model", sorted(SHAPES))
def test_every_mix_is_exact(model: str, catalog: Catalog) -> None:
    """All mixes of one shape, with and without an importance matrix, to the byte."""
    architecture = architecture_from_config(SHAPES[model]["config"], catalog.specs)
    tensors = inventory(architecture)
    found: dict[Any, int] = {}
    for mix, imatrix, _ in SHAPES[model]["rows"]:
        found[mix, imatrix] = weigh_mix(architecture, tensors, mix, catalog.formats, imatrix).tensor_bytes
    assert found == {(mix, imatrix): size for mix, imatrix, size in SHAPES[model]["rows"]}


def test_parts_sum_to_the_file(catalog: Catalog) -> None:
    """Embedding, layers, output and the rest are the whole file of an untied model."""
    architecture = architecture_from_config(SHAPES["Llama-3.1-8B"]["config"], catalog.specs)
    weights = weigh_mix(architecture, inventory(architecture), "Q4_K_M", catalog.formats)
    parts = weights.input_embedding_bytes + weights.output_bytes + sum(weights.layer_bytes) + weights.other_bytes
    assert parts == weights.tensor_bytes == 4_912_898_304
