"""llama.cpp and Ollama: a GGUF file, made from the model's own repository where none is there, and the server on it."""

import os
from collections.abc import Mapping
from typing import Any

from llmpick.errors import UsageError
from llmpick.fit.launching.planned import FULL, Choice, Launch, Planned, flags_of, given, line, words


def llama_cpp(planned: Planned, engine: Mapping[str, Any]) -> Launch:
    """``llama-server`` with the layers, experts and shares of the placement."""
    file, lines, notes = _gguf_file(planned)
    choices = {**_choices(planned), "port": Choice(planned.port, "--port")}
    if len(planned.usable_bytes) > 1 and "tensor_split" not in choices:
        shares = ",".join(str(size // 2**20) for size in planned.usable_bytes)
        if len(set(planned.usable_bytes)) > 1:
            notes.append("--tensor-split names the cards in the order planned: compare `llama-server --list-devices`")
        choices["tensor_split"] = Choice(shares, "what each card can give, in MiB")
    flags = flags_of(choices, engine["flags"])
    if planned.placement.get("n_cpu_moe") or planned.placement.get("layers_on_gpu", 0) < planned.placement.get(
        "layers", 0
    ):
        notes.append(
            "llama-server keeps earlier prompts in up to 8 GiB of host memory besides: --cache-ram 0 turns that off"
        )
    return Launch((*lines, line("llama-server", "-m", file, *words(flags))), tuple(notes), tuple(flags))


def ollama(planned: Planned, engine: Mapping[str, Any]) -> Launch:
    """A Modelfile and Ollama's environment; it multiplies the context of one sequence by OLLAMA_NUM_PARALLEL itself."""
    file, lines, notes = _gguf_file(planned)
    choices = _ollama_choices(planned)
    inside = flags_of({name: each for name, each in choices.items() if name in engine["flags"]}, engine["flags"])
    outside = {name: each for name, each in choices.items() if name not in engine["flags"]}
    around = flags_of(outside, engine["environment"])
    modelfile = [
        f"FROM {file if os.path.isabs(file) else './' + file}",
        *(f"PARAMETER {flag.option} {flag.value}" for flag in inside),
    ]
    host = f"OLLAMA_HOST=127.0.0.1:{planned.port}"
    return Launch(
        (*lines, "cat > Modelfile <<'END'", *modelfile, "END",
         " ".join(["env", *(f"{flag.option}={flag.value}" for flag in around), "ollama serve &"]),
         f"{host} {line('ollama', 'create', planned.model, '-f', 'Modelfile')}", f"{host} {line('ollama', 'run', planned.model)}"),
        (*notes, "stop an Ollama that is already running, or its own settings stay"),
        (*inside, *around),
    )  # fmt: skip


def _ollama_choices(planned: Planned) -> dict[str, Choice]:
    request = planned.request
    choices = _choices(planned)
    if "n_ctx" not in request.settings:
        choices["n_ctx"] = Choice(request.context, "--context, of one user: Ollama multiplies")
    experts = choices.pop("n_cpu_moe", None)
    if experts is not None and experts.value:
        raise UsageError("Ollama cannot keep experts alone on the CPU", "--set n_gpu_layers=N, or --runtime llama.cpp")
    if request.type_k != request.type_v:
        raise UsageError("Ollama has one type for keys and values", f"--kv-cache-type {request.type_k}")
    choices.pop("type_v", None)
    if "type_k" in choices and choices["type_k"].value != "f16":
        choices.setdefault("flash_attn", Choice("on", "a quantised cache needs flash attention"))
    if "flash_attn" in choices:
        flash = choices["flash_attn"]
        choices["flash_attn"] = Choice(int(flash.value == "on"), flash.why)
    return choices | {"port": Choice(f"127.0.0.1:{planned.port}", "--port, on this machine only")}


def _choices(planned: Planned) -> dict[str, Choice]:
    """llama.cpp's values; its context is that of all sequences together."""
    request, placement = planned.request, planned.placement
    users, layers = request.sequences, placement.get("layers")
    on_gpu, experts = placement.get("n_gpu_layers", 0), placement.get("n_cpu_moe")
    choices = {
        "n_ctx": Choice(request.context * users, f"--context × {users} users, of all slots"
                        if users > 1 else "--context"),
        "n_seq_max": Choice(users, "--users: slots"),
        "n_gpu_layers": Choice(on_gpu, f"placed: {placement.get('layers_on_gpu', on_gpu)} of {layers} layers on the GPU"),
    }  # fmt: skip
    if experts:
        choices["n_cpu_moe"] = Choice(experts, f"placed: experts of {experts} of {layers} layers in RAM")
    if (request.type_k, request.type_v) != ("f16", "f16"):
        choices |= {"type_k": Choice(request.type_k, "--kv-cache-type"), "type_v": Choice(request.type_v, "--kv-cache-type"),
                    "flash_attn": Choice("on", "a quantised cache needs flash attention")}  # fmt: skip
    said = given(request)
    if "flash_attn" in said:
        said["flash_attn"] = said["flash_attn"]._replace(value="on" if said["flash_attn"].value else "off")
    return {**choices, **said}


def _gguf_file(planned: Planned) -> tuple[str, list[str], list[str]]:
    """(file, lines that make it, notes): a given file, or the conversion of the model's own repository."""
    if planned.file is not None:
        return planned.file, [], []
    if planned.repository is None:
        raise UsageError("no repository of this model is known", "give a GGUF file: --gguf FILE")
    mix, _, matrix = planned.format_name.partition("+")
    full, made = f"{planned.model}-BF16.gguf", f"{planned.model}-{mix}.gguf"
    convert = ("python", "convert_hf_to_gguf.py", planned.model, "--outfile")
    lines = [line("hf", "download", planned.repository, "--local-dir", planned.model)]
    if mix in FULL:
        return made, [*lines, line(*convert, made, "--outtype", mix.lower())], []
    lines.append(line(*convert, full, "--outtype", "bf16"))
    if matrix:
        lines.append(line("llama-imatrix", "-m", full, "-f", "calibration.txt", "-o", f"{planned.model}.imatrix"))
        lines.append(line("llama-quantize", "--imatrix", f"{planned.model}.imatrix", full, made, mix))
    else:
        lines.append(line("llama-quantize", full, made, mix))
    return made, lines, ["the first lines make the GGUF with llama.cpp's own tools; skip them with --gguf FILE"]
