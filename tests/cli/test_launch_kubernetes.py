"""The manifest that ``launch --target kubernetes`` prints: valid by Kubernetes' own schema, and the plan."""

import gzip
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from llmpick.cli.main import run
from llmpick.fit.launching.yaml_text import documents
from reference_rows import DATA

SCHEMA = json.loads(gzip.decompress((DATA / "launch" / "kubernetes_schema.json.gz").read_bytes()))
TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "number": (int, float), "null": type(None),
}  # fmt: skip


def problems(value: Any, schema: dict[str, Any], where: str = "") -> Iterator[str]:
    """What a schema says against a value: the words of JSON Schema that the definitions use."""
    if "$ref" in schema:
        yield from problems(value, SCHEMA["definitions"][schema["$ref"].split("/")[-1]], where)
        return
    if "oneOf" in schema and all(list(problems(value, each, where)) for each in schema["oneOf"]):
        yield f"{where}: {value!r} is none of {schema['oneOf']}"
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(
        isinstance(value, TYPES[kind]) and (kind == "boolean") == isinstance(value, bool) for kind in kinds
    ):
        yield f"{where}: {value!r} is not of type {kinds}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {schema['enum']}"
    yield from inside(value, schema, where)


def inside(value: Any, schema: dict[str, Any], where: str) -> Iterator[str]:
    """The same of its members."""
    if isinstance(value, dict):
        known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        yield from (f"{where}: {name} is missing" for name in schema.get("required", ()) if name not in value)
        for name, inner in value.items():
            if name in known or isinstance(others, dict):
                yield from problems(inner, known.get(name, others), f"{where}.{name}")
            elif not others:
                yield f"{where}: unknown field {name}"
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from problems(inner, schema.get("items", {}), f"{where}[{position}]")


def manifest(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, dict[str, Any]]:
    assert run(["launch", *arguments, "--target", "kubernetes"]) == 0
    return {document["kind"]: document for document in yaml.safe_load_all(capsys.readouterr().out)}


def pod(workload: dict[str, Any]) -> dict[str, Any]:
    spec = workload["spec"]
    found: dict[str, Any] = spec.get("template", spec.get("leaderWorkerTemplate", {}).get("leaderTemplate"))["spec"]
    return found


ONE = ["qwen3-32b", "-r", "vllm", "--gpu", "2x RTX A6000", "--quant", "BF16"]
MANY = ["deepseek-v3", "-r", "vllm", "--gpu", "8x H100 SXM", "--nodes", "2"]
CASES = [
    [*ONE], [*ONE, "--pvc"], [*MANY], [*MANY, "--pvc"], ["qwen3-14b", "-r", "sglang", "--gpu", "24GB"],
    ["gemma-3-27b", "-r", "vllm", "--gpu", "80GB", "--set", "enforce_eager=1"],
]  # fmt: skip


@pytest.mark.parametrize("arguments", CASES, ids=" ".join)
def test_kubernetes_schema_accepts_it(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    for document in manifest(capsys, *arguments).values():
        definition = SCHEMA["kinds"][f"{document['apiVersion']} {document['kind']}"]
        assert list(problems(document, SCHEMA["definitions"][definition])) == []
        assert re.fullmatch(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", document["metadata"]["name"])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda document: document["spec"].update(replica=1),
        lambda document: document["spec"].pop("selector"),
        lambda document: document["spec"].update(replicas="one"),
        lambda document: pod(document)["containers"][0].update(readynessProbe={}),
        lambda document: pod(document)["containers"][0].pop("name"),
        lambda document: pod(document)["volumes"][0].update(emptyDir=[]),
    ],
)
def test_the_schema_is_not_blind(spoil: Any, capsys: pytest.CaptureFixture[str]) -> None:
    deployment = manifest(capsys, *ONE)["Deployment"]
    spoil(deployment)
    assert list(problems(deployment, SCHEMA["definitions"]["io.k8s.api.apps.v1.Deployment"]))


def test_a_pod_goes_where_the_card_is(capsys: pytest.CaptureFixture[str]) -> None:
    def asked(*arguments: str) -> Any:
        affinity = pod(manifest(capsys, *arguments)["Deployment"])["affinity"]["nodeAffinity"]
        (term,) = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
        return term["matchExpressions"]

    assert asked(*ONE) == [{"key": "nvidia.com/gpu.product", "operator": "In", "values": ["NVIDIA-RTX-A6000"]}]
    (named,) = asked("qwen3-14b", "-r", "vllm", "--gpu", "24GB")
    assert (named["key"], named["operator"]) == ("nvidia.com/gpu.memory", "Gt")
    assert 23_000 < int(named["values"][0]) < 24_576


