"""A plan as a Kubernetes manifest: a Deployment and a Service; over several nodes a LeaderWorkerSet.

Kinds and fields: Kubernetes apps/v1 and v1; lws.sigs.k8s.io leaderworkerset.x-k8s.io/v1, which gives every pod its index
and the leader's address. The labels of NVIDIA GPU feature discovery say which nodes have the card.
"""

from collections.abc import Mapping
from typing import Any

from llmpick.errors import UsageError
from llmpick.fit.launching.planned import Choice, Launch, Planned, words
from llmpick.fit.launching.servers import HEADS, nodes_used, sglang_flags, vllm_flags
from llmpick.fit.launching.yaml_text import documents

PRODUCT, MEMORY = "nvidia.com/gpu.product", "nvidia.com/gpu.memory"
CACHE = "/root/.cache/huggingface"
"""Inside the engines' own images: where their user, root, keeps the hub's files."""
GIB = 2**30
SLOW_BYTES_PER_SECOND = 50 * 10**6
"""A download that slow is still waited for."""
LOADING_SECONDS = 900
"""To load and compile, once the weights are there."""
SECRET = "kubectl create secret generic hf-token --from-literal=token=hf_..."
Manifest = dict[str, Any]


def kubernetes(planned: Planned, engine: Mapping[str, Any]) -> Launch:
    """Raises UsageError for cards that are not NVIDIA's, and for SGLang over several nodes."""
    if planned.hardware.vendor != "nvidia":
        raise UsageError("the manifest is for NVIDIA's device plugin and image", "--target shell")
    several = nodes_used(planned) > 1
    if several and planned.runtime != "vllm":
        raise UsageError("over several nodes the manifest is for vLLM", "--runtime vllm, or --target shell")
    flags, notes = _flags(planned, engine)
    args = (
        [planned.on_hub(), *words(flags)]
        if planned.runtime == "vllm"
        else ["--model-path", planned.on_hub(), *words(flags)]
    )
    name = "".join(sign if sign.isalnum() else "-" for sign in planned.model.lower()).strip("-")
    workload = _group(planned, engine, name, args) if several else _deployment(planned, engine, name, args)
    claim = [_claim(planned, name, several)] if planned.weights.kept else []
    return Launch(
        documents([*claim, workload, _service(planned, name, several)]),
        (*notes, *_notes(planned, several)),
        tuple(flags),
    )


def _flags(planned: Planned, engine: Mapping[str, Any]) -> tuple[list[Any], list[str]]:
    if planned.runtime == "vllm":
        return vllm_flags(planned, engine)
    return sglang_flags(planned, engine, host=Choice("0.0.0.0", "the Service reaches the pod by its own address"))


def _notes(planned: Planned, several: bool) -> list[str]:
    gated = "the repository is gated: make" if planned.weights.gated else "for a gated repository make"
    notes = [f"{gated} the secret with {SECRET}"]
    if several:
        notes.append("the LeaderWorkerSet controller has to be installed: https://lws.sigs.k8s.io")
    if planned.weights.kept:
        return [*notes, "the claim takes the cluster's default storage class"]
    return [*notes, "the weights are fetched again with every new pod: --pvc keeps them in a PersistentVolumeClaim"]


def _deployment(planned: Planned, engine: Mapping[str, Any], name: str, args: list[str]) -> Manifest:
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {
            "replicas": 1,
            # A second pod beside the first would need as many cards again.
            "strategy": {"type": "Recreate"},
            "progressDeadlineSeconds": _start_seconds(planned) + 60,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": _pod(planned, engine, name, args, serves=True),
            },
        },
    }  # fmt: skip


