"""Every runtime by name: how it takes a model, which settings it has, what it allocates."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any, NamedTuple

from llmpick.errors import UnknownName
from llmpick.runtimes.base import Budget, Estimate, Model, Request
from llmpick.runtimes.token_caches import most


class Runtime(NamedTuple):
    """``module`` has ``estimate(model, request, devices, data)`` and ``SETTINGS``. ``gguf``: it loads GGUF mixes."""

    name: str
    module: str
    gguf: bool


RUNTIMES: dict[str, Runtime] = {
    runtime.name: runtime
    for runtime in (
        Runtime("llama.cpp", "llama_cpp", True),
        Runtime("ollama", "ollama", True),
        Runtime("vllm", "vllm", False),
        Runtime("sglang", "sglang", False),
        Runtime("transformers", "transformers", False),
        Runtime("tensorrt-llm", "tensorrt_llm", False),
        Runtime("exllamav3", "exllama", False),
        Runtime("mlx", "mlx", False),
    )
}
ALIASES = {"llamacpp": "llama.cpp", "llama-server": "llama.cpp", "hf": "transformers", "trt-llm": "tensorrt-llm",
           "exllama": "exllamav3", "mlx-lm": "mlx"}  # fmt: skip


def runtime_named(name: str) -> Runtime:
    """The runtime of a name or alias, compared without case. Raises UnknownName with near ones."""
    folded = name.lower()
    found = RUNTIMES.get(ALIASES.get(folded, folded))
    if found is None:
        raise UnknownName.near("runtime", name, list(RUNTIMES))
    return found


def runtime_data(name: str, tables: Mapping[str, Mapping[str, Any]], kv_types: Mapping[str, Any]) -> dict[str, Any]:
    """A runtime's figures from catalog/runtimes; llama.cpp and what builds on it also know ``kv_types`` by ggml name."""
    runtime = runtime_named(name)
    own = dict(tables[runtime.name])
    return {**tables["llama.cpp"], **own, "kv_types": kv_types} if runtime.gguf else own


def estimate(name: str, model: Model, request: Request, devices: Sequence[Budget], data: Mapping[str, Any]) -> Estimate:
    """What the runtime allocates. ``data``: see `runtime_data`. Raises UnknownName and UsageError."""
    module = import_module(f"llmpick.runtimes.{runtime_named(name).module}")
    load: Callable[[Model], Any] = getattr(module, "load", _as_it_is)
    found: Estimate = module.estimate(load(model), request, devices, data)
    return found


def settings_of(name: str) -> dict[str, type]:
    """The runtime's own settings by its own names."""
    found: dict[str, type] = import_module(f"llmpick.runtimes.{runtime_named(name).module}").SETTINGS
    return found


def _as_it_is(model: Model) -> Model:
    return model


def fits(made: Estimate) -> bool:
    """Whether the high end of every device's interval is within what the device gives."""
    return all(device.high <= device.usable for device in made.devices)


def max_context(name: str, model: Model, request: Request, devices: Sequence[Budget], data: Mapping[str, Any],
                limit: int) -> int:  # fmt: skip
    """The longest context up to ``limit`` tokens whose high end fits every device (0: none), solved by bisection."""
    return most(lambda tokens: fits(estimate(name, model, replace(request, context=tokens), devices, data)), limit)


def max_sequences(name: str, model: Model, request: Request, devices: Sequence[Budget], data: Mapping[str, Any],
                  limit: int = 4096) -> int:  # fmt: skip
    """The most sequences of ``request.context`` tokens that fit (0: none), solved by bisection."""
    return most(lambda count: fits(estimate(name, model, replace(request, sequences=count), devices, data)), limit)
