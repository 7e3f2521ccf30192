"""A model's weights -> the tensors of its GGUF file: names, merged experts, split and kept-fused projections.

The tables are data (``catalog/formats/gguf_tensors.yaml``); nothing here knows a model by name.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from llmpick.architecture.attention import Attention, LatentAttention
from llmpick.architecture.decoder import Architecture, Part
from llmpick.architecture.feed_forward import Experts
from llmpick.architecture.state_space import GatedDeltaNet
from llmpick.errors import UnsupportedArchitecture
from llmpick.inventory.decoder import LAYER_PREFIX
from llmpick.inventory.tensors import Tensor

TOWERS = frozenset(("vision", "audio", "projector", "mtp", "buffer"))
"""Components that the model's own GGUF file does not hold."""


class GgufTensor(NamedTuple):
    """``len(layers) or 1`` tensors. ``name`` has ``{i}`` for the layer; ``extents`` are innermost first."""

    name: str
    extents: tuple[int, ...]
    layers: tuple[int, ...]
    place: str
    """``input``, ``output``, ``layer``, ``expert`` or ``other``."""


class GgufModel(NamedTuple):
    """The tensors of one model and what the mixes ask about it."""

    architecture: str
    tensors: tuple[GgufTensor, ...]
    num_layers: int
    n_expert: int
    n_gqa: int
    falcon: bool
    size_70b: bool
    tied: bool
    """No ``output.weight`` is stored: the embedding serves as output."""


def supports_gguf(architecture: Architecture, table: Mapping[str, Any]) -> bool:
    """Whether llama.cpp converts this model type."""
    row = table["architectures"].get(architecture.model_type)
    return row is not None and not (row.get("untied_only") and architecture.embeddings.tied)


def gguf_model(architecture: Architecture, inventory: Sequence[Tensor], table: Mapping[str, Any]) -> GgufModel:
    """Convert. Raises UnsupportedArchitecture when llama.cpp has no conversion for the model type."""
    if not supports_gguf(architecture, table):
        raise UnsupportedArchitecture(
            f"llama.cpp cannot convert {architecture.model_type} models to GGUF",
            "choose a format of another runtime, such as BF16, FP8 or NF4",
        )
    row = table["architectures"][architecture.model_type]
    tensors = tuple(_tensors(architecture, inventory, table, row))
    parts = _parts(architecture)
    return GgufModel(
        architecture=row["gguf"],
        tensors=tensors,
        num_layers=architecture.num_hidden_layers,
        n_expert=max((part.num_experts for part in parts if isinstance(part, Experts)), default=0),
        n_gqa=_n_gqa(architecture, row),
        falcon=bool(row.get("falcon")),
        size_70b=_is_size_70b(architecture, row),
        tied=not any(tensor.name == "output.weight" for tensor in tensors),
    )


def _parts(architecture: Architecture) -> list[Part]:
    return [part for layer in architecture.layers for part in layer.parts]


def _tensors(
    architecture: Architecture, inventory: Sequence[Tensor], table: Mapping[str, Any], row: Mapping[str, Any]
) -> Iterator[GgufTensor]:
    names = {**table["layer_names"], **row.get("names", {})}
    by_layer = _part_of_layer(architecture)
    for tensor in inventory:
        if tensor.component in TOWERS:
            continue
        if tensor.layers:
            for piece in _split(tensor, row, by_layer):
                yield from _layer_tensor(piece, names)
            if tensor.role == "router" and tensor.name.endswith("mlp.gate.weight"):
                for name in row.get("add", ()):
                    yield GgufTensor("blk.{i}." + name, tensor.shape[:1], tensor.layers, "layer")
        else:
            yield _outer_tensor(tensor, table, row)
    yield from _stored_head(architecture, table)
    yield from _rope_factors(architecture, row)


def _part_of_layer(architecture: Architecture) -> dict[int, tuple[Part, ...]]:
    return {index: layer.parts for layer in architecture.layers for index in layer.indices}


def _first(parts: Sequence[Part], kind: type) -> Any:
    return next((part for part in parts if isinstance(part, kind)), None)


