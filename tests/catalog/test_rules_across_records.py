"""The rules across records: each mutation of a good catalog is found, at the place where it was made."""

from typing import Any

import pytest

from llmpick.catalog import rules
from llmpick.catalog.loader import CatalogData
from llmpick.catalog.number_rules import size_in

MODEL = "models/tiny/tiny-7b.yaml"


def found(small: Any) -> list[str]:
    data = small.read()
    assert not data.problems
    return [str(problem) for problem in rules.problems(data)]


def test_a_good_catalog_has_no_problems(small: Any) -> None:
    assert found(small) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "name: Tiny 7B",
            "name: Tiny 7B\nlicence: unheard",
            f"{MODEL}:2:1: licence: 'unheard' is not in licences.yaml",
        ),
        (
            "aliases: [tiny]",
            "claims: [{article: nowhere, kind: hardware, text: t}]",
            "'nowhere' is not in surveys.yaml",
        ),
        ("name: Tiny 7B", "name: Tiny 7B\nderived_from: nobody", "derived_from: 'nobody' is not in the catalog"),
        ("name: Tiny 7B", "name: Tiny 7B\nderived_from: tiny-7b", "derived_from: lineage leads back to this model"),
        ("name: Tiny 7B", "name: Tiny 7B\nlanguages: en", f"{MODEL}:2:1: languages: no source"),
        ("aliases: [tiny]", "training: {tokens: 5}", "training: no source"),
        (
            "  config:",
            "  activation: [{source: 'https://example.org/paper', date: '2023-03-01'}]\n  config:",
            "activation: a source for a fact that the record",
        ),
        ("  release_date: [{", "  release_date: []\n  name: [{", "release_date: no source"),
        ("release_date: 2023-02", "release_date: 2023-13", "release_date: '2023-13' is no date since 2017"),
        ("release_date: 2023-02", "release_date: '1023'", "release_date: '1023' is no date since 2017"),
        ("release_date: 2023-02", "release_date: 2024-02", "read on 2023-03-01, before the release on 2024-02"),
        (
            "date: '2023-03-01'}]\n  pub",
            "date: '2023-02-30'}]\n  pub",
            "sources.release_date.0.date: '2023-02-30' is no",
        ),
        ("aliases: [tiny]", "weights: closed", "repositories: a model with closed weights has none"),
        ("name: Tiny 7B", 'name: "Tiny \\e[31m7B"', f"{MODEL}:1:1: name: control characters"),
        ("name: Tiny 7B", 'name: "Tiny \\u202e7B"', f"{MODEL}:1:1: name: control characters"),
        ("text: 6.7B", "text: 13B", "published_parameters.text: '13B' is not explained by 6,738,415,616 computed"),
        (
            "text: 6.7B",
            "text: 6.7B, value: 8000000000",
            "published_parameters.value: published 8,000,000,000, computed",
        ),
        ("aliases: [tiny]", "checkpoint_parameters: 9000000000", "checkpoint_parameters: the checkpoint holds"),
        ("num_attention_heads: 32", "num_attention_heads: 0", "config.num_attention_heads: must be a whole number"),
        ("num_attention_heads: 32", "num_attention_heads: 31", "config.num_attention_heads: hidden_size 4096 is no"),
        ("vocab_size: 32000", "vocab_size: 32000.5", f"{MODEL}:10:3: config.vocab_size: must be a whole number"),
        ("vocab_size: 32000", "vocab_size: true", "config.vocab_size: must be a whole number"),
        ("vocab_size: 32000", "vocab_size: 32000\n  num_key_value_heads: 5", "32 attention heads cannot share 5"),
        ("vocab_size: 32000", "vocab_size: 32000\n  surprise: 1", "config: llama: unknown config key 'surprise'"),
        ("model_type: llama", "model_type: unheard", "config: model_type 'unheard' is not known"),
        (
            "aliases: [tiny]",
            "benchmarks: [{benchmark: M, value: 40.0, low: 41.0, source: 'https://x.org/'}]",
            "benchmarks.0.low: 41.0 is above the value 40.0",
        ),
        (
            "aliases: [tiny]",
            "benchmarks: [{benchmark: M, value: 40.0, high: 39.0, source: 'https://x.org/'}]",
            "benchmarks.0.high: 39.0 is below the value 40.0",
        ),
        (
            "aliases: [tiny]",
            "benchmarks: [{benchmark: M, value: 40.0, source: somebody said}]",
            "benchmarks.0.source: not a URL",
        ),
    ],
)
def test_a_wrong_fact_is_found_where_it_stands(small: Any, old: str, new: str, expected: str) -> None:
    small.replace(MODEL, old, new)
    assert any(expected in line for line in found(small)), found(small)


