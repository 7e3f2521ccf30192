"""A mapping's values in a scope -> an `Architecture`: every field computed, every size checked to be a sane integer."""

from collections.abc import Mapping
from dataclasses import fields
from functools import partial
from typing import Any

from llmpick.architecture.attention import Attention, CachedState, LatentAttention
from llmpick.architecture.decoder import Architecture, Conversion, Embeddings, Layer, Norm, Part, Prediction, RawTensor
from llmpick.architecture.feed_forward import Experts, Mlp
from llmpick.architecture.state_space import GatedDeltaNet, Mamba, Mamba2, ShortConvolution
from llmpick.errors import InvalidFile
from llmpick.readers.expressions import Scope

PARTS: dict[str, type[Part]] = {
    "attention": Attention,
    "latent_attention": LatentAttention,
    "mlp": Mlp,
    "experts": Experts,
    "mamba": Mamba,
    "mamba2": Mamba2,
    "gated_delta_net": GatedDeltaNet,
    "short_convolution": ShortConvolution,
}
MAX_LAYERS = 4096
MAX_ELEMENTS = 2**40
_MODEL_FIELDS = ("hidden_size", "num_hidden_layers", "max_position_embeddings", "final_norm", "position_encoding",
                 "activation", "parallel_residual")  # fmt: skip

_POSITIVE = frozenset({"hidden_size", "vocab_size", "num_attention_heads", "num_key_value_heads", "embedding_size"})
"""Sizes of which a model has at least one."""


def built(name: str, spec: Mapping[str, Any], scope: Scope) -> Architecture:
    """The architecture of a resolved mapping. Raises InvalidFile for impossible values."""
    model = {field: scope.evaluate(spec["model"][field]) for field in _MODEL_FIELDS if field in spec["model"]}
    model["hidden_size"] = _size("hidden_size", model["hidden_size"])
    layer_count = model["num_hidden_layers"]
    if type(layer_count) is not int or not 0 < layer_count <= MAX_LAYERS:
        raise InvalidFile(f"num_hidden_layers is {layer_count!r}", f"it must be between 1 and {MAX_LAYERS}")
    embeddings = Embeddings(**_values(Embeddings, spec["embeddings"], scope))
    sizes = {"hidden_size": _size("hidden_size", model["hidden_size"]), "vocab_size": embeddings.vocab_size}
    for key, value in sizes.items():
        if not value:
            raise InvalidFile(f"{key} is 0: impossible")
    return Architecture(
        model_type=name,
        embeddings=embeddings,
        layers=_layers(spec["layer"], layer_count, scope),
        norm=Norm(**_values(Norm, spec["norm"], scope)),
        tensors=_raw_tensors(spec.get("tensors", {}), scope),
        gguf=_conversion(spec.get("gguf", {}), scope),
        checkpoint=_raw_tensors(spec.get("checkpoint", {}), scope),
        prediction=_prediction(spec.get("prediction", {}), scope),
        **model,
    )


def _prediction(spec: Mapping[str, Any], scope: Scope) -> Prediction:
    values = _values(Prediction, spec, scope)
    return Prediction(**values | {key: tuple(values.get(key) or ()) for key in ("like_layers", "tables")})


def _conversion(spec: Mapping[str, Any], scope: Scope) -> Conversion:
    values = {key: scope.evaluate(value) for key, value in spec.items() if key != "tensors"}
    return Conversion(tensors=_raw_tensors(spec.get("tensors", {}), scope), **values)


def _layers(spec: Mapping[str, Any], count: int, scope: Scope) -> tuple[Layer, ...]:
    """Layers grouped by equal content; a mapping that never reads ``i`` is evaluated once."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for index in range(count):
        scope.layer, scope.layer_was_read = index, False
        content = _layer_content(spec, scope)
        if index == 0 and not scope.layer_was_read:
            groups[content] = list(range(count))
            break
        groups.setdefault(content, []).append(index)
    return tuple(
        Layer(indices=tuple(indices), parts=parts, norms=norms, tensors=tensors, cached=cached)
        for (parts, norms, tensors, cached), indices in groups.items()
    )


def _layer_content(spec: Mapping[str, Any], scope: Scope) -> tuple[Any, ...]:
    """Parts, norms, tensors and caches of the layer in the scope; what does not depend on the layer is made once."""
    named = {key: part for key, part in spec.items() if key not in ("norms", "tensors", "cached") and part}
    found = (scope.once(("part", key), partial(_part, part, scope)) for key, part in named.items())
    return (
        tuple(part for part in found if part is not None),
        scope.once("layer norms", lambda: _norms(spec.get("norms", {}), scope)),
        scope.once("layer tensors", lambda: _raw_tensors(spec.get("tensors", {}), scope)),
        scope.once("layer caches", lambda: _cached(spec.get("cached", {}), scope)),
    )


def _part(part: Mapping[str, Any], scope: Scope) -> Any:
    return PARTS[part["kind"]](**_values(PARTS[part["kind"]], part, scope)) if _stands(part, scope) else None


def _norms(spec: Mapping[str, Any], scope: Scope) -> tuple[tuple[str, int], ...]:
    return tuple(
        (key, _size(key, scope.evaluate(norm["width"] if isinstance(norm, Mapping) else norm)))
        for key, norm in spec.items()
        if norm and (not isinstance(norm, Mapping) or _stands(norm, scope))
    )


def _cached(spec: Mapping[str, Any], scope: Scope) -> tuple[CachedState, ...]:
    return tuple(
        CachedState(**_values(CachedState, state, scope)) for state in spec.values() if state and _stands(state, scope)
    )


def _stands(part: Mapping[str, Any], scope: Scope) -> bool:
    return bool(scope.evaluate(part.get("when", True)))


def _values(cls: type, spec: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """Field values of ``cls``; sizes are checked to be sane integers."""
    known = {field.name for field in fields(cls)}
    allowed = known | {"when"} | ({"kind"} if cls not in (CachedState, Norm) else set())
    if not set(spec) <= allowed:
        raise InvalidFile(f"architecture mapping: {cls.__name__} has no {sorted(set(spec) - allowed)}")
    values = {key: scope.evaluate(value) for key, value in spec.items() if key in known}
    for field in fields(cls):
        value = values.get(field.name)
        if field.name in values and (field.type is int or (value is not None and field.type == int | None)):
            values[field.name] = _size(field.name, value)
    return values


def _size(key: str, value: Any) -> int:
    if value is None:
        raise InvalidFile(f"the config has no {key}", "add the key; its model type has no default for it")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
        raise InvalidFile(f"{key} is {value!r}: not a whole number")
    if not (1 if key in _POSITIVE else 0) <= value <= MAX_ELEMENTS:
        raise InvalidFile(f"{key} is {value}: impossible")
    return int(value)


def _raw_tensors(spec: Mapping[str, Any], scope: Scope) -> tuple[RawTensor, ...]:
    return tuple(
        RawTensor(
            name=name,
            role=raw["role"],
            shape=tuple(_size(name, scope.evaluate(side)) for side in raw["shape"]),
            count=_size(name, scope.evaluate(raw.get("count", 1))),
            active_count=None if "active_count" not in raw else _size(name, scope.evaluate(raw["active_count"])),
            optional=bool(raw.get("optional", False)),
            note=str(raw.get("note", "")),
        )
        for name, raw in spec.items()
        if raw and _stands(raw, scope)
    )
