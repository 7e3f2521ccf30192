"""Packed weights in safetensors files: which stored tensors make up one weight, and the weight's own shape.

A quantiser replaces ``x.weight`` by several tensors (packed words, scales, zero points, indices). Shapes tell how they
were packed; where they do not, the quantisation config beside the file must. Nothing is guessed: a packed weight that
is not understood is refused, because its element count would be wrong by a factor of two to sixteen.

Layouts, as their projects write them: GPTQ (AutoGPTQ, GPTQModel), AWQ (AutoAWQ, GEMM and GEMV), bitsandbytes,
compressed-tensors (pack-quantized, nvfp4-pack-quantized, mxfp4-pack-quantized, int/float-quantized), block-scaled FP8
(DeepSeek-V3), MXFP4 (gpt-oss), NVFP4 (ModelOpt), MLX, EXL2 and EXL3.
"""

from collections.abc import Callable, Mapping
from math import prod
from typing import Any, NamedTuple

from llmpick.errors import InvalidFile
from llmpick.readers.bounded import printable


class RawTensor(NamedTuple):
    """One entry of a safetensors header."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    stored_bytes: int


class Weight(NamedTuple):
    """One weight put together from ``parts`` stored tensors; ``shape`` is its own."""

    name: str
    type_name: str
    shape: tuple[int, ...]
    stored_bytes: int
    stored_elements: int
    parts: int = 1
    companion: bool = False
    """A scale or index whose weight is nowhere to be seen."""


INTEGERS = frozenset({"BOOL", "U8", "I8", "U16", "I16", "U32", "I32", "U64", "I64"})
FLOAT8 = frozenset({"F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ"})

# The end of a companion's name -> what stands there in the name of the weight that it belongs to.
_OF_WEIGHT = (".weight", ".weight_packed")
_COMPANIONS: dict[str, tuple[str, ...]] = {
    ".qzeros": (".qweight",), ".g_idx": (".qweight",), ".scales": (".qweight", ".weight"), ".biases": (".weight",),
    ".weight_scale": _OF_WEIGHT, ".weight_scale_inv": _OF_WEIGHT, ".weight_scale_2": _OF_WEIGHT,
    ".weight_global_scale": _OF_WEIGHT, ".weight_zero_point": _OF_WEIGHT, ".weight_shape": _OF_WEIGHT,
    ".weight_g_idx": _OF_WEIGHT, ".input_scale": _OF_WEIGHT, ".input_global_scale": _OF_WEIGHT,
    ".input_zero_point": _OF_WEIGHT, ".output_scale": _OF_WEIGHT, ".pre_quant_scale": _OF_WEIGHT,
    ".scale": (".weight",), ".SCB": (".weight",), ".weight_format": (".weight",),
    ".weight.absmax": (".weight",), ".weight.quant_map": (".weight",), ".weight.nested_absmax": (".weight",),
    ".weight.nested_quant_map": (".weight",), ".weight.quant_state.bitsandbytes__nf4": (".weight",),
    ".weight.quant_state.bitsandbytes__fp4": (".weight",),
    "_scales": ("_blocks",), "_scale": ("",), "_scale_inv": ("",), "_weight_scale": ("",), "_weight_scale_2": ("",),
    "_input_scale": ("",),
    ".suh": (".trellis",), ".svh": (".trellis",), ".su": (".trellis",), ".sv": (".trellis",), ".mcg": (".trellis",),
    ".mul1": (".trellis",),
    ".q_invperm": (".q_weight",), ".q_scale": (".q_weight",), ".q_scale_max": (".q_weight",),
    ".q_groups": (".q_weight",), ".q_perm": (".q_weight",), ".q_group_map": (".q_weight",),
}  # fmt: skip
_ENDINGS = tuple(sorted(_COMPANIONS, key=len, reverse=True))
_PACKED_ENDINGS = (".qweight", ".weight_packed", ".q_weight", ".trellis", "_blocks")

Companions = dict[str, RawTensor]


def recover(raw: Mapping[str, RawTensor], quantization: Mapping[str, Any] | None = None) -> tuple[Weight, ...]:
    """Every weight of a file, packed ones with their own shape, in the order of their packed tensors.

    ``quantization`` is ``quantization_config`` (or, for MLX, ``quantization``) of the config. Raises InvalidFile for
    a packed weight whose size cannot be known.
    """
    companions: dict[str, Companions] = {}
    belonging = set()
    for name in raw:
        if name.endswith(_ENDINGS) and (found := _owner(name, raw)):
            owner, role = found
            companions.setdefault(owner, {})[role] = raw[name]
            belonging.add(name)
    alone: Companions = {}
    return tuple(
        _weight(tensor, companions.get(name, alone), quantization or {})
        for name, tensor in raw.items()
        if name not in belonging
    )


def _owner(name: str, raw: Mapping[str, RawTensor]) -> tuple[str, str] | None:
    """(the quantised weight that the companion ``name`` belongs to, what it is to that weight)."""
    for ending in _ENDINGS:
        if name.endswith(ending):
            stem = name[: -len(ending)]
            for replacement in _COMPANIONS[ending]:
                if stem + replacement in raw and _is_quantised(raw[stem + replacement]):
                    return stem + replacement, ending.lstrip("._")
    return None


def _is_quantised(tensor: RawTensor) -> bool:
    """A float weight owns no scales: ``x_scale`` beside a bfloat16 ``x`` is a parameter of its own."""
    return tensor.dtype in INTEGERS or tensor.dtype in FLOAT8 or tensor.dtype in ("F4", "F6_E2M3", "F6_E3M2", "F8_E8M0")


def _weight(tensor: RawTensor, companions: Companions, quantization: Mapping[str, Any]) -> Weight:
    name = tensor.name
    ending = next((ending for ending in _PACKED_ENDINGS if name.endswith(ending)), None)
    parts = [tensor, *companions.values()]
    stored_bytes = sum(part.stored_bytes for part in parts)
    elements = sum(prod(part.shape) for part in parts)
    if ending is None and not companions:
        return Weight(name, tensor.dtype, tensor.shape, stored_bytes, elements)
    unpack = _UNPACKERS[ending] if ending else _plain_name
    try:
        type_name, shape = unpack(tensor, companions, quantization)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise InvalidFile(
            f"{name}: packed as {tensor.dtype} {list(tensor.shape)}, and how is not understood"
            f" ({type(error).__name__}: {printable(str(error))[:100]})",
            "keep config.json with its quantization_config beside the file",
        ) from None
    stem = name.removesuffix(ending) if ending else name
    logical = stem if ending in (None, "_blocks") else f"{stem}.weight"
    return Weight(logical, type_name, shape, stored_bytes, elements, len(parts))


def _refuse(tensor: RawTensor, why: str) -> InvalidFile:
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
    raise _refuse(tensor, f"does not go with scales {list(scales)}")


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
        raise _refuse(tensor, f"does not hold {in_features} rows of {bits} bits")
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
        raise _refuse(tensor, "no single group of the quantization_config explains it")
    return found.pop()


def _blocks(tensor: RawTensor, companions: Companions, _: Mapping[str, Any]) -> tuple[str, tuple[int, ...]]:
    """gpt-oss: (..., in / 32, 16) bytes beside (..., in / 32) shared exponents."""
    *front, blocks, block_bytes = tensor.shape
    if companions["scales"].shape != (*front, blocks):
        raise _refuse(tensor, "does not go with its scales")
    return "MXFP4", (*front, blocks * block_bytes * 2)


def _trellis(tensor: RawTensor, _: Companions, __: Mapping[str, Any]) -> tuple[str, tuple[int, ...]]:
    """EXL3: (in / 16, out / 16, 16 * bits) 16-bit words."""
    rows, columns, words = tensor.shape
    return f"EXL3-{words // 16}bit", (columns * 16, rows * 16)


def _exl2(tensor: RawTensor, companions: Companions, _: Mapping[str, Any]) -> tuple[str, tuple[int, ...]]:
    """EXL2: words of mixed width by (.., out); the permutation has one entry an input row."""
    return "EXL2", (tensor.shape[-1], companions["q_invperm"].shape[0])


def _plain_name(
    tensor: RawTensor, companions: Companions, quantization: Mapping[str, Any]
) -> tuple[str, tuple[int, ...]]:
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
    raise _refuse(tensor, f"stands beside {', '.join(companions)}")


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
    raise _refuse(tensor, f"does not go with scales {scale.dtype} {list(scale.shape)}")


def _mlx(tensor: RawTensor, companions: Companions, quantization: Mapping[str, Any]) -> tuple[str, tuple[int, ...]]:
    """MLX: 32-bit words along the input; ``bits`` of this module or of the whole model."""
    own = quantization.get(tensor.name.removesuffix(".weight"))
    bits = int((own if isinstance(own, Mapping) else quantization)["bits"])
    *front, columns = tensor.shape
    in_features, groups = columns * 32 // bits, companions["scales"].shape[-1]
    if in_features % groups:
        raise _refuse(tensor, f"{in_features} inputs in {groups} groups")
    return f"MLX-{bits}bit{_group_suffix(in_features, groups)}", (*front, in_features)


_UNPACKERS: dict[str, Callable[[RawTensor, Companions, Mapping[str, Any]], tuple[str, tuple[int, ...]]]] = {
    ".qweight": _qweight, ".weight_packed": _compressed, "_blocks": _blocks, ".trellis": _trellis, ".q_weight": _exl2,
}  # fmt: skip
