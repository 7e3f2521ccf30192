"""Shared by all tests: a cache and settings of their own, so that no run touches the user's."""

import os
import tempfile
from typing import Any

import pytest
from hypothesis import settings

os.environ["LLMPICK_CACHE"] = os.environ.get("LLMPICK_TEST_CACHE") or tempfile.mkdtemp(prefix="llmpick-test-")

os.environ["XDG_CONFIG_HOME"] = tempfile.mkdtemp(prefix="llmpick-test-")


@pytest.fixture(scope="session")
def catalog() -> Any:
    from llmpick.catalog import open_catalog

    return open_catalog()


# The same examples every time, and no time limit per example: a slow machine is no failure.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")
