"""Good records made wrong, one kind of error each: the validator finds it, in its words, where it stands."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from llmpick.catalog import rules, validation
from llmpick.catalog.location import builtin_directory
from llmpick.catalog.validation import validate

LLAMA = "models/llama/llama-7b.yaml"
ALPACA = "models/alpaca/alpaca-7b.yaml"
MIXTRAL = "models/mixtral/mixtral-8x7b.yaml"
PYTHIA = "models/pythia/pythia-410m.yaml"
CLOSED = "models/gpt-3/gpt-3-175b.yaml"
DATE = "date: '2026-11-21'"
LLAMAS = "models/llama/family.yaml"
MUTATIONS: dict[str, tuple[str, str, str, str]] = {
    "references": (LLAMAS, r"licence: llama1", "licence: nobody's", "licence: \"nobody's\" is not in licences.yaml"),
    "references, original": (ALPACA, r"derived_from: llama-7b", "derived_from: x", "derived_from: 'x' is not in the"),
    "references, cycle": (ALPACA, r"derived_from: llama-7b", "derived_from: alpaca-7b", "lineage leads back"),
    "claims": (LLAMA, r"article: [\w-]+", "article: nothing", "claims.0.article: 'nothing' is not in surveys.yaml"),
    "licences": (ALPACA, r"licence: CC-BY-NC-4.0", "licence: MIT", "licence: freer for commerce than 'llama1' of llama-7b"),
    "sources": (ALPACA, r"\n  release_date: .*", "", "release_date: no source: add it under sources"),
    "sources, absent fact": (ALPACA, r"\nsources:", "\nsources:\n  notes: [{source: 'https://a.b/', date: '2026-11-21'}]", "a fact that"),
    "names, id": (LLAMA, r"\naliases: \[", "\naliases: [alpaca-7b, ", "aliases.0: 'alpaca-7b' already means alpaca-7b"),
    "dates": (ALPACA, r"release_date: [\d-]+", "release_date: 2023-02-31", "release_date: '2023-02-31' is no date"),
    "dates, order": (ALPACA, r"release_date: [\d-]+", "release_date: 2027-01", "read on 2026-11-21, before the release"),
    "closed": (CLOSED, r"\nsources:", "\nrepositories: [a/b]\nsources:", "repositories: a model with closed weights"),
    "printable": (LLAMA, r"name: LLaMA 7B", 'name: "LLaMA\\e[2J 7B"', "name: control characters"),
    "well_formed, undated": (ALPACA, rf", {DATE}", "", "no date: when was it read?"),
    "well_formed, address": (ALPACA, r"source: '?https?://[^,'}]+'?", "source: 'http:/x y'", "is no web address"),
    "well_formed, paper": (ALPACA, r"source: '?https?://[^,'}]+'?", "source: 'arXiv:23.1'", "is no paper's number"),
    "well_formed, another model": (ALPACA, r"source: '?https?://[^,'}]+'?", "source: as nobody", "'nobody' is not in"),
    "well_formed, hearsay": (ALPACA, r"source: '?https?://[^,'}]+'?", "source: somebody", "names nothing to look up"),
    "lineage": (ALPACA, r"derived_from: llama-7b", "derived_from: llama-13b", "other layers than llama-13b: say what"),
    "lineage, no original": (LLAMA, r"\nconfig:", "\nderivation: pruned\nconfig:", "a change of shape, but no derived"),
    "shapes": (LLAMA, r"num_attention_heads: 32", "num_attention_heads: 31", "hidden_size 4096 is no multiple of 31"),
    "shapes, groups": (MIXTRAL, r"num_key_value_heads: 8", "num_key_value_heads: 5", "32 attention heads cannot share 5"),
    "shapes, experts": (MIXTRAL, r"num_experts_per_tok: 2", "num_experts_per_tok: 9", "uses 9 of 8 experts"),
    "benchmarks, low": (LLAMA, r"low: [\d.]+", "low: 99.5", "low: 99.5 is above the value"),
    "benchmarks, high": (LLAMA, r"high: [\d.]+", "high: 0.5", "high: 0.5 is below the value"),
    "benchmarks, source": (LLAMA, r"(?s)(benchmarks:.*?source: )'[^']+'", r"\1hearsay", "source: not a URL, paper or"),
    "benchmarks, twice": (
        ALPACA,
        r"\nsources:",
        "\nbenchmarks:\n- {benchmark: M, value: 40.0, source: 'https://x.org/'}\n"
        "- {benchmark: M, value: 40.0, source: 'https://x.org/'}\nsources:",
        "benchmarks.1: the same row stands above",
    ),
    "counts": (LLAMA, r"num_hidden_layers: 32", "num_hidden_layers: 64", "computed"),
    "counts, unknown key": (LLAMA, r"  vocab_size:", "  surprise: 1\n  vocab_size:", "unknown config key 'surprise'"),
    "counts, checkpoint": (PYTHIA, r"\ncheckpoint_stores: .*", "", "the checkpoint holds 505,997,504, computed"),
    "counts, items": (PYTHIA, r"checkpoint_stores: \[[^\]]+\]", "checkpoint_stores: [masks]", "'masks' is no item of this"),
    "counts, sum": (PYTHIA, r"checkpoint_parameters: \d+", "checkpoint_parameters: 505997505", "with the items named"),
    "format": (LLAMA, r"name: LLaMA 7B", "name:  LLaMA 7B", "not formatted canonically"),
    "record": (LLAMA, r"name: LLaMA 7B", "name: 7", "name: input should be a valid string"),
    "record, key": (LLAMA, r"name: LLaMA 7B", "name: LLaMA 7B\nsurprise: 1", "surprise: unknown key"),
    "record, twice": (LLAMA, r"name: LLaMA 7B", "name: LLaMA 7B\nname: x", "name"),
}  # fmt: skip
"""(rule, what of it) -> (file, pattern of what is right, what is wrong, words of the report)."""


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The mappings, licences and the few models that the mutations and their originals need."""
    target = tmp_path_factory.mktemp("mutated") / "catalog"
    for table in ("architectures", "schema"):
        copytree(builtin_directory() / table, target / table)
    for family in ("llama", "alpaca", "mixtral", "pythia", "gpt-3"):
        copytree(builtin_directory() / "models" / family, target / "models" / family)
    for name in ("licences.yaml", "surveys.yaml"):
        (target / name).write_bytes((builtin_directory() / name).read_bytes())
    return target


