"""Whatever a quantiser made of a model, its parameters are those of the model before, to the unit."""

from collections.abc import Callable, Iterator
from math import prod
from pathlib import Path
from typing import Any

import pytest
import yaml
from model_writers import checkpoint, write_safetensors

from llmpick.errors import InvalidFile
from llmpick.inventory.decoder import inventory
from llmpick.readers.hf_config import architecture_from_config, resolve
from llmpick.readers.packed import recover
from llmpick.readers.packings import RawTensor
from llmpick.readers.safetensors import read_safetensors
from llmpick.readers.stored import StoredModel, bytes_by_type, logical_parameters, parameters_by_component, tensor_bytes

ROOT = Path(__file__).parents[2]
Header = dict[str, tuple[str, tuple[int, ...]]]
CONFIGS: dict[str, dict[str, Any]] = {
    "llama": {"model_type": "llama", "hidden_size": 256, "num_hidden_layers": 3, "num_attention_heads": 8,
              "num_key_value_heads": 2, "intermediate_size": 768, "vocab_size": 1000},
    "qwen2": {"model_type": "qwen2", "hidden_size": 512, "num_hidden_layers": 2, "num_attention_heads": 8,
              "num_key_value_heads": 4, "intermediate_size": 1024, "vocab_size": 999, "tie_word_embeddings": True},
    "mixtral": {"model_type": "mixtral", "hidden_size": 256, "num_hidden_layers": 2, "num_attention_heads": 4,
                "num_key_value_heads": 2, "intermediate_size": 512, "vocab_size": 320, "num_local_experts": 4,
                "num_experts_per_tok": 2},
    "deepseek": {"model_type": "deepseek_v3", "hidden_size": 256, "num_hidden_layers": 3, "num_attention_heads": 4,
                 "intermediate_size": 512, "vocab_size": 640, "q_lora_rank": 128, "kv_lora_rank": 128,
                 "qk_rope_head_dim": 64, "qk_nope_head_dim": 64, "v_head_dim": 64, "first_k_dense_replace": 1,
                 "n_routed_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 256, "n_shared_experts": 1},
}  # fmt: skip
SKIPPED = ("embed_tokens", "lm_head", "norm", "mlp.gate.")


@pytest.fixture(scope="module")
def checkpoints() -> dict[str, tuple[Header, int]]:
    """Each small model's unquantised checkpoint and its parameter count."""
    folder = ROOT / "catalog" / "architectures"
    specs = resolve({path.stem: yaml.safe_load(path.read_text()) for path in folder.glob("*.yaml")})
    found = {}
    for name, config in CONFIGS.items():
        rows = inventory(architecture_from_config(config, specs))
        found[name] = (checkpoint(rows), sum(row.parameters for row in rows))
    return found


def gptq(stem: str, out: int, inn: int, bits: int = 4, group: int = 128) -> Header:
    return {f"{stem}.qweight": ("I32", (inn * bits // 32, out)), f"{stem}.g_idx": ("I32", (inn,)),
            f"{stem}.qzeros": ("I32", (inn // group, out * bits // 32)), f"{stem}.scales": ("F16", (inn // group, out))}  # fmt: skip


def gptq3(stem: str, out: int, inn: int) -> Header:
    return gptq(stem, out, inn, bits=3)


def gptq8_no_groups(stem: str, out: int, inn: int) -> Header:
    return gptq(stem, out, inn, bits=8, group=inn)


def gptq_no_index(stem: str, out: int, inn: int) -> Header:
    return {name: entry for name, entry in gptq(stem, out, inn).items() if not name.endswith("g_idx")}


def awq(stem: str, out: int, inn: int) -> Header:
    return {f"{stem}.qweight": ("I32", (inn, out // 8)), f"{stem}.qzeros": ("I32", (inn // 128, out // 8)),
            f"{stem}.scales": ("F16", (inn // 128, out))}  # fmt: skip


def awq_gemv(stem: str, out: int, inn: int) -> Header:
    groups = -(-inn // 128 // 8) * 8
    return {f"{stem}.qweight": ("I32", (out, inn // 8)), f"{stem}.qzeros": ("I32", (out, groups // 8)),
            f"{stem}.scales": ("F16", (out, groups))}  # fmt: skip


def nf4(stem: str, out: int, inn: int) -> Header:
    name, blocks = f"{stem}.weight", out * inn // 64
    return {name: ("U8", (out * inn // 2, 1)), f"{name}.absmax": ("U8", (blocks,)), f"{name}.quant_map": ("F32", (16,)),
            f"{name}.nested_absmax": ("F32", (-(-blocks // 256),)), f"{name}.nested_quant_map": ("F32", (256,)),
            f"{name}.quant_state.bitsandbytes__nf4": ("U8", (90,))}  # fmt: skip


def llm_int8(stem: str, out: int, inn: int) -> Header:
    return {f"{stem}.weight": ("I8", (out, inn)), f"{stem}.SCB": ("F32", (out,)), f"{stem}.weight_format": ("U8", ())}


def compressed(stem: str, out: int, inn: int) -> Header:
    return {f"{stem}.weight_packed": ("I32", (out, inn // 8)), f"{stem}.weight_scale": ("BF16", (out, inn // 128)),
            f"{stem}.weight_shape": ("I64", (2,))}  # fmt: skip


def fp8_blocks(stem: str, out: int, inn: int) -> Header:
    scales = (-(-out // 128), -(-inn // 128))
    return {f"{stem}.weight": ("F8_E4M3", (out, inn)), f"{stem}.weight_scale_inv": ("F32", scales)}


def fp8_channels(stem: str, out: int, inn: int) -> Header:
    return {f"{stem}.weight": ("F8_E4M3", (out, inn)), f"{stem}.weight_scale": ("BF16", (out, 1)),
            f"{stem}.input_scale": ("F32", ())}  # fmt: skip


def nvfp4(stem: str, out: int, inn: int) -> Header:
    return {f"{stem}.weight": ("U8", (out, inn // 2)), f"{stem}.weight_scale": ("F8_E4M3", (out, inn // 16)),
            f"{stem}.weight_scale_2": ("F32", ()), f"{stem}.input_scale": ("F32", ())}  # fmt: skip


def nvfp4_compressed(stem: str, out: int, inn: int) -> Header:
    return {f"{stem}.weight_packed": ("U8", (out, inn // 2)), f"{stem}.weight_scale": ("F8_E4M3", (out, inn // 16)),
            f"{stem}.weight_global_scale": ("F32", (1,)), f"{stem}.input_global_scale": ("F32", (1,))}  # fmt: skip


def mxfp4(stem: str, out: int, inn: int) -> Header:
    return {f"{stem}.weight_blocks": ("U8", (out, inn // 32, 16)), f"{stem}.weight_scales": ("U8", (out, inn // 32))}


def fp4_in_bytes(stem: str, out: int, inn: int) -> Header:
    return {f"{stem}.weight": ("I8", (out, inn // 2)), f"{stem}.scale": ("F8_E8M0", (out, inn // 32))}


def mlx(stem: str, out: int, inn: int) -> Header:
    return {f"{stem}.weight": ("U32", (out, inn // 8)), f"{stem}.scales": ("F16", (out, inn // 64)),
            f"{stem}.biases": ("F16", (out, inn // 64))}  # fmt: skip


def exl3(stem: str, out: int, inn: int) -> Header:
    return {
        f"{stem}.trellis": ("I16", (inn // 16, out // 16, 64)),
        f"{stem}.suh": ("F16", (inn,)),
        f"{stem}.svh": ("F16", (out,)),
    }


PACKINGS: dict[str, tuple[Callable[[str, int, int], Header], str, dict[str, Any]]] = {
    "gptq": (gptq, "GPTQ-4bit", {}),
    "gptq-3bit": (gptq3, "GPTQ-3bit", {}),
    "gptq-8bit": (gptq8_no_groups, "GPTQ-8bit", {}),
    "gptq-sequential": (gptq_no_index, "GPTQ-4bit", {}),
    "awq": (awq, "AWQ-4bit", {"quant_method": "awq", "bits": 4}),
    "awq-gemv": (awq_gemv, "AWQ-4bit-128g", {"quant_method": "awq", "bits": 4, "version": "gemv", "group_size": 128}),
    "nf4": (nf4, "NF4", {"quant_method": "bitsandbytes"}),
    "llm.int8": (llm_int8, "INT8", {}),
    "compressed-tensors": (compressed, "W4A16", {
        "quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": {"num_bits": 4, "group_size": 128}}},
    }),
    "fp8-blocks": (fp8_blocks, "FP8", {}),
    "fp8-channels": (fp8_channels, "FP8", {}),
    "nvfp4": (nvfp4, "NVFP4", {}),
    "nvfp4-compressed": (nvfp4_compressed, "NVFP4", {}),
    "mxfp4": (mxfp4, "MXFP4", {}),
    "fp4-in-bytes": (fp4_in_bytes, "MXFP4", {}),
    "mlx": (mlx, "MLX-4bit-64g", {"bits": 4, "group_size": 64}),
    "exl3": (exl3, "EXL3-4bit", {}),
}  # fmt: skip


def packed(
    header: Header, pack: Callable[[str, int, int], Header]
) -> Iterator[tuple[str, tuple[str, tuple[int, ...]]]]:
    for name, (dtype, shape) in header.items():
        if len(shape) == 2 and not any(part in name for part in SKIPPED):
            yield from pack(name.removesuffix(".weight"), *shape).items()
        else:
            yield name, (dtype, shape)


def written(path: Path, header: Header, config: dict[str, Any] | None) -> StoredModel:
    write_safetensors(path / "model.safetensors", header)
    return read_safetensors(path / "model.safetensors", config or {})


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("model", CONFIGS)
def test_logical_parameters_are_those_of_the_model(
    checkpoints: dict[str, tuple[Header, int]], model: str, packing: str, tmp_path: Path
) -> None:
    """Packed in any way, the model has the parameters of its unquantised checkpoint, component by component."""
    header, parameters = checkpoints[model]
    pack, type_name, quantization = PACKINGS[packing]
    plain = written(tmp_path, header, CONFIGS[model])
    quantised = dict(packed(header, pack))
    found = written(tmp_path, quantised, {**CONFIGS[model], "quantization_config": quantization})
    assert logical_parameters(plain) == logical_parameters(found) == parameters
    assert parameters_by_component(found) == parameters_by_component(plain)
    assert any(kind.startswith(type_name) for kind in bytes_by_type(found))
    assert found.total_file_bytes == found.header_bytes + tensor_bytes(found)


def test_fused_experts_of_gpt_oss(tmp_path: Path) -> None:
    """Blocks of 32 values in 16 bytes, experts in front, biases beside."""
    stem = "model.layers.0.mlp.experts"
    found = written(tmp_path, {
        f"{stem}.gate_up_proj_blocks": ("U8", (4, 128, 2, 16)), f"{stem}.gate_up_proj_scales": ("U8", (4, 128, 2)),
        f"{stem}.gate_up_proj_bias": ("BF16", (4, 128)),
    }, None)  # fmt: skip
    weight, bias = found.tensors
    assert (weight.name, weight.type_name, weight.shape) == (f"{stem}.gate_up_proj", "MXFP4", (4, 128, 64))
    assert (weight.role, bias.role) == ("expert_gate_up", "expert_gate_up")
    assert logical_parameters(found) == 4 * 128 * 64 + 4 * 128


@pytest.mark.parametrize(("name", "entry", "reason"), [
    ("model.layers.0.self_attn.rotary_emb.inv_freq", ("F32", (64,)), "rotary frequencies"),
    ("h.0.attn.bias", ("F32", (1, 1, 64, 64)), "attention mask"),
    ("gpt_neox.layers.1.attention.bias", ("BOOL", (1, 1, 32, 32)), "attention mask"),
    ("gpt_neox.layers.1.attention.masked_bias", ("F32", ()), "attention mask"),
    ("model.layers.3.mlp.gate.e_score_correction_bias", ("F32", (256,)), "router bias that balances load"),
    ("model.layers.3.self_attn.k_scale", ("F32", ()), "quantisation scale"),
    ("embeddings.position_ids", ("I64", (1, 512)), "position index"),
    ("model.tables.hash", ("I64", (4, 4)), "integer table"),
    ("mtp.layers.0.self_attn.q_proj.weight", ("BF16", (8, 8)), "multi-token prediction"),
    ("model.layers.7.eh_proj.weight", ("BF16", (8, 16)), "multi-token prediction"),
])  # fmt: skip
def test_what_is_no_parameter(tmp_path: Path, name: str, entry: tuple[str, tuple[int, ...]], reason: str) -> None:
    """Buffers, scales and prediction blocks are held by the file and not counted."""
    model = written(tmp_path, {name: entry, "lm_head.weight": ("BF16", (5, 5))}, None)
    assert logical_parameters(model) == 25
    assert next(tensor for tensor in model.tensors if tensor.name == name).not_counted == reason


def test_layers_beyond_the_config_are_prediction_blocks(tmp_path: Path) -> None:
    header: Header = {f"model.layers.{layer}.mlp.up_proj.weight": ("BF16", (4, 4)) for layer in range(3)}
    assert logical_parameters(written(tmp_path, header, {"num_hidden_layers": 2})) == 32


def test_stored_copy_of_a_tied_head_is_not_counted(tmp_path: Path) -> None:
    header: Header = {"model.embed_tokens.weight": ("BF16", (10, 4)), "lm_head.weight": ("BF16", (10, 4))}
    assert logical_parameters(written(tmp_path, header, {"tie_word_embeddings": True})) == 40
    assert logical_parameters(written(tmp_path, header, {"tie_word_embeddings": False})) == 80


REFUSED: dict[str, Header] = {
    "no scales": {"a.qweight": ("I32", (16, 64))},
    "scales of another shape": {"a.qweight": ("I32", (16, 64)), "a.scales": ("F16", (1, 65))},
    "bits unknown": {"a.weight_packed": ("I32", (64, 16)), "a.weight_scale": ("F16", (64, 2))},
    "odd FP4 scales": {"a.weight": ("U8", (64, 16)), "a.weight_scale": ("F8_E4M3", (64, 3))},
    "unknown words alone": {"a.W_q": ("U8", (64, 128)), "a.zero": ("F16", (64,))},
    "MLX without a config": {"a.weight": ("U32", (64, 16)), "a.scales": ("F16", (64, 2)), "a.biases": ("F16", (64, 2))},
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_packing_that_is_not_understood_is_refused(tmp_path: Path, name: str) -> None:
    """A count that would be wrong by a factor is never given."""
    with pytest.raises(InvalidFile):
        written(tmp_path, REFUSED[name], None)


def test_bits_follow_the_group_that_explains_the_scales() -> None:
    """Of several groups in a compressed-tensors config, the scales' shape tells which one packed a weight."""
    config = {"config_groups": {
        "a": {"weights": {"num_bits": 4, "group_size": 128}}, "b": {"weights": {"num_bits": 8, "group_size": None}},
    }}  # fmt: skip
    four = [RawTensor("x.weight_packed", "I32", (8, 32), 1024), RawTensor("x.weight_scale", "F16", (8, 2), 32)]
    eight = [RawTensor("x.weight_packed", "I32", (8, 64), 2048), RawTensor("x.weight_scale", "F16", (8, 1), 16)]
    for parts, shape in ((four, (8, 256)), (eight, (8, 256))):
        (weight,) = recover({part.name: part for part in parts}, config)
        assert weight.shape == shape
        assert weight.stored_elements == sum(prod(part.shape) for part in parts)


def test_a_scale_beside_a_float_weight_is_a_parameter() -> None:
    raw = {name: RawTensor(name, "BF16", (4,), 8) for name in ("x.weight", "x.scale")}
    assert [weight.name for weight in recover(raw)] == ["x.weight", "x.scale"]
