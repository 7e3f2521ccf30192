"""One model as plain hyperparameters: what it is made of, layer by layer. No numbers are computed here."""

from dataclasses import dataclass, field

from llmpick.architecture.attention import Attention, CachedState, LatentAttention
from llmpick.architecture.feed_forward import Experts, Mlp
from llmpick.architecture.state_space import GatedDeltaNet, Mamba, Mamba2, ShortConvolution

Part = Attention | LatentAttention | Mlp | Experts | Mamba | Mamba2 | GatedDeltaNet | ShortConvolution


@dataclass(frozen=True, slots=True, kw_only=True)
class Norm:
    """``rms``: one weight an element; ``layer``: weight and, unless ``bias`` is false, bias; ``none``: no weights."""

    kind: str = "rms"
    bias: bool = True

    def elements(self, width: int) -> int:
        """Weights of one norm over ``width`` elements."""
        if self.kind == "none":
            return 0
        return width * (2 if self.kind == "layer" and self.bias else 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTensor:
    """A weight that no structural feature describes: given by name, role and shape."""

    name: str
    role: str
    shape: tuple[int, ...]
    count: int = 1
    active_count: int | None = None
    """How many of ``count`` one token uses (None: all)."""
    optional: bool = False
    """Of what a checkpoint stores: whether only some checkpoints of the architecture have it."""
    note: str = ""
    """What it is, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """Multi-token-prediction blocks of the checkpoint, which a runtime need not load."""

    blocks: int = 0
    like_layers: tuple[int, ...] = ()
    """The layers that a block repeats in shape (empty: the last one)."""
    tables: tuple[str, ...] = ()
    """``embed_tokens``, ``lm_head``: the model's tables that checkpoints repeat for each block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One kind of layer and the indices at which it stands."""

    indices: tuple[int, ...]
    parts: tuple[Part, ...] = ()
    norms: tuple[tuple[str, int], ...] = ()
    """(name, width) of each norm of the residual stream."""
    tensors: tuple[RawTensor, ...] = ()
    cached: tuple[CachedState, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeddings:
    """Input and output tables. Widths differ from ``hidden_size`` where a projection joins them (OPT-350m)."""

    vocab_size: int
    embedding_size: int
    tied: bool
    output_rows: int
    output_bias: bool = False
    position_rows: int = 0
    norm: bool = False
    projections: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """How the model's GGUF file differs from its weights: an output row stored although tied, further rows, a cut table."""

    stores_tied_output: bool = False
    vocab_size: int | None = None
    ignores_windows: bool = False
    """llama.cpp keeps full caches for this architecture although its config names a sliding window."""
    keeps_prediction: bool = False
    """Whether the file holds the multi-token-prediction blocks too, as further layers."""
    keeps_shared_keys_and_values: bool = False
    """Whether the file holds, and llama.cpp loads, K and V of layers that read another layer's cache."""
    tensors: tuple[RawTensor, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """Everything that decides which weights a model has and what it keeps per token."""

    model_type: str
    hidden_size: int
    num_hidden_layers: int
    max_position_embeddings: int | None
    embeddings: Embeddings
    layers: tuple[Layer, ...]
    norm: Norm
    final_norm: bool = True
    tensors: tuple[RawTensor, ...] = ()
    """Weights outside the layers: vision and audio towers, projectors, shared blocks."""
    position_encoding: str = "rotary"
    activation: str | None = None
    parallel_residual: bool = False
    gguf: Conversion = Conversion()
    checkpoint: tuple[RawTensor, ...] = field(default=())
    """What checkpoints store beyond the model as it runs: copies of a tied head, masks, frequencies."""
    prediction: Prediction = Prediction()
