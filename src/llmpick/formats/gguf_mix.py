"""GGUF mixes: which tensor gets which ggml type, by the rule table in catalog/formats/gguf_mixes.yaml."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from llmpick.architecture.attention import Attention, LatentAttention
from llmpick.architecture.decoder import Architecture
from llmpick.architecture.feed_forward import Experts
from llmpick.architecture.state_space import GatedDeltaNet
from llmpick.errors import InvalidFile
from llmpick.formats.base import WeightBytes, block_of
from llmpick.formats.gguf_tensors import GgufTensor, gguf_tensors
from llmpick.inventory.tensors import Tensor


class Features(NamedTuple):
    """What the rules ask of a model."""

    layers: int
    """With the prediction blocks that the file keeps: llama.cpp counts them when it picks types."""
    n_expert: int
    n_gqa: int
    falcon: bool
    imatrix: bool
    tied: bool
    size_70b: bool
    """Whether llama.cpp calls the shape 70B (catalog/formats/gguf_conversion.yaml)."""


class Typed(NamedTuple):
    """Tensors of one name and type: in ``layers``, or one outside them. ``size_bytes`` is of one."""

    name: str
    role: str
    type_name: str
    layers: tuple[int, ...]
    size_bytes: int


def features(architecture: Architecture, conversion: Mapping[str, Any], imatrix: bool = False) -> Features:
    """The structural facts that the rules depend on; ``conversion`` is the data of gguf_conversion.yaml."""
    parts = [part for layer in architecture.layers for part in layer.parts]
    first = next((layer.parts for layer in architecture.layers if 0 in layer.indices), ())
    if any(isinstance(part, GatedDeltaNet) for part in first):
        first = tuple(parts)  # these models' files give one head count for all layers
    heads = next((part for part in first if isinstance(part, (Attention, LatentAttention))), None)
    n_gqa = 0
    if isinstance(heads, Attention):
        n_gqa = heads.num_attention_heads // heads.num_key_value_heads
    elif heads is not None:
        n_gqa = heads.num_attention_heads
    experts = max((part.num_experts for part in parts if isinstance(part, Experts)), default=0)
    predicted = architecture.prediction.blocks if architecture.gguf.keeps_prediction else 0
    return Features(
        layers=architecture.num_hidden_layers + predicted,
        n_expert=experts,
        n_gqa=n_gqa,
        falcon=architecture.model_type in conversion["falcon"],
        imatrix=bool(imatrix),
        tied=architecture.embeddings.tied and not architecture.gguf.stores_tied_output,
        size_70b=any(_is_shape(architecture, n_gqa, row) for row in conversion["size_70b"]),
    )


def _is_shape(architecture: Architecture, n_gqa: int, row: Mapping[str, Any]) -> bool:
    named = architecture.model_type in row["model_types"]
    return (
        named and architecture.num_hidden_layers == row["num_hidden_layers"] and (not row.get("grouped") or n_gqa > 1)
    )


def converts(architecture: Architecture, formats: Mapping[str, Any]) -> bool:
    """Whether llama.cpp can make a GGUF file of this model type at all."""
    return architecture.model_type not in formats["gguf_conversion"]["not_converted"]


def typed_tensors(architecture: Architecture, tensors: tuple[Tensor, ...], mix: str, formats: Mapping[str, Any],
                  imatrix: bool = False) -> list[Typed]:  # fmt: skip
    """Every tensor of the file with its type and bytes."""
    table = formats["gguf_mixes"]
    rules = _rules(table, mix)
    conversion = formats["gguf_conversion"]
    traits = features(architecture, conversion, imatrix)
    rows = gguf_tensors(architecture, tensors, architecture.model_type in conversion["splits_qkv"])
    roles = {row.name: _role(row, table, traits) for row in rows}
    positions = {} if rules.get("plain") else _positions(rows, roles, traits, rules)
    found: list[Typed] = []
    for row in rows:
        kept = _kept_type(row, rules, table)
        if kept is not None:
            found.append(_typed(row, roles[row.name], kept, row.layers, formats))
            continue
        by_type: dict[str, list[int]] = {}
        for layer in row.layers:
            position = positions.get((row.name, layer))
            if position is None:
                break
            by_type.setdefault(_type(row, roles[row.name], rules, table, traits, position, formats), []).append(layer)
        if not by_type:
            type_name = _type(row, roles[row.name], rules, table, traits, (0, traits.layers), formats)
            found.append(_typed(row, roles[row.name], type_name, row.layers, formats))
        found += [_typed(row, roles[row.name], name, tuple(layers), formats) for name, layers in by_type.items()]
    return found


def _typed(row: GgufTensor, role: str, type_name: str, layers: tuple[int, ...], formats: Mapping[str, Any]) -> Typed:
    block, size = block_of(type_name, formats)
    return Typed(row.name, role, type_name, layers, row.row_elements // block * size * row.rows * row.copies)


def weigh_mix(architecture: Architecture, tensors: tuple[Tensor, ...], mix: str, formats: Mapping[str, Any],
              imatrix: bool = False) -> WeightBytes:  # fmt: skip
    """Bytes by place. A tied embedding is loaded a second time as output; Falcon's file stores it twice."""
    layers = [0] * architecture.num_hidden_layers
    experts = [0] * architecture.num_hidden_layers
    embedding = output = other = predicted = 0
    tied_copy = 0
    for row in typed_tensors(architecture, tensors, mix, formats, imatrix):
        if row.layers:
            routed = row.size_bytes if "_exps." in row.name else 0
            for layer in row.layers:
                if layer < len(layers):
                    layers[layer] += row.size_bytes
                    experts[layer] += routed
                else:
                    predicted += row.size_bytes
        elif row.name in ("token_embd.weight", "position_embd.weight"):
            embedding += row.size_bytes
            tied_copy += row.size_bytes if row.name == "token_embd.weight" else 0
        elif row.name.startswith("output") or row.name.startswith("final_norm"):
            output += row.size_bytes
        else:
            other += row.size_bytes
    total = sum(layers) + embedding + output + other
    if architecture.embeddings.tied and not architecture.gguf.stores_tied_output:
        output += tied_copy
    return WeightBytes(mix, total, embedding, output, tuple(layers), tuple(experts), other, predicted)


