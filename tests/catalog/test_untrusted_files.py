"""Catalog files and snapshots are untrusted: whatever is in them, the answer is problems, never a crash."""

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmpick.catalog import rules, snapshot
from llmpick.catalog.canonical import model_text
from llmpick.catalog.yaml_door import parse_yaml

MODEL = "models/tiny/tiny-7b.yaml"
QUIET = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@QUIET
@given(position=st.integers(0, 10**6), length=st.integers(0, 30), text=st.text(max_size=12))
def test_a_damaged_model_file_gives_problems(small: Any, position: int, length: int, text: str) -> None:
    """Any stretch of a good file replaced by anything."""
    good = small.directory / MODEL
    content = good.read_text(encoding="utf-8")
    start = position % (len(content) + 1)
    try:
        good.write_bytes((content[:start] + text + content[start + length :]).encode("utf-8"))
        data = small.read()
        if not data.problems:
            assert all(
                problem.file == MODEL or problem.file.endswith("family.yaml") for problem in rules.problems(data)
            )
    finally:
        good.write_text(content, encoding="utf-8")


json_like = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = ("name", "config", "sources", "aliases", "benchmarks", "claims", "training", "derived_from", "release_date")


@QUIET
@given(st.dictionaries(st.sampled_from(KEYS), json_like, min_size=1))
def test_values_of_any_kind_give_problems(small: Any, changes: dict[str, Any]) -> None:
    """Any field of a good record replaced by any value."""
    good = small.directory / MODEL
    content = good.read_text(encoding="utf-8")
    record = {**parse_yaml(content, MODEL).data, **changes}
    try:
        good.write_text(model_text(record), encoding="utf-8")
        data = small.read()
        assert data.problems or rules.problems(data) is not None
    finally:
        good.write_text(content, encoding="utf-8")


@QUIET
@given(content=st.binary(max_size=200), place=st.tuples(*[st.integers(0, 2**40)] * 3))
def test_a_snapshot_of_anything_is_as_good_as_none(tmp_path: Path, content: bytes, place: tuple[int, int, int]) -> None:
    """Bytes without the right checksum are never taken for data."""
    (tmp_path / "index.snapshot").write_bytes(content)
    (tmp_path / "models.rows").write_bytes(content)
    store = snapshot.Store(tmp_path)
    assert store.read("index") is None
    assert store.read("absent") is None
    assert store.read_row("models", place) is None
