from pathlib import Path
from shutil import copy
from textwrap import dedent

import pytest

from llmpick.catalog.loader import CatalogData, read
from llmpick.catalog.location import builtin_directory

LICENCES = """
free: {name: Free Licence, commercial_use: 'yes', sources: [{source: 'https://example.org/free', date: '2024-01-01'}]}
strict: {name: Strict Licence, commercial_use: 'no', sources: [{source: 'https://example.org/strict'}]}
"""
FAMILY = """
organization: Example
licence: strict
tokenizer: {algorithm: BPE, vocab_size: 32000}
sources:
  licence: [{source: 'https://example.org/licence', date: '2023-03-01'}]
  tokenizer: [{source: 'https://example.org/tokenizer', date: '2023-03-01'}]
"""
MODEL = """
name: Tiny 7B
release_date: 2023-02
published_parameters: {text: 6.7B}
config:
  model_type: llama
  hidden_size: 4096
  intermediate_size: 11008
  num_hidden_layers: 32
  num_attention_heads: 32
  vocab_size: 32000
repositories: [example/tiny-7b-hf]
aliases: [tiny]
sources:
  release_date: [{source: 'https://example.org/card', date: '2023-03-01'}]
  published_parameters: [{source: 'https://example.org/card', date: '2023-03-01'}]
  config: [{source: 'https://example.org/config.json', date: '2023-03-01'}]
"""


class SmallCatalog:
    """A catalog of one family in a folder of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def write(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    def replace(self, name: str, old: str, new: str) -> Path:
        text = (self.directory / name).read_text(encoding="utf-8")
        assert old in text
        return self.write(name, text.replace(old, new, 1))

    def read(self) -> CatalogData:
        return read((self.directory,))


@pytest.fixture
def small(tmp_path: Path) -> SmallCatalog:
    catalog = SmallCatalog(tmp_path / "catalog")
    catalog.write("licences.yaml", LICENCES)
    catalog.write("models/tiny/family.yaml", FAMILY)
    catalog.write("models/tiny/tiny-7b.yaml", MODEL)
    (catalog.directory / "architectures").mkdir()
    for name in ("_decoder", "_harmless", "llama"):
        copy(builtin_directory() / f"architectures/{name}.yaml", catalog.directory / "architectures")
    return catalog


@pytest.fixture(scope="session")
def builtin() -> CatalogData:
    return read((builtin_directory(),))


@pytest.fixture(autouse=True)
def no_personal_directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests neither read the user's overlay nor leave anything in the user's cache."""
    monkeypatch.setenv("LLMPICK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("LLMPICK_CATALOG", raising=False)
