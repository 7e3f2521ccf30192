"""A snapshot says what the files say, and is made again whenever it does not or cannot be read."""

import os
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from llmpick.catalog import open_catalog, snapshot
from llmpick.catalog.catalog import Catalog
from llmpick.catalog.counts import counts
from llmpick.catalog.loader import InvalidCatalog, load

CODE = partial(str, "code")
MODEL = "models/tiny/tiny-7b.yaml"


@pytest.fixture
def directory(small: Any) -> Path:
    path: Path = small.directory
    return path


def opened(directory: Path) -> Catalog:
    return Catalog((directory,), snapshot.store_for((directory,), CODE))


def answers(catalog: Catalog) -> Any:
    """Everything that a catalog can be asked."""
    return {
        "ids": catalog.ids,
        "facts": catalog.facts,
        "families": catalog.families,
        "records": {model_id: catalog.model_data(model_id) for model_id in catalog.ids},
        "specs": {name: catalog.specs[name] for name in catalog.specs},
        "licences": catalog.licences,
        "gpus": catalog.gpus,
        "formats": catalog.formats,
        "runtimes": catalog.runtimes,
        "counts": counts(catalog),
    }


def files(directory: Path) -> list[Path]:
    return sorted(snapshot.store_for((directory,), CODE).folder.iterdir())


def test_the_snapshot_says_what_the_files_say(directory: Path) -> None:
    first, second = answers(opened(directory)), answers(opened(directory))
    data = load((directory,))
    assert first == second
    assert second["records"] == {model_id: source.data for model_id, source in data.models.items()}
    assert second["specs"] == data.architectures
    assert second["licences"] == data.licences


