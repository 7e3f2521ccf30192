"""Bytes of tensors stored in blocks: every ggml type packs ``block_size`` elements of a row into ``block_bytes``."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, NamedTuple


class BlockType(NamedTuple):
    """One storage type: ``block_bytes`` hold ``block_size`` consecutive elements of a row."""

    name: str
    block_size: int
    block_bytes: int

    @property
    def bits_per_element(self) -> float:
        """Average bits an element, scales included (for display only: bytes are computed from blocks)."""
        return 8 * self.block_bytes / self.block_size

    def fits(self, row_length: int) -> bool:
        """Whether rows of this length can be stored: a block never crosses the end of a row."""
        return row_length % self.block_size == 0

    def row_bytes(self, row_length: int) -> int:
        """Bytes of one row: ``row_length / block_size * block_bytes`` (ggml.c, ggml_row_size). Raises ValueError."""
        if not self.fits(row_length):
            raise ValueError(f"{self.name} stores {self.block_size} elements a block; {row_length} is not a multiple")
        return row_length // self.block_size * self.block_bytes

    def tensor_bytes(self, extents: Sequence[int]) -> int:
        """Bytes of a tensor whose innermost extent comes first, as GGUF stores shapes. Raises ValueError."""
        return self.row_bytes(extents[0]) * prod(extents[1:])


def block_types(table: Mapping[str, Any]) -> dict[str, BlockType]:
    """The types of ``ggml_types.yaml`` by name."""
    return {name: BlockType(name, row["block_size"], row["block_bytes"]) for name, row in table["types"].items()}
