"""vLLM, SGLang and TensorRT-LLM: servers that take a repository, on one machine or on several."""

from collections.abc import Mapping
from typing import Any

from llmpick.errors import UsageError
from llmpick.fit.launching.planned import FULL, Choice, Flag, Launch, Planned, flags_of, given, line, words

VLLM_SIZES = {
    "tensor_parallel_size": "each layer on so many cards", "pipeline_parallel_size": "the layers in so many stages",
    "data_parallel_size": "attention in so many groups, each with its own requests",
    "enable_expert_parallel": "whole experts on each card",
}  # fmt: skip
SGLANG_SIZES = {
    "tp_size": "each layer on so many cards", "pp_size": "the layers in so many stages",
    "dp_size": "attention in so many groups, each with its own requests", "enable_dp_attention": "with dp_size",
    "ep_size": "whole experts on so many cards",
}  # fmt: skip


HEADS = {"vllm": "--master-addr", "sglang": "--dist-init-addr"}
"""The option that names the first node, where the engine spans several by itself."""
_HEAD, _RANK = '"$HEAD_NODE_ADDRESS"', '"$NODE_RANK"'


def nodes_used(planned: Planned) -> int:
    """How many of the nodes the placement takes."""
    return -(-int(planned.placement.get("devices", 1)) // max(1, planned.hardware.cards))


def vllm(planned: Planned, engine: Mapping[str, Any]) -> Launch:
    """``vllm serve`` on one machine, or on each of several: the first serves, the others work for it."""
    flags, notes = vllm_flags(planned, engine)
    start, nodes = line(*vllm_words(planned, flags)), nodes_used(planned)
    if nodes == 1:
        return Launch((start,), tuple(notes), tuple(flags))
    within = f"{start} --nnodes {nodes} {HEADS['vllm']} {_HEAD}"
    told = "the first line runs on the head node; the second on every other one, NODE_RANK being 1 and up"
    return Launch((f"{within} --node-rank 0", f"{within} --node-rank {_RANK} --headless"), (told, *notes),
                  (*flags, *_node_flags("vllm", nodes)))  # fmt: skip


def _node_flags(runtime: str, nodes: int) -> tuple[Flag, ...]:
    return (
        Flag("--nnodes", str(nodes), "placed: one stage or more in each node"),
        Flag(HEADS[runtime], _HEAD, "where the others find the first node"),
        Flag("--node-rank", _RANK, "0 on the first node"),
    )


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
    placed, groups = planned.placement, planned.placement.get("data_parallel_size", 1)
    if groups > 1 and nodes_used(planned) > 1:
        raise UsageError("vLLM's lines for data-parallel attention over several nodes are not written here",
                         "--runtime sglang, or fewer --users")  # fmt: skip
    choices |= _sizes(planned, VLLM_SIZES)
    if groups > 1 and "max_num_seqs" not in planned.request.settings and "sequences" not in planned.request.settings:
        share = -(-planned.request.sequences // groups)
        choices["sequences"] = Choice(share, f"--users, shared by {groups} data-parallel groups")
    fraction = Choice(placed["gpu_memory_utilization"], "the share of each card that is planned")
    choices.setdefault("gpu_memory_utilization", fraction)
    return flags_of({**choices, **more}, engine["flags"]), notes


def sglang(planned: Planned, engine: Mapping[str, Any]) -> Launch:
    """``sglang.launch_server`` on one machine, or the same line on each of several."""
    flags, notes = sglang_flags(planned, engine)
    start = line("python", "-m", "sglang.launch_server", "--model-path", planned.on_hub(), *words(flags))
    nodes = nodes_used(planned)
    if nodes == 1:
        return Launch((start,), tuple(notes), tuple(flags))
    head = f'{HEADS["sglang"]} "$HEAD_NODE_ADDRESS:5000"'
    told = f"the line runs on each of the {nodes} nodes, NODE_RANK being 0 on the head node and up to {nodes - 1}"
    return Launch((f"{start} --nnodes {nodes} --node-rank {_RANK} {head}",), (told, *notes),
                  (*flags, *_node_flags("sglang", nodes)))  # fmt: skip


def sglang_flags(planned: Planned, engine: Mapping[str, Any], **more: Choice) -> tuple[list[Flag], list[str]]:
    """(options, notes). Raises UsageError for what SGLang has no option for."""
    choices, notes = _served(planned, engine)
    return flags_of({**choices, **_sizes(planned, SGLANG_SIZES), **more}, engine["flags"]), notes


def tensorrt_llm(planned: Planned, engine: Mapping[str, Any]) -> Launch:
    """``trtllm-serve``; what the cache is made of goes into a file that it reads."""
    if nodes_used(planned) > 1:
        raise UsageError("TensorRT-LLM over several nodes is started by mpirun or srun, which is not written here",
                         "--runtime vllm or sglang")  # fmt: skip
    choices, notes = _served(planned, engine)
    inside = {name: choices.pop(name) for name in engine["file"] if name in choices}
    flags = flags_of(
        {**choices, **_sizes(planned, {name: SGLANG_SIZES[name] for name in ("tp_size", "pp_size")})}, engine["flags"]
    )
    within = flags_of(inside, engine["file"])
    start = ["trtllm-serve", planned.on_hub(), *words(flags)]
    if not within:
        return Launch((line(*start),), tuple(notes), tuple(flags))
    file = (
        "cat > trtllm.yaml <<'END'",
        "kv_cache_config:",
        *(f"  {flag.option}: {flag.value}" for flag in within),
        "END",
    )
    return Launch((*file, line(*start, "--extra_llm_api_options", "trtllm.yaml")), tuple(notes), (*flags, *within))


def _sizes(planned: Planned, names: Mapping[str, str]) -> dict[str, Choice]:
    """The layout's sizes, where they are more than one, and its switches, where they are on."""
    return {name: Choice(planned.placement[name], f"placed: {why}") for name, why in names.items()
            if planned.placement.get(name, 1) > 1 or planned.placement.get(name) is True}  # fmt: skip


def _served(planned: Planned, engine: Mapping[str, Any]) -> tuple[dict[str, Choice], list[str]]:
    """(values, notes) that vLLM and SGLang share."""
    repository, request, notes = planned.on_hub(), planned.request, []
    choices = {
        "context": Choice(request.context, "--context, of one user"),
        "sequences": Choice(request.sequences, "--users: the cache is planned for so many"),
        "port": Choice(planned.port, "--port"),
    }
    if planned.weights.trusted:
        choices["trust_remote_code"] = Choice(True, "the repository's own code may run")
    if request.type_k != "f16":
        if request.type_k not in engine["cache_types"]:
            raise UsageError(f"{planned.runtime} has no cache type {request.type_k}", ", ".join(engine["cache_types"]))
        choices["type_k"] = Choice(engine["cache_types"][request.type_k], "--kv-cache-type")
    if planned.kind in engine["quantization"] and not planned.weights.native:
        choices["quantization"] = Choice(
            engine["quantization"][planned.kind], f"{planned.kind} is made while the weights are loaded"
        )
    elif planned.kind not in FULL and not planned.weights.native:
        notes.append(f"{repository} must hold weights in {planned.format_name}")
    return {**choices, **given(request)}, notes
