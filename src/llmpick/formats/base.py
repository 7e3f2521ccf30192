"""What every format gives: the bytes of a model's weights, by place."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from llmpick.errors import UnknownName

IMATRIX = "+imatrix"
"""Marks a GGUF mix made with an importance matrix, which changes some types (catalog/formats/gguf_mixes.yaml)."""


class WeightBytes(NamedTuple):
    """A model's weights in one format. ``tensor_bytes`` is the exact sum of the tensors that the model runs on.

    ``input_embedding_bytes``: token and position tables (they stay on the host in llama.cpp); ``output_bytes``: output
    head and final norm as loaded, for tied models the copy of the embedding that the runtime loads;
    ``layer_bytes``: everything in each layer, of which ``layer_expert_bytes`` are routed experts; ``other_bytes``:
    the rest. ``prediction_bytes``: multi-token-prediction blocks, which the file holds besides and a runtime does not
    load unless it speculates with them.
    """

    format: str
    tensor_bytes: int
    input_embedding_bytes: int
    output_bytes: int
    layer_bytes: tuple[int, ...]
    layer_expert_bytes: tuple[int, ...]
    other_bytes: int
    prediction_bytes: int = 0

    @property
    def file_bytes(self) -> int:
        """Every tensor of the file."""
        return self.tensor_bytes + self.prediction_bytes


def known_formats(formats: Mapping[str, Any]) -> list[str]:
    """Every format name, GGUF mixes first."""
    return [*formats["gguf_mixes"]["mixes"], *formats["packed"]["formats"]]


def canonical_name(name: str, formats: Mapping[str, Any]) -> str:
    """The format's own spelling of a name or alias, compared without case. Raises UnknownName with near ones.

    A family's name carries numbers: ``exl3-4.25bpw`` is ``EXL3-4.25bpw``. ``IQ4_XS+imatrix`` is a mix as the quantiser
    makes it with an importance matrix.
    """
    folded, _, matrix = name.lower().replace("/imatrix", IMATRIX).partition("+")
    if matrix and f"+{matrix}" == IMATRIX:
        return _with_imatrix(canonical_name(folded, formats), name, formats)
    folded = name.lower()
    for table in (formats["gguf_mixes"]["mixes"], formats["packed"]["formats"]):
        for known, row in table.items():
            if folded == known.lower() or folded in (alias.lower() for alias in row.get("aliases", ())):
                return str(known)
    member = family_member(name, formats["packed"])
    if member is not None:
        return member[0]
    raise UnknownName.near("format", name, known_formats(formats))


def _with_imatrix(known: str, name: str, formats: Mapping[str, Any]) -> str:
    """``known`` marked; only GGUF mixes are made with an importance matrix."""
    if known not in formats["gguf_mixes"]["mixes"]:
        raise UnknownName.near("format", name, known_formats(formats))
    return known + IMATRIX


def family_member(name: str, packed: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """A name of a family of packed formats and its row: ``GPTQ-3bit-64g`` -> 3 bits, a scale for 64 weights.

    None when no family has such a name or its packer does not offer these numbers.
    """
    import re

    for pattern, row in packed["families"].items():
        numbers = r"(?P<bits>[0-9]{1,2}(?:\.[0-9]{1,3})?)"
        groups = r"(?P<group>[0-9]{1,5})"
        expression = re.escape(pattern).replace(r"\{bits\}", numbers).replace(r"\{group\}", groups)
        match = re.fullmatch(expression, name.strip(), re.IGNORECASE)
        if match is not None and (found := _numbered(match.groupdict(), row)) is not None:
            written = {key: str(value) for key, value in found.items() if key in ("bits", "group")}
            return pattern.format(**written), found
    return None


def _numbered(text: Mapping[str, str], row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The row with the numbers of the name put in, or None when they are not offered."""
    bits = float(text["bits"])
    if not row.get("fractional"):
        if bits not in row["any_bits"]:
            return None
        bits = int(bits)
    elif not row["smallest_bits"] <= bits <= row["largest_bits"]:
        return None
    found = {**row, "bits": bits}
    if "group" in text:
        if int(text["group"]) not in row["any_group"]:
            return None
        found["group"] = int(text["group"])
    if row.get("zero_bits") == "bits":
        found["zero_bits"] = bits
    return found


def block_of(type_name: str, formats: Mapping[str, Any]) -> tuple[int, int]:
    """(elements, bytes) of one block of a ggml type."""
    row = formats["ggml_types"]["types"][type_name]
    return row["block_size"], row["block_bytes"]
