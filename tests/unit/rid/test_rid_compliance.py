"""What agents must not say. A missed violation harms a customer, a false alarm the agent.

All sentences here are made up for these tests.
"""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rid_books import compliance_book, findings, heard, must_say, must_say_book, violations

from rid_telephony.rid.compliance import ComplianceBook, ComplianceDetector, MustSay
from rid_telephony.rid.messages import COMPLIANCE_LABELS
from rid_telephony.rid.text import hear


@pytest.mark.parametrize(
    ("text", "context", "label"),
    [
        ("这款保本保息，您放心买", "", "guarantee"),
        ("稳赚不赔的，我跟您打包票", "", "guarantee"),
        ("亏了我个人给您补上", "万一亏了呢", "guarantee"),
        ("风险提示就是走个形式，不用当真", "", "guarantee"),
        ("这个跟存款一样，放着就行", "", "deposit_confusion"),
        ("说白了就是换了个名字的定期", "", "deposit_confusion"),
        ("这是全市场收益最高的一款", "", "exaggeration"),
        ("绝对安全，没有之一", "", "exaggeration"),
        ("今天不买明天就没了，您赶紧定", "", "pressure"),
        ("您现在必须做决定", "我再想想", "pressure"),
        ("不买的话您那笔贷款下个月可不好批", "", "pressure"),
        ("R4的混合基金您配点，涨得快", "我测评是C1的", "unsuitable"),
        ("问卷您就按我说的填，填成进取型就能买了", "", "unsuitable"),
        ("您把验证码念给我，我帮您操作", "", "privacy_breach"),
        ("您楼上的王姐上个月在我这儿放了八十万", "", "privacy_breach"),
        ("隔壁那家银行就是骗人的，千万别去", "", "disparagement"),
        ("您先听我讲完，这款产品真的好", "我不需要，别再打了", "no_consent"),
        ("我有内部消息，下周要涨", "", "insider"),
        ("大盘年底肯定涨到四千", "", "insider"),
        ("去年六个点，今年照样六个点", "", "past_as_future"),
        ("您直接转到我个人账户，不走银行系统", "", "insider"),
    ],
)
def test_a_violation_is_found(text: str, context: str, label: str) -> None:
    assert label in violations(text, context)


@pytest.mark.parametrize(
    ("text", "context"),
    [
        ("这款不保本，您要有数", ""),
        ("您问保本吗，那我说清楚，不保本", "保本吗"),
        ("我不能承诺保本保收益", "你保证吗"),
        ("三年定期到期保本保息，在存款保险范围内", "定期利息多少"),
        ("结构性存款本金有保障，收益是浮动的", ""),
        ("这不是存款，跟存款不一样", "跟存款一样吧"),
        ("您说的稳赚不赔，没有这样的产品", "人家说稳赚不赔"),
        ("额度有限，卖完为止，您慢慢考虑", ""),
        ("您今天不用定，跟家人商量好再说", ""),
        ("验证码千万别告诉任何人，包括我", ""),
        ("别的银行的产品我不评价", "他们家怎么样"),
        ("您不需要的话就不打扰了，给您登记不再来电", "不需要，别打了"),
        ("过去的收益不代表今年，可能高也可能低", "去年多少"),
        ("后市谁也说不准，我也没有内部消息", "能涨吗"),
        ("您的评级是C2，R4的我不能推荐", "R4的能买吗"),
        ("您账户里活期有八万，手机上也能看到", "我还有多少钱"),
        ("明天降温，您今天必须多穿点", ""),
        ("业绩比较基准最高三点二，最低二点四", ""),
    ],
)
def test_clean_speech_raises_no_alarm(text: str, context: str) -> None:
    assert violations(text, context) == set()


def test_a_misheard_promise_is_a_promise_all_the_same() -> None:
    found = findings("这个宝本的，您放心")
    assert [(one.label, one.quote) for one in found] == [("guarantee", "宝本")]


def test_a_finding_names_rule_words_and_place() -> None:
    text = "您好，这款是保本的"
    (one,) = findings(text)
    begin, end = one.span
    assert text[begin:end] == one.quote
    assert one.rule == "M01-guarantee"
    assert one.severity == "critical"
    assert "不保本" in one.safe_wording


