"""GGUF headers: sizes to the byte, both byte orders, split files, and damage that is refused."""

import struct
from math import prod
from pathlib import Path
from typing import Any

import pytest
from model_writers import GGML, GgufBytes, gguf_header, write_gguf

from llmpick.errors import InvalidFile
from llmpick.inventory.tensors import COMPONENT_OF
from llmpick.readers import gguf_names
from llmpick.readers.gguf import MAX_HEADER_BYTES, read_gguf, read_header
from llmpick.readers.gguf_names import place_of
from llmpick.readers.gguf_types import TENSOR_TYPES
from llmpick.readers.gguf_values import Skipped
from llmpick.readers.stored import (
    bytes_by_component,
    bytes_by_type,
    logical_parameters,
    not_counted,
    parameters_by_component,
    stored_elements,
    tensor_bytes,
    weight_split,
)
from llmpick.readers.stored_rows import inventory_rows

METADATA = {"general.architecture": "llama", "llama.block_count": 2, "llama.context_length": 4096,
            "general.name": "tiny", "llama.rope.freq_base": 10000.0, "general.quantized": True,
            "general.tags": ["a", "b"], "llama.attention.head_count_kv": [4, 4]}  # fmt: skip
TENSORS = [
    ("token_embd.weight", "Q8_0", (100, 64)),
    ("blk.0.attn_q.weight", "Q4_K", (64, 256)),
    ("blk.0.ffn_down_exps.weight", "F16", (4, 64, 96)),
    ("blk.1.ffn_norm.weight", "F32", (3,)),
    ("rope_freqs.weight", "F32", (8,)),
    ("output_norm.weight", "F32", (64,)),
]  # fmt: skip


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("version", [2, 3])
def test_header_and_tensors_make_up_the_file(tmp_path: Path, order: str, version: int) -> None:
    """Header, tensor bytes and padding are accounted for in either byte order and both versions."""
    header_bytes = write_gguf(tmp_path / "m.gguf", METADATA, TENSORS, order=order, version=version)
    model = read_gguf(tmp_path / "m.gguf")
    assert model.header_bytes == header_bytes
    assert [(tensor.name, tensor.type_name, tensor.shape) for tensor in model.tensors] == TENSORS
    sizes = [prod(shape) // GGML[kind][1] * GGML[kind][2] for _, kind, shape in TENSORS]
    assert [tensor.bytes_stored for tensor in model.tensors] == sizes
    assert model.total_file_bytes == header_bytes + sum(size + -size % 32 for size in sizes[:-1]) + sizes[-1]
    assert model.metadata["llama.attention.head_count_kv"] == (4, 4)
    assert model.metadata["general.tags"] == ("a", "b")
    assert model.metadata["general.quantized"] is True


def test_folds(tmp_path: Path) -> None:
    """Parameters leave out rotary frequencies; bytes and elements do not."""
    write_gguf(tmp_path / "m.gguf", METADATA, TENSORS)
    model = read_gguf(tmp_path / "m.gguf")
    assert logical_parameters(model) == 6400 + 64 * 256 + 4 * 64 * 96 + 3 + 64
    assert not_counted(model) == {"rotary frequencies": 8}
    assert stored_elements(model) == logical_parameters(model) + 8
    assert sum(bytes_by_type(model).values()) == sum(bytes_by_component(model).values()) == tensor_bytes(model)
    assert sum(parameters_by_component(model).values()) == logical_parameters(model)
    split = weight_split(model)
    assert split["layer_bytes"] == (64 * 144 + 4 * 64 * 96 * 2, 12)
    assert split["layer_expert_bytes"] == (4 * 64 * 96 * 2, 0)
    assert split["input_embedding_bytes"] == 6800
    assert split["output_bytes"] == 6800 + 256  # tied: the runtime loads the table again
    assert split["other_bytes"] == 32
    experts = next(row for row in inventory_rows(model, 1) if row.role == "expert_down")
    assert (experts.experts, experts.experts_used, experts.shape) == (4, 1, (64, 96))


def test_types_agree_with_the_gguf_package() -> None:
    """Names, block sizes and block bytes are those of the format's own package.

    But for Q8_1, which no file holds: ggml-common.h has two half-precision floats where the package has two floats.
    """
    constants = pytest.importorskip("gguf.constants")
    theirs = {int(number): (number.name, *sizes) for number, sizes in constants.GGML_QUANT_SIZES.items()}
    assert {**theirs, 9: ("Q8_1", 32, 36)} == TENSOR_TYPES


def test_reads_what_the_gguf_package_writes(tmp_path: Path) -> None:
    """A file written by the format's own package is read to the same tensors."""
    gguf = pytest.importorskip("gguf")
    numpy = pytest.importorskip("numpy")
    writer = gguf.GGUFWriter(str(tmp_path / "w.gguf"), "qwen2")
    writer.add_block_count(1)
    writer.add_token_list([f"token {number}" for number in range(3000)])
    writer.add_token_scores([0.5] * 3000)
    writer.add_tensor("token_embd.weight", numpy.zeros((30, 64), numpy.float16))
    writer.add_tensor("blk.0.ffn_up.weight", numpy.zeros((96, 64), numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    model = read_gguf(tmp_path / "w.gguf")
    assert [(tensor.type_name, tensor.shape) for tensor in model.tensors] == [("F16", (30, 64)), ("F32", (96, 64))]
    assert model.metadata["tokenizer.ggml.tokens"] == Skipped("string", 3000)
    assert model.total_file_bytes >= model.header_bytes + tensor_bytes(model)


def test_split_file_is_one_model(tmp_path: Path) -> None:
    """Any part leads to all of them; a missing part is an error."""
    parts = [TENSORS[:2], TENSORS[2:4], TENSORS[4:]]
    for number, tensors in enumerate(parts, 1):
        metadata = {**(METADATA if number == 1 else {}), "split.tensors.count": len(TENSORS)}
        write_gguf(tmp_path / f"m-{number:05}-of-00003.gguf", metadata, tensors)
    model = read_gguf(tmp_path / "m-00002-of-00003.gguf")
    assert [tensor.name for tensor in model.tensors] == [name for name, _, _ in TENSORS]
    assert model.metadata["general.name"] == "tiny"
    assert len(model.files) == 3
    (tmp_path / "m-00003-of-00003.gguf").unlink()
    with pytest.raises(InvalidFile, match="m-00003-of-00003"):
        read_gguf(tmp_path / "m-00001-of-00003.gguf")


def test_multi_token_prediction_layers_are_not_counted(tmp_path: Path) -> None:
    metadata = {"general.architecture": "glm4moe", "glm4moe.block_count": 3, "glm4moe.nextn_predict_layers": 1}
    names = ["blk.1.attn_q.weight", "blk.2.attn_q.weight", "blk.2.nextn.eh_proj.weight"]
    write_gguf(tmp_path / "m.gguf", metadata, [(name, "F32", (8, 8)) for name in names])
    model = read_gguf(tmp_path / "m.gguf")
    assert logical_parameters(model) == 64
    assert not_counted(model) == {"multi-token prediction": 128}


def test_split_latent_projections_beside_the_whole_are_copies(tmp_path: Path) -> None:
    tensors = [("blk.0.attn_kv_b.weight", "F16", (32, 8)), ("blk.0.attn_k_b.weight", "F16", (16, 8)),
               ("blk.0.attn_v_b.weight", "F16", (16, 8)), ("blk.1.attn_k_b.weight", "F16", (16, 8))]  # fmt: skip
    write_gguf(tmp_path / "m.gguf", {"general.architecture": "deepseek2"}, tensors)
    assert logical_parameters(read_gguf(tmp_path / "m.gguf")) == 32 * 8 + 16 * 8


def test_control_characters_never_reach_a_terminal(tmp_path: Path) -> None:
    """Escape sequences in metadata are dropped, in names refused."""
    write_gguf(tmp_path / "m.gguf", {"general.name": "evil\x1b[2J\x07\u202emodel"}, [])
    assert read_gguf(tmp_path / "m.gguf").metadata["general.name"] == "evil[2Jmodel"
    write_gguf(tmp_path / "n.gguf", {}, [("a\x1b[2J", "F32", (1,))])
    with pytest.raises(InvalidFile, match="control characters"):
        read_gguf(tmp_path / "n.gguf")


def _damaged() -> dict[str, tuple[bytes, str]]:
    header, data = gguf_header(METADATA, TENSORS)
    whole = header + bytes(data)
    write = GgufBytes()
    preamble = lambda tensors, keys: b"GGUF" + write.pack("IQQ", 3, tensors, keys)  # noqa: E731
    tensor = write.text("x") + write.pack("IQIQ", 1, 31, 8, 0)
    return {
        "empty": (b"", "at byte 0: the file ends too early"),
        "magic": (b"GGML" + whole[4:], "not a GGUF file"),
        "version": (b"GGUF" + write.pack("I", 9) + whole[8:], "version 9"),
        "cut header": (whole[:200], "ends too early"),
        "cut data": (whole[:-1], "1 bytes more than the file has"),
        "tensor count": (preamble(2**60, 0), "tensors announced"),
        "key count": (preamble(0, 2**60), "metadata keys announced"),
        "long key": (preamble(0, 1) + write.pack("Q", 2**62), "metadata key of"),
        "long text": (preamble(0, 1) + write.text("k") + write.pack("IQ", 8, 2**62), "ends too early"),
        "long array": (preamble(0, 1) + write.text("k") + write.pack("IIQ", 9, 4, 2**61), "does not fit"),
        "unknown value": (preamble(0, 1) + write.text("k") + write.pack("I", 77), "unknown type 77"),
        "nested": (preamble(0, 1) + write.text("k") + write.pack("I", 9) + write.pack("IQ", 9, 1) * 9 + bytes(99),
                   "nested too deep"),
        "same key": (preamble(0, 2) + (write.text("k") + write.value(1)) * 2, "occurs twice"),
        "not utf-8": (preamble(0, 1) + write.pack("Q", 2) + b"\xff\xfe" + write.value(1), "not UTF-8"),
        "alignment": (gguf_header({"general.alignment": 48}, [])[0], "not a power of two"),
        "dimensions": (preamble(1, 0) + write.text("x") + write.pack("I", 5) + bytes(80), "5 dimensions"),
        "type": (preamble(1, 0) + write.text("x") + write.pack("IQIQ", 1, 32, 99, 0), "99, which llama.cpp"),
        "removed type": (preamble(1, 0) + write.text("x") + write.pack("IQIQ", 1, 32, 31, 0), "Q4_0_4_4"),
        "row": (preamble(1, 0) + tensor, "impossible shape"),
        "offset": (preamble(1, 0) + write.text("x") + write.pack("IQIQ", 1, 32, 0, 4096), "starts at 4096"),
        "huge": (preamble(1, 0) + write.text("x") + write.pack("IQQIQ", 2, 2**40, 2**40, 0, 0), "impossible shape"),
    }  # fmt: skip


@pytest.mark.parametrize("name", _damaged())
def test_damage_is_refused_with_its_place(tmp_path: Path, name: str) -> None:
    """Each kind of damage is an InvalidFile that says where and what."""
    data, message = _damaged()[name]
    (tmp_path / "d.gguf").write_bytes(data)
    with pytest.raises(InvalidFile, match=message) as caught:
        read_gguf(tmp_path / "d.gguf")
    assert "at byte" in caught.value.message


def test_header_without_end_stops_at_the_limit(tmp_path: Path) -> None:
    """A hole of a terabyte that claims to be strings is given up at the header limit."""
    head = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + GgufBytes().text("k") + struct.pack("<IIQ", 9, 8, 2**36)
    with (tmp_path / "hole.gguf").open("wb") as file:
        file.write(head)
        file.truncate(2**40)
    with pytest.raises(InvalidFile, match="does not fit"):
        read_header(tmp_path / "hole.gguf")
    many = struct.pack("<IIQ", 9, 8, MAX_HEADER_BYTES // 8 - 64)
    with (tmp_path / "hole.gguf").open("r+b") as file:
        file.seek(len(head) - len(many))
        file.write(many + struct.pack("<Q", MAX_HEADER_BYTES))
    with pytest.raises(InvalidFile, match="larger than"):
        read_header(tmp_path / "hole.gguf")


@pytest.mark.parametrize("lengths", [[0] * 5000, [300_000, 1, 2], [262_136, 0, 7], [9] * 70_000])
def test_long_text_arrays_are_passed_over_exactly(tmp_path: Path, lengths: list[int]) -> None:
    """Whatever the strings' lengths and the buffer's edges, the next key is found."""
    values: list[Any] = ["x" * length for length in lengths] + ["y"] * 100
    write_gguf(tmp_path / "m.gguf", {"long": values, "after": 42}, TENSORS[:1])
    model = read_gguf(tmp_path / "m.gguf")
    assert model.metadata == {"long": Skipped("string", len(values)), "after": 42}


def test_roles_have_components() -> None:
    """Every role that a GGUF name can have belongs to a component."""
    roles = {*gguf_names._IN_LAYER.values(), *gguf_names._OUTSIDE.values(), *dict(gguf_names._PREFIXES).values()}
    assert roles <= set(COMPONENT_OF)


@pytest.mark.parametrize(("name", "role", "layer"), [
    ("token_embd.weight", "token_embedding", None), ("output.weight", "output_head", None),
    ("output.bias", "output_head", None), ("blk.12.attn_qkv.bias", "attention_qkv", 12),
    ("blk.0.ffn_gate_exps.weight", "expert_gate", 0), ("blk.0.ffn_up.7.weight", "expert_up", 0),
    ("blk.3.ssm_a", "ssm_a", 3), ("v.blk.0.attn_q.weight", "vision", None), ("mm.0.weight", "projector", None),
    ("blk.2.exp_probs_b.bias", "buffer", 2), ("blk.2.attn_q.scale", "buffer", 2), ("blk.1.mystery.weight", "other", 1),
])  # fmt: skip
def test_role_of_a_name(name: str, role: str, layer: int | None) -> None:
    place = place_of(name)
    assert (place.role, place.layer) == (role, layer)


def test_a_cut_header_is_never_misread(tmp_path: Path) -> None:
    """Truncating a file anywhere in its header is always refused, never misread."""
    header, data = gguf_header(METADATA, TENSORS)
    whole = header + bytes(data)
    for length in range(0, len(header), 7):
        (tmp_path / "c.gguf").write_bytes(whole[:length])
        with pytest.raises(InvalidFile):
            read_gguf(tmp_path / "c.gguf")
