"""safetensors headers: of one file, or of all shards that an index names. No tensor data is read.

Format: huggingface/safetensors README ("Format") and src/tensor.rs: an 8-byte little-endian header length, a JSON
object name -> dtype, shape, data_offsets, then data without holes. Limits follow it where it has one (100 MB header).
"""

import os
from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

from llmpick.errors import InvalidFile
from llmpick.readers.bounded import bounded_json, open_regular, printable
from llmpick.readers.packed import Weight, recover
from llmpick.readers.packings import INTEGERS, RawTensor, refused
from llmpick.readers.safetensors_names import place_of
from llmpick.readers.stored import StoredModel, StoredTensor, mark_tied

MAX_HEADER_BYTES = 100_000_000
MAX_TENSORS = 2**18
VALUES_A_TENSOR = 12
MAX_INDEX_BYTES = 2**26
MAX_CONFIG_BYTES = 2**24
MAX_SHARDS = 4096
MAX_NAME = 1024
MAX_TABLE = 2**12
"""Elements of an integer table; a larger one is a packed weight in a layout that is not known."""
MAX_WIDE_TABLE = 2**22
"""The same for 64-bit integers, which index more often than they pack."""
_WIDE = frozenset({"I64", "U64", "BOOL"})
INCOMPLETE = "the download or copy is incomplete, or the header is damaged"
BITS = {"BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
        "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32,
        "F32": 32, "C64": 64, "F64": 64, "I64": 64, "U64": 64}  # fmt: skip
"""Bits an element of each dtype (safetensors 0.8, tensor.rs)."""


def read_safetensors(path: str | os.PathLike[str], config: Mapping[str, Any] | None = None) -> StoredModel:
    """The model in one ``.safetensors`` file. ``config``: its config.json (default: the one beside it, if any)."""
    raw, metadata, header_bytes, file_bytes = read_header(path)
    config = config_beside(path) if config is None else config
    return _model(raw, metadata, header_bytes, file_bytes, (os.path.basename(path),), config)


def read_index(path: str | os.PathLike[str], config: Mapping[str, Any] | None = None) -> StoredModel:
    """The model whose shards ``model.safetensors.index.json`` names; the shards must lie beside it."""
    shown = printable(os.path.basename(path))
    index = read_json(path, MAX_INDEX_BYTES, MAX_TENSORS * 8)
    weight_map = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(weight_map, dict) or not weight_map:
        raise InvalidFile(f"{shown}: no weight_map", "give model.safetensors.index.json, config.json or a model file")
    shards = _shard_names(shown, weight_map)
    directory = os.path.dirname(os.fspath(path))
    missing = [shard for shard in shards if not os.path.exists(os.path.join(directory, shard))]
    if missing:
        raise InvalidFile(f"{shown}: {len(missing)} of {len(shards)} shards are missing, such as {missing[0]}",
                          "put all shards beside the index, or give config.json")  # fmt: skip
    raw: dict[str, RawTensor] = {}
    header_bytes = file_bytes = 0
    for shard in shards:
        tensors, _, shard_header_bytes, shard_bytes = read_header(os.path.join(directory, shard))
        twice = next((name for name in tensors if name in raw), None)
        if twice or len(raw) + len(tensors) > 4 * MAX_TENSORS:
            raise InvalidFile(f"{shown}: tensor {twice} is in two shards" if twice else f"{shown}: too many tensors")
        raw |= tensors
        header_bytes, file_bytes = header_bytes + shard_header_bytes, file_bytes + shard_bytes
    lost = next((name for name in weight_map if name not in raw), None)
    if lost is not None:
        raise InvalidFile(f"{shown}: tensor {printable(lost)[:200]} is in no shard", INCOMPLETE)
    config = config_beside(path) if config is None else config
    return _model(raw, {}, header_bytes, file_bytes, shards, config)


def _shard_names(shown: str, weight_map: Mapping[str, Any]) -> tuple[str, ...]:
    """The shards, in order of appearance. A name that leaves the directory is refused."""
    names = list(dict.fromkeys(name if isinstance(name, str) else "" for name in weight_map.values()))
    if len(names) > MAX_SHARDS:
        raise InvalidFile(f"{shown}: {len(names)} shards")
    for name in names:
        if not name.endswith(".safetensors") or not name.isprintable() or any(mark in name for mark in "/\\:"):
            raise InvalidFile(f"{shown}: {printable(name)[:200]!r} is not the name of a .safetensors file beside it")
    return tuple(names)


def config_beside(path: str | os.PathLike[str]) -> Mapping[str, Any] | None:
    """``config.json`` in the same directory, or None."""
    beside = os.path.join(os.path.dirname(os.fspath(path)), "config.json")
    if not os.path.isfile(beside):
        return None
    config = read_json(beside, MAX_CONFIG_BYTES)
    if not isinstance(config, dict):
        raise InvalidFile("config.json: not a JSON object")
    return config


def read_json(path: str | os.PathLike[str], most_bytes: int, most_values: int = 2**20) -> Any:
    """The parsed file; InvalidFile when it is larger than ``most_bytes`` or no JSON."""
    shown = printable(os.path.basename(path))
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most_bytes:
            raise InvalidFile(f"{shown}: {size} bytes, at most {most_bytes} are read")
        return bounded_json(file.read(most_bytes), shown, most_values)


