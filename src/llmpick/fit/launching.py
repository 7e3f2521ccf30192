"""A plan as the lines that run it: each planned value becomes the engine's own option (catalog/runtimes/launch.yaml).

The lines hold nothing but what can be pasted; what a reader should know besides comes as notes.
"""

import os
import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from llmpick.errors import UsageError
from llmpick.runtimes.base import Request

TARGETS = ("shell", "ray", "kubernetes")
GGUF_RUNTIMES = ("llama.cpp", "ollama")
_FULL = ("BF16", "F16", "F32")
_BOOLEAN = ("swa_full", "kv_unified", "flash_attn", "flash_attention", "enforce_eager")
_SWITCHES = {**dict.fromkeys(("1", "true", "on", "yes"), True), **dict.fromkeys(("0", "false", "off", "no"), False)}
_MADE_WHILE_LOADING = {"INT8": "load_in_8bit=True", "NF4": 'load_in_4bit=True, bnb_4bit_quant_type="nf4"'}


class Planned(NamedTuple):
    """What is to run: ``repository`` on the hub (None: not known), ``file`` a local GGUF, ``placement`` of the estimate."""

    runtime: str
    model: str
    repository: str | None
    repository_given: bool
    file: str | None
    format_name: str
    request: Request
    placement: Mapping[str, Any]
    usable_bytes: tuple[int, ...]
    port: int


class Launch(NamedTuple):
    """Lines to paste, in their order, and what the reader should know."""

    lines: tuple[str, ...]
    notes: tuple[str, ...]


def launch(planned: Planned, target: str, data: Mapping[str, Any]) -> Launch:
    """The lines for ``target``. ``data``: catalog/runtimes/launch.yaml. Raises UsageError for what cannot be said."""
    if planned.runtime not in data:
        raise UsageError(f"how {planned.runtime} is started is not known", f"known: {', '.join(sorted(data))}")
    if target not in TARGETS:
        raise UsageError(f"unknown target {target!r}", f"one of {', '.join(TARGETS)}")
    if target != "shell" and planned.runtime != "vllm":
        raise UsageError(f"--target {target} is for vLLM, not {planned.runtime}", "leave --target out")
    engine = data[planned.runtime]
    if not publishes(planned.runtime, planned.format_name, data, planned.repository_given):
        raise UsageError(f"{planned.repository} is not known to hold weights in {planned.format_name}",
                         "--repository OWNER/NAME names one that does")  # fmt: skip
    planned = planned._replace(request=_told(planned.request, engine.get("settings", {})))
    makers = {
        "llama.cpp": _llama_cpp,
        "ollama": _ollama,
        "vllm": _vllm,
        "sglang": _sglang,
        "transformers": _transformers,
    }
    made = _kubernetes(planned, engine) if target == "kubernetes" else (
        _ray(planned, engine) if target == "ray" else makers[planned.runtime](planned, engine))  # fmt: skip
    return made._replace(
        notes=(f"options as of {planned.runtime} {engine['version']}: {engine['source']}", *made.notes)
    )


def publishes(runtime: str, format_name: str, data: Mapping[str, Any], repository_given: bool) -> bool:
    """Whether the weights can be had in the format: a full one, one made while loading, or the user says where."""
    kind = format_name.split("-")[0]
    made = data.get(runtime, {}).get("quantization", ())
    return runtime in GGUF_RUNTIMES or runtime not in data or repository_given or kind in (*_FULL, *made)


def _told(request: Request, settings: Mapping[str, str]) -> Request:
    """The settings under the names that options have; on and off as truth values."""
    switched = {name: _SWITCHES.get(str(value).lower(), value) if name in _BOOLEAN else value
                for name, value in request.settings.items()}  # fmt: skip
    return replace(request, settings={settings.get(name, name): value for name, value in switched.items()})


def _options(values: Mapping[str, Any], flags: Mapping[str, str]) -> list[str]:
    """``--flag value`` in the engine's order; True is the flag alone. Raises UsageError for a value without an option."""
    unknown = [name for name in values if name not in flags]
    if unknown:
        raise UsageError(f"no option is known for {', '.join(unknown)}", "leave the setting out")
    words = []
    for name, flag in flags.items():
        if values.get(name) not in (None, False):
            words += [flag] if values[name] is True else [flag, str(values[name])]
    return words


def _line(*words: str) -> str:
    return " ".join(shlex.quote(word) for word in words)


