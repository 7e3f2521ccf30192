"""GGUF headers: metadata and tensor descriptions of a file or of all parts of a split file. No tensor data is read.

Format: ggml-org/ggml docs/gguf.md and src/gguf.cpp; versions 2 and 3, either byte order. Limits are those of
llama.cpp's own reader where it has one (4 dimensions), else far above anything seen in the wild.
"""

import os
import re
from collections.abc import Iterator, Mapping
from math import prod
from typing import Any, NamedTuple

from llmpick.errors import InvalidFile
from llmpick.readers import gguf_types as types
from llmpick.readers.bounded import Window, open_regular, printable
from llmpick.readers.gguf_names import copies_in, place_of
from llmpick.readers.gguf_values import INCOMPLETE, Layouts, read_name, read_value
from llmpick.readers.stored import StoredModel, StoredTensor

MAGIC = b"GGUF"
MAX_HEADER_BYTES = 2**26
MAX_TENSORS = 2**17
MAX_METADATA_KEYS = 2**12
MAX_PARTS = 1000
DEFAULT_ALIGNMENT = 32
_PART_NAME = re.compile(r"(.+)-([0-9]{5})-of-([0-9]{5})\.gguf")


class TensorInfo(NamedTuple):
    """One tensor description. ``shape`` in ggml's order (fastest first), ``offset`` from the start of the data."""

    name: str
    type_number: int
    shape: tuple[int, ...]
    offset: int
    tensor_bytes: int


class Header(NamedTuple):
    """One file's header. ``header_bytes`` includes the padding before the data."""

    version: int
    big_endian: bool
    metadata: Mapping[str, Any]
    tensors: tuple[TensorInfo, ...]
    header_bytes: int
    file_bytes: int


def read_gguf(path: str | os.PathLike[str]) -> StoredModel:
    """The model in ``path``; when that is one part of a split file, in all its parts.

    Raises InvalidFile, with the offset, for anything that is damaged, truncated or not understood.
    """
    paths = part_paths(path)
    headers = [read_header(part) for part in paths]
    infos: dict[str, TensorInfo] = {}
    for part, header in zip(paths, headers, strict=True):
        for info in header.tensors:
            if info.name in infos:
                raise InvalidFile(f"{printable(str(part))}: tensor {info.name} is in another part, too")
            infos[info.name] = info
    metadata = headers[0].metadata
    expected = metadata.get("split.tensors.count")
    if isinstance(expected, int) and expected != len(infos):
        raise InvalidFile(f"{printable(str(path))}: {len(infos)} tensors in {len(paths)} parts, {expected} announced")
    return StoredModel(
        kind="gguf",
        tensors=tuple(_stored(infos, metadata)),
        metadata=metadata,
        total_file_bytes=sum(header.file_bytes for header in headers),
        header_bytes=sum(header.header_bytes for header in headers),
        files=tuple(os.path.basename(part) for part in paths),
    )


def part_paths(path: str | os.PathLike[str]) -> list[str]:
    """All parts of the split file that ``path`` belongs to (``-00001-of-0000N.gguf``), or just ``path``."""
    directory, name = os.path.split(os.fspath(path))
    match = _PART_NAME.fullmatch(name)
    if not match:
        return [os.fspath(path)]
    count = int(match[3])
    if not 1 <= count <= MAX_PARTS or not 1 <= int(match[2]) <= count:
        raise InvalidFile(f"{printable(name)}: not a sensible part number")
    parts = [os.path.join(directory, f"{match[1]}-{number:05}-of-{match[3]}.gguf") for number in range(1, count + 1)]
    missing = [os.path.basename(part) for part in parts if not os.path.exists(part)]
    if missing:
        raise InvalidFile(f"{printable(name)}: {len(missing)} of {count} parts are missing, such as {missing[0]}",
                          "put all parts into one directory")  # fmt: skip
    return parts


def _stored(infos: Mapping[str, TensorInfo], metadata: Mapping[str, Any]) -> Iterator[StoredTensor]:
    layers_in_use = _layers_in_use(metadata)
    copies = copies_in(infos)
    for info in infos.values():
        role, layer, not_counted = place_of(info.name, layers_in_use)
        if info.name in copies:
            not_counted = "copy of attn_kv_b"
        type_name = types.TENSOR_TYPES[info.type_number][0]
        shape = info.shape[::-1]
        yield StoredTensor(info.name, type_name, shape, info.tensor_bytes, role, layer, prod(shape), not_counted)


def _layers_in_use(metadata: Mapping[str, Any]) -> int | None:
    """Layers before the multi-token-prediction blocks, which GGUF counts among its blocks."""
    architecture = metadata.get("general.architecture")
    blocks = metadata.get(f"{architecture}.block_count")
    predicting = metadata.get(f"{architecture}.nextn_predict_layers", 0)
    return blocks - predicting if isinstance(blocks, int) and isinstance(predicting, int) else None