def read_header(path: str | os.PathLike[str]) -> tuple[dict[str, RawTensor], dict[str, str], int, int]:
    """(tensors by name, metadata, header bytes, file bytes) of one file, checked against the file's size."""
    shown = printable(os.path.basename(path))
    with open_regular(path) as file:
        file_bytes = os.fstat(file.fileno()).st_size
        length = int.from_bytes(file.read(8), "little")
        if file_bytes < 8 or length > file_bytes - 8:
            raise InvalidFile(f"{shown}: at byte 0: a header of {length} bytes in a file of {file_bytes}", INCOMPLETE)
        if length > MAX_HEADER_BYTES:
            raise InvalidFile(
                f"{shown}: at byte 0: a header of {length} bytes, at most {MAX_HEADER_BYTES} are possible"
            )
        data = file.read(length)
    if not data.startswith(b"{") or len(data) < length:
        raise InvalidFile(f"{shown}: at byte 8: not a safetensors header", "give a .safetensors or .gguf file")
    # A name that occurs twice leaves a hole in the data, which `_entries` finds: no need to look for it here.
    entries = bounded_json(data, shown, MAX_TENSORS * VALUES_A_TENSOR, unique_keys=False)
    metadata = _metadata(shown, entries.pop("__metadata__", {}))
    tensors = dict(_entries(shown, entries, file_bytes - 8 - length))
    return tensors, metadata, 8 + length, file_bytes


def _metadata(shown: str, metadata: Any) -> dict[str, str]:
    if not isinstance(metadata, dict):
        raise InvalidFile(f"{shown}: at byte 8: __metadata__ is not an object")
    return {printable(key): printable(value) for key, value in metadata.items() if isinstance(value, str)}


def _entries(shown: str, entries: Mapping[str, Any], data_bytes: int) -> Iterator[tuple[str, RawTensor]]:
    """The tensors in the order of their data, which must cover the file without holes or overlap."""
    checked = sorted((_entry(shown, name, entry), name) for name, entry in entries.items())
    expected = 0
    for (begin, end, dtype, shape), name in checked:
        if begin != expected:
            raise InvalidFile(f"{shown}: tensor {name}: data at {begin}, expected at {expected}", INCOMPLETE)
        yield name, RawTensor(name, dtype, shape, end - begin)
        expected = end
    if expected != data_bytes:
        raise InvalidFile(
            f"{shown}: the header describes {expected} bytes of data, the file has {data_bytes}", INCOMPLETE
        )


def _entry(shown: str, name: str, entry: Any) -> tuple[int, int, str, tuple[int, ...]]:
    """(begin, end, dtype, shape), checked."""
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise InvalidFile(f"{shown}: a tensor name is empty, too long or unprintable: {printable(name)[:80]!r}")
    try:
        dtype, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        bits = BITS[dtype]
    except (KeyError, TypeError, ValueError):
        raise InvalidFile(f"{shown}: tensor {name}: dtype, shape or data_offsets missing or not known") from None
    if not isinstance(shape, list) or len(shape) > 16:
        raise InvalidFile(f"{shown}: tensor {name}: its shape is not a short list")
    numbers = (*shape, begin, end)
    if set(map(type, numbers)) != {int} or min(numbers) < 0 or max(numbers) >= 2**63:
        raise InvalidFile(f"{shown}: tensor {name}: sizes must be whole numbers below 2**63")
    if prod(shape) * bits != (end - begin) * 8:
        raise InvalidFile(f"{shown}: tensor {name}: {dtype} {shape} does not take {end - begin} bytes", INCOMPLETE)
    return begin, end, dtype, tuple(shape)


def _model(
    raw: Mapping[str, RawTensor], metadata: Mapping[str, Any], header_bytes: int, file_bytes: int,
    files: tuple[str, ...], config: Mapping[str, Any] | None,
) -> StoredModel:  # fmt: skip
    layers_in_use = _language_value(config, "num_hidden_layers", int)
    weights = recover(raw, quantization_of(config))
    model = StoredModel(
        kind="safetensors",
        tensors=tuple(_stored(weight, layers_in_use) for weight in weights),
        metadata=metadata,
        total_file_bytes=file_bytes,
        header_bytes=header_bytes,
        files=files,
        config=config,
    )
    return mark_tied(model) if _language_value(config, "tie_word_embeddings", bool) else model


def quantization_of(config: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The quantisation config of a config.json: Hugging Face's, or MLX's."""
    for key in ("quantization_config", "compression_config", "quantization"):
        value = _language_value(config, key, dict)
        if value:
            return dict(value)
    return {}


def _language_value(config: Mapping[str, Any] | None, key: str, kind: type) -> Any:
    """A config's value, looked up in the language model's part first."""
    if config is None:
        return None
    inner: Mapping[str, Any] = next(
        (config[part] for part in ("text_config", "llm_config") if isinstance(config.get(part), dict)), {}
    )
    value = inner.get(key, config.get(key))
    return value if type(value) is kind else None


def _stored(weight: Weight, layers_in_use: int | None) -> StoredTensor:
    shape = weight.shape
    square = len(shape) > 2 and shape[-1] == shape[-2]
    role, layer, not_counted = place_of(weight.name, square, layers_in_use)
    if weight.parts == 1 and weight.type_name in INTEGERS and not not_counted:
        if len(shape) > 1 and prod(shape) > (MAX_WIDE_TABLE if weight.type_name in _WIDE else MAX_TABLE):
            raise refused(
                RawTensor(weight.name, weight.type_name, shape, weight.stored_bytes), "integers without scales"
            )
        role, not_counted = "buffer", "integer table"
    return StoredTensor(weight.name, weight.type_name, shape, weight.stored_bytes, role, layer,
                        weight.stored_elements, not_counted)  # fmt: skip
