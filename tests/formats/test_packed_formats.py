"""Packed formats: bytes of a linear layer by formula, names with numbers in them, what stays in 16 bit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmpick.catalog import Catalog
from llmpick.errors import UnknownName
from llmpick.formats import canonical_name, weigh
from llmpick.formats.base import WeightBytes, known_formats
from llmpick.formats.packed import linear_bytes
from llmpick.inventory.decoder import inventory
from llmpick.readers.hf_config import architecture_from_config

LLAMA_8B = {
    "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256, "tie_word_embeddings": False,
}  # fmt: skip
LINEAR_WEIGHTS = 6_979_321_856
SIXTEEN_BIT = 2 * (2 * 128256 * 4096 + 65 * 4096)
"""Embedding, head and norms."""


def weighed(name: str, catalog: Catalog, **changes: object) -> WeightBytes:
    architecture = architecture_from_config({**LLAMA_8B, **changes}, catalog.specs)
    return weigh(architecture, inventory(architecture), name, catalog.formats)


@pytest.mark.parametrize(
    ("name", "bits_per_weight"),
    [
        ("AWQ-4bit-128g", 4 + (16 + 4) / 128),
        ("NF4", 4 + 8 / 64 + 32 / (64 * 256)),
        ("NF4-single", 4 + 32 / 64),
        ("FP8-block", 8 + 32 / 128**2),
        ("AWQ-4bit-32g", 4 + (16 + 4) / 32),
    ],
)
def test_eight_billion_by_bits_per_weight(name: str, bits_per_weight: float, catalog: Catalog) -> None:
    """Where scales follow weights alone, linear layers cost exactly their bits per weight and the rest 16 bit."""
    assert weighed(name, catalog).tensor_bytes == LINEAR_WEIGHTS * bits_per_weight / 8 + SIXTEEN_BIT


def test_published_awq_repository(catalog: Catalog) -> None:
    """The AWQ-INT4 repository of Llama 3.1 8B lists 5.73 GB."""
    assert round(weighed("AWQ-4bit-128g", catalog).tensor_bytes / 1e9, 2) == 5.73


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"bits": 8, "group": 0, "scale_bytes": 4}, 1024 * 512 + 4 * 1024),
        ({"bits": 4, "group": 128, "scale_bytes": 2, "zero_bits": 4, "index_bytes": 4},
         1024 * 512 // 2 + 1024 * 4 * 2 + 1024 * 4 // 2 + 4 * 512),
        ({"bits": 8, "block": 128, "scale_bytes": 4}, 1024 * 512 + 8 * 4 * 4),
        ({"bits": 4, "group": 16, "scale_bytes": 1, "tensor_bytes": 8}, 1024 * 512 // 2 + 1024 * 512 // 16 + 8),
        ({"bits": 4.25, "ends_bytes": 2}, 1024 * 512 * 17 // 32 + 2 * (1024 + 512)),
    ],
)  # fmt: skip
def test_linear_layer(row: dict[str, float], expected: int) -> None:
    """1024 rows of 512 columns, each format's parts added by hand."""
    assert linear_bytes(1024, 512, row) == expected


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("q4_k_m", "Q4_K_M"), ("fp16", "F16"), ("awq", "AWQ-4bit-128g"), ("gptq-4bit-128g", "GPTQ-4bit-128g"),
        ("exl3-4.25bpw", "EXL3-4.25bpw"), ("EXL3-4bpw", "EXL3-4.0bpw"), ("gptq-3bit-32g", "GPTQ-3bit-32g"),
        ("iq4_xs/imatrix", "IQ4_XS+imatrix"), ("IQ3_XXS+imatrix", "IQ3_XXS+imatrix"),
        ("MLX-6bit", "MLX-6bit"), ("mlx-4bit-32g", "MLX-4bit-32g"), ("nf4", "NF4"), ("mxfp4_moe", "MXFP4_MOE"),
    ],
)  # fmt: skip
def test_names_are_found_without_case(typed: str, name: str, catalog: Catalog) -> None:
    """Users' spellings, aliases and names with numbers lead to one name."""
    assert canonical_name(typed, catalog.formats) == name


