"""What ``llmpick validate`` reports, for the whole catalog, an overlay, a file, a stray file; and what it rewrites."""

from pathlib import Path
from typing import Any

import pytest

from llmpick.catalog.location import builtin_directory
from llmpick.catalog.validation import fix, validate
from llmpick.errors import UsageError

BUILTIN = builtin_directory()


def test_the_shipped_catalog_is_valid() -> None:
    problems, models = validate([])
    assert [str(problem) for problem in problems] == []
    assert models == len([path for path in BUILTIN.glob("models/*/*.yaml") if path.name != "family.yaml"])


@pytest.mark.parametrize(("path", "models"), [("models/llama/llama-7b.yaml", 1), ("models/llama", 4)])
def test_a_part_of_the_catalog_is_reported_alone(path: str, models: int) -> None:
    assert validate([str(BUILTIN / path)]) == ([], models)


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    file = tmp_path / "mine" / "models" / "my" / "my-7b.yaml"
    file.parent.mkdir(parents=True)
    text = (BUILTIN / "models/alpaca/alpaca-7b.yaml").read_text(encoding="utf-8")
    kept = [line for line in text.splitlines(keepends=True) if not line.startswith(("repositories:", "aliases:"))]
    file.write_text("".join(kept), encoding="utf-8")
    return file


def test_an_overlay_may_refer_to_the_shipped_catalog(overlay: Path) -> None:
    problems, _ = validate([str(overlay.parents[2])])
    assert [str(problem) for problem in problems] == []


def test_problems_name_the_file_as_it_can_be_opened(
    overlay: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    overlay.write_text(overlay.read_text(encoding="utf-8") + "surprise: 1\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    problems, _ = validate(["mine"])
    assert any(str(problem).startswith("mine/models/my/my-7b.yaml:") for problem in problems)
    assert any(problem.field == "surprise" for problem in problems)


def test_a_stray_file_is_checked_as_a_record(overlay: Path, tmp_path: Path) -> None:
    stray = tmp_path / "my-7b.yaml"
    stray.write_text("name: Mine\n", encoding="utf-8")
    problems, models = validate([str(stray)])
    assert models == 1
    assert {problem.field for problem in problems} == {"organization", "licence", "config", "sources"}


@pytest.mark.parametrize("path", ["nowhere", "."])
def test_a_path_without_a_catalog_is_a_usage_error(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError):
        validate([path])


def test_formatting_is_reported_and_repaired(overlay: Path) -> None:
    """The first line that differs is named; --fix restores exactly the canonical text and keeps the heading."""
    good = overlay.read_text(encoding="utf-8")
    overlay.write_text("# Heading\n" + good.replace("organization: Stanford", 'organization:   "Stanford"'), "utf-8")
    problems, _ = validate([str(overlay.parents[2])])
    assert [(problem.line, problem.message) for problem in problems] == [
        (3, "not formatted canonically (validate --fix)")
    ]
    assert fix([str(overlay.parents[2])]) == [overlay]
    assert overlay.read_text(encoding="utf-8") == "# Heading\n" + good
    assert fix([str(overlay.parents[2])]) == []


@pytest.mark.parametrize("text", ["a: [", "a: 1\na: 2\n", "- 1\n", "\x00"])
def test_a_damaged_file_is_not_rewritten(overlay: Path, text: str) -> None:
    overlay.write_text(text, encoding="utf-8")
    assert fix([str(overlay.parents[2])]) == []
    assert overlay.read_text(encoding="utf-8") == text


def test_nothing_of_the_shipped_catalog_wants_rewriting() -> None:
    assert fix([]) == []


def test_every_claim_names_a_survey(builtin: Any) -> None:
    articles = {claim["article"] for source in builtin.models.values() for claim in source.data.get("claims", [])}
    assert articles
    assert articles <= set(builtin.surveys)
