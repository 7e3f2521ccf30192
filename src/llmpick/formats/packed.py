"""Packed safetensors formats (bitsandbytes, GPTQ, AWQ, FP8, MXFP4, NVFP4, EXL3, MLX): bytes from shapes.

Parameters of each format: catalog/formats/packed.yaml. What is not packed stays in 16 bit.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from llmpick.architecture.decoder import Architecture
from llmpick.errors import UnknownName
from llmpick.formats.base import WeightBytes, family_member
from llmpick.inventory.tensors import Tensor

_TABLES = ("token_embedding", "position_embedding", "per_layer_embedding")
_LINEAR = ("attention", "mlp", "experts", "shared_experts", "state_space", "expert_latent")


def linear_bytes(out_features: int, in_features: int, row: Mapping[str, Any]) -> int:
    """Bytes of one packed linear layer: weights, scales, zero points, indices (each rounded up to whole bytes)."""
    weights = _ceil(out_features * in_features * row["bits"], 8)
    if "block" in row:
        side = row["block"]
        groups = _ceil(in_features, side) * _ceil(out_features, side)
    elif "group" in row:
        groups = out_features * (_ceil(in_features, row["group"]) if row["group"] else 1)
    else:
        groups = 0
    scales = groups * row.get("scale_bytes", 0) + _ceil(groups * row.get("zero_bits", 0), 8)
    if "second_group" in row:
        scales += _ceil(groups, row["second_group"]) * row["second_bytes"]
    ends = row.get("ends_bytes", 0) * (in_features + out_features)
    total: int = weights + scales + row.get("index_bytes", 0) * in_features + ends + row.get("tensor_bytes", 0)
    return total


def weigh_packed(
    architecture: Architecture, tensors: tuple[Tensor, ...], name: str, formats: Mapping[str, Any]
) -> WeightBytes:
    """Bytes by place. Tied heads are loaded once: these runtimes share the table."""
    table = formats["packed"]
    row = table["formats"].get(name)
    if row is None:
        member = family_member(name, table)
        if member is None:
            raise UnknownName.near("format", name, list(table["formats"]))
        row = member[1]
    layers = [0] * architecture.num_hidden_layers
    experts = [0] * architecture.num_hidden_layers
    embedding = output = other = 0
    for tensor in tensors:
        if tensor.role == "mtp":
            continue
        size = _tensor_bytes(tensor, row, table) * tensor.experts * tensor.copies
        for layer in tensor.layers:
            layers[layer] += size
            experts[layer] += size if tensor.component == "experts" else 0
        if not tensor.layers:
            embedding += size if tensor.role in _TABLES else 0
            output += size if tensor.role in ("output_head", "final_norm") else 0
            other += size if tensor.role not in (*_TABLES, "output_head", "final_norm") else 0
    total = sum(layers) + embedding + output + other
    return WeightBytes(name, total, embedding, output, tuple(layers), tuple(experts), other)


def tensor_sizer(name: str, formats: Mapping[str, Any]) -> Callable[[Tensor], int]:
    """Bytes of one tensor in a packed format, by its own name (`canonical_name`). Raises UnknownName for a GGUF mix."""
    table = formats["packed"]
    row = table["formats"].get(name)
    if row is None:
        member = family_member(name, table)
        if member is None:
            raise UnknownName.near("packed format", name, list(table["formats"]))
        row = member[1]
    return partial(_tensor_bytes, row=row, table=table)


def _tensor_bytes(tensor: Tensor, row: Mapping[str, Any], table: Mapping[str, Any]) -> int:
    if tensor.component == "experts":
        row = row.get("experts", row)
    if len(tensor.shape) == 2 and _is_packed(tensor, row, table):
        return linear_bytes(tensor.shape[0], tensor.shape[1], row)
    if tensor.role == "output_head" and "head_bits" in row and len(tensor.shape) == 2:
        return linear_bytes(tensor.shape[0], tensor.shape[1], {**row, "bits": row["head_bits"]})
    return 2 * tensor.elements


def _is_packed(tensor: Tensor, row: Mapping[str, Any], table: Mapping[str, Any]) -> bool:
    if "quantised" in row:
        return tensor.role in row["quantised"]
    if row.get("embeddings") and tensor.role in (*_TABLES, "output_head"):
        return True
    return tensor.component in _LINEAR and tensor.role not in table["unquantised"]


def _ceil(value: float, divisor: int) -> int:
    """Rounded up; ``value`` is fractional only where a format's average bits are."""
    return int(-(-value // divisor))
