"""A plan as the lines that run it: each planned value becomes the engine's own option (catalog/runtimes/launch.yaml).

The lines hold nothing but what can be pasted; what a reader should know besides comes as notes.
"""

from collections.abc import Callable, Mapping
from typing import Any

from llmpick.errors import UsageError
from llmpick.fit.launching.converted import exllamav3, mlx
from llmpick.fit.launching.gguf import llama_cpp, ollama
from llmpick.fit.launching.kubernetes import kubernetes
from llmpick.fit.launching.planned import FULL, Launch, Planned, told
from llmpick.fit.launching.servers import ray, sglang, tensorrt_llm, vllm
from llmpick.fit.launching.snippets import transformers

TARGETS = ("shell", "ray", "kubernetes")
GGUF_RUNTIMES = ("llama.cpp", "ollama")
Maker = Callable[[Planned, Mapping[str, Any]], Launch]
_ENGINES: Mapping[str, Maker] = {
    "llama.cpp": llama_cpp, "ollama": ollama, "vllm": vllm, "sglang": sglang, "tensorrt-llm": tensorrt_llm,
    "transformers": transformers, "mlx": mlx, "exllamav3": exllamav3,
}  # fmt: skip
_FOR = {"ray": ("vllm",), "kubernetes": ("vllm", "sglang")}
_ELSEWHERE: Mapping[str, Maker] = {"ray": ray, "kubernetes": kubernetes}


def launch(planned: Planned, target: str, data: Mapping[str, Any]) -> Launch:
    """The lines for ``target``. ``data``: catalog/runtimes/launch.yaml. Raises UsageError for what cannot be said."""
    if planned.runtime not in data:
        raise UsageError(f"how {planned.runtime} is started is not known", f"known: {', '.join(sorted(data))}")
    if target not in TARGETS:
        raise UsageError(f"unknown target {target!r}", f"one of {', '.join(TARGETS)}")
    if planned.runtime not in _FOR.get(target, (planned.runtime,)):
        raise UsageError(
            f"--target {target} is for {' and '.join(_FOR[target])}, not {planned.runtime}", "leave --target out"
        )
    if not all(text.isprintable() for text in (planned.model, planned.repository or "", planned.file or "")):
        raise UsageError("a name or path with control characters cannot be pasted", "give one without line breaks")
    engine = data[planned.runtime]
    if not publishes(planned.runtime, planned.format_name, data, planned.repository_given):
        raise UsageError(f"{planned.repository} is not known to hold weights in {planned.format_name}",
                         "--repository OWNER/NAME names one that does")  # fmt: skip
    planned = planned._replace(request=told(planned.request, engine.get("settings", {})))
    made = _ELSEWHERE.get(target, _ENGINES[planned.runtime])(planned, engine)
    notes = (
        f"options as of {planned.runtime} {engine['version']}: {engine['source']}",
        *made.notes,
        *_of_weights(planned),
    )
    return made._replace(notes=notes)


def _of_weights(planned: Planned) -> list[str]:
    """What has to be done before the repository can be read."""
    notes = []
    if planned.weights.gated and planned.file is None:
        notes.append(
            f"{planned.repository} is gated: accept its terms on the hub, then `hf auth login` or set HF_TOKEN"
        )
    if planned.weights.own_code and not planned.weights.trusted and planned.runtime not in GGUF_RUNTIMES:
        notes.append(f"transformers has no code for this architecture: where {planned.runtime} has none either, read what "
                     f"{planned.repository} brings and add --trust-remote-code")  # fmt: skip
    return notes


def publishes(runtime: str, format_name: str, data: Mapping[str, Any], repository_given: bool) -> bool:
    """Whether the weights can be had in the format: a full one, one that the engine makes, or the user says where."""
    kind = format_name.split("-")[0]
    engine = data.get(runtime, {})
    made = (*engine.get("quantization", ()), *engine.get("converts", ()))
    return runtime in GGUF_RUNTIMES or runtime not in data or repository_given or kind in (*FULL, *made)
