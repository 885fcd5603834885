from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rid_telephony.speech.text import count_syllables, letters_of, normalise


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("300万", "三百万"),
        ("1.9%", "百分之一点九"),
        ("2.5%-3%", "百分之二点五到百分之三"),
        ("2-3%", "百分之二到三"),
        ("3‰", "千分之三"),
        ("2024年", "二零二四年"),
        ("3000年", "三千年"),
        ("2024-05-01", "二零二四年五月一日"),
        ("3月5号", "三月五号"),
        ("95588", "九五五八八"),
        ("工号0522", "工号零五二二"),
        ("83621005", "八三六二一零零五"),
        ("13800138000", "一三八零零一三八零零零"),
        ("400-800-8888", "四零零八零零八八八八"),
        ("010-12345678", "零一零一二三四五六七八"),
        ("20-30", "二十到三十"),
        ("20-30万", "二十到三十万"),
        ("8:30", "八点三十"),
        ("8:05", "八点零五"),
        ("15:00", "十五点"),
        ("10000块", "一万块"),
        ("12800", "一万二千八百"),
        ("1,000,000", "一百万"),
        ("高0.1,300万", "高零点一，三百万"),
        ("¥3,000", "三千元"),
        ("$5万", "五万美元"),
        ("1万5", "一万五"),
        ("3.5万", "三点五万"),
        ("-3%", "负百分之三"),
        ("T+1", "T加一"),
        ("2万", "两万"),
        ("2个点", "两个点"),
        ("第2个", "第二个"),
        ("200块", "两百块"),
        ("2000", "两千"),
        ("12", "十二"),
        ("2号", "二号"),
        ("2月", "二月"),
        ("2点半", "两点半"),
        ("2点5", "二点五"),
        ("20 30", "二十，三十"),
        ("12345678901234567890", "一二三四五六七八九零一二三四五六七八九零"),
    ],
)
def test_numbers_read_as_they_are_spoken(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@pytest.mark.parametrize("word", ["R2", "C1088", "ETF", "App", "5G", "PDF", "P2P"])
def test_latin_words_are_kept(word: str) -> None:
    assert normalise(f"这个{word}的") == f"这个{word}的"


def test_a_word_run_into_a_decimal_does_not_hide_the_number() -> None:
    assert normalise("一年G1.5") == "一年G一点五"


def test_traditional_characters_become_simplified() -> None:
    assert normalise("這個產品後來賠錢了，你看著辦") == "这个产品后来赔钱了，你看着办"


def test_full_width_letters_and_digits_become_half_width() -> None:
    assert normalise("Ｒ２的ＥＴＦ涨了３％") == "R2的ETF涨了百分之三"


def test_punctuation_beside_chinese_becomes_chinese() -> None:
    assert normalise("好的,谢谢!你是AI吗?") == "好的，谢谢！你是AI吗？"


def test_a_blank_between_sign_and_sum_changes_no_price() -> None:
    assert normalise("¥ 300") == normalise("¥300") == "三百元"


def test_spaces_stay_between_latin_words_only() -> None:
    assert normalise(" 打开 App Store 看 看 ") == "打开App Store看看"


ALPHABET = "0123456789.,%-~:+年月日号点万亿块个元第半二两三一到¥$ARaETF 　，。？！的你好３Ｒ著後\n"


@settings(deadline=None)
@given(st.text(ALPHABET, max_size=30))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text)

    assert normalise(once) == once


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_text_can_be_normalised(text: str) -> None:
    normalise(text)


@settings(deadline=None)
@given(st.integers(0, 10**17), st.sampled_from(["", "块", "年", "个", "号", "%", "万"]))
def test_no_digit_outlives_normalisation(number: int, unit: str) -> None:
    """The classifier never saw Arabic digits outside Latin words."""
    assert not re.search(r"[0-9]", normalise(f"买{number}{unit}的"))


@settings(deadline=None)
@given(st.text("一二三四五六七八九十百千万零两点半百分之年月号你好的，。", max_size=30))
def test_what_is_already_spoken_form_is_left_alone(text: str) -> None:
    assert normalise(text) == text


def test_letters_leave_out_punctuation_and_case() -> None:
    assert letters_of("好的， R2 呢？") == "好的r2呢"


@pytest.mark.parametrize(
    ("text", "syllables"),
    [("你好，三百万。", 5), ("R2的", 3), ("ETF", 3), ("Excel表", 3), ("App", 1), ("", 0)],
)
def test_syllables_are_counted_as_spoken(text: str, syllables: int) -> None:
    assert count_syllables(text) == syllables