@pytest.mark.parametrize(
    "typed",
    ["Q4_K_X", "GPTQ-5bit-128g", "EXL3-12bpw", "AWQ-4bit-77g", "int5", "EXL3-0.5bpw", "NF4+imatrix", "IQ4_XS+x"],
)
def test_unknown_names_are_refused(typed: str, catalog: Catalog) -> None:
    """A name no packer offers is an error, not a guess."""
    with pytest.raises(UnknownName):
        canonical_name(typed, catalog.formats)


def test_unknown_name_suggests_the_nearest(catalog: Catalog) -> None:
    """A slip of the keyboard is answered with what was meant."""
    with pytest.raises(UnknownName) as caught:
        canonical_name("Q4_KM", catalog.formats)
    assert "Q4_K_M" in caught.value.hint


def test_every_format_weighs(catalog: Catalog) -> None:
    """Each name gives bytes by place whose sum is the file (the model is untied)."""
    for name in known_formats(catalog.formats):
        found = weighed(name, catalog, num_hidden_layers=2)
        parts = found.input_embedding_bytes + found.output_bytes + sum(found.layer_bytes) + found.other_bytes
        assert parts == found.tensor_bytes > 0, name


@pytest.mark.parametrize(
    "family",
    [
        ["Q2_K", "Q3_K_S", "Q3_K_M", "Q3_K_L", "Q4_K_S", "Q4_K_M", "Q5_K_S", "Q5_K_M", "Q6_K", "Q8_0", "F16", "F32"],
        ["IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ2_M", "IQ3_XXS", "IQ3_XS", "IQ3_S", "IQ4_XS", "IQ4_NL"],
        ["Q4_0", "Q4_1", "Q5_1", "Q8_0"],
        ["EXL3-2.5bpw", "EXL3-3.0bpw", "EXL3-3.5bpw", "EXL3-4.0bpw", "EXL3-6.0bpw", "F16"],
        ["GPTQ-3bit-128g", "GPTQ-3bit-32g", "GPTQ-4bit-128g", "GPTQ-4bit-32g", "GPTQ-8bit-128g", "F16"],
        ["MLX-3bit", "MLX-4bit", "MLX-6bit", "MLX-8bit", "F16"],
        ["NF4", "NF4-single", "INT8", "F16"],
    ],
)
@given(layers=st.integers(1, 90), key_value_heads=st.sampled_from([1, 2, 4, 8, 16, 32]), tied=st.booleans())
def test_fewer_bits_never_cost_more(
    catalog: Catalog, family: list[str], layers: int, key_value_heads: int, tied: bool
) -> None:
    """Within a family, the next format is never smaller, whatever the shape."""
    changes = {"num_hidden_layers": layers, "num_key_value_heads": key_value_heads, "tie_word_embeddings": tied}
    sizes = [weighed(name, catalog, **changes).tensor_bytes for name in family]
    assert sizes == sorted(sizes)


def test_importance_matrix_changes_a_mix(catalog: Catalog) -> None:
    """IQ4_XS keeps ffn_down of the first eighth at Q5_K only without a matrix."""
    plain, made = (weighed(name, catalog) for name in ("IQ4_XS", "IQ4_XS+imatrix"))
    assert plain.tensor_bytes - made.tensor_bytes == 4 * 4096 * 14336 * (176 - 136) // 256
    assert made.format == "IQ4_XS+imatrix"


def test_experts_alone_are_mxfp4(catalog: Catalog) -> None:
    """gpt-oss packs its experts; attention, router and tables stay in 16 bit."""
    config = {"model_type": "gpt_oss", "hidden_size": 2880, "num_hidden_layers": 24, "num_attention_heads": 64,
              "num_key_value_heads": 8, "intermediate_size": 2880, "vocab_size": 201088, "head_dim": 64,
              "num_local_experts": 32, "num_experts_per_tok": 4, "tie_word_embeddings": False}  # fmt: skip
    architecture = architecture_from_config(config, catalog.specs)
    found = weigh(architecture, inventory(architecture), "MXFP4", catalog.formats)
    assert sum(found.layer_expert_bytes) == 24 * 32 * (3 * 2880 * 2880 * 17 // 32 + 2 * 3 * 2880)
    assert found.output_bytes == 2 * (201088 * 2880 + 2880)