def _gguf_settings(planned: Planned) -> dict[str, Any]:
    """llama.cpp's values; its context is that of all sequences together."""
    request, placement = planned.request, planned.placement
    values: dict[str, Any] = {
        "n_ctx": request.context * request.sequences, "n_seq_max": request.sequences,
        "n_gpu_layers": placement.get("n_gpu_layers", 0), "n_cpu_moe": placement.get("n_cpu_moe") or None,
    }  # fmt: skip
    if (request.type_k, request.type_v) != ("f16", "f16"):
        values |= {"type_k": request.type_k, "type_v": request.type_v, "flash_attn": "on"}
    given = dict(request.settings)
    if "flash_attn" in given:
        given["flash_attn"] = "on" if given["flash_attn"] else "off"
    return {**values, **given}


def _gguf_file(planned: Planned) -> tuple[str, list[str], list[str]]:
    """(file, lines that make it, notes): a given file, or the conversion of the model's own repository."""
    if planned.file is not None:
        return planned.file, [], []
    if planned.repository is None:
        raise UsageError("no repository of this model is known", "give a GGUF file: --gguf FILE")
    mix, _, matrix = planned.format_name.partition("+")
    full, made = f"{planned.model}-BF16.gguf", f"{planned.model}-{mix}.gguf"
    lines = [
        _line("hf", "download", planned.repository, "--local-dir", planned.model),
        _line("python", "convert_hf_to_gguf.py", planned.model, "--outfile", full, "--outtype", "bf16"),
    ]
    if mix in ("BF16", "F16", "F32"):
        lines[1] = _line("python", "convert_hf_to_gguf.py", planned.model, "--outfile", made, "--outtype", mix.lower())
        return made, lines, []
    if matrix:
        lines.append(_line("llama-imatrix", "-m", full, "-f", "calibration.txt", "-o", f"{planned.model}.imatrix"))
        lines.append(_line("llama-quantize", "--imatrix", f"{planned.model}.imatrix", full, made, mix))
    else:
        lines.append(_line("llama-quantize", full, made, mix))
    return made, lines, ["the first lines make the GGUF with llama.cpp's own tools; skip them with --gguf FILE"]


