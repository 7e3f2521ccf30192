"""No bytes make a reader fail in any way but InvalidFile, or allocate beyond a bound."""

import json
import struct
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from model_writers import gguf_header, safetensors_header

from llmpick.errors import InvalidFile
from llmpick.readers.gguf import read_gguf
from llmpick.readers.safetensors import read_safetensors
from llmpick.readers.source import open_source
from llmpick.readers.stored import bytes_by_component, logical_parameters, weight_split
from llmpick.readers.stored_rows import inventory_rows

FUZZ = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
MEMORY_BOUND_BYTES = 2**25
"""For files of a few kilobytes: buffers, not what a lying header announces."""

_GGUF, _GGUF_DATA = gguf_header(
    {"general.architecture": "llama", "llama.block_count": 2, "general.name": "x", "t": ["a"] * 70, "n": [1, 2, 3]},
    [("token_embd.weight", "Q8_0", (4, 64)), ("blk.0.ffn_up_exps.weight", "F16", (2, 3, 5)), ("output.weight", "F32", (2,))],
)  # fmt: skip
GGUF_FILE = _GGUF + bytes(_GGUF_DATA)
_TENSORS, _TENSORS_DATA = safetensors_header({
    "model.layers.0.mlp.up_proj.qweight": ("I32", (16, 64)), "model.layers.0.mlp.up_proj.scales": ("F16", (1, 64)),
    "model.layers.0.mlp.up_proj.qzeros": ("I32", (1, 8)), "a.weight": ("U8", (8, 8)), "a.weight_scale": ("F8_E4M3", (8, 1)),
})  # fmt: skip
SAFETENSORS_FILE = _TENSORS + bytes(_TENSORS_DATA)

Edits = list[tuple[int, bytes]]
EDITS = st.lists(st.tuples(st.integers(0, 4096), st.binary(min_size=1, max_size=9)), min_size=1, max_size=6)


def mutated(data: bytes, edits: Edits, cut: int) -> bytes:
    changed = bytearray(data)
    for place, replacement in edits:
        start = place % len(changed)
        changed[start : start + len(replacement)] = replacement
    return bytes(changed[: len(changed) - cut % len(changed)])


def read_bounded(reader: Callable[[Path], Any], path: Path) -> None:
    """Read, fold, and check what was allocated meanwhile."""
    message = ""
    tracemalloc.start()
    try:
        model = reader(path)
        assert logical_parameters(model) >= 0
        assert sum(bytes_by_component(model).values()) == weight_split(model)["tensor_bytes"]
        assert sum(row.parameters for row in inventory_rows(model)) == logical_parameters(model)
    except InvalidFile as error:
        message = error.message
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < MEMORY_BOUND_BYTES
    assert message.isprintable()


@FUZZ
@given(edits=EDITS, cut=st.just(0) | st.integers(0, 4096))
def test_mutated_gguf(tmp_path: Path, edits: Edits, cut: int) -> None:
    (tmp_path / "m.gguf").write_bytes(mutated(GGUF_FILE, edits, cut))
    read_bounded(read_gguf, tmp_path / "m.gguf")


@FUZZ
@given(
    place=st.integers(0, len(_GGUF) - 8),
    value=st.sampled_from([0, 1, 2**16, 2**31, 2**32 - 1, 2**40, 2**63, 2**64 - 1]),
)
def test_lying_numbers_in_gguf(tmp_path: Path, place: int, value: int) -> None:
    """A huge or tiny number anywhere in the header, counts and lengths included."""
    data = GGUF_FILE[:place] + struct.pack("<Q", value) + GGUF_FILE[place + 8 :]
    (tmp_path / "m.gguf").write_bytes(data)
    read_bounded(read_gguf, tmp_path / "m.gguf")


@FUZZ
@given(edits=EDITS, cut=st.just(0) | st.integers(0, 4096))
def test_mutated_safetensors(tmp_path: Path, edits: Edits, cut: int) -> None:
    (tmp_path / "m.safetensors").write_bytes(mutated(SAFETENSORS_FILE, edits, cut))
    read_bounded(read_safetensors, tmp_path / "m.safetensors")


