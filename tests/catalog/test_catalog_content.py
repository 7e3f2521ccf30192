"""What the shipped catalog must hold."""

import json
from typing import Any

import pytest

from llmpick.catalog.hydrate import hydrate
from llmpick.catalog.loader import CatalogData
from llmpick.catalog.location import builtin_directory
from llmpick.catalog.records import ModelRecord, Source
from llmpick.catalog.schema import schemas

FAMILIES = {
    "llama": "llama-7b llama-13b llama-30b llama-65b",
    "llama-2": "llama-2-7b llama-2-13b llama-2-70b",
    "llama-3": "llama-3-8b llama-3-70b llama-3.1-8b llama-3.1-70b llama-3.1-405b llama-3.2-1b llama-3.2-3b llama-3.3-70b",
    "code-llama": "code-llama-7b code-llama-13b code-llama-70b",
    "derived from LLaMA": "alpaca-7b vicuna-7b vicuna-13b koala-13b wizardlm-7b wizardlm-13b belle-7b belle-llama-7b "
    "chinese-llama-7b chinese-llama-13b chinese-alpaca-7b chinese-alpaca-13b xuanyuan-176b xuanyuan-70b",
    "falcon": "falcon-7b falcon-40b falcon-180b",
    "mistral": "mistral-7b-v0.1 mixtral-8x7b mixtral-8x22b",
    "eleutherai": "gpt-j-6b gpt-neox-20b pythia-70m pythia-12b dolly-v2-3b dolly-v2-7b dolly-v2-12b",
    "redpajama": "redpajama-incite-3b redpajama-incite-7b",
    "bloom": "bloom-560m bloom-1b1 bloom-1b7 bloom-3b bloom-7b1 bloom-176b",
    "opt": "opt-125m opt-1.3b opt-6.7b opt-30b opt-66b opt-175b",
    "cerebras": "cerebras-gpt-111m cerebras-gpt-13b",
    "glm": "chatglm-6b chatglm2-6b chatglm3-6b glm-130b glm-4-9b",
    "pangu": "pangu-alpha-2.6b pangu-alpha-13b pangu-alpha-200b",
    "baichuan": "baichuan-7b baichuan-13b baichuan2-7b baichuan2-13b",
    "yi": "yi-6b yi-34b",
    "qwen": "qwen-7b qwen1.5-7b qwen2-7b qwen2.5-7b qwen3-8b qwen3-30b-a3b",
    "deepseek": "deepseek-llm-7b deepseek-moe-16b deepseek-v2 deepseek-v3 deepseek-r1",
    "gemma": "gemma-2b gemma-7b gemma-2-9b gemma-3-4b",
    "others": "grok-1 dream-7b gpt-oss-20b gpt-oss-120b",
    "closed": "gpt-3-175b palm-540b chinchilla-70b",
}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_that_surveys_speak_of_is_complete(builtin: CatalogData, family: str) -> None:
    assert set(FAMILIES[family].split()) <= set(builtin.models)


@pytest.mark.parametrize("model_id", FAMILIES["closed"].split())
def test_closed_models_are_marked(builtin: CatalogData, model_id: str) -> None:
    assert builtin.models[model_id].data["weights"] == "closed"


@pytest.mark.parametrize(
    ("model_id", "use"),
    [
        ("llama-7b", "no"), ("vicuna-7b-v1.3", "no"), ("vicuna-13b", "conditional"), ("alpaca-7b", "no"),
        ("koala-13b", "no"), ("wizardlm-7b", "no"), ("falcon-7b", "yes"), ("falcon-180b", "conditional"),
        ("opt-66b", "no"), ("bloom-176b", "conditional"), ("dolly-v2-12b", "yes"), ("mistral-7b-v0.1", "yes"),
        ("deepseek-r1-distill-llama-8b", "conditional"), ("chinese-llama-2-7b", "conditional"), ("grok-1", "yes"),
    ],
)  # fmt: skip
def test_whether_a_model_may_be_used_commercially(builtin: CatalogData, model_id: str, use: str) -> None:
    assert builtin.licences[builtin.models[model_id].data["licence"]]["commercial_use"] == use


@pytest.mark.parametrize(
    ("model_id", "gpus", "memory_gb"),
    [
        ("llama-7b", 1, 24),
        ("falcon-40b", 4, 80),
        ("gpt-neox-20b", 8, 40),
        ("opt-175b", 16, 80),
        ("wizardlm-13b", 1, 48),
    ],
)
def test_claims_about_hardware_are_machine_readable(
    builtin: CatalogData, model_id: str, gpus: int, memory_gb: int
) -> None:
    claims = [claim for claim in builtin.models[model_id].data["claims"] if claim["kind"] == "hardware"]
    assert [(claim["gpus"], claim["memory_gb"]) for claim in claims] == [(gpus, memory_gb)]


def test_records_are_the_data_in_other_words(builtin: CatalogData) -> None:
    """Hydration without pydantic gives what the validated data say, nested records included."""
    for source in builtin.models.values():
        record = hydrate(ModelRecord, source.data)
        assert record.config == source.data["config"]
        assert all(isinstance(row, Source) for rows in record.sources.values() for row in rows)
        assert [row.value for row in record.benchmarks] == [row["value"] for row in source.data.get("benchmarks", [])]


@pytest.mark.parametrize("name", sorted(schemas()))
def test_the_schema_for_editors_is_in_step_with_the_records(name: str) -> None:
    """scripts/write_schemas.py makes it."""
    written: Any = json.loads((builtin_directory() / "schema" / name).read_text())
    assert written == json.loads(json.dumps(schemas()[name]))


def test_every_model_can_be_traced_to_a_repository_or_a_paper(builtin: CatalogData) -> None:
    for model_id, source in builtin.models.items():
        assert source.data["sources"]["config"], model_id
