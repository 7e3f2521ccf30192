"""Which models pass a user's filters; a fact that is unknown passes none."""

from typing import Any

import pytest

from llmpick.catalog.counts import counts
from llmpick.catalog.filters import Filters, speaks


def passing(catalog: Any, **wanted: Any) -> set[str]:
    filters, counted, licences = Filters(**wanted), counts(catalog), catalog.licences
    return {
        model_id
        for model_id, facts in catalog.facts.items()
        if filters.allow(model_id, facts, counted[model_id], licences[facts["licence"]], catalog.families[model_id])
    }


@pytest.mark.parametrize(
    ("wanted", "inside", "outside"),
    [
        ({"family": "LLAMA"}, "llama-7b", "llama-2-7b"),
        ({"organization": "eleuther"}, "gpt-j-6b", "llama-7b"),
        ({"licence": "apache"}, "falcon-7b", "llama-7b"),
        ({"commercial": True}, "llama-2-7b", "llama-7b"),
        ({"commercial": True}, "mistral-7b-v0.1", "opt-66b"),
        ({"language": "zh"}, "qwen2.5-7b", "llama-7b"),
        ({"language": "Chinese"}, "chatglm-6b", "llama-2-7b"),
        ({"min_parameters": 10**11}, "grok-1", "llama-65b"),
        ({"max_parameters": 10**9}, "qwen3-0.6b", "llama-7b"),
        ({"min_context": 100_000}, "llama-3.1-8b", "llama-3-8b"),
        ({"variant": "chat"}, "vicuna-7b", "llama-7b"),
        ({"variant": "code"}, "code-llama-7b", "llama-2-7b"),
        ({"released_after": "2025"}, "qwen3-8b", "llama-7b"),
        ({"architecture": "gptj"}, "gpt-j-6b", "gpt-neox-20b"),
        ({"open_weights": True}, "llama-7b", "gpt-3-175b"),
        ({"query": "vicuna 13"}, "vicuna-13b", "vicuna-7b"),
    ],
)
def test_a_filter_keeps_what_it_names(catalog: Any, wanted: dict[str, Any], inside: str, outside: str) -> None:
    found = passing(catalog, **wanted)
    assert inside in found
    assert outside not in found


def test_without_filters_everything_passes(catalog: Any) -> None:
    assert passing(catalog) == set(catalog.ids)


@pytest.mark.parametrize("language", ["zh", "chinese"])
def test_weak_chinese_is_no_chinese(language: str) -> None:
    assert not speaks({"chinese_support": "weak", "languages": "en, zh"}, language)
    assert speaks({"chinese_support": "good"}, language)


@pytest.mark.parametrize("facts", [{}, {"languages": "zhuang"}, {"languages": "English"}])
def test_an_unknown_language_does_not_pass(facts: dict[str, Any]) -> None:
    assert not speaks(facts, "zh")
