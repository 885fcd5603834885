"""The rule engine: a bank edits these files, so mistakes must be named and exceptions must hold."""

from __future__ import annotations

import pytest

from rid_telephony.datafile import parse_data
from rid_telephony.errors import DataError
from rid_telephony.rid.facts import FactBook
from rid_telephony.rid.patterns import compile_any, compile_pattern, expand
from rid_telephony.rid.rules import CompiledTrigger, Guard, Trigger, Vocabulary, clause
from rid_telephony.rid.text import hear


def fires(trigger: Trigger, text: str, context: str = "", **vocabulary: object) -> bool:
    compiled = CompiledTrigger(trigger, Vocabulary.model_validate(vocabulary))
    return any(compiled.find(hear(text), hear(context)))


def test_a_macro_may_use_another() -> None:
    assert expand("<B>!", {"A": "x", "B": "<A>y"}) == "xy!"


def test_an_unknown_macro_is_named() -> None:
    with pytest.raises(ValueError, match="unknown macro <NOPE>"):
        expand("<NOPE>", {})


def test_macros_that_use_each_other_are_refused_and_do_not_hang() -> None:
    with pytest.raises(ValueError, match=r"use each other|grow without bound"):
        expand("<A>", {"A": "<B>", "B": "<A>"})
    with pytest.raises(ValueError, match="grow without bound"):
        expand("<A>", {"A": "<A>" * 50})


def test_a_pattern_that_would_match_everything_is_refused() -> None:
    with pytest.raises(ValueError, match="empty text"):
        compile_pattern("a*", {})


def test_no_patterns_give_no_pattern() -> None:
    assert compile_any([], {}) is None


def test_an_exception_just_before_stops_the_rule() -> None:
    rule = Trigger(patterns=("保本",), unless_before=("不$",))
    assert fires(rule, "这个保本")
    assert not fires(rule, "这个不保本")


def test_an_exception_counts_in_its_own_clause_only() -> None:
    rule = Trigger(patterns=("保本",), unless_clause=("吗",))
    assert not fires(rule, "保本吗，我问问")
    assert fires(rule, "您在吗，这个保本")


def test_a_rule_may_need_what_the_other_party_said() -> None:
    rule = Trigger(patterns=("再介绍",), context=("不需要",))
    assert fires(rule, "我再介绍一款", "不需要")
    assert not fires(rule, "我再介绍一款", "好的")


def test_a_shared_guard_applies_to_the_rules_that_name_it() -> None:
    guards = {"negated": Guard(unless_before=("不$",)).model_dump()}
    assert not fires(Trigger(patterns=("亏",), guards=("negated",)), "不亏", guards=guards)
    assert fires(Trigger(patterns=("亏",)), "不亏", guards=guards)


def test_an_unknown_guard_is_named() -> None:
    with pytest.raises(ValueError, match="unknown guard 'nope'"):
        CompiledTrigger(Trigger(patterns=("a",), guards=("nope",)), Vocabulary())


def test_a_list_of_plain_words_is_used_like_a_macro() -> None:
    words = {"JOB": ("护士", "护士长", "C+")}
    trigger = Trigger(patterns=("我是(?P<v><JOB>)",))
    compiled = CompiledTrigger(trigger, Vocabulary(words=words))
    assert [one.value for one in compiled.find(hear("我是护士长"), hear(""))] == ["护士长"]
    assert fires(trigger, "我是C+", words=words)


def test_a_name_given_twice_or_a_list_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="is a macro and a list of words"):
        Vocabulary(macros={"A": "x"}, words={"A": ("y",)})
    with pytest.raises(ValueError, match="is empty"):
        Vocabulary(words={"A": ()})


def test_patterns_that_cannot_stand_together_are_refused_and_do_not_fall_silent() -> None:
    with pytest.raises(ValueError, match="same group name"):
        compile_any(["(?P<v>a)", "(?P<v>b)"], {})


def test_punctuation_at_the_end_of_a_find_does_not_draw_the_next_clause_in() -> None:
    rule = Trigger(patterns=("保本，",), unless_clause=("吗",))
    assert fires(rule, "这个保本，您在吗")


def test_the_clause_of_a_find_ends_at_punctuation() -> None:
    assert clause("一，二三？四", 2, 3) == "二三？"
    assert clause("一，二三？四", 1, 5) == "二三？"
    assert clause("没有标点", 1, 2) == "没有标点"


def test_a_wrong_pattern_in_a_rule_file_is_reported_with_its_rule_and_place() -> None:
    text = "version: 1\nrules:\n  - field: holdings\n    value: gold\n    patterns: ['(']\n"
    with pytest.raises(DataError, match=r"(?s)facts\.yaml:1:1.*rule 1 \(holdings\).*not a regular"):
        parse_data(text, "facts.yaml", FactBook)


def test_a_list_field_without_its_label_is_refused() -> None:
    text = "version: 1\nrules:\n  - field: holdings\n    patterns: ['黄金']\n"
    with pytest.raises(DataError, match=r"facts\.yaml:3:5.*holdings needs a value"):
        parse_data(text, "facts.yaml", FactBook)
