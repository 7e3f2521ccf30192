"""vLLM and SGLang: servers that take a repository, on one machine or on several."""

from collections.abc import Mapping
from typing import Any

from llmpick.errors import UsageError
from llmpick.fit.launching.planned import FULL, Choice, Flag, Launch, Planned, flags_of, given, line, words


def vllm(planned: Planned, engine: Mapping[str, Any]) -> Launch:
    """``vllm serve`` on one machine."""
    flags, notes = vllm_flags(planned, engine)
    return Launch((line(*vllm_words(planned, flags)),), tuple(notes), tuple(flags))


def ray(planned: Planned, engine: Mapping[str, Any]) -> Launch:
    """One Ray cluster over the nodes; tensor parallel inside a node and pipeline across is vLLM's own advice."""
    flags, notes = vllm_flags(planned, engine, backend=Choice("ray", "--target ray: workers on every node"))
    return Launch(
        ("ray start --head --port=6379", 'ray start --address="$HEAD_NODE_ADDRESS:6379"', line(*vllm_words(planned, flags))),
        ("the first line runs on the head node, the second on every other node, the third on the head node", *notes),
        tuple(flags),
    )  # fmt: skip


def vllm_words(planned: Planned, flags: list[Flag]) -> list[str]:
    """The command as words."""
    return ["vllm", "serve", planned.on_hub(), *words(flags)]


def vllm_flags(planned: Planned, engine: Mapping[str, Any], **more: Choice) -> tuple[list[Flag], list[str]]:
    """(options, notes). Raises UsageError for what vLLM has no option for."""
    choices, notes = _served(planned, engine)
    placed = planned.placement
    choices |= _sizes(planned, ("tensor_parallel_size", "pipeline_parallel_size"))
    fraction = Choice(placed["gpu_memory_utilization"], "the share of each card that the plan counts on")
    choices.setdefault("gpu_memory_utilization", fraction)
    return flags_of({**choices, **more}, engine["flags"]), notes


def sglang(planned: Planned, engine: Mapping[str, Any]) -> Launch:
    """``sglang.launch_server`` on one machine."""
    choices, notes = _served(planned, engine)
    flags = flags_of({**choices, **_sizes(planned, ("tp_size", "pp_size"))}, engine["flags"])
    start = ["python", "-m", "sglang.launch_server", "--model-path", planned.on_hub()]
    return Launch((line(*start, *words(flags)),), tuple(notes), tuple(flags))


def _sizes(planned: Planned, names: tuple[str, str]) -> dict[str, Choice]:
    """The layout's ranks, where there is more than one."""
    whys = ("placed: each layer on so many cards", "placed: the layers in so many stages")
    return {name: Choice(planned.placement[name], why) for name, why in zip(names, whys, strict=True)
            if planned.placement.get(name, 1) > 1}  # fmt: skip


def _served(planned: Planned, engine: Mapping[str, Any]) -> tuple[dict[str, Choice], list[str]]:
    """(values, notes) that vLLM and SGLang share."""
    repository, request, notes = planned.on_hub(), planned.request, []
    choices = {
        "context": Choice(request.context, "--context, of one user"),
        "sequences": Choice(request.sequences, "--users: the cache is planned for so many at the same time"),
        "port": Choice(planned.port, "--port"),
    }
    if request.type_k != "f16":
        if request.type_k not in engine["cache_types"]:
            raise UsageError(f"{planned.runtime} has no cache type {request.type_k}", ", ".join(engine["cache_types"]))
        choices["type_k"] = Choice(engine["cache_types"][request.type_k], "--kv-cache-type")
    if planned.kind in engine["quantization"]:
        choices["quantization"] = Choice(
            engine["quantization"][planned.kind], f"{planned.kind} is made while the weights are loaded"
        )
    elif planned.kind not in FULL:
        notes.append(f"{repository} must hold weights in {planned.format_name}")
    return {**choices, **given(request)}, notes
