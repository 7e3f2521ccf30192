"""Options that several commands share, with the words in which they are explained."""

from collections.abc import Callable
from typing import Annotated

import typer

from llmpick.errors import UsageError
from llmpick.units import parse_bytes, parse_count, parse_tokens

Format = Annotated[
    str, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, csv, markdown or html.", show_default=True)
]
Json = Annotated[bool, typer.Option("--json", help="Short for --format json.")]
Output = Annotated[str | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file.")]
CatalogDir = Annotated[
    str | None, typer.Option("--catalog", metavar="DIR", help="Overlay the built-in catalog with this directory.")
]
Gpu = Annotated[
    list[str] | None,
    typer.Option(
        "--gpu", "-g", metavar="SPEC", help='24GB, "RTX 4090", "2x RTX 3090", H100:8, none; repeat or use commas.'
    ),
]
Ram = Annotated[str | None, typer.Option("--ram", metavar="SIZE", help="Host memory, such as 64GB.")]
HardwareFile = Annotated[
    str | None, typer.Option("--hardware", metavar="FILE", help="A rig saved by `llmpick hardware --save`.")
]
Inventory = Annotated[
    str | None,
    typer.Option("--inventory", metavar="FILE", help="Nodes: kubectl, scontrol or Ray as JSON, or YAML; - is stdin."),
]
Runtime = Annotated[str, typer.Option("--runtime", "-r", metavar="NAME", help="llama.cpp, vllm, transformers, ...")]
Context = Annotated[
    str | None, typer.Option("--context", "-c", metavar="TOKENS", help="Context length, such as 8192 or 32k.")
]
Quantization = Annotated[
    str | None, typer.Option("--quant", "-q", metavar="FORMAT", help="Weight format: Q4_K_M, F16, FP8, NF4, ...")
]
KvCacheType = Annotated[
    str | None, typer.Option("--kv-cache-type", metavar="K[,V]", help="Cache types: f16, q8_0, q4_0, fp8, ...")
]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A runtime's own setting, by its own name.")
]
Users = Annotated[int, typer.Option("--users", "-u", min=1, metavar="N", help="Sequences served at the same time.")]
Free = Annotated[bool, typer.Option("--free", help="Judge against memory free now instead of usable memory.")]
Explain = Annotated[bool, typer.Option("--explain", help="Show every term of a step's time in milliseconds.")]
Assume = Annotated[
    str | None, typer.Option("--assume", metavar="MODEL_TYPE", help="Family an unknown config follows, such as llama.")
]


def chosen_format(output_format: str, as_json: bool) -> str:
    """``--json`` wins over ``--format``."""
    return "json" if as_json else output_format


def count(text: str | None) -> int | None:
    """A decimal count such as 7B, or a usage error."""
    return None if text is None else _parsed(parse_count, text)


def tokens(text: str | None) -> int | None:
    """A number of tokens such as 32k, or a usage error."""
    return None if text is None else _parsed(parse_tokens, text)


def some_tokens(text: str | None, default: int) -> int:
    """At least one token, or a usage error; ``default`` where nothing was said."""
    found = tokens(text)
    if found == 0:
        raise UsageError(f"{text!r} tokens hold nothing", "say how many, such as 8192 or 32k")
    return default if found is None else found


def size_bytes(text: str | None) -> int | None:
    """An amount of memory such as 64GB, or a usage error."""
    return None if text is None else _parsed(parse_bytes, text)


def _parsed(parse: Callable[[str], int], text: str) -> int:
    try:
        return parse(text)
    except ValueError as error:
        raise UsageError(str(error)) from None
