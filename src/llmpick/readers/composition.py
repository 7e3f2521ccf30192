"""A multimodal model's mapping, put together from the mappings of its parts.

A mapping ``composes`` sub-configs: for each, by the ``model_type`` that the sub-config states, the mapping that describes
that part. ``of: any`` stands for a language model that has a mapping of its own, otherwise ``of`` lists the model types
that may stand there. The composing mapping has the last word. What it says under ``absent`` stands for a sub-config that
the config leaves out altogether.
"""

from collections.abc import Mapping
from typing import Any

from llmpick.errors import UnsupportedArchitecture
from llmpick.inventory.tensors import TOWER_ROLES

ANY = "any"
_ALONE = "its language model is not known on its own either, so nothing says how it is built"
_TEXT = "to count the language model alone, put its text_config into a config.json of its own"

Specs = Mapping[str, Mapping[str, Any]]


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``over`` laid over ``base``, mapping by mapping; a part of another ``kind`` replaces the old one whole.

    What either ``ignores`` stays ignored.
    """
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        if key == "ignores" and isinstance(old, list) and isinstance(value, list):
            result[key] = [*old, *value]
        elif (
            not isinstance(value, Mapping)
            or not isinstance(old, Mapping)
            or value.get("kind", old.get("kind")) != old.get("kind")
        ):
            result[key] = value
        else:
            result[key] = merged(old, value)
    return result


def completed(config: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    """``config`` as the model type reads it: ``None`` left out, and in the mapping's words.

    What stands in the sub-config that the mapping ``unwraps`` stands beside it, ``renames`` (old name: name) give
    keys of older configs their present name, and ``absent`` the sub-configs that the config leaves out.
    """
    stated = {key: value for key, value in config.items() if value is not None}
    inner = stated.pop(spec.get("unwraps", ""), None)
    if isinstance(inner, Mapping):
        stated |= {key: value for key, value in inner.items() if value is not None}
    renames = spec.get("renames", {})
    renamed = {renames[key]: stated.pop(key) for key in [*stated] if key in renames}
    return {**spec.get("absent", {}), **renamed, **stated}


def composed(name: str, config: Mapping[str, Any], specs: Specs) -> Mapping[str, Any]:
    """The mapping of model type ``name`` for ``config``: with those of the parts that it composes.

    A nested config leaves out what its class assumes anyway, so the language model's ``class_defaults`` count here:
    those of the part, or of the whole where that has a language model of its own. Raises UnsupportedArchitecture for a
    part that is not described.
    """
    spec = specs[name]
    if isinstance(config.get(spec.get("language_config", "")), Mapping):
        spec = merged(spec, {"defaults": spec.get("class_defaults", {})})
    choices = spec.get("composes", {})
    parts = {
        key: _part(name, key, _chosen(config.get(key), choice), choice["of"], specs) for key, choice in choices.items()
    }
    _refuse_same_names(name, spec, [(part, choices[key]["of"] == ANY) for key, part in parts.items()])
    base: Mapping[str, Any] = {}
    for part in parts.values():
        base = merged(base, part)
    return merged(base, spec) if base else spec


def _chosen(part: object, choice: Mapping[str, Any]) -> object:
    """The model type of a sub-config: its own word, or what the whole model assumes."""
    return (part.get("model_type") if isinstance(part, Mapping) else None) or choice["default"]


def _refuse_same_names(name: str, spec: Mapping[str, Any], parts: list[tuple[Mapping[str, Any], bool]]) -> None:
    """A name that the whole or a tower computes must not mean something else in the language model (the flagged part)."""
    ours = _computed(spec).union(*(_computed(part) for part, language in parts if not language))
    theirs = set[str]().union(*(part["defaults"] for part, language in parts if language))
    if ours & theirs:
        raise UnsupportedArchitecture(
            f"{name} over this language model is not described: both say {min(ours & theirs)!r}", _TEXT
        )


def _computed(spec: Mapping[str, Any]) -> set[str]:
    """Names that a mapping gives to intermediate results."""
    return {name for name, value in spec.get("defaults", {}).items() if str(value).startswith("=")}


def _part(name: str, key: str, model_type: object, of: Any, specs: Specs) -> dict[str, Any]:
    if of == ANY:
        known = (spec for spec, said in specs.items() if model_type == spec or model_type in said.get("aliases", ()))
        mapping = next((spec for spec in known if not spec.startswith("_")), None)
    else:
        mapping = of.get(model_type)
    found = dict(specs.get(mapping or "", {}))
    whole = "language_config" in found or (of == ANY and _has_towers(found))
    if not found or whole:
        choices = "" if of == ANY else f": {', '.join(name for name in of if of[name])}"
        raise UnsupportedArchitecture(
            f"{name}: {key} of model_type {model_type!r} is not described{choices}",
            _ALONE if key == "text_config" else _TEXT,
        )
    found["defaults"] = {**found.get("defaults", {}), **found.get("class_defaults", {})}
    for own in ("aliases", "class_defaults"):
        found.pop(own, None)
    return found


def _has_towers(spec: Mapping[str, Any]) -> bool:
    """Whether the mapping describes a multimodal model of its own."""
    return any(raw and raw["role"] in TOWER_ROLES for raw in spec.get("tensors", {}).values())
