"""What ``llama-bench -o json`` (or ``jsonl``) wrote: its rows, checked. Everything in the file is untrusted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from llmpick.errors import InvalidFile
from llmpick.readers.bounded import bounded_json, open_regular, printable

MAX_BYTES = 8 * 2**20
_COUNTS = ("model_size", "model_n_params")
_HINT = "write it with: llama-bench -m MODEL.gguf -p 512 -n 128 -o json > bench.json"


class BenchRow(NamedTuple):
    """One test: ``prompt`` tokens read or ``generated`` written after ``depth``, in tokens per second.

    ``model_size`` is the sum of tensor bytes in the file, ``parameters`` the weights in it.
    """

    model_type: str
    model_file: str
    model_size: int
    parameters: int
    prompt: int
    generated: int
    depth: int
    tokens_per_second: float
    deviation: float
    gpu: str
    backend: str
    build: str
    test_time: str
    layers_on_gpu: int
    type_k: str
    type_v: str

    @property
    def is_decode(self) -> bool:
        """Whether it only generates."""
        return self.generated > 0 and self.prompt == 0


def read_llama_bench(path: str | Path) -> list[BenchRow]:
    """The rows of a file. Raises InvalidFile saying what is wrong with it."""
    shown = printable(str(path))
    with open_regular(path) as file:
        data = file.read(MAX_BYTES + 1) or b""
    return parse_llama_bench(data, shown)


def parse_llama_bench(data: bytes, shown: str) -> list[BenchRow]:
    """The rows of a JSON array, or of one JSON object a line."""
    if len(data) > MAX_BYTES:
        raise InvalidFile(f"{shown} is larger than {MAX_BYTES} bytes", _HINT)
    text = data.strip()
    if text.startswith(b"["):
        found = bounded_json(text, shown, 200_000)
    else:
        found = [bounded_json(line, shown, 10_000) for line in text.splitlines() if line.strip()]
    rows = [_row(entry, f"{shown}: row {position}") for position, entry in enumerate(found, 1)]
    if not rows:
        raise InvalidFile(f"{shown} has no rows", _HINT)
    return rows


def _row(entry: Any, where: str) -> BenchRow:
    if not isinstance(entry, Mapping) or not set(entry) >= {*_COUNTS, "avg_ts", "n_gen", "n_prompt"}:
        raise InvalidFile(f"{where} is not llama-bench's", _HINT)
    size, parameters = (_number(entry[key], f"{where}: {key}", 1, 10**15) for key in _COUNTS)
    return BenchRow(
        _text(entry, "model_type"), _text(entry, "model_filename"), int(size), int(parameters),
        _count(entry, "n_prompt", where), _count(entry, "n_gen", where), _count(entry, "n_depth", where),
        _number(entry["avg_ts"], f"{where}: avg_ts", 1e-6, 1e9), _number(entry.get("stddev_ts", 0.0), f"{where}: stddev_ts", 0, 1e9),
        _text(entry, "gpu_info"), _text(entry, "backends"), _build(entry), _text(entry, "test_time")[:10],
        int(_number(entry.get("n_gpu_layers", -1), f"{where}: n_gpu_layers", -(10**6), 10**6)),
        _text(entry, "type_k") or "f16", _text(entry, "type_v") or "f16",
    )  # fmt: skip


def _build(entry: Mapping[str, Any]) -> str:
    number, commit = entry.get("build_number"), _text(entry, "build_commit")
    known = isinstance(number, int) and not isinstance(number, bool) and number > 0
    return f"b{number}" if known else commit


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    return printable(value)[:300].strip() if isinstance(value, str) else ""


def _count(entry: Mapping[str, Any], key: str, where: str) -> int:
    return int(_number(entry.get(key, 0), f"{where}: {key}", 0, 10**9))


def _number(value: Any, where: str, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise InvalidFile(f"{where}: {str(value)[:60]!r} is no such number", _HINT)
    return value
