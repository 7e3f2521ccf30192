"""What is to be launched, and the options that say so: every value with the reason for it."""

import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from llmpick.errors import UsageError
from llmpick.runtimes.base import Request

FULL = ("BF16", "F16", "F32")
"""Formats in which models are published as they are."""
_BOOLEAN = (
    "swa_full", "kv_unified", "flash_attn", "flash_attention", "enforce_eager", "enable_expert_parallel",
    "enable_dp_attention",
)  # fmt: skip
_SWITCHES = {**dict.fromkeys(("1", "true", "on", "yes"), True), **dict.fromkeys(("0", "false", "off", "no"), False)}


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
    weights: "Weights"
    hardware: "Hardware"

    @property
    def kind(self) -> str:
        """The packer of the format, or its plain type: ``AWQ`` of ``AWQ-4bit-128g``."""
        return self.format_name.split("-")[0]

    def on_hub(self) -> str:
        """The repository. Raises UsageError where none is known."""
        if self.repository is None:
            raise UsageError("no repository of this model is known", "--repository OWNER/NAME")
        return self.repository


class Weights(NamedTuple):
    """What is fetched: its size; whether its repository brings code of its own, and asks for terms to be accepted.

    ``native``: the repository holds the format as its makers publish it. ``trusted``: the user said that its code may
    run. ``kept``: in a PersistentVolumeClaim (Kubernetes).
    """

    download_bytes: int = 0
    native: bool = False
    own_code: bool = False
    gated: bool = False
    trusted: bool = False
    kept: bool = False


class Hardware(NamedTuple):
    """Where it runs: equal ``nodes`` of ``cards`` each; ``products``: the card's names as drivers report them."""

    nodes: int = 1
    cards: int = 1
    vendor: str = "nvidia"
    products: tuple[str, ...] = ()


class Choice(NamedTuple):
    """A value and why it is this one."""

    value: Any
    why: str


Choices = Mapping[str, Choice]
"""Planned values by our names, which catalog/runtimes/launch.yaml maps to the engine's options."""


class Flag(NamedTuple):
    """An option as it is printed, and why. ``value`` empty: the option stands alone."""

    option: str
    value: str
    why: str


class Launch(NamedTuple):
    """Lines to paste, in their order, what the reader should know, and the reasons for the options."""

    lines: tuple[str, ...]
    notes: tuple[str, ...]
    flags: tuple[Flag, ...] = ()


def told(request: Request, settings: Mapping[str, str]) -> Request:
    """The request with its settings under the names that options have; on and off as truth values."""
    switched = {name: _SWITCHES.get(str(value).lower(), value) if name in _BOOLEAN else value
                for name, value in request.settings.items()}  # fmt: skip
    return replace(request, settings={settings.get(name, name): value for name, value in switched.items()})


def given(request: Request) -> dict[str, Choice]:
    """What ``--set`` said."""
    return {name: Choice(value, "asked for with --set") for name, value in request.settings.items()}


def flags_of(choices: Choices, names: Mapping[str, str]) -> list[Flag]:
    """The options in the engine's order. Raises UsageError for a value without an option."""
    unknown = [name for name in choices if name not in names]
    if unknown:
        raise UsageError(f"no option is known for {', '.join(unknown)}", "leave the setting out")
    return [
        Flag(option, "" if choices[name].value is True else str(choices[name].value), choices[name].why)
        for name, option in names.items()
        if name in choices and choices[name].value not in (None, False)
    ]


def words(flags: list[Flag]) -> list[str]:
    """``--flag value``; a flag without a value stands alone."""
    return [word for flag in flags for word in (flag.option, flag.value) if word]


def line(*parts: str) -> str:
    """A line for a shell."""
    return " ".join(shlex.quote(part) for part in parts)
