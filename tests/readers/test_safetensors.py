"""safetensors headers: single files, shards, configs beside them, and damage that is refused."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from model_writers import safetensors_header, write_safetensors

from llmpick.errors import InvalidFile
from llmpick.inventory.tensors import COMPONENT_OF
from llmpick.readers import safetensors_names
from llmpick.readers.safetensors import MAX_HEADER_BYTES, read_index, read_safetensors
from llmpick.readers.safetensors_names import place_of
from llmpick.readers.stored import logical_parameters, tensor_bytes

TENSORS = {
    "model.embed_tokens.weight": ("BF16", (100, 16)),
    "model.layers.0.self_attn.q_proj.weight": ("BF16", (16, 16)),
    "model.layers.1.mlp.down_proj.weight": ("BF16", (16, 64)),
    "model.norm.weight": ("F32", (16,)),
}  # fmt: skip


def test_header_and_tensors_make_up_the_file(tmp_path: Path) -> None:
    header_bytes = write_safetensors(tmp_path / "model.safetensors", TENSORS)
    model = read_safetensors(tmp_path / "model.safetensors")
    assert model.header_bytes == header_bytes
    assert model.total_file_bytes == header_bytes + tensor_bytes(model)
    assert {tensor.name: (tensor.type_name, tensor.shape) for tensor in model.tensors} == TENSORS
    assert logical_parameters(model) == 1600 + 256 + 1024 + 16
    assert model.metadata == {"format": "pt"}


def test_reads_what_the_safetensors_package_writes(tmp_path: Path) -> None:
    """A file written by the format's own package is read to the same tensors."""
    numpy = pytest.importorskip("numpy")
    theirs = pytest.importorskip("safetensors.numpy")
    arrays = {
        "b": numpy.zeros((3, 5), numpy.float16),
        "a": numpy.zeros((7,), numpy.float32),
        "c": numpy.zeros((), "int8"),
    }
    theirs.save_file(arrays, tmp_path / "model.safetensors", {"note": "x"})
    model = read_safetensors(tmp_path / "model.safetensors")
    assert {tensor.name: (tensor.type_name, tensor.shape) for tensor in model.tensors} == {
        "b": ("F16", (3, 5)), "a": ("F32", (7,)), "c": ("I8", ()),
    }  # fmt: skip


def test_config_beside_is_found(tmp_path: Path) -> None:
    write_safetensors(tmp_path / "model.safetensors", TENSORS)
    assert read_safetensors(tmp_path / "model.safetensors").config is None
    (tmp_path / "config.json").write_text('{"num_hidden_layers": 1}')
    model = read_safetensors(tmp_path / "model.safetensors")
    assert model.config == {"num_hidden_layers": 1}
    assert logical_parameters(model) == 1600 + 256 + 16  # layer 1 is beyond the model


def sharded(folder: Path, weight_map: dict[str, Any] | None = None) -> Path:
    names = list(TENSORS)
    shards = {"model-00001-of-00002.safetensors": names[:2], "model-00002-of-00002.safetensors": names[2:]}
    for shard, inside in shards.items():
        write_safetensors(folder / shard, {name: TENSORS[name] for name in inside})
    found = {name: shard for shard, inside in shards.items() for name in inside}
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": {**found, **(weight_map or {})}}))
    return index


def test_shards_are_one_model(tmp_path: Path) -> None:
    model = read_index(sharded(tmp_path))
    assert len(model.files) == 2
    assert {tensor.name for tensor in model.tensors} == set(TENSORS)
    assert model.total_file_bytes == model.header_bytes + tensor_bytes(model)


def test_missing_shard_is_named(tmp_path: Path) -> None:
    index = sharded(tmp_path)
    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(InvalidFile, match="model-00002-of-00002"):
        read_index(index)


ELSEWHERE = ["../secret.safetensors", "/etc/x.safetensors", "a\\b.safetensors", "x.bin", "C:x.safetensors", 7, "\x1b"]


@pytest.mark.parametrize("shard", ELSEWHERE)
def test_an_index_cannot_lead_elsewhere(tmp_path: Path, shard: Any) -> None:
    """Shards are plain .safetensors names beside the index, whatever it says."""
    with pytest.raises(InvalidFile, match="is not the name of"):
        read_index(sharded(tmp_path, {"x": shard}))


def test_a_tensor_that_no_shard_holds(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="is in no shard"):
        read_index(sharded(tmp_path, {"ghost.weight": "model-00001-of-00002.safetensors"}))