def test_it_is_ready_when_it_answers_and_has_time_to_start(capsys: pytest.CaptureFixture[str]) -> None:
    deployment = manifest(capsys, *ONE)["Deployment"]
    container = pod(deployment)["containers"][0]
    port = container["ports"][0]["containerPort"]
    for probe in ("startupProbe", "readinessProbe"):
        assert container[probe]["httpGet"] == {"path": "/health", "port": port}
    start = container["startupProbe"]
    assert start["failureThreshold"] * start["periodSeconds"] < deployment["spec"]["progressDeadlineSeconds"]


def test_the_cache_has_room_for_what_is_fetched(capsys: pytest.CaptureFixture[str]) -> None:
    """FP8 is made while loading: the 16-bit weights are what is fetched."""
    found = manifest(capsys, *ONE[:-1], "FP8", "--pvc")
    size = int(found["PersistentVolumeClaim"]["spec"]["resources"]["requests"]["storage"].removesuffix("Gi"))
    assert 1.1 * 65.5e9 < size * 2**30 < 1.4 * 65.5e9
    (cache,) = (each for each in pod(found["Deployment"])["volumes"] if each["name"] == "cache")
    assert cache["persistentVolumeClaim"]["claimName"] == found["PersistentVolumeClaim"]["metadata"]["name"]


def test_a_gated_repository_needs_its_secret(capsys: pytest.CaptureFixture[str]) -> None:
    def optional(*arguments: str) -> bool:
        (token,) = pod(manifest(capsys, *arguments)["Deployment"])["containers"][0]["env"]
        found: bool = token["valueFrom"]["secretKeyRef"]["optional"]
        return found

    assert optional(*ONE) is True
    assert optional("llama-3.1-8b", "-r", "vllm", "--gpu", "24GB") is False


def test_several_nodes_form_one_server(capsys: pytest.CaptureFixture[str]) -> None:
    """A pod on each node with all of its cards; the first serves, and the Service finds it alone."""
    found = manifest(capsys, *MANY)
    group = found["LeaderWorkerSet"]["spec"]["leaderWorkerTemplate"]
    assert group["size"] == 2
    leader, worker = (group[kind]["spec"]["containers"][0] for kind in ("leaderTemplate", "workerTemplate"))
    assert leader["resources"] == worker["resources"] == {"limits": {"nvidia.com/gpu": 8}}
    assert worker["args"] == [*leader["args"], "--headless"]
    assert "readinessProbe" not in worker
    labels, others = (group[kind]["metadata"]["labels"] for kind in ("leaderTemplate", "workerTemplate"))
    selector = found["Service"]["spec"]["selector"]
    assert selector.items() <= labels.items()
    assert not selector.items() <= others.items()
    assert found["Service"]["metadata"]["name"] != found["LeaderWorkerSet"]["metadata"]["name"]


def test_other_vendors_cards_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["launch", "qwen3-14b", "-r", "vllm", "--gpu", "MI300X", "--target", "kubernetes"]) == 2
    assert "NVIDIA" in capsys.readouterr().err


VALUES = st.recursive(
    st.one_of(st.text(), st.integers(), st.booleans()),
    lambda inner: st.one_of(
        st.lists(inner.filter(lambda value: not isinstance(value, list)), max_size=4),
        st.dictionaries(st.text(), inner, max_size=4),
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), VALUES, min_size=1, max_size=4))
def test_what_is_written_is_read_back(value: dict[str, Any]) -> None:
    """Whatever text is in a manifest, YAML reads that text and nothing else."""
    assert yaml.safe_load("\n".join(documents([value]))) == value


@pytest.mark.parametrize(
    "text", ["no", "8000", "1.0", "a: b", "it's", "-x", "", "~", "$(A)", "v0.33.0:x", "null", "*a", "#"]
)
def test_text_stays_text(text: str) -> None:
    value = {"a": [text, {"b": text, "c": {}, "d": []}], "e": 3, "f": True}
    assert yaml.safe_load("\n".join(documents([value]))) == value
