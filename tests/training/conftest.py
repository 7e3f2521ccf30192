"""The catalog's figures for training, and small models to train."""

from typing import Any

import pytest

from llmpick.architecture.decoder import Architecture
from llmpick.catalog import Catalog
from llmpick.inventory.decoder import inventory
from llmpick.inventory.tensors import Tensor
from llmpick.readers.hf_config import architecture_from_config

LLAMA = {
    "model_type": "llama", "hidden_size": 64, "intermediate_size": 176, "num_hidden_layers": 4,
    "num_attention_heads": 8, "num_key_value_heads": 2, "vocab_size": 512, "tie_word_embeddings": False,
    "rms_norm_eps": 1e-5, "max_position_embeddings": 512, "hidden_act": "silu",
}  # fmt: skip


@pytest.fixture(scope="session")
def table(catalog: Catalog) -> dict[str, Any]:
    return dict(catalog.runtimes["training"])


@pytest.fixture(scope="session")
def llama(catalog: Catalog) -> tuple[Architecture, tuple[Tensor, ...]]:
    """A LLaMA of four layers whose sums can be done by hand."""
    architecture = architecture_from_config(LLAMA, catalog.specs)
    return architecture, inventory(architecture)
