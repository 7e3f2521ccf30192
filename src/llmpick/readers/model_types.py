"""Which mapping describes a config, and what is said of one that none describes."""

from collections.abc import Mapping
from typing import Any

from llmpick.errors import UnsupportedArchitecture

OUT_OF_SCOPE = "_out_of_scope"
"""The list of model types that generate no text with a decoder alone: ``kinds``, each with what it ``is``."""

Specs = Mapping[str, Mapping[str, Any]]


def model_type_of(config: Mapping[str, Any], specs: Specs, assume: str | None = None) -> str:
    """The mapping that describes ``config``: its ``model_type`` (or ``assume``), or an alias of one.

    A mapping under the name of the first of the ``architectures`` goes first: some publish one model type for several.
    Raises UnsupportedArchitecture that says what the model is where it generates no text with a decoder alone, and
    otherwise names the nearest known model types.
    """
    name = assume or config.get("model_type")
    if not isinstance(name, str):
        raise UnsupportedArchitecture("the config names no model_type", "say which family it follows: --assume llama")
    for candidate in (assume or _architecture_of(config), name, name.lower()):
        if candidate in specs and not candidate.startswith("_"):
            return candidate
    for spec_name, spec in specs.items():
        if name in spec.get("aliases", ()):
            return spec_name
    _refuse_other_kinds(name, specs.get(OUT_OF_SCOPE, {}))
    known = [key for key in specs if not key.startswith("_")]
    raise UnsupportedArchitecture(
        f"model_type {name!r} is not known",
        f"if it has the shape of a known one, say so: --assume {' or --assume '.join(_near(name, known))}",
    )


def _architecture_of(config: Mapping[str, Any]) -> str:
    stated = config.get("architectures")
    return stated[0] if isinstance(stated, list) and stated and isinstance(stated[0], str) else ""


def _refuse_other_kinds(name: str, listed: Mapping[str, Any]) -> None:
    for kind in listed.get("kinds", ()):
        if name in kind["types"] or name.lower() in kind["types"]:
            raise UnsupportedArchitecture(
                f"model_type {name!r} is {kind['is']}; llmpick counts decoders that generate text",
                kind.get("do", "where it has the shape of a decoder after all, say which: --assume llama"),
            )


def _near(name: str, known: list[str]) -> list[str]:
    from difflib import get_close_matches

    folded = name.lower()
    begin = [key for key in known if folded.startswith(key) and len(key) > 2]
    near = sorted(begin, key=len, reverse=True) + get_close_matches(folded, known, n=3, cutoff=0.6)
    return list(dict.fromkeys([*near, "llama"]))[:4]