def _rules(table: Mapping[str, Any], mix: str) -> dict[str, Any]:
    row = dict(table["mixes"][mix])
    if "like" in row:
        row = {**_rules(table, row["like"]), **row}
    return row


def _role(row: GgufTensor, table: Mapping[str, Any], traits: Features) -> str:
    name = row.name.removeprefix("blk.{i}.")
    if name == "token_embd.weight" and traits.tied:
        return "output"
    if name in table["exact_roles"]:
        return str(table["exact_roles"][name])
    return next((role for part, role in table["roles"] if part in name), "other")


_COUNTED = ("attention_v", "ffn_up", "ffn_gate", "ffn_down")
"""Roles whose tensors llama.cpp numbers."""


def _by_position(rule: str) -> bool:
    """Whether a rule depends on which tensor of its role it is asked for."""
    return any(
        condition.removeprefix("not ").startswith(("first", "more_bits", "middle")) for condition in _parsed(rule)[1]
    )


def _positions(rows: list[GgufTensor], roles: Mapping[str, str], traits: Features,
               rules: Mapping[str, Any]) -> dict[tuple[str, int | None], tuple[int, int]]:  # fmt: skip
    """(name, layer) -> (position, number) as llama.cpp counts them for attention_v and ffn roles."""
    positional = {role for role in _COUNTED if any(_by_position(rule) for rule in rules.get(role, ()))}
    by_role: dict[str, list[tuple[int, str]]] = {}
    for row in rows:
        if row.name.endswith(".weight") and roles[row.name] in positional:
            by_role.setdefault(roles[row.name], []).extend((layer, row.name) for layer in row.layers)
    found: dict[tuple[str, int | None], tuple[int, int]] = {}
    for role, places in by_role.items():
        by_layer = role != "attention_v" and traits.n_expert > 1 and rules.get("ffn_position") != "order"
        number = len(places) if role == "attention_v" else traits.layers
        for order, (layer, name) in enumerate(sorted(places)):
            found[name, layer] = (layer if by_layer else order, number)
    return found