def _llama_cpp(planned: Planned, engine: Mapping[str, Any]) -> Launch:
    file, lines, notes = _gguf_file(planned)
    values = {**_gguf_settings(planned), "port": planned.port}
    if len(planned.usable_bytes) > 1 and "tensor_split" not in values:
        values["tensor_split"] = ",".join(str(size // 2**20) for size in planned.usable_bytes)
    return Launch((*lines, _line("llama-server", "-m", file, *_options(values, engine["flags"]))), tuple(notes))


def _ollama(planned: Planned, engine: Mapping[str, Any]) -> Launch:
    """Ollama multiplies the context of one sequence by OLLAMA_NUM_PARALLEL itself."""
    file, lines, notes = _gguf_file(planned)
    values = {**_gguf_settings(planned), "n_ctx": planned.request.settings.get("n_ctx", planned.request.context)}
    if values.pop("n_cpu_moe", None):
        raise UsageError("Ollama cannot keep experts alone on the CPU", "--set n_gpu_layers=N, or --runtime llama.cpp")
    if planned.request.type_k != planned.request.type_v:
        raise UsageError("Ollama has one type for keys and values", f"--kv-cache-type {planned.request.type_k}")
    values.pop("type_v", None)
    inside = {name: value for name, value in values.items() if name in engine["flags"]}
    outside = {name: value for name, value in values.items() if name not in engine["flags"]}
    if outside.get("type_k", "f16") != "f16":
        outside.setdefault("flash_attn", "on")
    if "flash_attn" in outside:
        outside["flash_attn"] = int(outside["flash_attn"] == "on")
    words = _options({**outside, "port": f"127.0.0.1:{planned.port}"}, engine["environment"])
    pairs = [f"{name}={value}" for name, value in zip(words[::2], words[1::2], strict=True)]
    modelfile = [
        f"FROM {file if os.path.isabs(file) else './' + file}",
        *(f"PARAMETER {engine['flags'][name]} {value}" for name, value in inside.items()),
    ]
    host = f"OLLAMA_HOST=127.0.0.1:{planned.port}"
    return Launch(
        (*lines, "cat > Modelfile <<'END'", *modelfile, "END", " ".join(["env", *pairs, "ollama serve &"]),
         f"{host} {_line('ollama', 'create', planned.model, '-f', 'Modelfile')}", f"{host} {_line('ollama', 'run', planned.model)}"),
        (*notes, "stop an Ollama that is already running, or its own settings stay"),
    )  # fmt: skip


def _served(planned: Planned, engine: Mapping[str, Any]) -> tuple[str, dict[str, Any], list[str]]:
    """(repository, values, notes) that vLLM and SGLang share."""
    if planned.repository is None:
        raise UsageError("no repository of this model is known", "--repository OWNER/NAME")
    request = planned.request
    kind, notes = planned.format_name.split("-")[0], []
    values: dict[str, Any] = {"context": request.context, "sequences": request.sequences, "port": planned.port}
    if request.type_k != "f16":
        if request.type_k not in engine["cache_types"]:
            raise UsageError(f"{planned.runtime} has no cache type {request.type_k}", ", ".join(engine["cache_types"]))
        values["type_k"] = engine["cache_types"][request.type_k]
    if kind in engine["quantization"]:
        values["quantization"] = engine["quantization"][kind]
    elif kind not in _FULL:
        notes.append(f"{planned.repository} must hold weights in {planned.format_name}")
    return planned.repository, {**values, **request.settings}, notes


def _vllm_words(planned: Planned, engine: Mapping[str, Any], **more: Any) -> tuple[list[str], list[str]]:
    repository, values, notes = _served(planned, engine)
    placed = planned.placement
    for name in ("tensor_parallel_size", "pipeline_parallel_size"):
        if placed.get(name, 1) > 1:
            values[name] = placed[name]
    values.setdefault("gpu_memory_utilization", placed["gpu_memory_utilization"])
    return ["vllm", "serve", repository, *_options({**values, **more}, engine["flags"])], notes


def _vllm(planned: Planned, engine: Mapping[str, Any]) -> Launch:
    words, notes = _vllm_words(planned, engine)
    return Launch((_line(*words),), tuple(notes))


def _ray(planned: Planned, engine: Mapping[str, Any]) -> Launch:
    """One Ray cluster over the nodes; tensor parallel inside a node and pipeline across is vLLM's own advice."""
    words, notes = _vllm_words(planned, engine, backend="ray")
    return Launch(
        ("ray start --head --port=6379", 'ray start --address="$HEAD_NODE_ADDRESS:6379"', _line(*words)),
        ("the first line runs on the head node, the second on every other node, the third on the head node", *notes),
    )


def _sglang(planned: Planned, engine: Mapping[str, Any]) -> Launch:
    repository, values, notes = _served(planned, engine)
    for name in ("tp_size", "pp_size"):
        if planned.placement.get(name, 1) > 1:
            values[name] = planned.placement[name]
    words = ["python", "-m", "sglang.launch_server", "--model-path", repository, *_options(values, engine["flags"])]
    return Launch((_line(*words),), tuple(notes))


def _transformers(planned: Planned, engine: Mapping[str, Any]) -> Launch:
    if planned.repository is None:
        raise UsageError("no repository of this model is known", "--repository OWNER/NAME")
    kind = planned.format_name.split("-")[0]
    packed = _MADE_WHILE_LOADING.get(kind)
    dtype = {"F16": "torch.float16", "F32": "torch.float32"}.get(kind, "torch.bfloat16")
    names = "AutoModelForCausalLM, AutoTokenizer" + (", BitsAndBytesConfig" if packed else "")
    config = (f"    quantization_config=BitsAndBytesConfig({packed}),",) if packed else ()
    settings = planned.request.settings
    attention, chunk = settings.get("attn_implementation"), settings.get("prefill_chunk_size")
    length = (f"max_new_tokens={settings['max_new_tokens']}" if "max_new_tokens" in settings
              else f"max_length={planned.request.context}") + (f", prefill_chunk_size={chunk}" if chunk else "")  # fmt: skip
    lines = (
        "import torch", f"from transformers import {names}", "", f"repository = {planned.repository!r}",
        "tokenizer = AutoTokenizer.from_pretrained(repository)", "model = AutoModelForCausalLM.from_pretrained(",
        "    repository,", f"    dtype={dtype},", '    device_map="auto",', *config,
        *((f"    attn_implementation={attention!r},",) if attention else ()), ")",
        'inputs = tokenizer("Hello", return_tensors="pt").to(model.device)',
        f"output = model.generate(**inputs, {length})", "print(tokenizer.decode(output[0]))",
    )  # fmt: skip
    return Launch(lines, ())


def _kubernetes(planned: Planned, engine: Mapping[str, Any]) -> Launch:
    """A Deployment and a Service for vLLM's image; shared memory for tensor parallel, the hub's token from a secret."""
    words, notes = _vllm_words(planned, engine)
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
        lines, (*notes, "the cache is lost with the pod: put a PersistentVolumeClaim in its place to keep it")
    )


def _yaml(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"
