"""llama-bench's JSON: what is read of it, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from llmpick.errors import InvalidFile
from llmpick.readers.llama_bench import parse_llama_bench, read_llama_bench

FILE = Path(__file__).resolve().parents[1] / "data" / "speed" / "llama_bench.json"


def entries() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def test_an_array_and_lines_say_the_same() -> None:
    lines = "\n".join(json.dumps(entry) for entry in entries()).encode()
    assert parse_llama_bench(lines, "lines") == read_llama_bench(FILE)


def test_what_a_row_holds() -> None:
    prompt, decode = read_llama_bench(FILE)
    assert (prompt.is_decode, decode.is_decode) == (False, True)
    assert (decode.build, decode.gpu, decode.test_time) == ("b6413", "NVIDIA GeForce RTX 4090", "2025-09-07")
    assert (decode.model_size, decode.parameters, decode.tokens_per_second) == (4912898304, 8030261312, 157.57)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"avg_ts": "fast"}, "avg_ts"), ({"avg_ts": 0}, "avg_ts"), ({"model_size": -1}, "model_size"),
        ({"n_gen": True}, "n_gen"), ({"model_n_params": 1e40}, "model_n_params"), ({"avg_ts": float("nan")}, "avg_ts"),
    ],
)  # fmt: skip
def test_figures_that_cannot_be_are_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidFile, match=said):
        parse_llama_bench(json.dumps([{**entries()[1], **change}]).encode(), "bench.json")


@pytest.mark.parametrize("text", ["", "[]", "{", "[1]", "[{}]", '{"schema": 1}', "[" * 5000])
def test_other_files_are_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        parse_llama_bench(text.encode(), "bench.json")
    assert "bench.json" in caught.value.message


def test_text_cannot_steer_the_terminal() -> None:
    changed = {**entries()[1], "gpu_info": "RTX\x1b[31m 4090\u202e"}
    assert parse_llama_bench(json.dumps([changed]).encode(), "x")[0].gpu == "RTX[31m 4090"
