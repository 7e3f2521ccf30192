"""The wheel, built through the source distribution, carries the catalog and works where it is installed."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel made from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_the_whole_catalog(wheel: Path) -> None:
    """Every YAML file of the checkout's catalog is in the wheel, and no other."""
    with zipfile.ZipFile(wheel) as archive:
        inside = {name.removeprefix("llmpick/catalog_data/") for name in archive.namelist() if "/catalog_data/" in name}
    catalog = ROOT / "catalog"
    assert {name for name in inside if name.endswith(".yaml")} == {
        path.relative_to(catalog).as_posix() for path in catalog.rglob("*.yaml")
    }


def test_the_wheel_carries_its_snapshot(wheel: Path, tmp_path: Path) -> None:
    """The first start of a fresh installation parses no YAML and validates nothing."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "LLMPICK_CACHE": str(tmp_path / "cache")}
    script = (
        "import sys; from llmpick.cli.main import run; assert run(['list']) == run(['params', 'llama-7b']) == 0; "
        "print([name for name in ('pydantic', 'yaml') if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert (done.returncode, done.stderr.strip()) == (0, "[]")


def test_the_installed_wheel_answers(wheel: Path, tmp_path: Path) -> None:
    """Installed elsewhere, far from the checkout, `fit` and `params` answer from the packaged catalog."""
    place = tmp_path / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(place), str(wheel)], check=True
    )
    environment = {**os.environ, "PYTHONPATH": str(place), "LLMPICK_CACHE": str(tmp_path / "cache")}
    script = "import llmpick; print(llmpick.__file__); from llmpick.cli.main import run; print(run(['fit', '--gpu', '24GB']))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, env=environment, check=True
    )
    lines = done.stdout.splitlines()
    assert lines[0].startswith(str(place))
    assert lines[-1] == "0"
    assert any(" fits " in line for line in lines)
