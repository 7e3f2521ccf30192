"""Ollama: its own settings on top of llama-server, which it starts.

The context is ``num_ctx`` for each of ``num_parallel`` requests, in one unified cache; logits are kept for the requests
in flight only. By default the context depends on all video memory: 4096, from 23 GiB 32768, from 47 GiB 262144.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from llmpick.errors import UsageError
from llmpick.runtimes import llama_cpp
from llmpick.runtimes.base import Budget, Estimate, Model, Request, checked_settings

NAME = "ollama"
SETTINGS: dict[str, type] = {
    "num_ctx": int, "num_parallel": int, "num_batch": int, "num_gpu": int, "flash_attention": bool, "kv_cache_type": str,
}  # fmt: skip
load = llama_cpp.load


def estimate(
    model: llama_cpp.Loaded | Model, request: Request, devices: Sequence[Budget], data: Mapping[str, Any]
) -> Estimate:
    """Memory as llama-server takes it. ``data``: llama.cpp's figures with ``version`` and ``base`` of Ollama's build."""
    settings = checked_settings(NAME, request.settings, SETTINGS)
    loaded = llama_cpp.load(model) if isinstance(model, Model) else model
    parallel = settings.get("num_parallel", request.sequences)
    if parallel < 1:
        raise UsageError("ollama: num_parallel is at least 1")
    own = {
        "n_seq_max": parallel,
        "n_outputs_max": parallel,
        "kv_unified": True,
        "n_ubatch": settings.get("num_batch", 512),
    }
    names = {"num_gpu": "n_gpu_layers", "flash_attention": "flash_attn"}
    own |= {names[key]: value for key, value in settings.items() if key in names}
    cache = settings.get("kv_cache_type")
    asked = replace(
        request, context=settings.get("num_ctx", request.context), sequences=parallel, settings=own,
        type_k=cache or request.type_k, type_v=cache or request.type_v,
    )  # fmt: skip
    return llama_cpp.estimate(loaded, asked, devices, data)._replace(runtime=NAME)


def default_context(devices: Sequence[Budget], data: Mapping[str, Any]) -> int:
    """``num_ctx`` when nobody sets it: by the video memory of all devices together."""
    total = sum(device.usable_bytes for device in devices)
    return int(next(row["num_ctx"] for row in data["default_context"] if total >= row["from_gib"] * 2**30))
