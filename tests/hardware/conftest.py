import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

STUB = Path(__file__).with_name("nvml_stub.c")
GIB = 2**30

Tree = Callable[[Mapping[str, str | bytes]], str]
Detect = Callable[..., dict[str, Any]]


def _compile(directory: Path, *options: str) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None or sys.platform != "linux":
        pytest.skip("needs a C compiler on Linux")
    library = directory / "libnvidia-ml.so.1"
    flags = ["-shared", "-fPIC", "-Wl,-soname,libnvidia-ml.so.1", *options]
    subprocess.run([compiler, *flags, "-o", library, STUB], check=True, timeout=60)
    return directory


@pytest.fixture(scope="session")
def nvml_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a libnvidia-ml.so.1 that plays the scenario named by $NVML_STUB."""
    return _compile(tmp_path_factory.mktemp("nvml"))


@pytest.fixture(scope="session")
def old_nvml_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a driver before R510 would be: without version 2 of the memory call."""
    return _compile(tmp_path_factory.mktemp("old_nvml"), "-DBEFORE_R510")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Makes a root directory out of absolute paths and their contents."""

    def make(files: Mapping[str, str | bytes]) -> str:
        root = tmp_path / "root"
        for path, content in files.items():
            target = root / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(root)

    return make


MEMINFO = f"MemTotal: {128 * GIB // 1024} kB\nMemFree: 1 kB\nMemAvailable: {100 * GIB // 1024} kB\n"


@pytest.fixture
def host_tree(tree: Tree) -> str:
    """A root with 128 GiB of memory, 100 GiB of it available, and no cards."""
    return tree({"/proc/meminfo": MEMINFO, "/proc/self/status": "Cpus_allowed_list:\t0-15\n"})


_ASK = """
import json, sys
from llmpick.hardware.explain import explain
from llmpick.hardware.machine import detect
machine = detect(nvml_limit_seconds=float(sys.argv[1]))
print(json.dumps({**machine.to_json(), "explained": explain(machine), "modules": sorted(sys.modules)}))
"""


@pytest.fixture
def detect_with(nvml_directory: Path, host_tree: str, tmp_path: Path) -> Detect:
    """Detects in a new process whose NVML plays ``scenario``; the answer is the machine as JSON."""

    def run(scenario: str, library: Path = nvml_directory, limit_seconds: float = 60.0, **variables: str) -> Any:
        path = tmp_path / "scenario.txt"
        path.write_text(scenario)
        kept = {name: value for name, value in os.environ.items() if "VISIBLE_DEVICES" not in name}
        stub = {"LD_LIBRARY_PATH": str(library), "NVML_STUB": str(path), "LLMPICK_SYSFS_ROOT": host_tree}
        command = [sys.executable, "-W", "error", "-c", _ASK, str(limit_seconds)]
        process = subprocess.run(
            command, env={**kept, **stub, **variables}, capture_output=True, text=True, timeout=120, check=False
        )
        assert process.returncode == 0, process.stderr
        return json.loads(process.stdout)

    return run
