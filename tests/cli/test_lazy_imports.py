"""Start-up is part of the design: what a fresh interpreter has imported after a command."""

import subprocess
import sys

import pytest

COSTLY = ("pydantic", "rich", "yaml", "pynvml", "psutil")
REPORT = f"import sys; print(*[name for name in {COSTLY} if name in sys.modules], file=sys.stderr)"


def imported_after(code: str) -> str:
    result = subprocess.run([sys.executable, "-c", f"{code}\n{REPORT}"], capture_output=True, text=True, check=True)
    return result.stderr.strip()


def test_the_program_itself_imports_nothing_costly() -> None:
    assert imported_after("import llmpick.cli.main") == ""


@pytest.mark.parametrize(
    "arguments",
    [["list"], ["params", "llama-7b"], ["fit", "--gpu", "24GB"], ["memory", "llama-7b"], ["train", "llama-7b"]],
    ids=lambda arguments: arguments[0],
)
def test_a_command_with_a_warm_cache_imports_nothing_costly(arguments: list[str]) -> None:
    """The first run fills the cache; the second must not parse YAML, validate or lay out with rich."""
    code = f"from llmpick.cli.main import run\nassert run({arguments!r}) == 0"
    imported_after(code)
    assert imported_after(code) == ""
