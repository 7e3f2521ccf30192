"""What llama.cpp's converter and quantiser do for some model types: split projections, shapes named 70B, no converter."""

from collections import Counter
from typing import Any

import pytest

from llmpick.catalog import Catalog
from llmpick.formats.gguf_mix import converts, features, typed_tensors
from llmpick.inventory.decoder import inventory
from llmpick.readers.hf_config import architecture_from_config

SMALL = {"hidden_size": 4096, "intermediate_size": 11008, "num_attention_heads": 32, "vocab_size": 32000}


def types(config: dict[str, Any], mix: str, catalog: Catalog, name: str) -> Counter[str]:
    """How many layers hold tensor ``name`` in which type."""
    architecture = architecture_from_config(config, catalog.specs)
    rows = typed_tensors(architecture, inventory(architecture), mix, catalog.formats)
    found: Counter[str] = Counter()
    for row in rows:
        if row.name == name:
            found[row.type_name] += len(row.layers) or 1
    return found


@pytest.mark.parametrize(
    ("model_type", "layers", "key_value_heads", "is_70b"),
    [
        ("llama", 80, 8, True),
        ("llama", 80, 32, False),  # LLaMA 65B
        ("mistral", 80, 8, True),
        ("qwen2", 80, 8, True),
        ("qwen2", 80, 32, True),  # Qwen1.5 72B, without grouped queries
        ("apertus", 80, 8, False),  # an architecture of its own
        ("qwen3", 80, 8, False),
        ("llama", 79, 8, False),
    ],
)
def test_size_70b(model_type: str, layers: int, key_value_heads: int, is_70b: bool, catalog: Catalog) -> None:
    """Which shapes llama.cpp calls 70B depends on architecture, layers and grouping."""
    config = {**SMALL, "model_type": model_type, "num_hidden_layers": layers, "num_key_value_heads": key_value_heads}
    architecture = architecture_from_config(config, catalog.specs)
    assert features(architecture, catalog.formats["gguf_conversion"]).size_70b is is_70b


def test_70b_steps_the_value_projection_up(catalog: Catalog) -> None:
    """Where a mix gives attn_v Q4_K, a 70B gets Q5_K."""
    config = {**SMALL, "model_type": "llama", "num_hidden_layers": 80, "num_key_value_heads": 8}
    assert types(config, "Q4_K_M", catalog, "blk.{i}.attn_v.weight") == {"q6_k": 40, "q5_k": 40}
    smaller = {**config, "num_hidden_layers": 40}
    assert types(smaller, "Q4_K_M", catalog, "blk.{i}.attn_v.weight") == {"q6_k": 20, "q4_k": 20}


def test_fused_projection_is_split_where_the_converter_splits_it(catalog: Catalog) -> None:
    """InternLM2's q and k stay Q4_K; only v, a tensor of its own, gets more bits."""
    config = {**SMALL, "model_type": "internlm2", "num_hidden_layers": 32, "num_key_value_heads": 8}
    assert types(config, "Q4_K_M", catalog, "blk.{i}.attn_qkv.weight") == {}
    assert types(config, "Q4_K_M", catalog, "blk.{i}.attn_q.weight") == {"q4_k": 32}
    assert types(config, "Q4_K_M", catalog, "blk.{i}.attn_v.weight") == {"q6_k": 16, "q4_k": 16}


def test_fused_projection_stays_whole_elsewhere(catalog: Catalog) -> None:
    """Phi-3 keeps attn_qkv, which counts as the value projection."""
    config = {**SMALL, "model_type": "phi3", "num_hidden_layers": 32, "num_key_value_heads": 32}
    assert types(config, "Q4_K_M", catalog, "blk.{i}.attn_qkv.weight") == {"q6_k": 16, "q4_k": 16}


def test_falcon_rules_hold_for_an_untied_falcon_too(catalog: Catalog) -> None:
    """The output row is Q8_0 whether or not the head is a tensor of its own."""
    config = {"model_type": "falcon", "hidden_size": 4096, "n_layer": 32, "n_head": 32, "num_kv_heads": 8,
              "vocab_size": 65024, "new_decoder_architecture": True, "tie_word_embeddings": False}  # fmt: skip
    assert types(config, "Q4_K_M", catalog, "output.weight") == {"q8_0": 1}


@pytest.mark.parametrize(("model_type", "converted"), [("llama", True), ("opt", False), ("gpt_neo", False)])
def test_model_types_without_a_converter_are_known(model_type: str, converted: bool, catalog: Catalog) -> None:
    """llama.cpp reads no OPT and no GPT-Neo."""
    config: dict[str, Any] = {"model_type": model_type, "num_hidden_layers": 2, "hidden_size": 64, "vocab_size": 100,
                              "num_attention_heads": 4, "intermediate_size": 256, "ffn_dim": 256,
                              "max_position_embeddings": 128, "word_embed_proj_dim": 64}  # fmt: skip
    if model_type == "opt":
        del config["intermediate_size"]
    if model_type == "gpt_neo":
        config = {"model_type": "gpt_neo", "hidden_size": 64, "num_layers": 2, "num_heads": 4, "vocab_size": 100,
                  "max_position_embeddings": 128, "attention_types": [[["global", "local"], 1]]}  # fmt: skip
    if model_type == "llama":
        config = {k: v for k, v in config.items() if k not in ("ffn_dim", "word_embed_proj_dim")}
    assert converts(architecture_from_config(config, catalog.specs), catalog.formats) is converted


def test_every_named_model_type_exists_or_is_only_closed(catalog: Catalog) -> None:
    """The lists of the conversion file name model types that mappings describe (jais2 waits for its mapping)."""
    table = catalog.formats["gguf_conversion"]
    named = {*table["splits_qkv"], *table["falcon"], *table["not_converted"]}
    named |= {name for row in table["size_70b"] for name in row["model_types"]}
    assert named - set(catalog.specs) <= {"jais2"}
