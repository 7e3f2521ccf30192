"""What a checkpoint stores that the running model does not count, item by item.

``parameters + sum of items = elements of the checkpoint``, as the hub adds up safetensors headers. Some items follow
from the architecture (a prediction block that the config names, the router's load-balancing biases); others are a
choice of whoever uploaded it, and only a record can say so (``checkpoint_stores``).
"""

from collections.abc import Collection, Iterator
from dataclasses import replace
from math import prod
from typing import NamedTuple

from llmpick.architecture.attention import Attention
from llmpick.architecture.decoder import Architecture
from llmpick.architecture.feed_forward import Experts
from llmpick.inventory.decoder import inventory
from llmpick.inventory.tensors import Tensor

MTP, MTP_EMBEDDING, MTP_HEAD = "mtp", "mtp.embed_tokens.weight", "mtp.lm_head.weight"
TIED_HEAD = "lm_head.weight"
FP8_SCALES, MXFP4_SCALES = "weight_scale_inv", "experts.scales"
SHARED_KV, ROUTER_BIAS = "shared_kv", "e_score_correction_bias"
CHOICES = {
    TIED_HEAD: "copy of the tied output head",
    MTP: "multi-token-prediction block",
    MTP_EMBEDDING: "token embedding again, for the prediction block",
    MTP_HEAD: "output head again, for the prediction block",
    FP8_SCALES: "FP8 scales, one a block of 128 × 128",
    MXFP4_SCALES: "MXFP4 scales, one for 32 weights of an expert",
    ROUTER_BIAS: "routers' load-balancing biases (buffers)",
    SHARED_KV: "K and V of layers that read another's cache",
}
"""Items that every architecture may have, beside those its mapping names; a record's ``checkpoint_stores`` picks."""
_FP8_BLOCK = 128
_MXFP4_BLOCK = 32
_WHOLE = frozenset({"router", "shared_expert_router"})
"""Roles that FP8 checkpoints leave in 16 bit, like every matrix with fewer rows than a block (indexer weights)."""


class CheckpointItem(NamedTuple):
    """``elements`` that the checkpoint holds under tensors called like ``name``; ``why`` in words."""

    name: str
    why: str
    elements: int


def checkpoint_items(architecture: Architecture, stores: Collection[str] | None = None) -> tuple[CheckpointItem, ...]:
    """What a checkpoint of ``architecture`` holds beyond its `inventory`.

    ``stores`` names the items; None: those that follow from the architecture (a tied copy that it always stores, the
    prediction blocks and router biases of the config).
    """
    rows, prediction = inventory(architecture), architecture.prediction
    blocks = prediction.blocks or (1 if stores is not None and MTP in stores else 0)
    made = [
        *(CheckpointItem(raw.name, raw.note, prod(raw.shape) * raw.count) for raw in architecture.checkpoint),
        *_copies(architecture),
        *_prediction(architecture, rows, blocks),
        CheckpointItem(ROUTER_BIAS, CHOICES[ROUTER_BIAS], _router_biases(architecture, blocks)),
        CheckpointItem(FP8_SCALES, CHOICES[FP8_SCALES], _fp8_scales(architecture, rows, blocks)),
        CheckpointItem(MXFP4_SCALES, CHOICES[MXFP4_SCALES], _mxfp4_scales(rows)),
        CheckpointItem(SHARED_KV, CHOICES[SHARED_KV], _shared_kv(architecture)),
    ]
    wanted = _certain(architecture) if stores is None else stores
    return tuple({item.name: item for item in made if item.elements and item.name in wanted}.values())


def predicting(architecture: Architecture, stores: Collection[str]) -> Architecture:
    """The architecture with the prediction blocks and the tables in them that its checkpoint is known to store."""
    if MTP not in stores:
        return architecture
    tables = tuple(name.split(".")[1] for name in (MTP_EMBEDDING, MTP_HEAD) if name in stores)
    blocks = architecture.prediction.blocks or 1
    return replace(architecture, prediction=replace(architecture.prediction, blocks=blocks, tables=tables))


def _certain(architecture: Architecture) -> frozenset[str]:
    """Items that every checkpoint of the architecture has."""
    return frozenset({MTP, ROUTER_BIAS} | {raw.name for raw in architecture.checkpoint if not raw.optional})


def possible_items(architecture: Architecture) -> frozenset[str]:
    """Names that a record of this architecture may list in ``checkpoint_stores``."""
    return frozenset(CHOICES) | {raw.name for raw in architecture.checkpoint}


def _copies(architecture: Architecture) -> Iterator[CheckpointItem]:
    tables = architecture.embeddings
    if tables.tied:
        yield CheckpointItem(TIED_HEAD, CHOICES[TIED_HEAD], tables.output_rows * tables.embedding_size)


def _prediction(architecture: Architecture, rows: tuple[Tensor, ...], blocks: int) -> Iterator[CheckpointItem]:
    """DeepSeek-V3 (arXiv:2412.19437, 2.2): a block is a layer, a projection of both inputs, and norms of both inputs
    and of the output. The tables are the model's own, which some checkpoints repeat."""
    hidden, tables = architecture.hidden_size, architecture.embeddings
    layers = sum(_in_layer(row) * _repeated(architecture, row.layers) for row in rows)
    norms = 3 * architecture.norm.elements(hidden)
    yield CheckpointItem(MTP, CHOICES[MTP], blocks * (layers + 2 * hidden * hidden + norms))
    copies = ((MTP_EMBEDDING, tables.vocab_size), (MTP_HEAD, tables.output_rows))
    for name, table_rows in copies:
        yield CheckpointItem(name, CHOICES[name], blocks * table_rows * tables.embedding_size)


def _repeated(architecture: Architecture, layers: tuple[int, ...]) -> int:
    """How many of ``layers`` a prediction block has a layer of the shape of."""
    like = architecture.prediction.like_layers or (architecture.num_hidden_layers - 1,)
    return sum(layer in layers for layer in like)


def _router_biases(architecture: Architecture, blocks: int) -> int:
    """One an expert, in each sparse layer and prediction block."""
    return sum(
        part.num_experts * (len(layer.indices) + blocks * _repeated(architecture, layer.indices))
        for layer in architecture.layers
        for part in layer.parts
        if isinstance(part, Experts) and part.score_correction_bias
    )


def _fp8_scales(architecture: Architecture, rows: tuple[Tensor, ...], blocks: int) -> int:
    """Blocks of every linear layer inside the layers, rounded up in both directions."""
    total = 0
    for row in rows:
        if len(row.shape) == 2 and row.layers and row.role not in _WHOLE and row.shape[0] >= _FP8_BLOCK:
            scales = -(-row.shape[0] // _FP8_BLOCK) * -(-row.shape[1] // _FP8_BLOCK) * row.experts * row.copies
            total += scales * (len(row.layers) + blocks * _repeated(architecture, row.layers))
    return total


def _mxfp4_scales(rows: tuple[Tensor, ...]) -> int:
    experts = (row for row in rows if row.component == "experts" and len(row.shape) > 1)
    return sum(row.parameters for row in experts) // _MXFP4_BLOCK


def _shared_kv(architecture: Architecture) -> int:
    """K and V projections and the key norm of layers that read another layer's cache."""
    return sum(
        len(layer.indices)
        * (part.num_key_value_heads * (part.head_dim + part.value_head_dim) * architecture.hidden_size
           + part.key_norm_elements)
        for layer in architecture.layers
        for part in layer.parts
        if isinstance(part, Attention) and part.shares_cache_with is not None
    )  # fmt: skip


def _in_layer(row: Tensor) -> int:
    return row.elements * row.experts * row.copies
