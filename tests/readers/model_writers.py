"""Small writers of model files for tests: headers as the formats define them, data as holes (sparse files)."""

import json
import struct
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

from llmpick.inventory.tensors import Tensor

GGML = {"F32": (0, 1, 4), "F16": (1, 1, 2), "Q8_0": (8, 32, 34), "Q4_K": (12, 256, 144), "Q6_K": (14, 256, 210)}
DTYPE_BITS = {"F4": 4, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E8M0": 8, "BOOL": 8, "F16": 16, "BF16": 16, "I16": 16,
              "F32": 32, "I32": 32, "U32": 32, "I64": 64}  # fmt: skip


class GgufBytes:
    """Encodes GGUF values in one byte order."""

    def __init__(self, order: str = "<") -> None:
        self.order = order

    def pack(self, code: str, *values: Any) -> bytes:
        return struct.pack(self.order + code, *values)

    def text(self, value: str) -> bytes:
        data = value.encode()
        return self.pack("Q", len(data)) + data

    def value(self, value: Any) -> bytes:
        """A typed value: bool, int (uint32), float, str, or a list of one of them."""
        if isinstance(value, bool):
            return self.pack("I?", 7, value)
        if isinstance(value, int):
            return self.pack("II", 4, value)
        if isinstance(value, float):
            return self.pack("If", 6, value)
        if isinstance(value, str):
            return self.pack("I", 8) + self.text(value)
        return self.pack("I", 9) + self.array(value)

    def array(self, values: list[Any]) -> bytes:
        if isinstance(values[0], str):
            return self.pack("IQ", 8, len(values)) + b"".join(map(self.text, values))
        number, code = {bool: (7, "?"), int: (4, "I"), float: (6, "f")}[type(values[0])]
        return self.pack("IQ", number, len(values)) + self.pack(f"{len(values)}{code}", *values)


def gguf_header(
    metadata: Mapping[str, Any], tensors: list[tuple[str, str, tuple[int, ...]]], order: str = "<", version: int = 3,
    alignment: int = 32,
) -> tuple[bytes, int]:  # fmt: skip
    """(header with its padding, bytes of data). A tensor is (name, type, shape in Hugging Face order)."""
    write = GgufBytes(order)
    infos, offset, end = [], 0, 0
    for name, type_name, shape in tensors:
        number, block, block_bytes = GGML[type_name]
        end = offset + prod(shape) // block * block_bytes
        infos.append(write.text(name) + write.pack("I", len(shape)) + write.pack(f"{len(shape)}Q", *shape[::-1])
                     + write.pack("IQ", number, offset))  # fmt: skip
        offset = end + -end % alignment
    pairs = [write.text(key) + write.value(value) for key, value in metadata.items()]
    header = b"GGUF" + write.pack("IQQ", version, len(tensors), len(pairs)) + b"".join(pairs + infos)
    return header + bytes(-len(header) % alignment), end


def write_gguf(
    path: Path, metadata: Mapping[str, Any], tensors: list[tuple[str, str, tuple[int, ...]]], **how: Any
) -> int:
    """Write a sparse GGUF file; the size of its header."""
    header, data_bytes = gguf_header(metadata, tensors, **how)
    return _write_sparse(path, header, data_bytes)


def safetensors_header(tensors: Mapping[str, tuple[str, tuple[int, ...]]]) -> tuple[bytes, int]:
    """(header, bytes of data) for name -> (dtype, shape)."""
    entries: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, (dtype, shape) in tensors.items():
        end = offset + prod(shape) * DTYPE_BITS[dtype] // 8
        entries[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text, offset


def write_safetensors(path: Path, tensors: Mapping[str, tuple[str, tuple[int, ...]]]) -> int:
    """Write a sparse safetensors file; the size of its header."""
    header, data_bytes = safetensors_header(tensors)
    return _write_sparse(path, header, data_bytes)


def _write_sparse(path: Path, header: bytes, data_bytes: int) -> int:
    with path.open("wb") as file:
        file.write(header)
        file.truncate(len(header) + data_bytes)
    return len(header)


def checkpoint(inventory: tuple[Tensor, ...], dtype: str = "BF16") -> dict[str, tuple[str, tuple[int, ...]]]:
    """The unquantised checkpoint of an inventory: each layer's and expert's tensor under its Hugging Face name."""
    tensors = {}
    for row in inventory:
        for layer in row.layers or (0,):
            for expert in range(row.experts):
                for copy in range(row.copies):
                    name = row.name.replace("{i}", str(layer)).replace("{e}", str(expert))
                    name = f"copy{copy}.{name}" if row.copies > 1 else name
                    tensors[name] = (dtype, row.shape)
    return tensors