def test_the_second_time_no_yaml_is_read(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = answers(opened(directory))
    monkeypatch.setattr("llmpick.catalog.loader.load", lambda directories: pytest.fail("read the YAML files"))
    assert answers(opened(directory)) == expected


DAMAGES = {
    "empty": lambda content: b"",
    "cut short": lambda content: content[: len(content) // 2],
    "one bit": lambda content: content[:-3] + bytes([content[-3] ^ 1]) + content[-2:],
    "not JSON": lambda content: b"00000000\n",
    "another layout": lambda content: b"0103f6dc\n{}",
    "garbage": lambda content: os.urandom(200),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_snapshot_is_made_again(directory: Path, damage: str) -> None:
    """Whichever file is damaged and however, the answers stay the same."""
    expected = answers(opened(directory))
    for path in files(directory):
        path.write_bytes(DAMAGES[damage](path.read_bytes()))
        assert answers(opened(directory)) == expected, path.name


def test_a_missing_file_is_made_again(directory: Path) -> None:
    expected = answers(opened(directory))
    for path in files(directory):
        path.unlink()
        assert answers(opened(directory)) == expected, path.name


def test_a_cache_that_cannot_be_written_is_done_without(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = answers(opened(directory))
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("LLMPICK_CACHE", str(tmp_path / "a file" / "cache"))
    assert answers(opened(directory)) == expected


@pytest.mark.parametrize("change", ["content", "time", "new file", "removed file", "renamed file"])
def test_whatever_changes_in_the_catalog_changes_the_key(small: Any, change: str) -> None:
    before = snapshot.snapshot_key((small.directory,), "code")
    path = small.directory / MODEL
    if change == "content":
        small.replace(MODEL, "Tiny 7B", "Tiny 7B again")
    elif change == "time":
        os.utime(path, ns=(1, 1))
    elif change == "new file":
        small.write("models/tiny/other.yaml", path.read_text())
    elif change == "removed file":
        path.unlink()
    else:
        path.rename(path.with_name("tiny-8b.yaml"))
    assert snapshot.snapshot_key((small.directory,), "code") != before


def test_other_code_has_other_snapshots(directory: Path) -> None:
    assert snapshot.snapshot_key((directory,), "0.1") != snapshot.snapshot_key((directory,), "0.2")


def test_a_wrong_catalog_leaves_no_snapshot(small: Any) -> None:
    small.replace(MODEL, "name: Tiny 7B", "name: 7")
    with pytest.raises(InvalidCatalog):
        opened(small.directory).ids  # noqa: B018
    assert not snapshot.store_for((small.directory,), CODE).folder.exists()


def test_derived_tables_are_built_once(directory: Path) -> None:
    calls: list[int] = []

    def build() -> dict[str, int]:
        calls.append(1)
        return {"answer": 42}

    for _ in range(3):
        store = opened(directory).store
        assert [store.derived("answers", build), store.derived("answers", build)] == [{"answer": 42}] * 2
    assert len(calls) == 1


def test_work_is_announced_when_it_is_done_and_only_then(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program may show that it is busy; a warm snapshot has nothing to announce."""
    said: list[str] = []

    def working(what: str) -> AbstractContextManager[None]:
        said.append(what)
        return nullcontext()

    monkeypatch.setattr(snapshot, "working", working)
    for _ in range(2):
        catalog = opened(directory)
        assert catalog.ids
        catalog.store.derived("answers", lambda: {"answer": 42})
    assert [words.split()[0] for words in said] == ["Reading", "Computing"]


def test_old_snapshots_are_forgotten(directory: Path) -> None:
    for number in range(8):
        Catalog((directory,), snapshot.store_for((directory,), partial(str, number))).ids  # noqa: B018
    folders = list(snapshot.store_for((directory,), CODE).folder.parent.iterdir())
    assert len(folders) == 4


def test_only_snapshots_are_forgotten(directory: Path, tmp_path: Path) -> None:
    """Whatever else lies beside a snapshot stays, in the cache and where a wheel is made."""
    cache = snapshot.store_for((directory,), CODE).folder.parent
    for folder in [cache / "notes", *(tmp_path / "package" / f"room {number}" for number in range(9))]:
        folder.mkdir(parents=True)
    snapshot.prebuild(directory, tmp_path / "package" / "catalog_snapshot")
    for number in range(8):
        Catalog((directory,), snapshot.store_for((directory,), partial(str, number))).ids  # noqa: B018
    assert (cache / "notes").is_dir()
    assert len(list((tmp_path / "package").iterdir())) == 10


def test_nothing_but_the_snapshot_is_left_in_its_folder(directory: Path) -> None:
    answers(opened(directory))
    assert {path.suffix for path in files(directory)} == {".snapshot", ".rows"}


def test_the_wheels_own_snapshot_is_used_while_it_is_of_these_files(
    small: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packaged = tmp_path / "catalog_snapshot"
    snapshot.prebuild(small.directory, packaged)
    with monkeypatch.context() as patch:
        patch.setattr("llmpick.catalog.loader.load", lambda directories: pytest.fail("read the YAML files"))
        for path in small.directory.rglob("*.yaml"):
            os.utime(path, ns=(1, 1))  # installers set times of their own
        store = snapshot.store_for((small.directory,), CODE, packaged)
        assert Catalog((small.directory,), store).model_data("tiny-7b")["name"] == "Tiny 7B"
        assert not store.folder.exists()
    small.replace(MODEL, "Tiny 7B", "Tiny 7B edited")
    store = snapshot.store_for((small.directory,), CODE, packaged)
    assert Catalog((small.directory,), store).model_data("tiny-7b")["name"] == "Tiny 7B edited"


def test_an_overlay_has_a_snapshot_of_its_own(small: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    over = type(small)(tmp_path / "over")
    text = (small.directory / MODEL).read_text().replace("repositories: [example/tiny-7b-hf]\naliases: [tiny]\n", "")
    over.write("models/mine/mine-7b.yaml", f"{text}licence: Apache-2.0\norganization: Me\n")
    monkeypatch.setenv("LLMPICK_CATALOG", str(over.directory))
    assert open_catalog().resolve("Mine 7B") == "mine-7b"
    monkeypatch.delenv("LLMPICK_CATALOG")
    assert "mine-7b" not in open_catalog().ids
    assert "mine-7b" in open_catalog(str(over.directory)).ids
