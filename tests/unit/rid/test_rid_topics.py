"""What an utterance is about, by rule; the classifier joins in."""

from __future__ import annotations

import pytest
from rid_books import heard, topic_finder

from rid_telephony.rid.messages import TOPICS


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("一年利息能有多少", "yield"),
        ("会不会亏本金啊", "risk"),
        ("封闭期是几个月", "term"),
        ("急用钱能提前取吗", "liquidity"),
        ("最少要买多少，门槛高不高", "threshold"),
        ("申购费怎么收", "fee"),
        ("你是哪个银行的，工号多少", "identity"),
        ("带身份证去网点就能办吗", "process"),
        ("谁给你我的电话号码的", "privacy"),
        ("上次排队两小时没人理", "service"),
        ("我得问问我老婆", "family"),
        ("我在上班呢", "work"),
        ("房贷还没还完", "housing"),
        ("我妈住院了", "health"),
        ("孩子要交学费", "education"),
        ("退休金就那么点", "retirement"),
        ("现在股市跌成这样", "market"),
        ("力息能有多少", "yield"),  # misheard
    ],
)
def test_a_topic_is_told_by_its_words(text: str, topic: str) -> None:
    assert topic in topic_finder().by_rule(heard(text), heard(""))


@pytest.mark.parametrize(
    ("text", "context", "topic"),
    [
        ("太长太长", "封闭期是三年", "term"),
        ("有没有五百的", "起购是一千块", "threshold"),
        ("那要打几折", "可以给您优惠费率", "fee"),
        ("才这么点？", "一万块一年大概两百收益", "yield"),
        ("查出来就没断过药", "您身体还好吧", "health"),
        ("关你什么事", "方便问下您的收入吗", "privacy"),
    ],
)
def test_an_answer_is_about_what_was_asked_though_it_does_not_name_it(
    text: str, context: str, topic: str
) -> None:
    assert topic in topic_finder().by_rule(heard(text), heard(context))


@pytest.mark.parametrize(
    ("text", "context", "topic"),
    [
        ("嗯", "封闭期是三年", "term"),
        ("不用了，在开会", "年化三点二", "yield"),
        ("我等了一个小时", "", "term"),
        ("你下午再打给我", "", "privacy"),
        ("我吃过亏的", "", "risk"),
    ],
)
def test_a_nod_a_refusal_or_a_mere_word_is_not_about_it(
    text: str, context: str, topic: str
) -> None:
    assert topic not in topic_finder().by_rule(heard(text), heard(context))


@pytest.mark.parametrize("text", ["嗯", "好的好的", "哈哈你真会说话"])
def test_an_answer_about_nothing_has_no_topic(text: str) -> None:
    assert topic_finder().by_rule(heard(text), heard("")) == {}


def test_rules_and_classifier_share_the_decision() -> None:
    finder, text, nothing = topic_finder(), heard("申购费怎么收"), heard("")
    doubted = finder.joined(text, nothing, {"fee": 0.0})
    agreed = finder.joined(text, nothing, {"fee": 1.0})
    assert 0 < doubted["fee"] < agreed["fee"] <= 1
    assert set(doubted) == set(TOPICS)
