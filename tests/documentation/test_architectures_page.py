"""docs/architectures.md names every key that a mapping may have, and no other."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "catalog" / "architectures"
NOT_MAPPINGS = {"_harmless.yaml", "_gguf.yaml", "_out_of_scope.yaml"}


def test_the_table_has_the_keys_that_mappings_use() -> None:
    """The first column of the table against the files."""
    text = (ROOT / "docs" / "architectures.md").read_text(encoding="utf-8")
    named = {
        key for cell in re.findall(r"^\| (`[^|]+`) \|", text, re.MULTILINE) for key in re.findall(r"`(\w+)`", cell)
    }
    used = {
        key
        for path in FOLDER.glob("*.yaml")
        if path.name not in NOT_MAPPINGS
        for key in yaml.safe_load(path.read_text(encoding="utf-8"))
    }
    assert named == used
