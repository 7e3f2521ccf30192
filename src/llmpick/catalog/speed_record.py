"""Measured speeds and the constants fitted to them, as the files of ``catalog/speed`` hold them.

Plain dataclasses, validated by ``pydantic.TypeAdapter`` at catalog load. A row is one run of one model on one kind of
card; its source, date and runtime stand once for all rows of a batch.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from llmpick.catalog.constraints import Gt, Len, Pattern
from llmpick.catalog.yaml_door import Parsed, Problem, read_yaml

Text = Annotated[str, Len(1, 300)]
Count = Annotated[int, Gt(0)]
Positive = Annotated[float, Gt(0)]
Date = Annotated[str, Pattern(r"\d{4}(-\d{2}(-\d{2})?)?")]
_STRICT: dict[str, Any] = {"extra": "forbid", "strict": True}
MEASUREMENTS, CONSTANTS = "speed/measurements.yaml", "speed/constants.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedRow:
    """Tokens per second: ``decode`` of ``generated`` tokens after ``depth``, or ``prefill`` of ``prompt`` tokens.

    ``batch`` sequences at once or ``speculative`` drafting yield more tokens than steps and must be declared.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    model: Text
    format: Text
    gpu: Text
    cards: Count = 1
    generated: Count | None = None
    depth: Count | None = None
    prompt: Count | None = None
    decode: Positive | None = None
    prefill: Positive | None = None
    batch: Count = 1
    speculative: bool = False
    file: Text | None = None
    """The file's own mix, where it is only near ``format``."""
    file_gib: Positive | None = None
    runs: Count | None = None
    """Of how many rows with these settings this is the median."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedBatch:
    """Rows of one source, runtime and date. ``split``: how several cards share the work."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    source: Text
    date: Date
    runtime: Text
    backend: Literal["CUDA", "ROCm", "Vulkan", "Metal", "SYCL", "CPU"] | None = None
    build: Text | None = None
    split: Literal["layer", "row", "tensor"] | None = None
    rows: Annotated[list[SpeedRow], Len(1, 5000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadRow:
    """Factors on a speed that hold 90 % of what was left out of the fit; ``of``: the wider group they are from."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    low: Positive
    high: Positive
    rows: Count
    cards: Count
    left_out: Literal["generation", "card", "model"] | None = None
    of: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantsRow:
    """The constants of one group of cards (their meaning: docs/speed.md)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    efficiency: Positive
    layer_us: float
    earlier_layer_us: float | None = None
    latest_layer_us: float | None = None
    mixture_layer_us: float | None = None
    overlaps: bool = False
    utilisation: Positive | None = None
    hop_us: float | None = None
    all_reduce_us: float | None = None
    decode: SpreadRow
    mixture: SpreadRow | None = None
    prefill: SpreadRow | None = None
    calibrated: SpreadRow | None = None
    """What a prediction is worth once a machine's own run of another model has given it e."""
    rows: Count
    cards: Count
    first: Date
    last: Date
    """Dates of the oldest and the newest row."""
    gpus: list[Text]


def speed_problems(tables: Mapping[str, Any], models: Mapping[str, Any], gpus: Mapping[str, Any]) -> Iterator[Problem]:
    """Problems of every batch and constant: their shape, and names that the catalog does not have."""
    from llmpick.catalog.schema import record_problems

    for key, batch in tables.get("measurements", {}).items():
        found = [(path, message) for path, message in record_problems(SpeedBatch, batch)]
        yield from (Problem(MEASUREMENTS, 1, 1, _path(key, path), message) for path, message in found)
        for position, row in enumerate(batch["rows"] if not found else ()):
            for field, message in _row_problems(row, models, gpus):
                yield Problem(MEASUREMENTS, 1, 1, _path(key, ("rows", position, field)), message)
    for runtime, groups in tables.get("constants", {}).items():
        for group, row in groups.items() if isinstance(groups, dict) else ():
            for path, message in record_problems(ConstantsRow, row):
                yield Problem(CONSTANTS, 1, 1, _path(runtime, (group, *path)), message)


def located(problems: Iterable[Problem], files: Mapping[str, Path]) -> Iterator[Problem]:
    """The same problems with the line and column of the row or key that they name."""
    read: dict[str, Parsed] = {}
    for problem in problems:
        if problem.file in files:
            parsed = read.setdefault(problem.file, read_yaml(files[problem.file], problem.file))
            path = tuple(int(part) if part.isdigit() else part for part in problem.field.split("."))
            marks = [parsed.marks[path[:end]] for end in range(len(path), 0, -1) if path[:end] in parsed.marks]
            line, column = marks[0] if marks else (1, 1)
            yield problem._replace(line=line, column=column)
        else:
            yield problem


def _row_problems(
    row: Mapping[str, Any], models: Mapping[str, Any], gpus: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    if row["model"] not in models:
        yield "model", f"{row['model']!r} is not in the catalog"
    if row["gpu"] not in gpus:
        yield "gpu", f"{row['gpu']!r} is not in the catalog"
    if ("decode" in row) == ("prefill" in row):
        yield "decode", "a row is of decode or of prefill"
    if "prefill" in row and "prompt" not in row:
        yield "prompt", "missing: how many tokens were read"


def _path(key: str, path: tuple[str | int, ...]) -> str:
    return ".".join(map(str, (key, *path)))