@pytest.fixture
def alone(copied: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That copy as the whole catalog."""
    monkeypatch.setattr(validation, "builtin_directory", lambda: copied)
    return copied


def test_the_copy_is_good(alone: Path) -> None:
    assert [str(problem) for problem in validate([])[0]] == []


@pytest.mark.parametrize("name", MUTATIONS)
def test_the_mutant_is_caught_and_located(alone: Path, name: str) -> None:
    file, right, wrong, words = MUTATIONS[name]
    path = alone / file
    good = path.read_text("utf-8")
    mutant, number = re.subn(right, lambda found: found.expand(wrong) if "\\1" in wrong else wrong, good, count=1)
    assert number == 1, right
    path.write_text(mutant, "utf-8")
    try:
        problems = [problem for problem in validate([])[0] if words in str(problem)]
    finally:
        path.write_text(good, "utf-8")
    assert problems
    assert all(re.match(r"\S+:\d+:\d+: ", str(problem)) for problem in problems)
    assert Path(problems[0].file).name in (path.name, "family.yaml")
    assert problems[0].line <= mutant.count("\n")


def test_every_rule_has_a_mutant() -> None:
    """A new rule comes with an error that it catches."""
    assert {check.__name__ for check in rules.CHECKS} <= {name.split(",")[0] for name in MUTATIONS}


@pytest.mark.parametrize("damage", [lambda text: "", lambda text: json.dumps(json.loads(text) | {"title": "Other"})])
def test_a_schema_that_lags_behind_is_told(alone: Path, damage: Callable[[str], str]) -> None:
    path = alone / "schema" / "model.json"
    good = path.read_text("utf-8")
    path.write_text(damage(good), "utf-8")
    try:
        found: list[Any] = validate([])[0]
    finally:
        path.write_text(good, "utf-8")
    assert [str(problem) for problem in found] == [
        "schema/model.json:1:1: not in step with the records (scripts/write_schemas.py)"
    ]
