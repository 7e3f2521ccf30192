"""What the catalog says about models: frozen records, one class a kind of fact.

They are plain dataclasses so that `list`, `params` and `fit` need not import pydantic; the loader validates every file
against them with ``pydantic.TypeAdapter`` (strict, unknown keys forbidden). Unknown is absent.
"""

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from llmpick.catalog.constraints import Gt, Len, Pattern, Within

Text = Annotated[str, Len(1, 2000)]
Count = Annotated[int, Gt(0)]
Percent = Annotated[float, Within(0, 100)]
Date = Annotated[str, Pattern(r"\d{4}(-\d{2}(-\d{2})?)?")]
"""``2023``, ``2023-02`` or ``2023-02-27``: as exactly as the source has it."""
_STRICT: dict[str, Any] = {"extra": "forbid", "strict": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a fact was read: a URL, paper or ``owner/repository:path``, when, and how far to trust it."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    source: Text
    date: Date | None = None
    confidence: Literal["high", "medium", "low"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """``commercial_use`` is the plain answer; ``condition`` says under what. Its id is the key in licences.yaml."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    commercial_use: Literal["yes", "conditional", "no", "unknown"]
    name: Text
    sources: list[Source]
    condition: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokenizer:
    """How text becomes tokens."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    algorithm: Text | None = None
    library: Text | None = None
    vocab_size: Count | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What it was trained on and with; ``tokens`` of pre-training (for a derivative: its own, if published)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    tokens: Count | None = None
    data: Text | None = None
    hardware: Text | None = None
    compute: Text | None = None
    knowledge_cutoff: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedParameters:
    """What the makers print: ``text`` as written, ``value`` only where an integer was published."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    text: Text
    value: Count | None = None
    exception: Text | None = None
    """Why the computed count is far from the text, where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """One measured figure in its setting. ``reporter_kind``: independent, maker or third-party."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    benchmark: Text
    value: Percent
    setting: Text | None = None
    variant: Literal["base", "instruct"] | None = None
    reported_by: Text | None = None
    reporter_kind: Literal["independent", "maker", "third-party", "consensus"] | None = None
    low: Percent | None = None
    high: Percent | None = None
    n_reports: Count | None = None
    source: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a survey says. ``memory_gb`` and ``gpus`` are its hardware in numbers, for the check beside it."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    article: Text
    kind: Literal["hardware", "architecture", "training", "licence", "lineage"]
    text: Text
    gpus: Count | None = None
    memory_gb: Count | None = None
    facts: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRecord:
    """One release. ``config`` holds Hugging Face config keys; everything countable is computed from it."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    name: Text
    organization: Text
    weights: Literal["open", "closed"] = "open"
    release_date: Date | None = None
    licence: Text
    derived_from: Text | None = None
    derivation: Text | None = None
    """What was changed in the original's shape, where something was."""
    published_parameters: PublishedParameters | None = None
    context_length: Count | None = None
    languages: Text | None = None
    chinese_support: Text | None = None
    tokenizer: Tokenizer | None = None
    position_encoding: Text | None = None
    normalization: Text | None = None
    activation: Text | None = None
    attention: Text | None = None
    training: Training | None = None
    config: dict[str, Any]
    native_format: Text | None = None
    """The packed format (catalog/formats/packed.yaml) in which the makers publish the weights; absent: 16 or 32 bit."""
    checkpoint_parameters: Count | None = None
    checkpoint_stores: list[Text] = field(default_factory=list)
    """Items of `inventory.checkpoint` that make up the difference between the checkpoint's elements and the count."""
    checkpoint_note: Text | None = None
    repositories: list[Text] = field(default_factory=list)
    variants: list[Literal["base", "instruct", "chat", "reasoning", "code"]] = field(default_factory=list)
    aliases: list[Text] = field(default_factory=list)
    notes: Text | None = None
    benchmarks: list[Benchmark] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    sources: dict[str, list[Source]]
