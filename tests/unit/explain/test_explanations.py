"""A reviewer of the bank asks why; what they are told must be the whole reason, and true."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from explain_kit import MODEL, STEPS, events_of, labelled_story, story_of
from profile_replay import agent_signals, customer_signals, utterance

from rid_telephony.calls.messages import CustomerContext, Party
from rid_telephony.console.signalwords import signal_name
from rid_telephony.console.words import Words
from rid_telephony.errors import InputError
from rid_telephony.explain.explaining import explain_call, known_figure
from rid_telephony.explain.figures import FIGURES
from rid_telephony.explain.messages import Explanation, Figure
from rid_telephony.explain.story import stories
from rid_telephony.rid.messages import Facts
from rid_telephony.rid.profile.observations import known_signals
from rid_telephony.strategy.messages import Hint, HintExpired, HintOffered, Priority

CALLS = range(10)
ANGRY = customer_signals("accusation", "angry", "complaint")


def figure(explanation: Explanation, name: str) -> Figure:
    return next(one for one in explanation.figures if one.name == name)


@pytest.mark.parametrize("number", CALLS)
def test_start_and_reasons_add_up_to_the_number(number: int) -> None:
    """Reasons that do not add up are decoration."""
    explanation = explain_call(labelled_story(number), STEPS)
    gauges = [one for one in explanation.figures if one.unit in {"points", "share"}]
    assert len(gauges) == 10
    for one in gauges:
        assert one.value is not None
        assert one.start is not None
        told = one.start + sum(reason.delta for reason in one.reasons) + one.rest
        assert told == pytest.approx(one.value, abs=0.16), one.name
        assert abs(one.rest) < 0.1 * (100 if one.unit == "points" else 1), one.name


@pytest.mark.parametrize("number", CALLS)
def test_every_reason_quotes_the_words_of_its_turn(number: int) -> None:
    explanation = explain_call(labelled_story(number), STEPS)
    texts = {turn.number: turn.text for turn in explanation.turns}
    reasons = [reason for one in explanation.figures for reason in one.reasons]
    said = [reason for reason in reasons if reason.turn]
    assert len(said) > 30
    for reason in said:
        assert reason.turn
        assert reason.quote in texts[reason.turn]


def test_every_figure_is_explained_once_and_in_order() -> None:
    explanation = explain_call(labelled_story(0), STEPS)
    assert tuple(one.name for one in explanation.figures) == FIGURES


def test_what_the_bank_knew_is_told_from_what_was_said() -> None:
    context = CustomerContext(age=66, tenure_years=9.0, past_calls=4)
    story = story_of(
        [(utterance("嗯，你说", number=1), customer_signals(act="backchannel"))], context
    )
    explanation = explain_call(story, STEPS)
    assert {one.source for one in figure(explanation, "relationship").reasons} == {
        "crm",
        "utterance",
    }
    (age,) = figure(explanation, "age_stage").reasons
    assert figure(explanation, "age_stage").label == "retired"
    assert (age.signal, age.quote, age.source) == ("fact.age", "age=66", "crm")


def test_an_age_stage_that_was_said_is_explained_by_the_words() -> None:
    facts = Facts(age=58, quotes={"age": "五十八了"})
    story = story_of([(utterance("我都五十八了", number=1), customer_signals(facts=facts))])
    (age,) = figure(explain_call(story, STEPS), "age_stage").reasons
    assert (age.turn, age.quote) == (1, "五十八了")


def test_a_holding_known_before_is_not_put_into_the_customers_mouth() -> None:
    context = CustomerContext(occupation="公务员", holdings=("property",))
    facts = Facts(holdings=("stock",), quotes={"holdings": "炒点股"})
    story = story_of([(utterance("平时炒点股", number=1), customer_signals(facts=facts))], context)
    told = {one.signal: one for one in figure(explain_call(story, STEPS), "stratum").reasons}
    assert (told["holding.property"].turn, told["holding.property"].source) == (None, "crm")
    assert (told["holding.stock"].turn, told["holding.stock"].quote) == (1, "炒点股")


def test_the_agents_last_words_count_although_the_customer_says_no_more() -> None:
    """The summary and the explanation of one call must not differ."""
    story = story_of(
        [
            (utterance("别再打了", number=1), ANGRY),
            (utterance("真的抱歉", Party.AGENT, 2), agent_signals("apology")),
        ]
    )
    explanation = explain_call(story, STEPS)
    score = figure(explanation, "relationship")
    assert explanation.summary
    assert score.value == explanation.summary["relationship"]
    assert any(one.signal == "agent.act.apology" and one.turn == 2 for one in score.reasons)


def test_one_turn_tells_what_it_moved_and_how_things_stood() -> None:
    story = story_of(
        [
            (utterance("您好", Party.AGENT, 1), agent_signals("greeting")),
            (utterance("别再打了，我要投诉", number=2), ANGRY),
            (
                utterance("谢谢，麻烦您了", number=3),
                customer_signals(emotion="pleased", act="agree"),
            ),
        ]
    )
    explanation = explain_call(story, STEPS, turn=2)
    assert [turn.number for turn in explanation.turns] == [2]
    assert figure(explanation, "state").label == "angry"
    moved = explanation.moved["relationship"]
    assert sum(one.delta for one in moved) < -3
    assert {one.turn for one in moved} == {2}
    whole = explain_call(story, STEPS)
    assert (figure(explanation, "trust").value or 0) < (figure(whole, "trust").value or 0)


def test_one_number_is_shown_without_the_rest() -> None:
    explanation = explain_call(labelled_story(0), STEPS, number="trust")
    assert [one.name for one in explanation.figures] == ["trust"]
    assert not explanation.hints


def test_a_hint_names_its_rule_its_words_and_its_end() -> None:
    hint = Hint(
        hint_id="call-h-001",
        strategy="soothe_first",
        priority=Priority.ALERT,
        line="先安抚",
        script="",
        reason="客户愤怒。",
        cause="anger",
        confidence=0.9,
        offered_at=12.0,
        ttl=15.0,
        evidence=("u1", "gone"),
        rule="angry",
    )
    spoken = [
        (utterance("别再打了", number=1), ANGRY),
        (utterance("抱歉", Party.AGENT, 2), agent_signals("apology")),
    ]
    advice = {0: (HintOffered(hint),), 1: (HintExpired("call-h-001", 20.0, "overtaken"),)}
    (one,) = explain_call(story_of(spoken, advice=advice), STEPS).hints
    assert one.hint["rule"] == "angry"
    assert [turn.text for turn in one.behind] == ["别再打了"]
    assert (one.turn, one.ended, one.ended_turn) == (1, "overtaken", 2)


def test_a_call_stored_before_starts_were_kept_is_still_explained() -> None:
    events = events_of([(utterance("别再打了", number=1), ANGRY)])
    for event in events:
        for part in ("score", "trust"):
            if isinstance(event.data.get(part), dict):
                event.data[part].pop("start", None)
        event.data.pop("starts", None)
        event.data.pop("age_stage_evidence", None)
        event.data.get("mood", {}).pop("evidence", None)
    (story,) = stories(events)
    score = figure(explain_call(story, STEPS), "relationship")
    assert score.start is None
    assert score.rest == 0
    assert score.reasons


def test_a_call_without_words_says_that_there_is_nothing_to_explain() -> None:
    (story,) = stories([event for event in events_of([]) if event.type == "call.summary"])
    with pytest.raises(InputError, match="no utterances"):
        explain_call(story, STEPS)


@pytest.mark.parametrize("turn", [0, -1, 3, 10_000])
def test_a_turn_that_is_not_there_is_refused_with_the_turns_that_are(turn: int) -> None:
    story = story_of([(utterance("嗯", number=number), customer_signals()) for number in (1, 2)])
    with pytest.raises(InputError, match="turns 1 to 2"):
        explain_call(story, STEPS, turn=turn)


def test_a_misspelt_figure_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match="Did you mean relationship"):
        known_figure("relationshp")


def test_an_explanation_is_json() -> None:
    text = json.dumps(asdict(explain_call(labelled_story(1), STEPS)), ensure_ascii=False)
    assert json.loads(text)["figures"][0]["name"] == "relationship"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_signal_that_moves_a_number_has_a_name_for_people(language: str) -> None:
    """A reviewer who reads `cue.hand_down` has been told nothing: name it in labels.yaml."""
    words = Words("zh" if language == "zh" else "en")
    style = MODEL.data.style.indicators
    signals = {
        *known_signals(MODEL.data.cues.cues),
        *(f"{indicator.group}.{name}" for name, indicator in style.items()),
        *(f"occupation.{name}" for name in MODEL.data.stratum.strata),
        *("rank", "education", "income", "base", "other"),
    }
    assert [one for one in sorted(signals) if signal_name(one, words) == one] == []
