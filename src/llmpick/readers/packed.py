"""Packed weights in safetensors files: which stored tensors make up one weight, and the weight's own shape.

A quantiser replaces ``x.weight`` by several tensors (packed words, scales, zero points, indices). Shapes tell how they
were packed; where they do not, the quantisation config beside the file must. Nothing is guessed: a packed weight that
is not understood is refused, because its element count would be wrong by a factor of two to sixteen.

Layouts, as their projects write them: GPTQ (AutoGPTQ, GPTQModel), AWQ (AutoAWQ, GEMM and GEMV), bitsandbytes,
compressed-tensors (pack-quantized, nvfp4-pack-quantized, mxfp4-pack-quantized, int/float-quantized), block-scaled FP8
(DeepSeek-V3), MXFP4 (gpt-oss), NVFP4 (ModelOpt), MLX, EXL2 and EXL3.
"""

from collections.abc import Mapping
from math import prod
from typing import Any, NamedTuple

from llmpick.errors import InvalidFile
from llmpick.readers.bounded import printable
from llmpick.readers.packings import FLOAT8, INTEGERS, UNPACKERS, Companions, RawTensor, own_name


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
    unpack = UNPACKERS[ending] if ending else own_name
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
