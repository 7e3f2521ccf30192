from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmpick.catalog.yaml_door import MAX_DEPTH, MAX_FILE_BYTES, parse_yaml, read_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-17", -17),
        ("1e-5", 1e-5),
        ("1.5", 1.5),
        (".5", 0.5),
        ("12:30", "12:30"),
        ("no", "no"),
        ("off", "off"),
        ("true", True),
        ("null", None),
        ("~", None),
        ("007", "007"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("2023-02-24", "2023-02-24"),
        ("'5'", "5"),
        ('"true"', "true"),
        (".nan", ".nan"),
        ("1e999", "1e999"),
    ],
)
def test_scalars_mean_what_they_look_like(text: str, value: object) -> None:
    """YAML 1.1 reads several of these as something else: a time in base sixty, a boolean, a date, an octal."""
    parsed = parse_yaml(f"key: {text}", "file")
    assert parsed.data == {"key": value}
    assert type(parsed.data["key"]) is type(value)


def test_the_second_of_two_equal_keys_is_refused_where_it_stands() -> None:
    parsed = parse_yaml("a: 1\nb:\n  c: 1\n  c: 2\n", "file")
    assert [str(problem) for problem in parsed.problems] == ["file:4:3: b.c: duplicate key"]


@pytest.mark.parametrize("text", ["a: &x [1]\nb: *x\n", "a: &a [*a]", "<<: *base"])
def test_aliases_are_refused(text: str) -> None:
    assert parse_yaml(text, "file").problems
    assert parse_yaml(text, "file").data is None


def test_nesting_is_bounded_before_anything_is_composed() -> None:
    """The C loader of PyYAML crashes the process on deep nesting, so this must come before it."""
    deep = "[" * 20_000 + "]" * 20_000
    assert "nested deeper" in parse_yaml(f"a: {deep}", "file").problems[0].message
    allowed = "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)
    assert not parse_yaml(f"a: {allowed}", "file").problems


@pytest.mark.parametrize(
    "text", ["!!python/object/apply:os.system ['true']", "a: !!python/name:os.system ''", "!<tag:x> {a: 1}"]
)
def test_tags_construct_nothing(text: str) -> None:
    data = parse_yaml(text, "file").data
    assert isinstance(data, (dict, list, str))


@pytest.mark.parametrize(
    ("text", "line"), [("a: [1, 2\nb: 3", 2), ("a: 1\n b: 2", 2), ("a: 1\n\tb: 2", 2), ("a: 'x", 1), ("? [a]\n: 1", 1)]
)
def test_syntax_errors_say_their_line(text: str, line: int) -> None:
    parsed = parse_yaml(text, "file")
    assert parsed.problems
    assert parsed.problems[0].line == line


def test_every_key_path_has_a_place() -> None:
    marks = parse_yaml("a:\n  b: [1, {c: 2}]\n", "file").marks
    assert marks["a", "b"] == (2, 3)
    assert marks["a", "b", 1, "c"] == (2, 11)


def test_files_that_are_too_large_or_not_text_are_problems(tmp_path: Path) -> None:
    large, binary = tmp_path / "large.yaml", tmp_path / "binary.yaml"
    large.write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    binary.write_bytes(b"a: \xff\xfe")
    assert "larger than" in read_yaml(large).problems[0].message
    assert read_yaml(binary).problems[0].message == "not UTF-8 text"


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=80))
def test_any_text_is_either_data_or_problems(text: str) -> None:
    """No input raises."""
    parsed = parse_yaml(text, "file")
    assert parsed.problems or parsed.data is None or isinstance(parsed.data, (dict, list, str, int, float))


@given(st.text(alphabet="ab:-[]{}&*!|>'\"%@`#,? \n\t0.e~", max_size=60))
def test_yaml_soup_never_raises(text: str) -> None:
    assert parse_yaml(text, "file") is not None
