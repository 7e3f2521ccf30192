"""Weights in every format: exact bytes from the inventory."""

from collections.abc import Mapping
from typing import Any

from llmpick.architecture.decoder import Architecture
from llmpick.formats.base import IMATRIX, WeightBytes, canonical_name
from llmpick.formats.gguf_mix import weigh_mix
from llmpick.formats.packed import weigh_packed
from llmpick.inventory.parameters import tower_parameters
from llmpick.inventory.tensors import Tensor

USUAL_FORMATS = ("F32", "F16", "Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q3_K_M", "Q2_K")

__all__ = ["USUAL_FORMATS", "WeightBytes", "canonical_name", "weigh"]


_PLAIN_BYTES = {"F32": 4, "F16": 2, "BF16": 2}


def weigh(
    architecture: Architecture, tensors: tuple[Tensor, ...], format_name: str, formats: Mapping[str, Any],
    towers: bool = False,
) -> WeightBytes:  # fmt: skip
    """Bytes of a model's weights in a format, by place. Raises UnknownName for a format nobody knows.

    A GGUF file holds the text model only, its towers are in a file of their own. With ``towers`` an unpacked format
    means the whole checkpoint, as runtimes of safetensors load it; packed formats always do.
    """
    name = canonical_name(format_name, formats)
    mix = name.removesuffix(IMATRIX)
    if mix not in formats["gguf_mixes"]["mixes"]:
        return weigh_packed(architecture, tensors, name, formats)
    weights = weigh_mix(architecture, tensors, mix, formats, imatrix=name != mix)
    if towers and mix in _PLAIN_BYTES:
        beside = _PLAIN_BYTES[mix] * tower_parameters(tensors)
        weights = weights._replace(tensor_bytes=weights.tensor_bytes + beside, other_bytes=weights.other_bytes + beside)
    return weights._replace(format=name)
