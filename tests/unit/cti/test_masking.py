"""Personal data must not leave the node in a transcript."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.cti.masking import mask_name, mask_number, mask_text


@pytest.mark.parametrize(
    "secret",
    [
        "一三九零零零零零零零一",
        "13900000001",
        "110101199003078515",
        "11010119900307851X",
        "6222 0212 3456 7890",
        "li.lei@example.com",
    ],
)
def test_numbers_that_identify_a_person_are_hidden(secret: str) -> None:
    masked = mask_text(f"您记一下{secret}就可以")
    assert secret not in masked
    assert not any(character.isdigit() for character in masked)
    assert masked.startswith("您记一下")
    assert masked.endswith("就可以")


@pytest.mark.parametrize(
    ("said", "masked"),
    [
        ("验证码是四八二九", "验证码是＊＊＊＊"),
        ("我密码abc123", "我密码＊＊＊＊＊＊"),
        ("尾号七七零二", "尾号＊＊＊＊"),
    ],
)
def test_codes_and_passwords_are_hidden_however_short(said: str, masked: str) -> None:
    assert mask_text(said) == masked


@pytest.mark.parametrize(
    "text",
    [
        "我有三百五十万",
        "年化三点二五",
        "二零二四年到期",
        "三十万放三年",
        "起点五十万",
        "客服九五五八八",
    ],
)
def test_money_rates_years_and_hotlines_stay_readable(text: str) -> None:
    assert mask_text(text) == text


@given(st.text(max_size=80))
def test_masking_keeps_the_length_so_that_spans_stay_valid(text: str) -> None:
    masked = mask_text(text)
    assert len(masked) == len(text)
    assert mask_text(masked) == masked


def test_a_customers_address_is_hidden_whatever_it_looks_like() -> None:
    """A SIP user can be somebody's name, and a short number is still theirs."""
    assert mask_number("13912345678") == "＊＊＊＊＊＊＊＊＊78"
    assert mask_number("zhangsan") == "＊＊＊＊＊＊an"
    assert mask_number("1,2") == "＊＊＊"
    assert mask_number("") == ""


def test_a_name_keeps_its_surname_and_nothing_that_is_not_one() -> None:
    assert mask_name("陈明") == "陈＊"
    assert mask_name("\u202e陈明") == "＊＊＊"
