"""What a config says its checkpoint is stored in."""

import json
from pathlib import Path
from typing import Any

import pytest

from llmpick.catalog import Catalog
from llmpick.cli.main import run
from llmpick.formats.loading import declared_format

BLOCK = [128, 128]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"quant_method": "mxfp4", "modules_to_not_convert": ["lm_head"]}, "MXFP4"),
        ({"quant_method": "fp8", "weight_block_size": BLOCK, "activation_scheme": "dynamic"}, "FP8-block"),
        ({"quant_method": "fp8", "activation_scheme": "static"}, "FP8-tensor"),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4", "ignore": ["*self_attn*"]}, None),
        ({"quant_method": "modelopt", "quant_algo": "MIXED_PRECISION"}, None),
        ({"quant_method": "fp8", "weight_block_size": BLOCK, "quantized_layers": {"a": 1}}, None),
        ({"quant_method": "gptq", "bits": 4, "group_size": 128}, "GPTQ-4bit-128g"),
        ({"quant_method": "awq", "bits": 4, "group_size": 64}, "AWQ-4bit-64g"),
        ({"quant_method": "gptq"}, None),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4",
          "bnb_4bit_use_double_quant": True}, "NF4"),
        ({"quant_method": "something-new"}, None),
    ],
)  # fmt: skip
def test_a_quantization_config_names_a_format_or_none(
    said: dict[str, Any], expected: str | None, catalog: Catalog
) -> None:
    """What is not known is taken in 16 bit: never too small."""
    assert declared_format({"model_type": "llama", "quantization_config": said}, catalog.formats) == expected


def test_experts_in_four_bits_are_told_by_the_config_itself(catalog: Catalog) -> None:
    """FP8 with experts of FP4."""
    config = {"expert_dtype": "fp4", "quantization_config": {"quant_method": "fp8", "weight_block_size": BLOCK}}
    assert declared_format(config, catalog.formats) == "FP8-block-MXFP4"


def test_memory_takes_a_config_as_it_is_stored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A quantised config is weighed in its own format where the runtime loads it, else in the runtime's usual one."""
    config = {"model_type": "llama", "hidden_size": 1024, "num_hidden_layers": 2, "num_attention_heads": 8, "vocab_size": 1000,
              "intermediate_size": 2048, "quantization_config": {"quant_method": "fp8", "weight_block_size": BLOCK}}  # fmt: skip
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    for runtime, expected in (("vllm", "FP8-block"), ("llama.cpp", "Q4_K_M")):
        assert run(["memory", str(path), "-r", runtime, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["quantization"] == expected
