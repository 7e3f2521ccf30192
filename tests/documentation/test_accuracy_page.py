"""docs/accuracy.md says what the code computes today."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_accuracy_page_is_in_step() -> None:
    """The page is what its script writes."""
    done = subprocess.run(
        [sys.executable, "scripts/accuracy.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
