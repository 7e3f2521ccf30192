"""MLX and ExLlamaV3: engines whose weights are packed with their own tools first, from the model's own repository."""

import re
from collections.abc import Mapping
from typing import Any

from llmpick.errors import UsageError
from llmpick.fit.launching.planned import FULL, Choice, Launch, Planned, flags_of, given, line, words

ROUND = 256
"""TabbyAPI's cache is a multiple of so many tokens."""


def mlx(planned: Planned, engine: Mapping[str, Any]) -> Launch:
    """``mlx_lm.server`` on the weights, converted with ``mlx_lm.convert`` where a packed format is planned."""
    repository, request = planned.on_hub(), planned.request
    model = repository
    lines: tuple[str, ...] = ()
    if planned.kind not in FULL and not planned.repository_given:
        model = f"{planned.model}-{planned.format_name}"
        mode = _mlx_mode(planned, engine)
        lines = (line("mlx_lm.convert", "--hf-path", repository, "-q", *mode, "--mlx-path", model),)
    choices = {
        "decode_concurrency": Choice(request.sequences, "--users: so many answers at the same time"),
        "port": Choice(planned.port, "--port"),
        **({"trust_remote_code": Choice(True, "the repository's own code may run")}
           if planned.weights.trusted else {}),
        **given(request),
    }  # fmt: skip
    flags = flags_of(choices, engine["flags"])
    note = f"mlx_lm.server has no option for the context: the plan holds {request.context:,} tokens of each user"
    return Launch((*lines, line("mlx_lm.server", "--model", model, *words(flags))), (note,), tuple(flags))


def _mlx_mode(planned: Planned, engine: Mapping[str, Any]) -> list[str]:
    """What ``mlx_lm.convert`` is told: bits and group of an affine format, or the name of a mode."""
    affine = re.fullmatch(r"MLX-(\d)bit(?:-(\d+)g)?", planned.format_name)
    if affine is not None:
        return ["--q-bits", affine[1], "--q-group-size", affine[2] or str(engine["group_size"])]
    if planned.format_name not in engine["modes"]:
        raise UsageError(f"mlx_lm.convert does not make {planned.format_name}", "--quant MLX-4bit")
    return ["--q-mode", engine["modes"][planned.format_name]]


def exllamav3(planned: Planned, engine: Mapping[str, Any]) -> Launch:
    """A ``config.yml`` for TabbyAPI and what fetches or makes the weights in its ``models`` folder."""
    folder, lines = _exl3_weights(planned)
    flags = flags_of(_tabby_choices(planned, folder), engine["flags"])
    config = ["network:", f"  port: {planned.port}", "model:", "  model_dir: models",
              *(f"  {flag.option}: {flag.value}" for flag in flags)]  # fmt: skip
    return Launch(
        (*lines, "cat > config.yml <<'END'", *config, "END", "python main.py"),
        ("the lines run in TabbyAPI's folder; it writes the keys that clients need to api_tokens.yml",),
        tuple(flags),
    )


def _exl3_weights(planned: Planned) -> tuple[str, tuple[str, ...]]:
    """(folder under models, lines that fill it): packed weights of a given repository, or the conversion of full ones."""
    repository, folder = planned.on_hub(), f"{planned.model}-{planned.format_name}"
    download = ("hf", "download", repository, "--local-dir")
    if planned.kind in FULL or planned.repository_given:
        return folder, (line(*download, f"models/{folder}"),)
    bits = planned.format_name.removeprefix("EXL3-").removesuffix("bpw")
    return folder, (
        line(*download, planned.model),
        line("python", "-m", "exllamav3.conversion.convert_model", "-i", planned.model, "-o", f"models/{folder}",
             "-w", f"{planned.model}-work", "-b", bits),
    )  # fmt: skip


def _tabby_choices(planned: Planned, folder: str) -> dict[str, Choice]:
    request, cards = planned.request, planned.placement.get("devices", 1)
    tokens = request.context * request.sequences
    choices = {
        "model_name": Choice(folder, "the folder under models"),
        "backend": Choice("exllamav3", "--runtime"),
        "max_seq_len": Choice(request.context, "--context, of one user"),
        "cache_size": Choice(-(-tokens // ROUND) * ROUND, f"--context × --users, in whole {ROUND} tokens"),
        "max_batch_size": Choice(request.sequences, "--users"),
    }
    if (request.type_k, request.type_v) != ("f16", "f16"):
        choices["cache_mode"] = Choice(_cache_mode(request.type_k, request.type_v), "--kv-cache-type")
    if cards > 1:
        choices["gpu_split_auto"] = Choice("true", f"placed: layers dealt out to {cards} cards")
    return {**choices, **given(request)}


def _cache_mode(type_k: str, type_v: str) -> str:
    """``8,6``: bits of keys and of values."""
    if "f16" in (type_k, type_v):
        raise UsageError("ExLlamaV3 packs keys and values both or neither", "--kv-cache-type q8, or q8,q6")
    return f"{type_k.removeprefix('q')},{type_v.removeprefix('q')}"