def read_header(path: str | os.PathLike[str]) -> Header:
    """The header of one file, checked against the size of the file."""
    shown = printable(os.path.basename(path))
    with open_regular(path) as file:
        file_bytes = os.fstat(file.fileno()).st_size
        window = Window(file, shown, file_bytes, MAX_HEADER_BYTES)
        version, layouts = _preamble(window)
        tensor_count, key_count = window.unpack(layouts.counts)
        _check_count(window, "tensors", tensor_count, MAX_TENSORS)
        _check_count(window, "metadata keys", key_count, MAX_METADATA_KEYS)
        metadata = _metadata(window, layouts, key_count)
        alignment = _alignment(window, metadata)
        tensors = _tensor_infos(window, layouts, tensor_count, alignment)
        header_bytes = window.offset + -window.offset % alignment if tensors else window.offset
    return Header(version, layouts.order == ">", metadata, tensors, header_bytes, file_bytes)


def _preamble(window: Window) -> tuple[int, Layouts]:
    magic = window.take(4)
    if magic != MAGIC:
        raise window.fail(f"not a GGUF file (it starts with {magic!r})", "give a .gguf, .safetensors or config.json", 0)
    raw = window.take(4)
    order = "<" if raw[:2] != b"\0\0" else ">"
    version = int.from_bytes(raw, "little" if order == "<" else "big")
    if version not in (2, 3):
        raise window.fail(f"GGUF version {version} is not known (2 and 3 are)", "convert the model anew", 4)
    return version, Layouts(order)


def _check_count(window: Window, what: str, count: int, most: int) -> None:
    if count > most:
        raise window.fail(f"{count} {what} announced, at most {most} are accepted", INCOMPLETE)


def _metadata(window: Window, layouts: Layouts, count: int) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    for _ in range(count):
        start = window.offset
        key = read_name(window, layouts, "metadata key")
        (number,) = window.unpack(layouts.uint32)
        if key in metadata:
            raise window.fail(f"metadata key {key} occurs twice", offset=start)
        metadata[key] = read_value(window, layouts, number)
    return metadata


def _alignment(window: Window, metadata: Mapping[str, Any]) -> int:
    alignment = metadata.get("general.alignment", DEFAULT_ALIGNMENT)
    if type(alignment) is not int or not 0 < alignment <= 2**20 or alignment & (alignment - 1):
        raise window.fail(f"general.alignment is {str(alignment)[:40]}, not a power of two")
    return alignment


def _tensor_infos(window: Window, layouts: Layouts, count: int, alignment: int) -> tuple[TensorInfo, ...]:
    infos: dict[str, TensorInfo] = {}
    expected = 0
    for _ in range(count):
        start = window.offset
        info = _tensor_info(window, layouts)
        if info.name in infos:
            raise window.fail(f"tensor {info.name} occurs twice", offset=start)
        if info.offset != expected:
            raise window.fail(f"tensor {info.name} starts at {info.offset} of the data, not at {expected}",
                              INCOMPLETE, start)  # fmt: skip
        infos[info.name] = info
        expected += info.tensor_bytes + -info.tensor_bytes % alignment
    data_start = window.offset + -window.offset % alignment
    last = next(reversed(infos.values()), None)
    if last and data_start + last.offset + last.tensor_bytes > window.file_bytes:
        missing = data_start + last.offset + last.tensor_bytes - window.file_bytes
        raise window.fail(f"the tensors need {missing} bytes more than the file has", INCOMPLETE)
    return tuple(infos.values())


def _tensor_info(window: Window, layouts: Layouts) -> TensorInfo:
    start = window.offset
    name = read_name(window, layouts, "tensor name")
    (dimension_count,) = window.unpack(layouts.uint32)
    if dimension_count > 4:
        raise window.fail(f"tensor {name} has {dimension_count} dimensions, at most 4 are possible", INCOMPLETE, start)
    shape = window.unpack(layouts.dimensions[dimension_count])
    number, offset = window.unpack(layouts.tensor_tail)
    if number not in types.TENSOR_TYPES:
        removed = types.REMOVED_TENSOR_TYPES.get(number)
        what = f"{removed}, which llama.cpp has removed" if removed else f"{number}, which llama.cpp does not define"
        raise window.fail(f"tensor {name} has the type {what}", "quantise the model anew with llama.cpp", start)
    _, block, block_bytes = types.TENSOR_TYPES[number]
    elements = prod(shape)
    if elements >= 2**63 or (shape[0] if shape else 1) % block:
        raise window.fail(f"tensor {name} has the impossible shape {list(shape)}", INCOMPLETE, start)
    return TensorInfo(name, number, shape, offset, elements // block * block_bytes)
