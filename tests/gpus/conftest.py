from pathlib import Path
from typing import Any

import pytest
import yaml

GPUS = Path(__file__).parents[2] / "catalog" / "gpus"


@pytest.fixture(scope="session")
def rows() -> dict[str, dict[str, Any]]:
    """All rows of the GPU catalog by id."""
    loaded: dict[str, dict[str, Any]] = {}
    for path in sorted(GPUS.glob("*.yaml")):
        loaded |= yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded
