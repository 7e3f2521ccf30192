"""A plan as a Kubernetes manifest."""

from collections.abc import Mapping
from typing import Any

from llmpick.fit.launching.planned import Launch, Planned
from llmpick.fit.launching.servers import vllm_flags, vllm_words


def kubernetes(planned: Planned, engine: Mapping[str, Any]) -> Launch:
    """A Deployment and a Service for vLLM's image; shared memory for tensor parallel, the hub's token from a secret."""
    flags, notes = vllm_flags(planned, engine)
    words = vllm_words(planned, flags)
    cards = planned.placement.get("tensor_parallel_size", 1) * planned.placement.get("pipeline_parallel_size", 1)
    name = "".join(sign if sign.isalnum() else "-" for sign in planned.model.lower()).strip("-")
    probe = f"{{httpGet: {{path: /health, port: {planned.port}}}, periodSeconds: 10, failureThreshold: 180}}"
    lines = (
        "apiVersion: apps/v1", "kind: Deployment", "metadata:", f"  name: {name}", "spec:", "  replicas: 1",
        f"  selector: {{matchLabels: {{app: {name}}}}}", "  template:", f"    metadata: {{labels: {{app: {name}}}}}",
        "    spec:", "      containers:", "      - name: vllm", f"        image: {engine['image']}",
        f"        command: [{', '.join(words[:2])}]", "        args:",
        *(f"        - {_yaml(word)}" for word in words[2:]),
        "        env:", "        - name: HF_TOKEN",
        "          valueFrom: {secretKeyRef: {name: hf-token, key: token, optional: true}}",
        f"        ports: [{{containerPort: {planned.port}}}]", f"        resources: {{limits: {{nvidia.com/gpu: {cards}}}}}",
        f"        startupProbe: {probe}", "        volumeMounts:", "        - {name: shm, mountPath: /dev/shm}",
        "        - {name: cache, mountPath: /root/.cache/huggingface}", "      volumes:",
        "      - {name: shm, emptyDir: {medium: Memory}}", "      - {name: cache, emptyDir: {}}", "---", "apiVersion: v1",
        "kind: Service", "metadata:", f"  name: {name}", "spec:", f"  selector: {{app: {name}}}",
        f"  ports: [{{port: {planned.port}, targetPort: {planned.port}}}]",
    )  # fmt: skip
    return Launch(
        lines,
        (*notes, "the cache is lost with the pod: put a PersistentVolumeClaim in its place to keep it"),
        tuple(flags),
    )


def _yaml(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"
