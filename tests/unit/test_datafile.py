"""A bank edits rules by hand: every mistake must be named with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.datafile import DataModel, parse_data, read_data
from rid_telephony.errors import DataError


class Item(DataModel):
    id: str
    weight: float = 1.0


class Book(DataModel):
    version: int
    items: tuple[Item, ...]


def mistake(text: str) -> str:
    with pytest.raises(DataError) as caught:
        parse_data(text, "book.yaml", Book)
    return str(caught.value)


def test_a_valid_file_becomes_the_model(tmp_path: Path) -> None:
    path = tmp_path / "book.yaml"
    path.write_text("version: 1\nitems:\n  - {id: 保本, weight: 0.5}\n", encoding="utf-8")
    assert read_data(path, Book) == Book(version=1, items=(Item(id="保本", weight=0.5),))


def test_a_wrong_value_is_reported_at_its_line_and_column() -> None:
    message = mistake("version: 1\nitems:\n  - id: a\n    weight: heavy\n")
    assert message.startswith("book.yaml:4:13: items.0.weight:")


def test_a_missing_field_is_reported_at_the_mapping_that_lacks_it() -> None:
    assert mistake("version: 1\nitems:\n  - weight: 1\n").startswith("book.yaml:3:5: items.0.id:")


def test_a_misspelt_key_is_reported_at_the_key() -> None:
    message = mistake("version: 1\nitems:\n  - id: a\n    wieght: 1\n")
    assert message.startswith("book.yaml:4:5: items.0.wieght:")


def test_all_mistakes_are_named_at_once() -> None:
    message = mistake("version: x\nitems:\n  - {id: a, weight: b}\n  - {}\n")
    assert [line.split(": ")[1] for line in message.splitlines()] == [
        "version",
        "items.0.weight",
        "items.1.id",
    ]


def test_a_key_given_twice_is_an_error_and_not_a_silent_choice() -> None:
    assert "book.yaml:2:1: 'version' stands here twice" in mistake("version: 1\nversion: 2\n")


def test_broken_yaml_names_the_line() -> None:
    assert mistake("version: 1\nitems: [a\n").startswith("book.yaml:3:1: not valid YAML")


def test_an_alias_is_refused_so_that_a_small_file_cannot_expand() -> None:
    assert "aliases are not supported" in mistake("version: 1\nitems: &a\n  - *a\n")


def test_an_empty_file_is_an_error() -> None:
    assert mistake("# nothing\n") == "book.yaml is empty."


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.yaml: No such file"):
        read_data(tmp_path / "gone.yaml", Book)


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "gbk.yaml").write_bytes("version: 保".encode("gbk"))
    with pytest.raises(DataError, match="not UTF-8"):
        read_data(tmp_path / "gbk.yaml", Book)


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_crash(text: str) -> None:
    try:
        parse_data(text, "any.yaml", Book)
    except DataError as error:
        assert str(error).startswith("any.yaml")
