"""How packed tensors say what they hold: for each layout, (type name, the weight's own shape) from stored shapes."""

from collections.abc import Callable, Mapping
from math import prod
from typing import Any, NamedTuple

from llmpick.errors import InvalidFile


class RawTensor(NamedTuple):
    """One entry of a safetensors header."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    stored_bytes: int


INTEGERS = frozenset({"BOOL", "U8", "I8", "U16", "I16", "U32", "I32", "U64", "I64"})
FLOAT8 = frozenset({"F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ"})

Companions = dict[str, RawTensor]


def refused(tensor: RawTensor, why: str) -> InvalidFile:
    """The error for a packed weight whose size cannot be known."""
    return InvalidFile(f"{tensor.name}: {tensor.dtype} {list(tensor.shape)}: {why}",
                       "this way of packing is not understood; please report the model")  # fmt: skip


def _group_suffix(in_features: int, groups: int) -> str:
    return f"-{in_features // groups}g" if groups > 1 else ""


def _qweight(tensor: RawTensor, companions: Companions, quantization: Mapping[str, Any]) -> tuple[str, tuple[int, ...]]:
    """GPTQ packs rows: (in * bits / 32, out); AWQ columns: (in, out * bits / 32); AWQ GEMV: (out, in * bits / 32)."""
    *stack, rows, columns = tensor.shape
    scales = companions["scales"].shape
    groups, out = scales[-2], scales[-1]
    if columns == out and quantization.get("quant_method") != "awq":
        return _gptq(tensor, companions, quantization)
    if out % columns == 0 and 32 % (out // columns) == 0 and rows % groups == 0 and columns != out:
        bits = 32 // (out // columns)
        return f"AWQ-{bits}bit{_group_suffix(rows, groups)}", (*stack, out, rows)
    bits = int(quantization["bits"] if "bits" in quantization else quantization["w_bit"])
    if rows == scales[-2] and bits > 0 and str(quantization.get("version", "")).lower().startswith("gemv"):
        in_features = columns * 32 // bits
        return f"AWQ-{bits}bit-{quantization.get('group_size') or quantization['q_group_size']}g", (
            *stack,
            rows,
            in_features,
        )
    raise refused(tensor, f"does not go with scales {list(scales)}")


def _gptq(tensor: RawTensor, companions: Companions, quantization: Mapping[str, Any]) -> tuple[str, tuple[int, ...]]:
    *stack, rows, out = tensor.shape
    groups = companions["scales"].shape[-2]
    if "qzeros" in companions:
        bits = companions["qzeros"].shape[-1] * 32 // out
    elif "g_idx" in companions:
        bits = rows * 32 // companions["g_idx"].shape[-1]
    else:
        bits = int(quantization["bits"])
    in_features = companions["g_idx"].shape[-1] if "g_idx" in companions else rows * 32 // bits
    if rows * 32 != in_features * bits:
        raise refused(tensor, f"does not hold {in_features} rows of {bits} bits")
    return f"GPTQ-{bits}bit{_group_suffix(in_features, groups)}", (*stack, out, in_features)


def _compressed(
    tensor: RawTensor, companions: Companions, quantization: Mapping[str, Any]
) -> tuple[str, tuple[int, ...]]:
    """compressed-tensors: 32 // bits values a word along the input (pack-quantized), or two FP4 values a byte."""
    *front, columns = tensor.shape
    scale = companions["weight_scale"]
    if tensor.dtype == "U8":
        return ("NVFP4" if scale.dtype in FLOAT8 else "MXFP4"), (*front, columns * 2)
    bits = _compressed_bits(tensor, scale, quantization)
    in_features = columns * (32 // bits)
    return f"W{bits}A16{_group_suffix(in_features, scale.shape[-1])}", (*front, in_features)


def _compressed_bits(tensor: RawTensor, scale: RawTensor, quantization: Mapping[str, Any]) -> int:
    """``num_bits`` of the one group that explains the scales' shape; several groups must agree on it."""
    groups = quantization["config_groups"]
    found: set[int] = set()
    for group in groups.values() if isinstance(groups, Mapping) else ():
        weights = group.get("weights") if isinstance(group, Mapping) else None
        bits = weights.get("num_bits") if isinstance(weights, Mapping) else None
        size = weights.get("group_size") if isinstance(weights, Mapping) else None
        in_features = tensor.shape[-1] * (32 // bits) if isinstance(bits, int) and 0 < bits <= 16 else 0
        expected = -(-in_features // size) if isinstance(size, int) and size > 0 else 1
        if isinstance(bits, int) and in_features and expected == scale.shape[-1]:
            found.add(bits)
    if len(found) != 1:
        raise refused(tensor, "no single group of the quantization_config explains it")
    return found.pop()


def _blocks(tensor: RawTensor, companions: Companions, _: Mapping[str, Any]) -> tuple[str, tuple[int, ...]]:
    """gpt-oss: (..., in / 32, 16) bytes beside (..., in / 32) shared exponents."""
    *front, blocks, block_bytes = tensor.shape
    if companions["scales"].shape != (*front, blocks):
        raise refused(tensor, "does not go with its scales")
    return "MXFP4", (*front, blocks * block_bytes * 2)


def _trellis(tensor: RawTensor, _: Companions, __: Mapping[str, Any]) -> tuple[str, tuple[int, ...]]:
    """EXL3: (in / 16, out / 16, 16 * bits) 16-bit words."""
    rows, columns, words = tensor.shape
    return f"EXL3-{words // 16}bit", (columns * 16, rows * 16)


def _exl2(tensor: RawTensor, companions: Companions, _: Mapping[str, Any]) -> tuple[str, tuple[int, ...]]:
    """EXL2: words of mixed width by (.., out); the permutation has one entry an input row."""
    return "EXL2", (tensor.shape[-1], companions["q_invperm"].shape[0])


def own_name(tensor: RawTensor, companions: Companions, quantization: Mapping[str, Any]) -> tuple[str, tuple[int, ...]]:
    """A tensor under its own name with companions: 8 bits an element unless the companions say otherwise."""
    if "weight.absmax" in companions:
        kind = "FP4" if any(name.endswith("fp4") for name in companions) else "NF4"
        return kind, (2 * prod(tensor.shape),)
    if "biases" in companions or tensor.dtype == "U32":
        return _mlx(tensor, companions, quantization)
    scale = next((companions[name] for name in _SCALE_NAMES if name in companions), None)
    if tensor.dtype in FLOAT8:
        return "FP8", tensor.shape
    if tensor.dtype == "U8" and scale is not None:
        return _four_bits(tensor, scale)
    if tensor.dtype == "I8" and scale is not None and scale.dtype == "F8_E8M0":
        return _four_bits(tensor, scale)
    if tensor.dtype == "I8" and (scale is not None or "SCB" in companions):
        return "INT8", tensor.shape
    if tensor.dtype == "F4":
        return "FP4", tensor.shape
    raise refused(tensor, f"stands beside {', '.join(companions)}")


_SCALE_NAMES = ("weight_scale", "weight_scale_inv", "scale", "scale_inv", "scales")


def _four_bits(tensor: RawTensor, scale: RawTensor) -> tuple[str, tuple[int, ...]]:
    """Two values a byte: NVFP4 has an E4M3 scale for 16 weights, MXFP4 an exponent for 32; other scales mean INT4."""
    *front, columns = tensor.shape
    elements, scales = 2 * prod(tensor.shape), prod(scale.shape)
    if scale.dtype in FLOAT8 and elements == 16 * scales:
        return "NVFP4", (*front, columns * 2)
    if scale.dtype in ("U8", "F8_E8M0") and elements == 32 * scales:
        return "MXFP4", (*front, columns * 2)
    if scale.dtype in ("F16", "BF16", "F32") and scales and elements % scales == 0:
        return "INT4", (*front, columns * 2)
    raise refused(tensor, f"does not go with scales {scale.dtype} {list(scale.shape)}")


def _mlx(tensor: RawTensor, companions: Companions, quantization: Mapping[str, Any]) -> tuple[str, tuple[int, ...]]:
    """MLX: 32-bit words along the input; ``bits`` of this module or of the whole model."""
    own = quantization.get(tensor.name.removesuffix(".weight"))
    bits = int((own if isinstance(own, Mapping) else quantization)["bits"])
    *front, columns = tensor.shape
    in_features, groups = columns * 32 // bits, companions["scales"].shape[-1]
    if in_features % groups:
        raise refused(tensor, f"{in_features} inputs in {groups} groups")
    return f"MLX-{bits}bit{_group_suffix(in_features, groups)}", (*front, in_features)


UNPACKERS: dict[str, Callable[[RawTensor, Companions, Mapping[str, Any]], tuple[str, tuple[int, ...]]]] = {
    ".qweight": _qweight, ".weight_packed": _compressed, "_blocks": _blocks, ".trellis": _trellis, ".q_weight": _exl2,
}  # fmt: skip
