"""Money and ages are read from words: a wrong number would make a wrong offer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.rid.numbers import parse_number

DIGITS = "零一二三四五六七八九"


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("三百万", 3_000_000),
        ("两万三", 23_000),
        ("一万五", 15_000),
        ("1万5", 15_000),
        ("一百来万", 1_000_000),
        ("二十多万", 200_000),
        ("四五十万", 400_000),
        ("七八千", 7_000),
        ("30万", 300_000),
        ("3.5万", 35_000),
        ("一千零八", 1_008),
        ("两百三十五", 235),
        ("一亿二", 120_000_000),
        ("十五", 15),
        ("五十三", 53),
        ("二零二六", 2026),
        ("8000", 8000),
        ("十好几万", 100_000),
        ("二十好几万", 200_000),
        ("两三百", 200),
        ("三五万", 30_000),
        ("一百二十万", 1_200_000),
        ("三点五万", 35_000),
        ("一点二亿", 120_000_000),
        ("一个亿", 100_000_000),
        ("百来万", 1_000_000),
        ("百八十万", 800_000),
        ("万把", 10_000),
        ("四十七八", 47),
        ("30W", 300_000),
    ],
)
def test_numbers_are_read_as_people_say_them(words: str, value: float) -> None:
    assert parse_number(words) == value


@pytest.mark.parametrize("words", ["", "万", "百", "来", "很多", "零", "几十万", "好几万"])
def test_what_is_no_number_gives_none(words: str) -> None:
    assert parse_number(words) is None


def spoken(value: int) -> str:
    """A number below ten thousand in full Chinese words."""
    words, zero = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, value = divmod(value, unit)
        if digit:
            words += ("零" if zero and words else "") + DIGITS[digit] + name
            zero = False
        else:
            zero = True
    return words


@given(st.integers(min_value=1, max_value=9999))
def test_every_number_in_full_words_is_read_back(value: int) -> None:
    assert parse_number(spoken(value)) == value
    assert parse_number(spoken(value) + "万") == value * 10_000


@given(st.text(alphabet="0123456789.零一二两三十百千万亿来多几", max_size=12))
def test_no_heap_of_number_words_breaks_the_reader(words: str) -> None:
    value = parse_number(words)
    assert value is None or value >= 0
