"""A Hugging Face ``config.json`` -> an `Architecture`, through the declarative mapping of its ``model_type``.

The mappings are data (catalog/architectures, one file a model type); this module only interprets them. What a config
says that no mapping knows is refused, because a key we do not understand may change the shape.
"""

from collections.abc import Mapping
from typing import Any

from llmpick.architecture.decoder import Architecture
from llmpick.errors import InvalidFile, UnsupportedArchitecture
from llmpick.readers.built import built
from llmpick.readers.composition import completed, composed, merged
from llmpick.readers.expressions import Scope
from llmpick.readers.model_types import model_type_of
from llmpick.readers.sizes import refuse_impossible_sizes
from llmpick.readers.unknown_keys import refuse_unknown_keys, unread_keys

Specs = Mapping[str, Mapping[str, Any]]


def architecture_from_config(
    config: Mapping[str, Any], specs: Specs, assume: str | None = None, *, strict: bool = False
) -> Architecture:
    """The architecture that ``config`` describes.

    ``specs``: model type -> mapping, ``follows`` already resolved (see `resolve`). An expression finds a key in the
    language model's config first, then in the whole one; ``whole_config.key`` is the whole one's own. ``assume`` names
    the model type to follow when the config's own is unknown; ``strict`` refuses every unknown key, harmless or not.
    Raises UnsupportedArchitecture for an unknown model type or key, InvalidFile for impossible values.
    """
    name = model_type_of(config, specs, assume)
    config = completed(_with_said_heads(config), specs[name])
    spec = composed(name, config, specs)
    configs = _language_configs(config, spec)
    refuse_unknown_keys(configs, spec, specs.get("_harmless", {}), name, strict)
    refuse_impossible_sizes(configs, spec)
    scope = Scope([*configs, {"whole_config": config}], spec.get("defaults", {}))
    _require(scope, spec)
    return built(name, spec, scope)


def without_unread_keys(config: Mapping[str, Any], specs: Specs, assume: str | None = None) -> dict[str, Any]:
    """``config`` without the keys that its mapping does not read: what a catalog record keeps of it."""
    name = model_type_of(config, specs, assume)
    spec = composed(name, completed(config, specs[name]), specs)
    configs = _language_configs(config, spec)
    gone = unread_keys(configs, spec, specs.get("_harmless", {}))
    kept = {key: value for key, value in config.items() if key not in gone}
    inner = kept.get(spec.get("language_config", ""))
    if isinstance(inner, Mapping):
        kept[spec["language_config"]] = {key: value for key, value in inner.items() if key not in gone}
    return kept


def resolve(specs: Specs) -> dict[str, dict[str, Any]]:
    """Every mapping merged over the one (or, in order, the several) it ``follows``; ``null`` in the follower removes a part."""
    resolved: dict[str, dict[str, Any]] = {}

    def one(name: str, chain: tuple[str, ...] = ()) -> dict[str, Any]:
        if name in chain or name not in specs:
            raise InvalidFile(f"architecture mapping {name!r}: bad 'follows' chain {' > '.join((*chain, name))}")
        if name not in resolved:
            spec = dict(specs[name])
            parents = spec.pop("follows", None) or []
            base: dict[str, Any] = {}
            for parent in [parents] if isinstance(parents, str) else parents:
                base = merged(base, one(parent, (*chain, name)))
            for own in ("aliases", "class_defaults"):
                base.pop(own, None)
            resolved[name] = merged(base, spec)
        return resolved[name]

    for name in specs:
        one(name)
    return resolved


def _language_configs(config: Mapping[str, Any], spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The config to read, innermost first: a multimodal model's language model hides under ``text_config``.

    Whether the head is tied is the whole model's word, by the mapping's ``ties`` also (``either``) or only (``inner``)
    the language model's.
    """
    inner = config.get(spec.get("language_config", ""))
    if not isinstance(inner, Mapping):
        return [config]
    inner, whole, ties = _with_said_heads(inner), config.get("tie_word_embeddings"), spec.get("ties", "whole")
    if whole is not None and (ties == "whole" or (ties == "either" and whole)):
        inner = {**inner, "tie_word_embeddings": whole}
    elif whole is not None:
        config = {**config, "tie_word_embeddings": None}
    return [inner, config]


def _with_said_heads(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """A null ``num_key_value_heads`` means as many as query heads, whatever the class assumes when it is left out."""
    said = config.get("num_key_value_heads", 0) is None and config.get("num_attention_heads") is not None
    return {**config, "num_key_value_heads": config["num_attention_heads"]} if said else config


def _require(scope: Scope, spec: Mapping[str, Any]) -> None:
    """Laws a config must obey for the mapping to hold (``requires``: message -> expression)."""
    for message, expression in spec.get("requires", {}).items():
        if not scope.evaluate(expression):
            raise UnsupportedArchitecture(message)
