"""Files to records: merging, overlays, and every problem located."""

from pathlib import Path
from typing import Any

import pytest

from llmpick.catalog.loader import InvalidCatalog, load, read

MODEL = "models/tiny/tiny-7b.yaml"


def lines(problems: list[Any]) -> list[str]:
    return [str(problem) for problem in problems]


def test_the_family_is_merged_under_the_model(small: Any) -> None:
    small.replace(MODEL, "aliases: [tiny]", "tokenizer: {library: SentencePiece}")
    data = small.read().models["tiny-7b"].data
    assert data["organization"] == "Example"
    assert data["tokenizer"] == {"algorithm": "BPE", "vocab_size": 32000, "library": "SentencePiece"}
    assert set(data["sources"]) == {"licence", "tokenizer", "release_date", "published_parameters", "config"}


def test_the_model_wins_over_its_family(small: Any) -> None:
    small.replace(MODEL, "name: Tiny 7B", "name: Tiny 7B\norganization: Someone Else")
    assert small.read().models["tiny-7b"].data["organization"] == "Someone Else"


def test_a_later_directory_replaces_files_and_adds_models(small: Any, tmp_path: Path) -> None:
    over = type(small)(tmp_path / "over")
    text = (small.directory / MODEL).read_text()
    over.write(MODEL, text.replace("Tiny 7B", "Tiny 7B, mine"))
    over.write("models/mine/mine-7b.yaml", text + "organization: Me\nlicence: free\n")
    found = read((small.directory, over.directory))
    assert found.models["tiny-7b"].data["name"] == "Tiny 7B, mine"
    assert found.models["mine-7b"].family == "mine"


def test_all_problems_come_at_once_with_their_places(small: Any) -> None:
    small.replace(MODEL, "name: Tiny 7B", "name: 7\nsize: big\nid: tiny-7b")
    small.replace("models/tiny/family.yaml", "vocab_size: 32000", "vocab_size: many")
    small.write("models/other/other-1b.yaml", "name: Other\nname: Twice\nweights: [open]\n")
    found = lines(small.read().problems)
    assert f"{MODEL}:3:1: id: the id is the file's name; remove this key" in found
    assert "models/other/other-1b.yaml:2:1: name: duplicate key" in found
    assert any(line.startswith("models/other/other-1b.yaml:3:1: weights: input should be") for line in found)
    assert any(line.startswith("models/other/other-1b.yaml:1:1: config: missing") for line in found)


def test_a_problem_is_located_in_the_file_that_says_it(small: Any) -> None:
    """What the family says wrongly is shown in the family's file, not in that of each model."""
    small.replace("models/tiny/family.yaml", "vocab_size: 32000", "vocab_size: many")
    (problem,) = small.read().problems
    assert (problem.file, problem.line, problem.field) == ("models/tiny/family.yaml", 3, "tokenizer.vocab_size")


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("name: Tiny 7B", "name: ''", "name"),
        ("name: Tiny 7B", "name: 5", "name"),
        ("name: Tiny 7B", "name: null", "name"),
        ("release_date: 2023-02", "release_date: February", "release_date"),
        ("release_date: 2023-02", "release_date: 2023", "release_date"),
        ("aliases: [tiny]", "aliases: tiny", "aliases"),
        ("aliases: [tiny]", "variants: [huge]", "variants.0"),
        ("aliases: [tiny]", "context_length: 2048.0", "context_length"),
        ("aliases: [tiny]", "context_length: '2048'", "context_length"),
        ("aliases: [tiny]", "context_length: 0", "context_length"),
        ("aliases: [tiny]", "weights: 'yes'", "weights"),
        ("aliases: [tiny]", "training: {tokens: 1.5e12}", "training.tokens"),
        ("aliases: [tiny]", "training: {token: 5}", "training.token"),
        ("aliases: [tiny]", "benchmarks: [{benchmark: MMLU, value: 120.0, source: x}]", "benchmarks.0.value"),
        ("aliases: [tiny]", "benchmarks: [{benchmark: MMLU, value: -1.0, source: x}]", "benchmarks.0.value"),
        ("aliases: [tiny]", "benchmarks: [{benchmark: MMLU, value: 50.0}]", "benchmarks.0.source"),
        ("aliases: [tiny]", "claims: [{article: a, kind: rumour, text: t}]", "claims.0.kind"),
        ("{text: 6.7B}", "{text: 6.7B, value: true}", "published_parameters.value"),
        ("date: '2023-03-01'}]\n  pub", "date: yesterday}]\n  pub", "sources.release_date.0.date"),
        ("date: '2023-03-01'}]\n  pub", "confidence: sure}]\n  pub", "sources.release_date.0.confidence"),
    ],
)
def test_records_are_strict(small: Any, old: str, new: str, field: str) -> None:
    """Nothing is coerced: text is not a number, a number not text, one not a list, and bounds hold."""
    small.replace(MODEL, old, new)
    assert field in [problem.field for problem in small.read().problems]


def test_two_files_cannot_have_one_id(small: Any) -> None:
    small.write("models/copy/tiny-7b.yaml", (small.directory / MODEL).read_text())
    assert any("is taken by models/copy/tiny-7b.yaml" in line for line in lines(small.read().problems))


@pytest.mark.parametrize("name", ["licences.yaml", "architectures/llama.yaml", MODEL, "models/tiny/family.yaml"])
@pytest.mark.parametrize("text", ["", "[1, 2]", "just text", "a: [", "\x00", "a: *b"])
def test_a_damaged_file_is_a_problem_and_not_a_crash(small: Any, name: str, text: str) -> None:
    small.write(name, text)
    with pytest.raises(InvalidCatalog) as caught:
        load((small.directory,))
    assert any(problem.file == name for problem in caught.value.problems)
    assert caught.value.exit_code == 3


def test_a_chain_of_mappings_that_leads_back_is_a_problem(small: Any) -> None:
    small.replace("architectures/_decoder.yaml", "defaults:", "follows: llama\ndefaults:")
    assert any("follows" in line for line in lines(small.read().problems))
