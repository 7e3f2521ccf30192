"""Names lead to models; the catalog is found where it is."""

from pathlib import Path
from typing import Any

import pytest

from llmpick.catalog import location
from llmpick.errors import CatalogNotFound, UnknownName


@pytest.mark.parametrize(
    ("typed", "model_id"),
    [
        ("llama-7b", "llama-7b"), ("LLaMA 7B", "llama-7b"), ("llama_7b", "llama-7b"), ("llama1-7b", "llama-7b"),
        ("llama7b", "llama-7b"), ("huggyllama/llama-7b", "llama-7b"), ("HuggyLlama/LLaMA-7B", "llama-7b"),
        ("llama-33b", "llama-30b"), ("llama3.1:8b", "llama-3.1-8b"), ("Llama-2-7b-chat-hf", "llama-2-7b"),
        ("meta-llama/Meta-Llama-3-8B-Instruct", "llama-3-8b"), ("mistral:7b", "mistral-7b-v0.1"),
        ("mixtral", "mixtral-8x7b"), ("vicuna 7b", "vicuna-7b"), ("lmsys/vicuna-7b-v1.3", "vicuna-7b-v1.3"),
        ("bloomz", "bloom-176b"), ("gpt-j", "gpt-j-6b"), ("GPT-NeoX 20B", "gpt-neox-20b"), ("gpt3", "gpt-3-175b"),
        ("Qwen2.5-7B-Instruct", "qwen2.5-7b"), ("chatglm2", "chatglm2-6b"), ("dolly-2.0", "dolly-v2-12b"),
        (" llama-7b ", "llama-7b"), ("deepseek-r1:70b", "deepseek-r1-distill-llama-70b"), ("koala", "koala-13b"),
        ("phi-4", "phi-4"), ("gemma-3-4b-it", "gemma-3-4b"), ("tiiuae/falcon-7b-instruct", "falcon-7b"),
    ],
)  # fmt: skip
def test_what_people_type_leads_to_the_model(catalog: Any, typed: str, model_id: str) -> None:
    assert catalog.resolve(typed) == model_id


@pytest.mark.parametrize(
    ("typed", "near"), [("lama-7b", "llama-7b"), ("vicunia-13b", "vicuna-13b"), ("qwen", "qwen-7b")]
)
def test_an_unknown_name_suggests_near_ones(catalog: Any, typed: str, near: str) -> None:
    with pytest.raises(UnknownName) as caught:
        catalog.resolve(typed)
    assert near in caught.value.hint
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("typed", ["", "-", "/", "zzzzzzzz", "llama-7b/../x", "\x00"])
def test_nonsense_is_unknown(catalog: Any, typed: str) -> None:
    with pytest.raises(UnknownName):
        catalog.resolve(typed)


def test_every_name_of_a_model_leads_to_it(catalog: Any) -> None:
    """Ids, aliases and repositories; display names that two models share lead to one of them."""
    for model_id in catalog.ids:
        data = catalog.model_data(model_id)
        for name in [model_id, *data.get("aliases", []), *data.get("repositories", [])]:
            assert catalog.resolve(name) == model_id


def test_the_packaged_directory_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "src" / "llmpick"
    (tmp_path / "catalog" / "models").mkdir(parents=True)
    monkeypatch.setattr(location, "_PACKAGE", package)
    assert location.builtin_directory() == tmp_path / "catalog"
    (package / "catalog_data" / "models").mkdir(parents=True)
    assert location.builtin_directory() == package / "catalog_data"


def test_a_missing_catalog_says_what_was_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(location, "_PACKAGE", tmp_path / "src" / "llmpick")
    with pytest.raises(CatalogNotFound) as caught:
        location.builtin_directory()
    assert "catalog_data" in caught.value.message
    assert str(tmp_path / "catalog") in caught.value.message


def test_overlays_come_in_the_order_of_their_closeness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, given = tmp_path / "mine", tmp_path / "given"
    for directory in (mine, given, location.config_directory() / "catalog"):
        directory.mkdir(parents=True)
    monkeypatch.setenv("LLMPICK_CATALOG", str(mine))
    found = location.catalog_directories(str(given))
    assert found[1:] == (location.config_directory() / "catalog", mine, given)


@pytest.mark.parametrize("way", ["option", "variable"])
def test_an_overlay_that_is_not_there_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    if way == "variable":
        monkeypatch.setenv("LLMPICK_CATALOG", str(tmp_path / "none"))
    with pytest.raises(CatalogNotFound, match="none"):
        location.catalog_directories(str(tmp_path / "none") if way == "option" else None)


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", "XDG_CACHE_HOME", "llmpick"), ("linux", None, ".cache/llmpick"),
        ("darwin", None, "Library/Caches/llmpick"), ("win32", "LOCALAPPDATA", "llmpick"),
    ],
)  # fmt: skip
def test_the_cache_is_where_the_platform_keeps_caches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, variable: str | None, expected: str
) -> None:
    for name in ("LLMPICK_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(location.sys, "platform", platform)
    if variable:
        monkeypatch.setenv(variable, str(tmp_path))
    assert location.cache_directory() == tmp_path / expected
