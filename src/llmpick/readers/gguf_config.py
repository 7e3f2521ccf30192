"""A GGUF file's metadata -> the Hugging Face config that says the same, so that one description serves both.

How each ``general.architecture`` maps is data (catalog/architectures/_gguf.yaml); this module interprets it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from llmpick.architecture.decoder import Architecture
from llmpick.errors import InvalidFile, UnsupportedArchitecture
from llmpick.readers.built import MAX_LAYERS
from llmpick.readers.expressions import Scope
from llmpick.readers.gguf_names import place_of
from llmpick.readers.hf_config import architecture_from_config
from llmpick.readers.stored import StoredModel, has_output_head, mark_tied

MAPPING = "_gguf"
Specs = Mapping[str, Mapping[str, Any]]
_ATTENTION = frozenset({"attention_k", "attention_qkv", "attention_kv_a", "attention_q"})
"""Any shows an attending layer: one that reads another's cache has queries only."""
_RECURRENT = frozenset({"ssm_in", "ssm_conv", "ssm_out", "ssm_other"})
_EXPERTS = frozenset({"expert_down"})


def config_from_gguf(model: StoredModel, specs: Specs) -> dict[str, Any]:
    """The config of the GGUF file ``model``; ``specs`` are the architecture mappings, the one for GGUF among them.

    Raises UnsupportedArchitecture, naming it, for an architecture without a mapping, InvalidFile for metadata that
    lack a size or contradict each other.
    """
    mapping = specs[MAPPING]
    name = architecture_name(model)
    spec = _spec(mapping["architectures"], name)
    if spec.get("model_type") is None:
        raise _unmapped(name, spec)
    facts = GgufFacts(model, name, bool(spec.get("tied")))
    scope = Scope([facts], mapping["defaults"])
    model_type = scope.evaluate(spec["model_type"])
    if model_type is None:
        raise _unmapped(name, spec)
    config = {"model_type": model_type}
    for key, value in {**mapping["config"], **spec.get("config", {})}.items():
        found = _kinds(value, facts, scope) if isinstance(value, Mapping) else scope.evaluate(value)
        if found is not None:
            config[key] = found
    for which, keys in spec.get("periods", {}).items():
        config |= zip(keys, _period(facts.layers_that(which), facts.layer_count, which), strict=True)
    return config


def _unmapped(name: str, spec: Mapping[str, Any]) -> UnsupportedArchitecture:
    because = f": {spec['because']}" if spec else ""
    return UnsupportedArchitecture(
        f"GGUF architecture {name!r} has no mapping to a known model type{because}",
        "the file's weights are counted all the same; give config.json for the rest",
    )


def architecture_from_gguf(model: StoredModel, specs: Specs) -> Architecture:
    """The architecture that the metadata and tensors of a GGUF file describe. Errors as for `config_from_gguf`."""
    return architecture_from_config(config_from_gguf(model, specs), specs)


def with_known_ties(model: StoredModel, specs: Specs) -> StoredModel:
    """The same model; a stored output table is marked as a copy where its architecture always ties the two."""
    spec = _spec(specs[MAPPING]["architectures"], architecture_name(model))
    return mark_tied(model) if spec.get("tied") else model