def _file(entries: Any, data_bytes: int = 0) -> bytes:
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text + bytes(data_bytes)


def _entry(dtype: Any = "F32", shape: Any = (2, 2), offsets: Any = (0, 16)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


WHOLE = b"".join((safetensors_header(TENSORS)[0], bytes(safetensors_header(TENSORS)[1])))
DAMAGED = {
    "empty": (b"", "at byte 0"),
    "longer than the file": (struct.pack("<Q", 2**40) + b"{}", "in a file of"),
    "cut data": (WHOLE[:-1], "describes"),
    "extra data": (WHOLE + b"x", "describes"),
    "cut header": (WHOLE[:100], "at byte 0"),
    "not JSON": (_file(b"{]"), "not valid JSON"),
    "not an object": (_file(b"[1,2]"), "not a safetensors header"),
    "deep": (_file(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), "nested too deep"),
    "many": (_file(b'{"a":[' + b"0," * 4_000_000 + b"0]}"), "more than"),
    "long number": (_file(b'{"a":{"dtype":"F32","shape":[' + b"9" * 5000 + b'],"data_offsets":[0,0]}}'), "not valid JSON"),
    "same name": (_file(json.dumps({"a": _entry(), "b": _entry(offsets=[16, 32])}).replace("b", "a").encode(), 32), "expected at 0"),
    "metadata": (_file({"__metadata__": 3}), "__metadata__"),
    "dtype": (_file({"a": _entry("F33")}, 16), "not known"),
    "dtype type": (_file({"a": _entry([])}, 16), "not known"),
    "no shape": (_file({"a": {"dtype": "F32"}}, 16), "missing"),
    "shape text": (_file({"a": _entry(shape="22")}, 16), "short list"),
    "shape negative": (_file({"a": _entry(shape=[-2, -2])}, 16), "whole numbers"),
    "shape float": (_file({"a": _entry(shape=[2.0, 2])}, 16), "whole numbers"),
    "shape bool": (_file({"a": _entry(shape=[True, 4])}, 16), "whole numbers"),
    "wrong size": (_file({"a": _entry(shape=[2, 3])}, 16), "does not take"),
    "hole": (_file({"a": _entry(offsets=[4, 20])}, 20), "expected at 0"),
    "overlap": (_file({"a": _entry(), "b": _entry(offsets=[8, 24])}, 24), "expected at 16"),
    "backwards": (_file({"a": _entry(offsets=[16, 0])}, 16), "does not take"),
    "escape": (_file({"a\x1b[2J": _entry()}, 16), "unprintable"),
    "entry": (_file({"a": 5}), "missing"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_refused(tmp_path: Path, name: str) -> None:
    data, message = DAMAGED[name]
    (tmp_path / "d.safetensors").write_bytes(data)
    with pytest.raises(InvalidFile, match=message):
        read_safetensors(tmp_path / "d.safetensors")


def test_a_header_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "d.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", MAX_HEADER_BYTES + 1) + b"{")
        file.truncate(2**31)
    with pytest.raises(InvalidFile, match="at most"):
        read_safetensors(tmp_path / "d.safetensors")


def test_roles_have_components() -> None:
    """Every role that a name can have belongs to a component."""
    rules = (
        *safetensors_names._IN_LAYER,
        *safetensors_names._W2,
        *safetensors_names._OUTSIDE,
        *safetensors_names._TOWERS,
    )
    assert {role for role, _ in rules} <= set(COMPONENT_OF)


@pytest.mark.parametrize(("name", "role", "layer"), [
    ("model.layers.3.self_attn.q_proj.weight", "attention_q", 3),
    ("model.layers.3.self_attn.k_proj.bias", "attention_k", 3),
    ("model.layers.0.self_attn.o_proj.weight", "attention_output", 0),
    ("model.layers.0.self_attn.kv_a_proj_with_mqa.weight", "attention_kv_a", 0),
    ("model.layers.0.self_attn.kv_a_layernorm.weight", "latent_norm", 0),
    ("model.layers.0.self_attn.indexer.wq_b.weight", "indexer", 0),
    ("model.layers.0.self_attn.sinks", "attention_sinks", 0),
    ("model.layers.0.input_layernorm.weight", "norm", 0),
    ("model.layers.9.mlp.gate.weight", "router", 9),
    ("model.layers.9.mlp.experts.17.gate_proj.weight", "expert_gate", 9),
    ("model.layers.9.mlp.experts.down_proj", "expert_down", 9),
    ("model.layers.9.mlp.experts.gate_up_proj_bias", "expert_gate_up", 9),
    ("model.layers.9.mlp.shared_experts.up_proj.weight", "shared_expert_up", 9),
    ("model.layers.9.mlp.shared_expert_gate.weight", "shared_expert_router", 9),
    ("model.layers.4.block_sparse_moe.experts.2.w2.weight", "expert_down", 4),
    ("model.layers.4.block_sparse_moe.gate.weight", "router", 4),
    ("transformer.h.5.attn.c_attn.weight", "attention_qkv", 5),
    ("h.5.attn.c_proj.weight", "attention_output", 5),
    ("h.5.mlp.c_fc.weight", "mlp_up", 5),
    ("h.5.mlp.c_proj.bias", "mlp_down", 5),
    ("h.5.ln_1.weight", "norm", 5),
    ("transformer.h.1.self_attention.query_key_value.weight", "attention_qkv", 1),
    ("transformer.h.1.self_attention.dense.weight", "attention_output", 1),
    ("transformer.h.1.mlp.dense_4h_to_h.weight", "mlp_down", 1),
    ("gpt_neox.layers.1.attention.query_key_value.bias", "attention_qkv", 1),
    ("model.layers.2.attention.wqkv.weight", "attention_qkv", 2),
    ("model.layers.2.feed_forward.w2.weight", "mlp_down", 2),
    ("transformer.blocks.3.attn.Wqkv.weight", "attention_qkv", 3),
    ("transformer.blocks.3.ffn.down_proj.weight", "mlp_down", 3),
    ("backbone.layers.7.mixer.in_proj.weight", "ssm_in", 7),
    ("backbone.layers.7.mixer.A_log", "ssm_a", 7),
    ("backbone.layers.7.mixer.conv1d.bias", "ssm_conv", 7),
    ("model.layers.1.linear_attn.in_proj_qkvz.weight", "ssm_in", 1),
    ("model.embed_tokens.weight", "token_embedding", None), ("transformer.wte.weight", "token_embedding", None),
    ("transformer.wpe.weight", "position_embedding", None), ("lm_head.weight", "output_head", None),
    ("embed_out.weight", "output_head", None), ("model.norm.weight", "final_norm", None),
    ("transformer.ln_f.bias", "final_norm", None), ("gpt_neox.final_layer_norm.weight", "final_norm", None),
    ("language_model.model.layers.3.self_attn.q_proj.weight", "attention_q", 3),
    ("vision_tower.vision_model.encoder.layers.3.self_attn.q_proj.weight", "vision", None),
    ("visual.blocks.0.attn.qkv.weight", "vision", None), ("visual.merger.mlp.0.weight", "projector", None),
    ("multi_modal_projector.linear_1.weight", "projector", None), ("audio_tower.layers.0.fc1.weight", "audio", None),
    ("qformer.encoder.layer.3.attention.attention.query.weight", "projector", None),
    ("query_tokens", "projector", None), ("language_projection.bias", "projector", None),
    ("model.video_tower.encoder.layers.3.mlp.fc1.weight", "vision", None),
    ("model.vqmodel.decoder.up.0.block.1.conv1.weight", "vision", None),
    ("model.generation_head.vision_head.weight", "vision", None),
    ("model.layers.4.mlp.vision_moe.experts.gate_up_proj", "expert_gate_up", 4),
    ("model.layers.4.mlp.text_moe.gate.weight", "router", 4),
    ("model.layers.4.mlp.router.gate.weight", "router", 4),
    ("transformer.blocks.3.ffn.experts.mlp.v1", "expert_up", 3),
    ("model.language_model.layers.3.cross_attn.k_proj.weight", "attention_k", 3),
    ("transformer.tokens_embed.weight", "token_embedding", None),
    ("transformer.positions_embed.weight", "position_embedding", None),
    ("model.layers.0.mystery", "other", 0),
])  # fmt: skip
def test_role_of_a_name(name: str, role: str, layer: int | None) -> None:
    place = place_of(name)
    assert (place.role, place.layer) == (role, layer)


def test_a_weight_that_only_sounds_like_a_quantisation_scale_counts() -> None:
    """Gemma 3n's alternating updates have a trained output scale."""
    assert place_of("model.layers.3.altup.correct_output_scale").not_counted == ""
    assert place_of("model.layers.3.mlp.down_proj.output_scale").not_counted == "quantisation scale"
