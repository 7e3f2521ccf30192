"""What every format gives: the bytes of a model's weights, by place."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from llmpick.errors import UnknownName


class WeightBytes(NamedTuple):
    """A model's weights in one format. ``tensor_bytes`` is the exact sum of tensor bytes in the file.

    ``input_embedding_bytes``: token and position tables (they stay on the host in llama.cpp); ``output_bytes``: output
    head and final norm as loaded, for tied models the copy of the embedding that the runtime loads;
    ``layer_bytes``: everything in each layer, of which ``layer_expert_bytes`` are routed experts; ``other_bytes``:
    the rest.
    """

    format: str
    tensor_bytes: int
    input_embedding_bytes: int
    output_bytes: int
    layer_bytes: tuple[int, ...]
    layer_expert_bytes: tuple[int, ...]
    other_bytes: int


def known_formats(formats: Mapping[str, Any]) -> list[str]:
    """Every format name, GGUF mixes first."""
    return [*formats["gguf_mixes"]["mixes"], *formats["packed"]["formats"]]


def canonical_name(name: str, formats: Mapping[str, Any]) -> str:
    """The format's own spelling of a name or alias, compared without case. Raises UnknownName with near ones."""
    folded = name.lower()
    for table in (formats["gguf_mixes"]["mixes"], formats["packed"]["formats"]):
        for known, row in table.items():
            if folded == known.lower() or folded in (alias.lower() for alias in row.get("aliases", ())):
                return str(known)
    raise UnknownName.near("format", name, known_formats(formats))


def block_of(type_name: str, formats: Mapping[str, Any]) -> tuple[int, int]:
    """(elements, bytes) of one block of a ggml type."""
    row = formats["ggml_types"]["types"][type_name]
    return row["block_size"], row["block_bytes"]
