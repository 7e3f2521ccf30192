"""``llmpick calibrate``: from a file, from a llama-bench on the PATH, and what the other commands make of it."""

import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from llmpick.catalog.calibrations import calibrations_file
from llmpick.cli.main import run
from llmpick.fit.speed.calibration import Measured, solve

FILE = Path(__file__).resolve().parents[1] / "data" / "speed" / "llama_bench.json"


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration directory of the test's own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run([*arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def speed(capsys: pytest.CaptureFixture[str], gpu: str = "RTX 4090") -> dict[str, Any]:
    found: dict[str, Any] = answer(capsys, "memory", "llama-3-70b", "--gpu", f"2x {gpu}")["decode_tokens_per_second"]
    return found


def slowed(share: float, **change: Any) -> list[dict[str, Any]]:
    rows = json.loads(FILE.read_text(encoding="utf-8"))
    return [{**row, "avg_ts": row["avg_ts"] * share, **change} for row in rows]


def test_a_calibrated_card_is_predicted_from_its_own_run(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A machine at three quarters of the usual speed is slower with every model, and says why; other cards are not."""
    before, other = speed(capsys), speed(capsys, "RTX 3090")
    bench = settings / "bench.json"
    bench.write_text(json.dumps(slowed(0.75)))
    found = answer(capsys, "calibrate", str(bench))
    assert found["stored"] == str(calibrations_file())
    assert (found["gpu_id"], found["solved"], found["date"], found["build"]) == (
        "nvidia-rtx-4090", "efficiency", "2025-09-07", "b6413")  # fmt: skip
    after = speed(capsys)
    assert after["estimate"] < 0.85 * before["estimate"]
    assert after["basis"] == ["calibrated on this machine, 1 row of 2025-09-07"]
    assert speed(capsys, "RTX 3090") == other


def test_a_dry_run_stores_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(capsys, "calibrate", str(FILE), "--dry-run")["stored"] is None
    assert not calibrations_file().exists()


def test_the_same_card_is_replaced_and_another_added(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench = settings / "bench.json"
    for rows in (slowed(1.0), slowed(0.8), slowed(0.5, gpu_info="NVIDIA GeForce RTX 3090")):
        bench.write_text(json.dumps(rows))
        answer(capsys, "calibrate", str(bench))
    stored = json.loads(calibrations_file().read_text(encoding="utf-8"))["calibrations"]
    assert [row["gpu"] for row in stored] == ["NVIDIA GeForce RTX 4090", "NVIDIA GeForce RTX 3090"]


def test_the_stored_file_may_be_edited_as_yaml(capsys: pytest.CaptureFixture[str]) -> None:
    answer(capsys, "calibrate", str(FILE))
    row = json.loads(calibrations_file().read_text(encoding="utf-8"))["calibrations"][0]
    text = (
        "# my card\ncalibrations:\n- " + "\n  ".join(f"{key}: {json.dumps(value)}" for key, value in row.items()) + "\n"
    )
    calibrations_file().write_text(text, encoding="utf-8")
    assert speed(capsys)["basis"] == ["calibrated on this machine, 1 row of 2025-09-07"]


@pytest.mark.parametrize("text", ["not: [", '{"calibrations": 3}', '{"calibrations": [{"gpu": 1}]}'])
def test_a_damaged_file_is_named(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    calibrations_file().parent.mkdir(parents=True)
    calibrations_file().write_text(text, encoding="utf-8")
    assert run(["memory", "llama-7b", "--gpu", "RTX 4090"]) == 3
    assert "calibrat" in capsys.readouterr().err


STAND_IN = """#!{python}
import json, sys
models = [sys.argv[i + 1] for i, word in enumerate(sys.argv) if word == "-m"]
assert "-o" in sys.argv and "json" in sys.argv
rows = json.load(open({file!r}))
print(json.dumps([{{**row, "model_filename": name}} for name in models for row in rows]))
"""


def stand_in(folder: Path, text: str) -> None:
    folder.mkdir()
    program = folder / "llama-bench"
    program.write_text(text)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a script on the PATH")
def test_llama_bench_is_run_where_it_is_installed(
    settings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(settings / "bin", STAND_IN.format(python=sys.executable, file=str(FILE)))
    monkeypatch.setenv("PATH", str(settings / "bin"))
    found = answer(capsys, "calibrate", "--model", "llama-3.1-8b.gguf", "--dry-run")
    assert [row["tokens_per_second"] for row in found["rows"]] == [157.57]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a script on the PATH")
def test_a_failing_llama_bench_is_quoted(
    settings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(settings / "bin", f"#!{sys.executable}\nimport sys\nsys.exit('error: failed to load model')\n")
    monkeypatch.setenv("PATH", str(settings / "bin"))
    assert run(["calibrate", "--model", "x.gguf"]) == 3
    assert "failed to load model" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "options", "code", "said"),
    [
        ({"gpu_info": "Some Card"}, [], 4, "--gpu"),
        ({"gpu_info": "", "n_gpu_layers": 0}, [], 2, "-ngl 99"),
        ({"model_n_params": 123456789012}, [], 4, "--as"),
        ({"avg_ts": 900.0}, [], 3, "draft"),
        ({"n_gen": 0, "n_prompt": 5}, [], 3, "-n 128"),
        ({}, ["--gpu", "RTX 3060 12GB"], 3, "another card"),
        ({"model_size": 10**9}, ["--as", "llama-3-8b"], 3, "no known mix"),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_are_refused_with_a_remedy(
    settings: Path, change: dict[str, Any], options: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = settings / "bench.json"
    bench.write_text(json.dumps([{**json.loads(FILE.read_text())[1], **change}]))
    assert run(["calibrate", str(bench), *options]) == code
    assert said in capsys.readouterr().err
    assert not calibrations_file().exists()


def test_without_a_file_or_a_model_it_says_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["calibrate"]) == 2
    assert "--model" in capsys.readouterr().err


def test_one_size_gives_the_share_two_give_both() -> None:
    """Exact times made with e = 0.8 and c = 60 µs are solved for both; one of them, with c fixed, for e."""
    sizes = ((5e9, 32), (40e9, 80))
    rows = [Measured(str(read), read, layers, read / (1e12 * 0.8) + 60e-6 * layers, False) for read, layers in sizes]
    both = solve(rows, 1e12, 45.0)
    assert (both.solved, round(both.efficiency, 6), round(both.layer_us, 3)) == ("both", 0.8, 60.0)
    one = solve(rows[:1], 1e12, 60.0)
    assert (one.solved, round(one.efficiency, 6), one.layer_us) == ("efficiency", 0.8, 60.0)