def test_experts_used_cannot_outnumber_those_there_are(small: Any) -> None:
    small.replace(MODEL, "vocab_size: 32000", "vocab_size: 32000\n  num_local_experts: 8\n  num_experts_per_tok: 9")
    assert any("uses 9 of 8 experts" in line for line in found(small))


@pytest.mark.parametrize("key", ["aliases", "repositories"])
@pytest.mark.parametrize("spelled", ["tiny-7b", "TINY 7B", "tiny_7b"])
def test_a_name_leads_to_one_model_however_it_is_spelled(small: Any, key: str, spelled: str) -> None:
    text = (small.directory / MODEL).read_text().replace("repositories: [example/tiny-7b-hf]\naliases: [tiny]\n", "")
    small.write("models/other/other-7b.yaml", f"{text}{key}: [{spelled}]\norganization: Other\nlicence: free\n")
    small.replace(
        "models/other/other-7b.yaml",
        "  config: [",
        "  licence: [{source: 'https://example.org/card', date: '2023-03-01'}]\n  config: [",
    )
    assert [line.split(": ", 1)[1] for line in found(small)] == [f"{key}.0: {spelled!r} already means tiny-7b"]


def derivative(small: Any, licence: str, organization: str) -> None:
    text = (small.directory / MODEL).read_text().replace("repositories: [example/tiny-7b-hf]\naliases: [tiny]\n", "")
    extra = f"derived_from: tiny-7b\nlicence: {licence}\norganization: {organization}\n"
    small.write("models/other/other-7b.yaml", text + extra)
    small.replace(
        "models/other/other-7b.yaml",
        "  config: [",
        "  licence: [{source: 'https://example.org/card', date: '2023-03-01'}]\n  config: [",
    )


def test_others_cannot_free_what_they_derived(small: Any) -> None:
    derivative(small, "free", "Other")
    assert any("licence: freer for commerce than 'strict' of tiny-7b" in line for line in found(small))


@pytest.mark.parametrize(("licence", "organization"), [("strict", "Other"), ("free", "Example")])
def test_inherited_terms_and_terms_changed_by_the_makers_are_fine(small: Any, licence: str, organization: str) -> None:
    derivative(small, licence, organization)
    assert found(small) == []


def test_an_id_is_typed_without_shift(small: Any) -> None:
    (small.directory / MODEL).rename(small.directory / "models/tiny/Tiny 7B!.yaml")
    assert any("an id is lower-case letters" in line for line in found(small))


@pytest.mark.parametrize("key", ["exception: it says so", "value: 6738415616"])
def test_what_is_explained_is_no_problem(small: Any, key: str) -> None:
    small.replace(MODEL, "text: 6.7B", f"text: 6.7B, {key}")
    assert found(small) == []


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("6.7B", 6_700_000_000),
        ("671B-A37B", 671_000_000_000),
        ("17B (Activated) 400B (Total)", 400_000_000_000),
        ("1B5", 1_500_000_000),
        ("1.5B-Deep", 1_500_000_000),
        ("559M", 559_000_000),
        ("1T-A32B", 10**12),
        ("E4B (8B raw)", None),
        ("large", None),
    ],
)
def test_the_size_in_a_name(text: str, size: int | None) -> None:
    assert size_in(text) == size


def test_the_catalog_obeys_every_rule(builtin: CatalogData) -> None:
    assert builtin.problems == []
    assert rules.problems(builtin) == []
