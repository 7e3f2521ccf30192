"""What weighing a model in a format yields, and how a format is found by the name its users use."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from llmpick.errors import UnknownName

Formats = Mapping[str, Mapping[str, Any]]
"""The data of ``catalog/formats``: file name without ending -> content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightBytes:
    """Bytes of a model's weights in one format. All integers are bytes.

    ``tensor_bytes`` is the exact sum of the tensors stored in the file (no header, no alignment). The other fields
    say where they are loaded: their sum is ``tensor_bytes + tied_copy_bytes``, because llama.cpp holds a tied
    embedding a second time as the output head when that is on another device; other runtimes share it
    (``tied_copy_bytes`` 0). ``layer_bytes[i]`` counts everything in layer i, of which ``layer_expert_bytes[i]`` are
    routed experts; ``other_bytes`` are towers, frequency tables and the rest.
    """

    format: str
    tensor_bytes: int
    input_embedding_bytes: int
    output_bytes: int
    layer_bytes: tuple[int, ...]
    layer_expert_bytes: tuple[int, ...]
    other_bytes: int
    tied_copy_bytes: int = 0
    container: str = "gguf"
    exact: bool = True
    """False where the format itself leaves the choice open (a fractional EXL3 average, for instance)."""


class TypedTensor(NamedTuple):
    """One tensor of a file for display: ``layer`` None outside the layers; ``size_bytes`` of this one tensor."""

    name: str
    type: str
    shape: tuple[int, ...]
    size_bytes: int
    layer: int | None


@dataclass(frozen=True, eq=False)
class FormatNames:
    """Every name of every weight format, case-insensitively."""

    formats: Formats

    @cached_property
    def _folded(self) -> dict[str, str]:
        rows = {**self.formats["packed"]["formats"], **self.formats["gguf_mixes"]["mixes"]}
        folded = {}
        for name, row in rows.items():
            for spelling in (name, *row.get("aliases", ())):
                folded[spelling.lower()] = name
        return folded

    def find(self, name: str) -> str | None:
        """The canonical name, or None."""
        return self._folded.get(name.strip().lower().replace(" ", "-"))

    def known(self) -> list[str]:
        """Canonical names, mixes first, in the order of the data."""
        return [*self.formats["gguf_mixes"]["mixes"], *self.formats["packed"]["formats"]]


def format_names(formats: Formats) -> list[str]:
    """Canonical names of all weight formats, GGUF mixes first (families such as ``EXL3-{bpw}bpw`` take any number)."""
    return FormatNames(formats).known()


def unknown_format(name: str, formats: Formats) -> UnknownName:
    """The error for a weight format that nobody knows, with near names."""
    return UnknownName.near("weight format", name, format_names(formats))


def kv_cache_types(formats: Formats) -> dict[str, tuple[int, int]]:
    """Cache type -> ``(block_size, block_bytes)``: what ``--kv-cache-type`` accepts."""
    rows = formats["kv_cache"]["types"]
    return {name: (row["block_size"], row["block_bytes"]) for name, row in rows.items()}


def kv_cache_type(name: str, formats: Formats) -> tuple[str, int, int]:
    """``q8_0`` -> ``("q8_0", 32, 34)``. Raises UnknownName with near names."""
    rows = formats["kv_cache"]["types"]
    for known, row in rows.items():
        if name.lower() in (known, *row.get("aliases", ())):
            return known, row["block_size"], row["block_bytes"]
    raise UnknownName.near("KV cache type", name, list(rows))
