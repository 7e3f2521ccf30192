"""What kind of model file a path is, decided by its first bytes and its name, and the reader for it."""

import os
from collections.abc import Mapping
from typing import Any

from llmpick.errors import InvalidFile
from llmpick.readers.bounded import open_regular, printable
from llmpick.readers.stored import ConfigSource, StoredModel

GGUF_MAGIC = b"GGUF"
INDEX_NAME = "model.safetensors.index.json"
KINDS = "give a config.json, a .gguf file, model.safetensors, its .index.json, or a directory with one of them"
_OTHER_MAGIC = {
    b"PK\x03\x04": "a PyTorch or zip file; PyTorch checkpoints can run code when opened and are not read",
    b"\x80\x02": "a Python pickle; pickles can run code when opened and are not read",
    b"lmgg": "a GGML file from before GGUF; convert the model anew",
    b"tjgg": "a GGJT file from before GGUF; convert the model anew",
    b"fmgg": "a GGMF file from before GGUF; convert the model anew",
    b"version https": "a Git LFS pointer, not the file itself; run `git lfs pull`",
}


def open_source(path: str | os.PathLike[str]) -> ConfigSource | StoredModel:
    """Read the headers of the model at ``path`` (a file, or a directory that holds one model).

    Raises InvalidFile for anything else, saying what it seems to be.
    """
    try:
        if os.path.isdir(path):
            return _open_directory(os.fspath(path))
    except ValueError:
        raise InvalidFile(f"{printable(os.fspath(path))}: not a path") from None
    with open_regular(path) as file:
        head = file.read(16)
    name = os.path.basename(os.fspath(path))
    if head.startswith(GGUF_MAGIC):
        return _read_gguf(path)
    for magic, what in _OTHER_MAGIC.items():
        if head.startswith(magic):
            raise InvalidFile(f"{printable(name)}: {what}", KINDS)
    if head[8:9] == b"{" or name.endswith(".safetensors"):
        return _read_safetensors(path)
    if name.endswith(".gguf"):
        return _read_gguf(path)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _open_json(path, name)
    raise InvalidFile(f"{printable(name)}: not a model file that can be read", KINDS)


def _read_gguf(path: str | os.PathLike[str]) -> StoredModel:
    from llmpick.readers.gguf import read_gguf  # a reader is loaded when a file needs it

    return read_gguf(path)


def _read_safetensors(path: str | os.PathLike[str]) -> StoredModel:
    from llmpick.readers.safetensors import read_safetensors

    return read_safetensors(path)


def _read_index(path: str | os.PathLike[str]) -> StoredModel:
    from llmpick.readers.safetensors import read_index

    return read_index(path)


def _open_json(path: str | os.PathLike[str], name: str) -> ConfigSource | StoredModel:
    from llmpick.readers.safetensors import MAX_CONFIG_BYTES, MAX_INDEX_BYTES, read_json

    content = read_json(path, MAX_INDEX_BYTES if name.endswith(".index.json") else MAX_CONFIG_BYTES)
    if isinstance(content, dict) and "weight_map" in content:
        return _read_index(path)
    if not _is_config(content):
        raise InvalidFile(f"{printable(name)}: JSON, but neither a model's config nor an index of shards", KINDS)
    return ConfigSource(path=os.fspath(path), config=content)


def _is_config(content: Any) -> bool:
    return isinstance(content, Mapping) and any(
        key in content for key in ("model_type", "architectures", "hidden_size", "n_embd", "d_model")
    )


def _open_directory(directory: str) -> ConfigSource | StoredModel:
    """safetensors before GGUF before a bare config; a config whose shards are all absent stands alone."""
    names = set(os.listdir(directory))
    index = next(
        (name for name in sorted(names) if name == INDEX_NAME or name.endswith(".safetensors.index.json")), None
    )
    weights = sorted(name for name in names if name.endswith(".safetensors"))
    if index and (weights or "config.json" not in names):
        return _read_index(os.path.join(directory, index))
    if "model.safetensors" in names or len(weights) == 1:
        return _read_safetensors(
            os.path.join(directory, "model.safetensors" if "model.safetensors" in names else weights[0])
        )
    models = _gguf_models(names)
    if len(models) == 1 and not weights:
        return _read_gguf(os.path.join(directory, models[0]))
    if "config.json" in names and not weights and not models:
        return _open_json(os.path.join(directory, "config.json"), "config.json")
    found = ", ".join(map(printable, [*models, *weights][:4])) or "none"
    raise InvalidFile(f"{printable(directory)}: no single model in this directory (model files: {found})", KINDS)


def _gguf_models(names: set[str]) -> list[str]:
    """GGUF files in ``names``: one a split file, without vision projectors."""
    files = sorted(name for name in names if name.endswith(".gguf") and not name.startswith("mmproj"))
    return [name for name in files if "-of-" not in name or "-00001-of-" in name]
