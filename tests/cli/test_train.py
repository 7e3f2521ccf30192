"""``llmpick train`` as people and programs see it."""

import json
from pathlib import Path

import pytest

from llmpick.cli.main import run

TERMS = ("weights", "adapters", "gradients", "optimizer", "activations", "logits", "buffers", "runtime")


def answered(arguments: list[str], capsys: pytest.CaptureFixture[str], code: int = 0) -> dict[str, object]:
    assert run(["train", *arguments, "--json"]) == code
    document: dict[str, object] = json.loads(capsys.readouterr().out)
    return document


@pytest.mark.parametrize(
    "arguments",
    [["llama-7b"], ["llama-7b", "--method", "full", "--gpus", "4", "--pipeline-parallel", "2", "--tensor-parallel", "2"],
     ["qwen3-30b-a3b", "--method", "qlora"], ["zamba2-7b"]],
    ids=" ".join,
)  # fmt: skip
def test_the_terms_add_up(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Integers of bytes whose sum is the total, inside the interval."""
    memory = answered(arguments, capsys)["memory"]
    assert isinstance(memory, dict)
    assert all(isinstance(size, int) and size >= 0 for size in memory.values())
    assert sum(memory[name] for name in TERMS) == memory["total"]
    assert memory["low"] <= memory["total"] <= memory["high"]


def test_what_fits_is_at_its_limit(capsys: pytest.CaptureFixture[str]) -> None:
    """The largest batch fits, one more does not."""
    found = answered(["llama-2-7b", "--gpu", "24GB"], capsys)
    batch = found["max_batch"]
    assert isinstance(batch, int)
    assert found["verdict"] == "fits"
    assert batch > 1
    assert answered(["llama-2-7b", "--gpu", "24GB", "--batch", str(batch)], capsys)["verdict"] == "fits"
    assert answered(["llama-2-7b", "--gpu", "24GB", "--batch", str(batch + 1)], capsys)["verdict"] == "tight"


def test_nothing_fits_is_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    """Full fine-tuning of 7B on one 24 GB card, with what would make it smaller, largest saving first."""
    found = answered(["llama-7b", "--method", "full", "--gpu", "24GB"], capsys, 1)
    changes = found["changes"]
    assert isinstance(changes, list)
    assert {"QLoRA", "LoRA", "8-bit AdamW"} <= {row["change"] for row in changes}
    assert [row["saves"] for row in changes] == sorted((row["saves"] for row in changes), reverse=True)


def test_gpus_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """As many as were described; --gpus of one described card; never more than were described."""
    assert answered(["llama-7b", "--gpu", "2x RTX 3090"], capsys)["gpus"] == 2
    several = answered(["llama-7b", "--gpu", "24GB", "--gpus", "4", "--fsdp"], capsys)
    assert several["gpus"] == 4
    assert isinstance(several["devices"], list)
    assert len(several["devices"]) == 4
    assert run(["train", "llama-7b", "--gpu", "2x RTX 3090", "--gpus", "3"]) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["llama-7", "--json"], 4, "llama-7b"),
        (["llama-7b", "--optimizer", "adamx"], 4, "adamw"),
        (["falcon-7b", "--targets", "q_proj"], 2, "query_key_value"),
        (["llama-7b", "--gpus", "4", "--tensor-parallel", "3"], 2, "multiple"),
        (["llama-7b", "--sequence", "many"], 2, "many"),
        (["llama-7b", "--zero", "4"], 2, "zero"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_refusal_says_why(arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", *arguments]) == code
    assert said in capsys.readouterr().err


def test_the_table_fits_the_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Eighty columns, and the logits are shown."""
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["train", "llama-3.1-8b", "--gpu", "24GB"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("logits") for line in lines)
    assert [line for line in lines if "  " in line.strip() and len(line) > 80] == []


@pytest.mark.parametrize("style", ["csv", "markdown", "html"])
def test_other_formats(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The same figures in every format."""
    assert run(["train", "llama-7b", "--format", style]) == 0
    assert "13,476,831,232" in capsys.readouterr().out


def test_a_machine_without_a_gpu_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A rig of host memory alone cannot be judged, and is not silently left out."""
    rig = tmp_path / "rig.yaml"
    rig.write_text("host: {total: 64GB}\ndevices: []\n", encoding="utf-8")
    assert run(["train", "llama-7b", "--hardware", str(rig)]) == 2
    assert "no GPU" in capsys.readouterr().err