def _spec(architectures: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The mapping of one architecture over the one it follows; empty when there is none."""
    spec = architectures.get(name, {})
    base = architectures.get(spec.get("follows"), {})
    return {**base, **spec, "config": {**base.get("config", {}), **spec.get("config", {})}} if spec else {}


def architecture_name(model: StoredModel) -> str:
    """``general.architecture``; InvalidFile when the file does not say."""
    name = model.metadata.get("general.architecture")
    if not isinstance(name, str) or not name:
        raise InvalidFile(f"{model.files[0]}: the metadata have no general.architecture")
    return name


def _kinds(value: Mapping[str, Any], facts: "GgufFacts", scope: Scope) -> list[str] | None:
    """``{kinds: {recurrent: mamba, ...}}``: each layer by the name that the config uses for its kind."""
    if not scope.evaluate(value.get("when", True)):
        return None
    names = value["kinds"]
    kinds = [facts.layer_kind(layer) for layer in range(facts.layer_count)]
    unnamed = next((kind for kind in kinds if kind not in names), None)
    if unnamed:
        raise UnsupportedArchitecture(f"a layer of the GGUF file is {unnamed}, which its architecture does not have")
    return [names[kind] for kind in kinds]


def _period(layers: list[int], count: int, which: str) -> tuple[int, int]:
    """(period, offset) of equally spaced layers; none at all is a period that never comes."""
    if not layers:
        return count + 1, count
    period = layers[1] - layers[0] if len(layers) > 1 else count
    offset = layers[0]
    if layers != list(range(offset, count, period)):
        raise UnsupportedArchitecture(f"the layers that {which} are not equally spaced")
    return period, offset


class GgufFacts(Mapping[str, Any]):
    """What expressions of the mapping can name: metadata, flattened, and what the tensors show.

    Per-layer arrays whose entries agree (zeros aside: layers without the part) are given as the one number.
    """

    def __init__(self, model: StoredModel, name: str, always_tied: bool = False) -> None:
        prefix = name + "."
        self._values = {
            key.removeprefix(prefix).replace(".", "_"): _one_number(value)
            for key, value in model.metadata.items()
            if key.startswith(prefix)
        }
        self._tensors = {_bare(tensor.name) for tensor in model.tensors}
        self._roles: dict[int, set[str]] = {}
        for tensor in model.tensors:
            if tensor.layer is not None:
                self._roles.setdefault(tensor.layer, set()).add(place_of(tensor.name).role)
        self._window_pattern = model.metadata.get(prefix + "attention.sliding_window_pattern")
        self._slides = bool(self._values.get("attention_sliding_window"))
        self._values["says_which_layers_slide"] = self._window_pattern is not None or not self._slides
        self._values["tied"] = always_tied or not has_output_head(model)
        self._values["vocab_size"] = _vocab_size(model)
        self.layer_count = self._layer_count()

    def _layer_count(self) -> int:
        blocks, predicting = self._values.get("block_count"), self._values.get("nextn_predict_layers", 0)
        if type(blocks) is not int or type(predicting) is not int or not 0 < blocks - predicting <= MAX_LAYERS:
            raise InvalidFile(f"block_count is {str(blocks)[:40]}", f"it must be between 1 and {MAX_LAYERS}")
        return blocks - predicting

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def get(self, key: str, default: Any = None) -> Any:
        """``has_x``: whether some layer has the tensor x; else the value, or ``default``."""
        if key.startswith("has_") and key not in self._values:
            return key.removeprefix("has_") in self._tensors
        return self._values.get(key, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def layer_kind(self, layer: int) -> str:
        """What the layer's tensors show: ``full`` or ``sliding`` attention, ``recurrent``, both side by side
        (``parallel``), or, in a layer with nothing else, ``moe`` or ``mlp``.
        """
        roles = self._roles.get(layer, set())
        if roles & _RECURRENT:  # such layers may have a fused attn_qkv of their own; separate keys mean attention
            return "parallel" if "attention_k" in roles else "recurrent"
        if roles & _ATTENTION:
            return "sliding" if self._is_sliding(layer) else "full"
        return "moe" if roles & _EXPERTS else "mlp"

    def _is_sliding(self, layer: int) -> bool:
        """By the file's own pattern: a flag a layer, or a period of which the last layer is full (llama.cpp)."""
        pattern = self._window_pattern
        if not self._slides or pattern is None:
            return False
        if isinstance(pattern, tuple):
            return layer < len(pattern) and bool(pattern[layer])
        return type(pattern) is int and pattern > 1 and layer % pattern < pattern - 1

    def layers_that(self, do: str) -> list[int]:
        """Layers that hold attention (``attends``) or routed experts (``sparse``)."""
        wanted = {"attends": _ATTENTION, "sparse": _EXPERTS}[do]
        return [layer for layer in range(self.layer_count) if self._roles.get(layer, set()) & wanted]


def _bare(name: str) -> str:
    """``blk.3.attn_q.bias`` -> ``attn_q_bias``."""
    return name.split(".", 2)[-1].replace(".", "_") if name.startswith("blk.") else name.replace(".", "_")


def _one_number(value: Any) -> Any:
    if isinstance(value, tuple) and value and all(type(number) is int for number in value):
        distinct = set(value) - {0}
        if len(distinct) <= 1:
            return distinct.pop() if distinct else 0
    return value


def _vocab_size(model: StoredModel) -> int | None:
    table = next((tensor for tensor in model.tensors if tensor.role == "token_embedding"), None)
    return table.shape[0] if table and len(table.shape) == 2 else None