def _split(tensor: Tensor, row: Mapping[str, Any], by_layer: Mapping[int, tuple[Part, ...]]) -> Iterator[Tensor]:
    """The pieces as which a projection is stored; most are stored whole."""
    parts = by_layer[tensor.layers[0]]
    if tensor.role == "attention_qkv" and "qkv" in row.get("split", ()):
        attention = _first(parts, Attention)
        keys = attention.num_key_value_heads * attention.head_dim
        values = attention.num_key_value_heads * attention.value_head_dim
        sizes = {"q_proj": tensor.shape[0] - keys - values, "k_proj": keys, "v_proj": values}
        yield from _rows(tensor, "qkv_proj", sizes)
    elif tensor.role == "attention_kv_b" and row.get("split_latent") and len(tensor.shape) == 2:
        yield from _latent_heads(tensor, _first(parts, LatentAttention))
    elif tensor.role == "mlp_gate_up" and "gate_up" in row.get("split", ()):
        yield from _rows(tensor, "gate_up_proj", dict.fromkeys(("gate_proj", "up_proj"), tensor.shape[0] // 2))
    elif row.get("split_gate_rows") and tensor.name.endswith("linear_attn.in_proj_qkvz.weight"):
        gate = _first(parts, GatedDeltaNet)
        rows = gate.linear_num_value_heads * gate.linear_value_head_dim
        yield tensor._replace(shape=(tensor.shape[0] - rows, tensor.shape[1]))
        yield tensor._replace(name=LAYER_PREFIX + "self_attn.g_proj.weight", shape=(rows, tensor.shape[1]))
    else:
        yield tensor


def _rows(tensor: Tensor, fused: str, sizes: Mapping[str, int]) -> Iterator[Tensor]:
    for name, rows in sizes.items():
        yield tensor._replace(name=tensor.name.replace(fused, name), shape=(rows, *tensor.shape[1:]))


def _latent_heads(tensor: Tensor, part: LatentAttention) -> Iterator[Tensor]:
    """Per head: keys as (latent, nope), so that the query absorbs them, and values as (v, latent)."""
    heads, latent = part.num_attention_heads, part.kv_lora_rank
    yield tensor._replace(name="blk.{i}.attn_k_b.weight", shape=(heads, latent, part.qk_nope_head_dim))
    yield tensor._replace(name="blk.{i}.attn_v_b.weight", shape=(heads, part.v_head_dim, latent))


def _layer_tensor(tensor: Tensor, names: Mapping[str, str]) -> Iterator[GgufTensor]:
    name = _gguf_name(tensor.name.removeprefix(LAYER_PREFIX), names)
    merged = (tensor.experts, *tensor.shape) if tensor.experts > 1 else tensor.shape
    place = "expert" if tensor.component == "experts" else "layer"
    for copy in range(tensor.copies):
        suffix = f".{copy}" if tensor.copies > 1 else ""
        yield GgufTensor(name + suffix, _extents(merged), tensor.layers, place)


def _gguf_name(name: str, names: Mapping[str, str]) -> str:
    if name.startswith("blk."):
        return name
    stem, _, ending = name.rpartition(".")
    if name in names:
        return "blk.{i}." + names[name]
    return f"blk.{{i}}.{names.get(stem, stem)}.{ending}"


def _outer_tensor(tensor: Tensor, table: Mapping[str, Any], row: Mapping[str, Any]) -> GgufTensor:
    stem, _, ending = tensor.name.rpartition(".")
    name = table["names"].get(stem, stem)
    shape = tensor.shape
    if tensor.role in ("token_embedding", "output_head") and "max_vocab_rows" in row:
        shape = (min(shape[0], row["max_vocab_rows"]), *shape[1:])
    return GgufTensor(f"{name}.{ending}", _extents(shape), (), _place(name, table))


def _place(name: str, table: Mapping[str, Any]) -> str:
    if name in table["input_tensors"]:
        return "input"
    return "output" if name in table["output_tensors"] else "other"


def _stored_head(architecture: Architecture, table: Mapping[str, Any]) -> Iterator[GgufTensor]:
    """A copy of the tied head that checkpoints carry is converted like any other tensor (Falcon)."""
    for raw in architecture.checkpoint:
        if raw.role == "output_head" and raw.name == "lm_head.weight":
            yield GgufTensor("output.weight", _extents(raw.shape), (), "output")


def _rope_factors(architecture: Architecture, row: Mapping[str, Any]) -> Iterator[GgufTensor]:
    """Precomputed rotary factors: `rope_factor_elements` of the architecture, or head_dim / 2 where always written."""
    elements = getattr(architecture, "rope_factor_elements", 0)
    if not elements and row.get("rope_freqs") == "always":
        attention = _first(_parts(architecture), Attention)
        elements = attention.head_dim // 2
    if elements:
        yield GgufTensor("rope_freqs.weight", (elements,), (), "other")


def _extents(shape: Sequence[int]) -> tuple[int, ...]:
    """Innermost first, trailing ones dropped: the number of extents decides what may be quantised."""
    extents = list(reversed(shape))
    while len(extents) > 1 and extents[-1] == 1:
        extents.pop()
    return tuple(extents)


def _n_gqa(architecture: Architecture, row: Mapping[str, Any]) -> int:
    """Query heads per key/value head as the quantiser sees it: of layer 0, unless one count is stored for all."""
    parts = _part_of_layer(architecture)[0] if row.get("heads") != "scalar" else tuple(_parts(architecture))
    attention = _first(parts, Attention)
    if attention is not None:
        return int(attention.num_attention_heads // max(1, attention.num_key_value_heads))
    latent = _first(parts, LatentAttention)
    return latent.num_attention_heads if latent is not None else 0


def _is_size_70b(architecture: Architecture, row: Mapping[str, Any]) -> bool:
    rule = row.get("size_70b")
    if rule is None or architecture.num_hidden_layers != rule["num_hidden_layers"]:
        return False
    return not rule.get("grouped") or _n_gqa(architecture, row) > 1
