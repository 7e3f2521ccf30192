from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from llmpick.catalog.canonical import WIDTH, heading_of, mapping_text, model_text, scalar_text
from llmpick.catalog.location import builtin_directory
from llmpick.catalog.yaml_door import parse_yaml, read_yaml

FILES = sorted((builtin_directory() / "models").rglob("*.yaml"))
texts = st.text(max_size=20)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(texts, values, min_size=1, max_size=5))
def test_what_is_written_reads_back_as_itself(data: dict[str, Any]) -> None:
    parsed = parse_yaml(mapping_text(data), "file")
    assert not parsed.problems
    assert parsed.data == data


@given(st.dictionaries(texts, values, min_size=1, max_size=5))
def test_writing_again_changes_nothing(data: dict[str, Any]) -> None:
    once = mapping_text(data)
    assert mapping_text(parse_yaml(once, "file").data) == once


@pytest.mark.parametrize(
    "text", ["yes", "no", "on", "2023-02-24", "1e5", "12", "null", "~", "0x1f", "a: b", "# c", "-x"]
)
def test_text_that_looks_like_data_is_quoted(text: str) -> None:
    assert scalar_text(text) == f"'{text}'"
    assert yaml.safe_load(f"key: {scalar_text(text)}") == {"key": text}


def test_long_lists_break_between_items() -> None:
    text = mapping_text({"names": [f"some-name-{number}" for number in range(40)]})
    assert max(map(len, text.splitlines())) <= WIDTH
    assert len(text.splitlines()) > 3


def test_only_comments_at_the_top_are_kept() -> None:
    assert heading_of("# one\n# two\na: 1\n# three\n") == "# one\n# two\n"


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_catalog_file_is_written_the_one_way(path: Path) -> None:
    """Reading and writing gives the same text, and ordinary YAML readers see the same data."""
    text = path.read_text(encoding="utf-8")
    data = read_yaml(path).data
    assert model_text(data, heading_of(text)) == text
    assert yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) == data
