"""Shared by all tests: a cache of their own, so that no run touches the user's."""

import gzip
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

os.environ["LLMPICK_CACHE"] = os.environ.get("LLMPICK_TEST_CACHE") or tempfile.mkdtemp(prefix="llmpick-test-")
DATA = Path(__file__).parent / "data"


def read_rows(name: str) -> list[dict[str, Any]]:
    """Rows of a gzipped JSON Lines file under tests/data."""
    with gzip.open(DATA / name, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@pytest.fixture(scope="session")
def catalog() -> Any:
    from llmpick.catalog import open_catalog

    return open_catalog()
