"""Published GGUF files against computed tensor bytes: sizes as llama.cpp, its documentation and repositories print them."""

import pytest

from llmpick.catalog import Catalog
from llmpick.formats.gguf_mix import weigh_mix
from llmpick.inventory.decoder import inventory
from llmpick.readers.hf_config import architecture_from_config

LLAMA_3_1_8B = {
    "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256, "tie_word_embeddings": False,
    "rope_scaling": {"rope_type": "llama3", "factor": 8.0},
}  # fmt: skip
LLAMA_3_1_70B = {**LLAMA_3_1_8B, "hidden_size": 8192, "num_hidden_layers": 80, "num_attention_heads": 64,
                 "intermediate_size": 28672}  # fmt: skip
LLAMA_2_13B = {
    "model_type": "llama", "hidden_size": 5120, "num_hidden_layers": 40, "num_attention_heads": 40,
    "num_key_value_heads": 40, "intermediate_size": 13824, "vocab_size": 32000, "tie_word_embeddings": False,
}  # fmt: skip
GLM_4_32B = {
    "model_type": "glm4", "hidden_size": 6144, "num_hidden_layers": 61, "num_attention_heads": 48,
    "num_key_value_heads": 2, "intermediate_size": 23040, "vocab_size": 151552, "tie_word_embeddings": False,
    "head_dim": 128, "attention_bias": False,
}  # fmt: skip
# llama.cpp, tools/quantize/README.md: GiB of each mix of Llama 3.1 8B.
QUANTIZE_README = {
    "IQ1_S": 1.87, "IQ1_M": 2.01, "IQ2_XXS": 2.23, "IQ2_XS": 2.42, "IQ2_S": 2.56, "IQ2_M": 2.74, "IQ3_XS": 3.27,
    "IQ3_S": 3.42, "IQ3_M": 3.52, "IQ4_XS": 4.17, "IQ4_NL": 4.38, "Q2_K_S": 2.78, "Q2_K": 2.95, "Q3_K_S": 3.41,
    "Q3_K_L": 4.02, "Q4_K_S": 4.36, "Q4_K_M": 4.58, "Q5_K_S": 5.21, "Q5_K_M": 5.33, "Q6_K": 6.14, "Q8_0": 7.95,
    "F16": 14.96,
}  # fmt: skip


def gguf_bytes(config: dict[str, object], mix: str, catalog: Catalog, imatrix: bool = False) -> int:
    architecture = architecture_from_config(config, catalog.specs)
    return weigh_mix(architecture, inventory(architecture), mix, catalog.formats, imatrix).tensor_bytes


@pytest.mark.parametrize(("mix", "size_gib"), QUANTIZE_README.items())
def test_llama_8b_as_llama_cpp_documents_it(mix: str, size_gib: float, catalog: Catalog) -> None:
    """To the two decimals of a GiB that are printed."""
    assert gguf_bytes(LLAMA_3_1_8B, mix, catalog) / 2**30 == pytest.approx(size_gib, abs=0.0051)


# Repositories of GGUF files (decimal GB): their sizes hold a header of some 8 MB besides the tensors.
REPOSITORY_70B = {"Q8_0": 74.98, "Q6_K": 57.89, "Q5_K_M": 49.95, "Q5_K_S": 48.66, "Q4_K_M": 42.52, "Q4_K_S": 40.35,
                  "Q3_K_L": 37.14, "Q3_K_M": 34.27, "IQ3_M": 31.94, "Q3_K_S": 30.91}  # fmt: skip


@pytest.mark.parametrize(("mix", "size_gb"), REPOSITORY_70B.items())
def test_llama_70b_as_repositories_list_it(mix: str, size_gb: float, catalog: Catalog) -> None:
    """Seventy billion weights, where attn_v gets one step more: within the header and the rounding."""
    difference = size_gb * 1e9 - gguf_bytes(LLAMA_3_1_70B, mix, catalog)
    assert 2e6 < difference < 14e6


@pytest.mark.parametrize(
    ("config", "mix", "imatrix", "size_gib"),
    [
        (LLAMA_2_13B, "Q8_0", False, 12.881),
        (LLAMA_2_13B, "F16", False, 24.24),
        (GLM_4_32B, "IQ4_XS", True, 16.382),
    ],
    ids=["llama-2-13b Q8_0", "llama-2-13b F16", "glm-4-32b IQ4_XS"],
)
def test_load_logs(config: dict[str, object], mix: str, imatrix: bool, size_gib: float, catalog: Catalog) -> None:
    """The size that llama.cpp prints when it loads a file: tensors alone."""
    assert gguf_bytes(config, mix, catalog, imatrix) / 2**30 == pytest.approx(size_gib, abs=0.005)


@pytest.mark.parametrize(
    ("layers", "shared", "width", "size"), [(30, 10, 8192, 4788112064), (35, 15, 16384, 7353292256)]
)
def test_gemma_3n_as_its_repositories_list_it(
    layers: int, shared: int, width: int, size: int, catalog: Catalog
) -> None:
    """ggml-org's Q8_0 of E2B and E4B: small weights stay in 16 bit, and K and V of layers that share caches are kept."""
    config = {"model_type": "gemma3n_text", "num_hidden_layers": layers, "num_kv_shared_layers": shared,
              "intermediate_size": width}  # fmt: skip
    assert 5.5e6 < size - gguf_bytes(config, "Q8_0", catalog) < 6.5e6
