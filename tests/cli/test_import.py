"""A model file becomes a catalog record that every command knows at once; the walk of CONTRIBUTING works as printed."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from llmpick.catalog.validation import validate
from llmpick.cli.main import run

ROOT = Path(__file__).parents[2]
LLAMA = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 4096, "intermediate_size": 11008,
    "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32, "vocab_size": 32000,
    "tie_word_embeddings": False, "rms_norm_eps": 1e-5, "max_position_embeddings": 2048, "hidden_act": "silu",
    "torch_dtype": "float16", "transformers_version": "4.40.0",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the user is: a directory with a model, and a catalog of their own elsewhere."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    monkeypatch.chdir(tmp_path)
    return model_in(tmp_path / "my-model-7b")


def model_in(path: Path, **changes: Any) -> Path:
    path.mkdir(exist_ok=True)
    (path / "config.json").write_text(json.dumps({**LLAMA, **changes}), encoding="utf-8")
    return path


def printed(arguments: list[str], capsys: pytest.CaptureFixture[str], code: int = 0) -> str:
    assert run(arguments) == code
    streams = capsys.readouterr()
    return streams.out if code == 0 else streams.err


def test_the_walk_of_contributing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command of the section runs as printed, and the record that it makes needs no repair."""
    section = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## A model in five minutes")[1]
    commands = section.split("```sh")[1].split("```")[0].strip().splitlines()
    assert [shlex.split(command)[1] for command in commands] == ["import", "validate", "params", "compare"]
    for command in commands:
        assert run(shlex.split(command)[1:]) == 0, capsys.readouterr().err
    assert "6,738,415,616" in capsys.readouterr().out
    assert (folder.parent / "catalog/models/my-model/my-model-7b.yaml").is_file()


def test_the_finished_record_of_contributing_is_valid(tmp_path: Path) -> None:
    """The annotated example passes validation once its comments are gone."""
    section = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## A model in five minutes")[1]
    example = re.sub(r" +# .*", "", section.split("```yaml")[1].split("```")[0].lstrip())
    file = tmp_path / "models" / "example" / "example-7b.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(example, encoding="utf-8")
    problems, _ = validate([str(tmp_path)])
    assert [str(problem) for problem in problems if "canonically" not in problem.message] == []


def test_without_write_the_record_is_printed_and_nothing_is_written(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = printed(["import", "my-model-7b"], capsys)
    record = yaml.safe_load(text)
    assert text.startswith("# TODO: organization")
    assert record["config"]["hidden_size"] == 4096
    assert not {"architectures", "torch_dtype", "transformers_version"} & set(record["config"])
    assert [path.name for path in folder.parent.iterdir()] == ["my-model-7b"]


def test_the_users_own_catalog_is_where_it_goes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --write and no --catalog: then the model is known without any option."""
    printed(["import", "my-model-7b", "--write"], capsys)
    assert (folder.parent / "settings/llmpick/catalog/models/my-model/my-model-7b.yaml").is_file()
    params = json.loads(printed(["params", "my-model-7b", "--json"], capsys))
    assert params["model"] == {"id": "my-model-7b", "name": "my-model-7b", "source": "catalog"}
    assert params["parameters"]["total"] == 6_738_415_616
    assert params["published"]["text"] == "7B"


def test_nothing_is_overwritten_unless_forced(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed(["import", "my-model-7b", "--write", "--catalog", "mine"], capsys)
    file = folder.parent / "mine/models/my-model/my-model-7b.yaml"
    file.write_text(file.read_text().replace("organization: unknown", "organization: Me"))
    assert "--force" in printed(["import", "my-model-7b", "--write", "--catalog", "mine"], capsys, code=2)
    assert "organization: Me" in file.read_text()
    printed(["import", "my-model-7b", "--write", "--catalog", "mine", "--force"], capsys)
    assert "organization: unknown" in file.read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--id", "llama-7b"], "llama-7b"), (["--id", "No Such"], "lower-case"),
     (["--repository", "Qwen/Qwen3-8B", "--id", "mine-7b"], "already means qwen3-8b")],
    ids=lambda value: value[1] if isinstance(value, list) else None,
)  # fmt: skip
def test_a_name_that_cannot_be_taken(
    options: list[str], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in printed(["import", "my-model-7b", "--write", "--catalog", "mine", *options], capsys, code=2)
    assert not (folder.parent / "mine").exists()


def test_an_unknown_family_is_named_and_may_be_assumed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Refused with the model type's name; with --assume the record is loadable without it."""
    model_in(folder, model_type="brand_new")
    message = printed(["import", "my-model-7b"], capsys, code=3)
    assert "brand_new" in message
    assert "--assume llama" in message
    printed(["import", "my-model-7b", "--assume", "llama", "--write", "--catalog", "mine"], capsys)
    assert "6738415616" in printed(["params", "my-model-7b", "--catalog", "mine", "--json"], capsys)


def test_an_unknown_key_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model_in(folder, rows_of_something=3)
    assert "rows_of_something" in printed(["import", "my-model-7b"], capsys, code=3)


def test_a_program_gets_record_and_todo(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(printed(["import", "my-model-7b", "--repository", "me/my-model-7b", "--json"], capsys))
    assert (document["schema"], document["command"], document["id"]) == (1, "import", "my-model-7b")
    assert document["written"] is None
    assert document["record"]["repositories"] == ["me/my-model-7b"]
    assert any(line.startswith("licence") for line in document["todo"])