def _kept_type(row: GgufTensor, rules: Mapping[str, Any], table: Mapping[str, Any]) -> str | None:
    """The type of a tensor that the mix's rules do not touch."""
    quantisable = row.dimensions >= 2 and row.name.endswith(".weight")
    if not quantisable or any(part in row.name for part in table["never_quantised"]):
        sixteen = any(part in row.name for part in table["kept_16bit"])
        return "f16" if sixteen and rules["base"] != "f32" else "f32"
    return str(rules["base"]) if rules.get("plain") else None


def _type(row: GgufTensor, role: str, rules: Mapping[str, Any], table: Mapping[str, Any], traits: Features,
          position: tuple[int, int], formats: Mapping[str, Any]) -> str:  # fmt: skip
    chosen = _chosen(row, role, rules, table, traits, position, formats)
    if role == "attention_v" and rules.get("common", True) and traits.size_70b:
        chosen = table["upgrades"]["attention_v"]["types"].get(chosen, chosen)
    return _fitting(chosen, row.row_elements, table, formats)


def _chosen(row: GgufTensor, role: str, rules: Mapping[str, Any], table: Mapping[str, Any], traits: Features,
            position: tuple[int, int], formats: Mapping[str, Any]) -> str:  # fmt: skip
    common = table["common"].get(role, []) if rules.get("common", True) else []
    block = block_of(rules["base"], formats)[0]
    for rule in (*common, *rules.get(role, [])):
        type_name, conditions = _parsed(rule)
        if all(_holds(condition, row, traits, position, block) for condition in conditions):
            return type_name
    return str(rules["base"])


@cache
def _parsed(rule: str) -> tuple[str, tuple[str, ...]]:
    type_name, _, condition = rule.partition(" if ")
    return type_name, tuple(condition.split(" and ")) if condition else ()


_CONDITIONS: dict[str, Callable[[GgufTensor, Features, int, int, int], bool]] = {
    "imatrix": lambda row, traits, index, number, block: traits.imatrix,
    "falcon": lambda row, traits, index, number, block: traits.falcon,
    "size_70b": lambda row, traits, index, number, block: traits.size_70b,
    "merged_3d": lambda row, traits, index, number, block: row.merged_3d,
    "unaligned": lambda row, traits, index, number, block: row.row_elements % block != 0,
    "more_bits": lambda row, traits, index, number, block: (
        index < number // 8 or index >= 7 * number // 8 or (index - number // 8) % 3 == 2
    ),
    "middle": lambda row, traits, index, number, block: number // 8 <= index < 7 * number // 8,
    "first 1/8": lambda row, traits, index, number, block: index < number // 8,
    "first 1/16": lambda row, traits, index, number, block: index < number // 16,
    "first 2": lambda row, traits, index, number, block: index < 2,
    "first 4": lambda row, traits, index, number, block: index < 4,
    "n_gqa >= 4": lambda row, traits, index, number, block: traits.n_gqa >= 4,
    "n_expert == 8": lambda row, traits, index, number, block: traits.n_expert == 8,
    "n_expert >= 4": lambda row, traits, index, number, block: traits.n_expert >= 4,
}
"""The rule table's conditions; the table's own comments say what each means."""


def _holds(condition: str, row: GgufTensor, traits: Features, position: tuple[int, int], block: int) -> bool:
    wanted = not condition.startswith("not ")
    test = _CONDITIONS.get(condition if wanted else condition[4:])
    if test is None:
        raise InvalidFile(f"gguf_mixes.yaml: unknown condition {condition!r}")
    return test(row, traits, *position, block) is wanted


def _fitting(type_name: str, row_elements: int, table: Mapping[str, Any], formats: Mapping[str, Any]) -> str:
    """The type, or the one to fall back to when a row is not a whole number of blocks."""
    if row_elements % block_of(type_name, formats)[0] == 0:
        return type_name
    smaller = table["fallbacks"].get(type_name)
    if smaller and row_elements % block_of(smaller, formats)[0] == 0:
        return str(smaller)
    return str(table["last_fallback"])
