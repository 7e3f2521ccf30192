"""Engines that are started from a program: transformers."""

from collections.abc import Mapping
from typing import Any

from llmpick.fit.launching.planned import Flag, Launch, Planned

_MADE_WHILE_LOADING = {"INT8": "load_in_8bit=True", "NF4": 'load_in_4bit=True, bnb_4bit_quant_type="nf4"'}
_DTYPES = {"F16": "torch.float16", "F32": "torch.float32"}


def transformers(planned: Planned, engine: Mapping[str, Any]) -> Launch:
    """A program that loads the model and writes an answer."""
    repository, packed = planned.on_hub(), _MADE_WHILE_LOADING.get(planned.kind)
    names = "AutoModelForCausalLM, AutoTokenizer" + (", BitsAndBytesConfig" if packed else "")
    loading, generating = _loading(planned, packed), _generating(planned)
    own = ", trust_remote_code=True" if planned.weights.trusted else ""
    tokenizer = f"tokenizer = AutoTokenizer.from_pretrained(repository{own})"
    lines = (
        "import torch", f"from transformers import {names}", "", f"repository = {repository!r}",
        tokenizer, "model = AutoModelForCausalLM.from_pretrained(",
        "    repository,", *(f"    {flag.option}={flag.value}," for flag in loading), ")",
        'inputs = tokenizer("Hello", return_tensors="pt").to(model.device)',
        f"output = model.generate(**inputs, {', '.join(f'{flag.option}={flag.value}' for flag in generating)})",
        "print(tokenizer.decode(output[0]))",
    )  # fmt: skip
    return Launch(lines, (), (*loading, *generating))


def _loading(planned: Planned, packed: str | None) -> list[Flag]:
    dtype = _DTYPES.get(planned.kind, "torch.bfloat16")
    flags = [
        Flag("dtype", dtype, f"{planned.format_name}" if not packed else "what is not packed, and what is computed in"),
        Flag("device_map", '"auto"', "layers are dealt out to the cards"),
    ]
    if packed:
        flags.append(Flag("quantization_config", f"BitsAndBytesConfig({packed})",
                          f"{planned.kind} is made while the weights are loaded"))  # fmt: skip
    if planned.weights.trusted:
        flags.append(Flag("trust_remote_code", "True", "the repository's own code may run"))
    attention = planned.request.settings.get("attn_implementation")
    return [*flags, Flag("attn_implementation", repr(attention), "asked for with --set")] if attention else flags


def _generating(planned: Planned) -> list[Flag]:
    settings = planned.request.settings
    if "max_new_tokens" in settings:
        flags = [Flag("max_new_tokens", str(settings["max_new_tokens"]), "asked for with --set")]
    else:
        flags = [Flag("max_length", str(planned.request.context), "--context: prompt and answer together")]
    chunk = settings.get("prefill_chunk_size")
    return [*flags, Flag("prefill_chunk_size", str(chunk), "asked for with --set")] if chunk else flags
