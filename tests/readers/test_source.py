"""A path leads to the right reader by its content and name, and a wrong one to a helpful refusal."""

import json
import os
from pathlib import Path

import pytest
from model_writers import write_gguf, write_safetensors

from llmpick.errors import InvalidFile
from llmpick.readers.source import open_source
from llmpick.readers.stored import ConfigSource, StoredModel

CONFIG = {"model_type": "llama", "hidden_size": 64}
HEADER = {"model.embed_tokens.weight": ("BF16", (8, 4))}


def put(folder: Path, *names: str) -> Path:
    """Model files of the kinds that ``names`` say, as a download leaves them."""
    for name in names:
        if name.endswith(".gguf"):
            write_gguf(folder / name, {"general.architecture": "llama"}, [("token_embd.weight", "F16", (8, 4))])
        elif name.endswith(".safetensors"):
            write_safetensors(folder / name, HEADER)
        elif name.endswith(".index.json"):
            (folder / name).write_text(
                json.dumps({"weight_map": {next(iter(HEADER)): "model-00001-of-00001.safetensors"}})
            )
        else:
            (folder / name).write_text(json.dumps(CONFIG))
    return folder


@pytest.mark.parametrize("name", ["m.gguf", "model.safetensors", "m.bin.gguf"])
def test_files_with_tensors(tmp_path: Path, name: str) -> None:
    source = open_source(put(tmp_path, name) / name)
    assert isinstance(source, StoredModel)
    assert source.kind == name.rsplit(".", 1)[-1]
    assert source.tensors[0].shape == (8, 4)


@pytest.mark.parametrize("name", ["m.gguf", "model.safetensors"])
def test_content_decides_where_the_name_does_not(tmp_path: Path, name: str) -> None:
    """Blobs in a cache have no extension."""
    (put(tmp_path, name) / name).rename(tmp_path / "blob")
    assert isinstance(open_source(tmp_path / "blob"), StoredModel)


def test_config(tmp_path: Path) -> None:
    source = open_source(put(tmp_path, "config.json") / "config.json")
    assert source == ConfigSource(path=str(tmp_path / "config.json"), config=CONFIG)


def test_index(tmp_path: Path) -> None:
    put(tmp_path, "model-00001-of-00001.safetensors", "model.safetensors.index.json", "config.json")
    source = open_source(tmp_path / "model.safetensors.index.json")
    assert isinstance(source, StoredModel)
    assert source.config == CONFIG


@pytest.mark.parametrize(("names", "kind"), [
    (["config.json"], "config"), (["config.json", "model.safetensors"], "safetensors"),
    (["config.json", "model-00001-of-00001.safetensors", "model.safetensors.index.json"], "safetensors"),
    (["config.json", "model.safetensors.index.json"], "config"), (["m.gguf"], "gguf"),
    (["m.gguf", "mmproj-m.gguf"], "gguf"), (["m.gguf", "config.json"], "gguf"),
])  # fmt: skip
def test_directories(tmp_path: Path, names: list[str], kind: str) -> None:
    """A directory stands for the one model in it; an index without any shard leaves the config."""
    source = open_source(put(tmp_path, *names))
    assert (source.kind if isinstance(source, StoredModel) else "config") == kind


@pytest.mark.parametrize("names", [[], ["a.gguf", "b.gguf"], ["a.safetensors", "b.safetensors"]])
def test_directories_without_one_model(tmp_path: Path, names: list[str]) -> None:
    with pytest.raises(InvalidFile, match="no single model") as caught:
        open_source(put(tmp_path, *names))
    assert caught.value.hint


@pytest.mark.parametrize(("content", "message"), [
    (b"PK\x03\x04" + bytes(30), "PyTorch"), (b"\x80\x02}q", "pickle"), (b"tjgg" + bytes(30), "GGJT"),
    (b"version https://git-lfs.github.com/spec/v1", "LFS"), (b"id: llama\n", "not a model file"),
    (b'{"a": 1}', "neither"), (b"{", "not valid JSON"), (b"", "not a model file"), (b"[1]", "not a model file"),
])  # fmt: skip
def test_other_files_are_named_for_what_they_are(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(InvalidFile, match=message) as caught:
        open_source(tmp_path / "file")
    assert caught.value.exit_code == 3


def test_what_is_not_a_file(tmp_path: Path) -> None:
    """Absent paths, pipes and impossible names are refused without blocking."""
    with pytest.raises(InvalidFile, match="no such file"):
        open_source(tmp_path / "absent.gguf")
    os.mkfifo(tmp_path / "pipe.gguf")
    with pytest.raises(InvalidFile, match="not a regular file"):
        open_source(tmp_path / "pipe.gguf")
    with pytest.raises(InvalidFile):
        open_source("nul\0name")