def test_a_product_above_the_customers_known_level_is_unsuitable_and_one_below_is_not() -> None:
    assert "unsuitable" in violations("这款R4的挺适合您", level=2)
    assert violations("这款R2的是稳健型的", level=2) == set()
    assert violations("R4的超出您的等级了，我不能推荐", level=2) == set()


def test_a_rule_out_of_force_is_not_applied() -> None:
    rules = [
        rule.model_copy(update={"effective_until": date(2026, 1, 31)})
        for rule in compliance_book().rules
        if rule.id == "M01-guarantee"
    ]
    book = ComplianceBook(
        version=1,
        model_minimum=0.9,
        macros=compliance_book().macros,
        guards=compliance_book().guards,
        rules=tuple(rules),
    )
    said = heard("这款保本的")
    nothing = hear("")
    inside = ComplianceDetector(book, on=date(2026, 1, 31))
    outside = ComplianceDetector(book, on=date(2026, 2, 1))
    assert inside.detect(said, nothing, {})
    assert not outside.detect(said, nothing, {})


def test_the_classifier_alone_is_heard_only_above_its_threshold() -> None:
    book = compliance_book()
    detector = ComplianceDetector(book, on=None, thresholds={"pressure": 0.5, "insider": 1.0})
    said, nothing = heard("您好"), hear("")
    assert detector.detect(said, nothing, {"pressure": book.model_minimum - 0.01}) == ()
    assert detector.detect(said, nothing, {"guarantee": 0.99}) == ()
    (one,) = detector.detect(said, nothing, {"pressure": 0.9999})
    assert (one.rule, one.label, one.confidence) == ("model", "pressure", 0.9999)


def test_the_classifier_alone_accuses_nobody_who_may_be_denying_it() -> None:
    detector = ComplianceDetector(compliance_book(), on=None, thresholds={"pressure": 0.5})
    for said in ("这个不用急着定", "没有催您的意思", "您别急着办"):
        assert detector.detect(heard(said), hear(""), {"pressure": 0.9999}) == (), said
    assert detector.detect(heard("特别划算，您今天定"), hear(""), {"pressure": 0.9999})


def test_the_advice_can_be_given_in_english() -> None:
    detector = ComplianceDetector(compliance_book(), on=None, language="en")
    (one,) = detector.detect(heard("这款保本的"), hear(""), {})
    assert "guarantees neither" in one.safe_wording


def test_every_safe_wording_is_itself_clean() -> None:
    for rule in compliance_book().rules:
        assert violations(rule.safe_wording.zh) == set(), rule.id
    for item in must_say().items:
        assert violations(item.safe_wording.zh) == set(), item.id


def test_every_label_has_a_rule() -> None:
    assert {rule.label for rule in compliance_book().rules} == set(COMPLIANCE_LABELS)


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("您好，我是江城银行的客户经理小周", "identity"),
        ("本次通话会录音", "recording_notice"),
        ("这是理财，不是存款", "not_a_deposit"),
        ("净值会波动，可能亏损", "risk_disclosure"),
        ("您做过风险测评没有", "suitability_check"),
        ("今天来电是想提醒您有笔定期到期", "purpose"),
        ("您不着急定，请家里人一起听听", "senior_care"),
        ("如果您不希望再接到来电，我可以为您登记", "right_to_refuse"),
    ],
)
def test_what_has_to_be_said_is_heard(text: str, item: str) -> None:
    assert item in must_say().said(heard(text), hear(""))


def test_an_item_not_said_is_not_ticked_off() -> None:
    assert must_say().said(heard("今天天气不错"), hear("")) == ()
    assert "risk_disclosure" not in must_say().said(heard("您放心不会亏"), hear(""))


def test_an_item_out_of_force_is_not_asked_for() -> None:
    book = must_say_book()
    later = book.model_copy(
        update={
            "items": tuple(
                item.model_copy(update={"effective_from": date(2030, 1, 1)}) for item in book.items
            )
        }
    )
    assert MustSay(later, on=date(2026, 1, 1)).items == []
    assert len(MustSay(later, on=None).items) == len(book.items)


@given(st.text(max_size=60), st.text(max_size=30))
def test_no_words_break_the_detector(text: str, context: str) -> None:
    for finding in findings(text, context, 3):
        begin, end = finding.span
        assert text[begin:end] == finding.quote
