"""A small recogniser writes by ear: words must be found by their sound, quotes stay exact."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rid_books import heard, repair

from rid_telephony.rid.text import MAX_CHARACTERS, TermRepair, fold, hear, sound


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("我不搞里财", "我不搞理财"),
        ("这个宝本吗", "这个保本吗"),
        ("我那笔丁期还没道期", "我那笔定期还没到期"),
        ("大鹅存单利律多少", "大额存单利率多少"),
        ("手序费怎么收", "手续费怎么收"),
        ("风现测评做过了", "风险测评做过了"),
    ],
)
def test_a_term_written_with_other_characters_of_its_sound_is_put_right(
    written: str, meant: str
) -> None:
    assert heard(written).text == meant


@pytest.mark.parametrize(
    "text",
    ["禁止入内", "到手一万二", "账上没有余钱", "公积金能取吗", "钱放手里才踏实", "汇款到账了"],
)
def test_words_that_only_sound_like_a_term_stay_as_they_are(text: str) -> None:
    assert heard(text).text == text


def test_a_quote_is_taken_from_the_text_as_given_and_not_from_the_repaired_one() -> None:
    one = hear("那 个，宝 本 的 吗?", repair())
    begin = one.text.index("保本")
    assert one.quote(begin, begin + 2) == "宝 本"
    first, last = one.span(begin, begin + 2)
    assert one.raw[first:last] == "宝 本"


def test_full_width_and_half_width_writing_are_the_same() -> None:
    assert hear("Ｒ３的?").text == hear("r3的？").text == "R3的？"


def test_a_blank_between_words_is_a_pause_and_blanks_between_characters_are_spacing() -> None:
    assert hear("跌也跌不到哪去 放心买").text == "跌也跌不到哪去，放心买"
    assert hear("这 个 保 本").text == "这个保本"
    assert hear("R 3 的产品风险有点高").text == "R3的产品风险有点高"


def test_a_longer_term_is_also_found_through_the_mergers_of_many_speakers() -> None:
    # 业机 for 业绩 differs in the final -i only by tone, 基准 and 鸡准 likewise; zh and z merge.
    assert TermRepair(["验证码"]).repair("眼政码") == "验证码"
    assert fold("zheng") == fold("zen") == "zen"
    assert sound("能") == sound("愣")


def test_a_very_long_text_is_cut_so_that_nobody_waits_for_it() -> None:
    assert len(hear("好" * 100_000, repair()).text) == MAX_CHARACTERS


@given(st.text(max_size=80))
def test_any_text_can_be_heard_and_every_character_maps_back(text: str) -> None:
    one = hear(text, repair())
    assert len(one.offsets) == len(one.text)
    assert list(one.offsets) == sorted(one.offsets)
    for index in range(len(one.text)):
        begin, end = one.span(index, index + 1)
        assert 0 <= begin < end <= len(text)