def _group(planned: Planned, engine: Mapping[str, Any], name: str, args: list[str]) -> Manifest:
    """One pod on each node; the first is the server."""
    nodes = nodes_used(planned)
    within = [
        *args,
        "--nnodes",
        str(nodes),
        "--node-rank",
        "$(LWS_WORKER_INDEX)",
        HEADS["vllm"],
        "$(LWS_LEADER_ADDRESS)",
    ]
    leader = _pod(planned, engine, name, within, serves=True)
    worker = _pod(planned, engine, name, [*within, "--headless"], serves=False)
    return {
        "apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet", "metadata": {"name": name},
        "spec": {
            "replicas": 1,
            "leaderWorkerTemplate": {
                "size": nodes,
                "restartPolicy": "RecreateGroupOnPodRestart",
                "leaderTemplate": {"metadata": {"labels": {"app": name, "role": "leader"}}, "spec": leader},
                "workerTemplate": {"metadata": {"labels": {"app": name}}, "spec": worker},
            },
        },
    }  # fmt: skip


def _pod(planned: Planned, engine: Mapping[str, Any], name: str, args: list[str], serves: bool) -> Manifest:
    cards = -(-planned.placement["devices"] // nodes_used(planned))
    health = {"httpGet": {"path": "/health", "port": planned.port}, "periodSeconds": 10}
    token = {"name": "hf-token", "key": "token", "optional": not planned.weights.gated}
    container: Manifest = {
        "name": planned.runtime, "image": engine["image"], "command": list(engine["command"]), "args": args,
        "env": [{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": token}}],
        "resources": {"limits": {"nvidia.com/gpu": cards}},
        "volumeMounts": [{"name": "shm", "mountPath": "/dev/shm"}, {"name": "cache", "mountPath": CACHE}],
    }  # fmt: skip
    if serves:
        container["ports"] = [{"containerPort": planned.port}]
        container["startupProbe"] = {**health, "failureThreshold": _start_seconds(planned) // 10}
        container["readinessProbe"] = health
    size = f"{_cache_gib(planned)}Gi"
    cache = (
        {"persistentVolumeClaim": {"claimName": f"{name}-cache"}}
        if planned.weights.kept
        else {"emptyDir": {"sizeLimit": size}}
    )
    shm = {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": f"{2 * cards}Gi"}}
    return {"affinity": _affinity(planned), "containers": [container], "volumes": [shm, {"name": "cache", **cache}]}


def _affinity(planned: Planned) -> Manifest:
    """Nodes with the card, by any of its drivers' names; where those are not known, with as much memory a card."""
    if planned.hardware.products:
        labels = [product.replace(" ", "-") for product in planned.hardware.products]
        asked: Manifest = {"key": PRODUCT, "operator": "In", "values": labels}
    else:
        asked = {"key": MEMORY, "operator": "Gt", "values": [str(min(planned.usable_bytes) // 2**20)]}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [asked]}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


def _service(planned: Planned, name: str, several: bool) -> Manifest:
    """A LeaderWorkerSet makes a headless Service of its own name, so this one is named after the leader."""
    selector = {"app": name, "role": "leader"} if several else {"app": name}
    return {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": f"{name}-leader" if several else name},
        "spec": {"selector": selector, "ports": [{"port": planned.port, "targetPort": planned.port}]},
    }  # fmt: skip


def _claim(planned: Planned, name: str, several: bool) -> Manifest:
    mode = "ReadWriteMany" if several else "ReadWriteOnce"
    return {
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": f"{name}-cache"},
        "spec": {"accessModes": [mode], "resources": {"requests": {"storage": f"{_cache_gib(planned)}Gi"}}},
    }  # fmt: skip


def _cache_gib(planned: Planned) -> int:
    """The repository's weights and a fifth more, in whole GiB: tokenizer, other files, what is written beside."""
    return 2 + -(-planned.weights.download_bytes * 6 // (5 * GIB))


def _start_seconds(planned: Planned) -> int:
    """How long the first start may take: a slow download, loading, compiling; in whole minutes."""
    seconds = LOADING_SECONDS + planned.weights.download_bytes // SLOW_BYTES_PER_SECOND
    return 60 * -(-seconds // 60)
