"""docs/training.md says what the code computes today."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_training_page_is_in_step() -> None:
    """Its generated part is what its script writes."""
    done = subprocess.run(
        [sys.executable, "scripts/training_accuracy.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