NAMES = st.sampled_from([
    "x.weight", "x.qweight", "x.scales", "x.qzeros", "x.g_idx", "x.weight_packed", "x.weight_scale", "x.weight_shape",
    "x.weight.absmax", "x.SCB", "x_blocks", "x_scales", "x.biases", "x.trellis", "x.suh", "x.q_weight", "x.q_invperm",
    "x.scale", "x.weight_scale_inv", "model.layers.0.x.weight", "model.layers.99999.x.qweight",
])  # fmt: skip
ENTRIES = st.dictionaries(
    NAMES, st.tuples(st.sampled_from(["U8", "I8", "I32", "U32", "F8_E4M3", "F16", "F32", "I64"]), st.lists(st.integers(0, 9), max_size=4)),
    max_size=8,
)  # fmt: skip
SCALARS = st.none() | st.integers(-3, 99) | st.floats(allow_nan=True) | st.text(max_size=3) | st.booleans()
QUANTIZATIONS = st.dictionaries(
    st.sampled_from(["bits", "group_size", "quant_method", "version", "w_bit", "config_groups", "x"]),
    SCALARS | st.just("awq") | st.just("gemv") | st.dictionaries(st.text(max_size=2), SCALARS | st.dictionaries(
        st.just("weights"), st.dictionaries(st.sampled_from(["num_bits", "group_size"]), SCALARS))),
)  # fmt: skip


@FUZZ
@given(entries=ENTRIES, quantization=QUANTIZATIONS)
@example(entries={"x.qweight": ("I32", [1, 0]), "x.scales": ("F16", [0, 0])}, quantization={})
def test_any_packing_is_understood_or_refused(
    tmp_path: Path, entries: dict[str, tuple[str, list[int]]], quantization: dict[str, Any]
) -> None:
    """Every combination of packed tensors, shapes and quantisation configs is counted or refused."""
    header, data = safetensors_header({name: (dtype, tuple(shape)) for name, (dtype, shape) in entries.items()})
    (tmp_path / "m.safetensors").write_bytes(header + bytes(data))
    config = {"quantization_config": quantization, "num_hidden_layers": 1}
    read_bounded(lambda path: read_safetensors(path, config), tmp_path / "m.safetensors")


@FUZZ
@given(
    data=st.binary(max_size=300), name=st.sampled_from(["m", "m.gguf", "m.safetensors", "config.json", "x.index.json"])
)
@example(data=b"GGUF", name="m")
@example(data=b'{"weight_map": {"a": []}}', name="x.index.json")
@example(data=b'{"weight_map": 3}', name="config.json")
@example(data=b"\xff{", name="config.json")
def test_any_bytes_under_any_name(tmp_path: Path, data: bytes, name: str) -> None:
    folder = tmp_path / "any"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)
    with suppress(InvalidFile):
        assert open_source(folder / name)
    (folder / name).unlink()


@pytest.mark.parametrize("text", ["[" * 50_000, '{"a":' * 50_000, '"' + "x" * 200_000 + '"', "1" * 100_000])
def test_hostile_json_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text('{"model_type": ' + text)
    with pytest.raises(InvalidFile):
        open_source(tmp_path / "config.json")


def test_announced_sizes_are_not_allocated(tmp_path: Path) -> None:
    """Memory follows what a header holds, not what it announces: here arrays of a gibibyte in a sparse file."""
    head = b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + struct.pack("<Q", 1) + b"k" + struct.pack("<IIQ", 9, 0, 2**25)
    with (tmp_path / "m.gguf").open("wb") as file:
        file.write(head)
        file.truncate(2**32)
    read_bounded(read_gguf, tmp_path / "m.gguf")
    entries = json.dumps({"a": {"dtype": "U8", "shape": [2**40], "data_offsets": [0, 2**40]}}).encode()
    with (tmp_path / "m.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(entries)) + entries)
        file.truncate(8 + len(entries) + 2**40)
    read_bounded(read_safetensors, tmp_path / "m.safetensors")
