"""What GGUF metadata say about a model's caches, architecture by architecture unknown.

`gguf_config` is the better way: it yields a whole architecture. This one serves files whose architecture has no mapping
there: the metadata keys for heads, lengths and states are the same for all (llama.cpp src/llama-hparams.cpp,
n_embd_k_gqa, n_embd_v_gqa, n_embd_r, n_embd_s).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmpick.errors import InvalidFile, UnsupportedArchitecture
from llmpick.inventory.caches import CacheLayer
from llmpick.readers.gguf_config import GgufFacts, architecture_name
from llmpick.readers.stored import StoredModel

MAX_SIZE = 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufShape:
    """Sizes by layer (tuples have one entry a layer), as the metadata give them. None: not given."""

    architecture: str
    num_hidden_layers: int
    hidden_size: int | None
    max_position_embeddings: int | None
    vocab_size: int | None
    layer_kinds: tuple[str, ...]
    """``full``, ``sliding``, ``recurrent``, ``parallel`` (both), ``moe`` or ``mlp``, as the layer's tensors show."""
    num_attention_heads: tuple[int, ...]
    num_key_value_heads: tuple[int, ...]
    key_length: int | None
    value_length: int | None
    latent: bool
    """Keys and values are cached as one latent row. False for files without lengths for it (key_length_mla): for
    those llama.cpp caches every head, though the weights are the same."""
    kv_lora_rank: int | None
    rope_dimension_count: int | None
    sliding_window: int | None
    shared_kv_layers: int
    """Layers at the end that read an earlier layer's cache."""
    expert_count: int
    expert_used_count: int | None
    ssm_conv_kernel: int | None
    ssm_inner_size: int | None
    ssm_state_size: int | None
    ssm_group_count: int | None


def shape_of(model: StoredModel) -> GgufShape:
    """The shape that the metadata of a GGUF model give. InvalidFile for sizes that are none."""
    name = architecture_name(model)
    facts = GgufFacts(model, name)
    raw = {key.removeprefix(name + "."): value for key, value in model.metadata.items() if key.startswith(name + ".")}
    heads = _per_layer(raw, "attention.head_count", facts.layer_count, 0)
    return GgufShape(
        architecture=name,
        num_hidden_layers=facts.layer_count,
        hidden_size=_size(raw, "embedding_length"),
        max_position_embeddings=_size(raw, "context_length"),
        vocab_size=facts.get("vocab_size"),
        layer_kinds=tuple(facts.layer_kind(layer) for layer in range(facts.layer_count)),
        num_attention_heads=heads,
        num_key_value_heads=_per_layer(raw, "attention.head_count_kv", facts.layer_count, heads),
        key_length=_size(raw, "attention.key_length"),
        value_length=_size(raw, "attention.value_length"),
        latent=bool(_size(raw, "attention.kv_lora_rank") and _size(raw, "attention.key_length_mla")),
        kv_lora_rank=_size(raw, "attention.kv_lora_rank"),
        rope_dimension_count=_size(raw, "rope.dimension_count"),
        sliding_window=_size(raw, "attention.sliding_window"),
        shared_kv_layers=_size(raw, "attention.shared_kv_layers") or 0,
        expert_count=_size(raw, "expert_count") or 0,
        expert_used_count=_size(raw, "expert_used_count"),
        ssm_conv_kernel=_size(raw, "ssm.conv_kernel"),
        ssm_inner_size=_size(raw, "ssm.inner_size"),
        ssm_state_size=_size(raw, "ssm.state_size"),
        ssm_group_count=_size(raw, "ssm.group_count"),
    )


def _size(raw: Mapping[str, Any], key: str) -> int | None:
    value = raw.get(key)
    if value is None:
        return None
    if type(value) is not int or not 0 <= value < MAX_SIZE:
        raise InvalidFile(f"{key} is {str(value)[:40]}: not a size")
    return value


def _per_layer(raw: Mapping[str, Any], key: str, layers: int, default: "int | tuple[int, ...]") -> tuple[int, ...]:
    """One number for all layers, or one a layer (multi-token-prediction blocks, at the end, are left out)."""
    value = raw.get(key, default)
    if type(value) is int:
        value = (value,) * layers
    if not isinstance(value, tuple) or len(value) < layers:
        raise InvalidFile(f"{key} does not give a number for each of {layers} layers")
    if any(type(number) is not int or not 0 <= number < MAX_SIZE for number in value):
        raise InvalidFile(f"{key} is not a size in every layer")
    return value[:layers]


def shape_cache_layers(shape: GgufShape) -> tuple[CacheLayer, ...]:
    """The caches of ``shape``, never too small: a layer slides only where the file says which layers do.

    Raises UnsupportedArchitecture when a layer keeps something whose size the metadata do not give.
    """
    rows: dict[CacheLayer, list[int]] = {}
    shared_from = shape.num_hidden_layers - shape.shared_kv_layers
    for layer, kind in enumerate(shape.layer_kinds):
        if kind in ("recurrent", "parallel"):
            rows.setdefault(_state(shape), []).append(layer)
        if kind in ("full", "sliding", "parallel") and layer < shared_from:
            rows.setdefault(_attention(shape, layer, kind), []).append(layer)
    return tuple(row._replace(layers=tuple(layers)) for row, layers in rows.items())


def _attention(shape: GgufShape, layer: int, kind: str) -> CacheLayer:
    if shape.latent and shape.kv_lora_rank:
        if shape.rope_dimension_count is None:
            raise _incomplete(shape, "rope.dimension_count")
        return CacheLayer("latent", (), 1, shape.kv_lora_rank + shape.rope_dimension_count, 0)
    heads, key, value = shape.num_key_value_heads[layer], shape.key_length, shape.value_length
    if key is None or value is None:
        if not shape.hidden_size or not shape.num_attention_heads[layer]:
            raise _incomplete(shape, "attention.key_length")
        width = shape.hidden_size // shape.num_attention_heads[layer]
        key, value = (width if key is None else key), (width if value is None else value)
    window = shape.sliding_window if kind == "sliding" else None
    return CacheLayer("sliding" if window else "full", (), heads, key, value, window)


def _state(shape: GgufShape) -> CacheLayer:
    """Mamba: state_size x inner_size, and kernel - 1 inputs of the convolution (over x, B and C)."""
    kernel, inner, state = shape.ssm_conv_kernel, shape.ssm_inner_size, shape.ssm_state_size
    if kernel is None or inner is None or state is None or kernel < 1:
        raise _incomplete(shape, "ssm.*")
    convolved = inner + 2 * (shape.ssm_group_count or 0) * state
    return CacheLayer("recurrent", (), recurrent_elements=state * inner, convolution_elements=(kernel - 1) * convolved)


def _incomplete(shape: GgufShape, key: str) -> UnsupportedArchitecture:
    return UnsupportedArchitecture(f"the caches of a {shape.architecture} GGUF file cannot be known without {key}",
                                   "give the model's config.json")  # fmt: skip
