"""Labelled sales calls through profile and coach.

Objection, emotion and act are the labels, as sure signals; topics and facts, which the dialogues
do not label, come from the shipped rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import rid_books
from profile_replay import dialogues, heard
from strategy_builders import playbook

from rid_telephony.calls.messages import CustomerContext, Party
from rid_telephony.evaluation.hint_scores import HintCall, HintScores, HintTurn, score_hints
from rid_telephony.pipeline.texts import Turn, timed
from rid_telephony.rid.messages import CustomerSignals, Signals
from rid_telephony.rid.profile.loading import load_profile_model
from rid_telephony.rid.profile.tracker import ProfileTracker
from rid_telephony.settings.rid import RidSettings
from rid_telephony.settings.strategy import StrategySettings
from rid_telephony.strategy.coach import Coach
from rid_telephony.strategy.messages import Advice, CallSummary, HintExpired, HintOffered

REFUSING = {"accusation", "polite_refusal"}
FIXTURES = ("dialogues", "design")


def play(dialogue: dict[str, Any]) -> tuple[list[tuple[dict[str, Any], list[Advice]]], CallSummary]:
    """Every turn with its advice, at the pace of speech; and the summary."""
    crm: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in dialogue["crm"].items()
    }
    context = CustomerContext(**crm)
    tracker = ProfileTracker(load_profile_model_once(), context)
    coach = Coach(playbook(), StrategySettings(), dialogue["id"], context)
    spoken = timed(
        dialogue["id"], [Turn(Party(turn["speaker"]), turn["text"]) for turn in dialogue["turns"]]
    )
    advised = []
    before = ""
    for turn, utterance, (_, labelled) in zip(
        dialogue["turns"], spoken, heard(dialogue), strict=True
    ):
        signals = read(labelled, utterance.text, before)
        before = utterance.text
        profile = tracker.hear(utterance, signals)
        advice = [*coach.tick(utterance.begin)]
        advice += coach.consider(utterance, signals, profile, utterance.end)
        advised.append((turn, advice))
    advised[-1][1].extend(coach.finish(spoken[-1].end))
    return advised, coach.summarise(tracker.profile, spoken[-1].end)


def read(signals: Signals, text: str, before: str) -> Signals:
    """Add topics and facts to the labels."""
    if not isinstance(signals, CustomerSignals):
        return signals
    words, context = rid_books.heard(text), rid_books.heard(before)
    return replace(
        signals,
        topics=rid_books.topic_finder().by_rule(words, context),
        facts=rid_books.fact_reader().read(words, context),
    )


@cache
def load_profile_model_once() -> Any:
    return load_profile_model(RidSettings())


@cache
def played(name: str) -> list[Any]:
    return [(dialogue, *play(dialogue)) for dialogue in dialogues(name)]


def scored(name: str) -> HintScores:
    return score_hints(
        HintCall(tuple(turns(advised)), summary.duration) for _, advised, summary in played(name)
    )


def turns(advised: list[tuple[dict[str, Any], list[Advice]]]) -> Iterator[HintTurn]:
    """Customer turns; what is offered until the customer speaks again is theirs."""
    collected: list[tuple[dict[str, Any], list[str]]] = []
    for turn, advice in advised:
        if turn["speaker"] == "customer":
            collected.append((turn, []))
        if collected:
            collected[-1][1].extend(
                one.hint.strategy for one in advice if isinstance(one, HintOffered)
            )
    for turn, offered in collected:
        yield HintTurn(
            tuple(offered),
            frozenset(turn.get("expected_hints", ())),
            frozenset(turn.get("wrong_hints", ())),
            tense=turn["emotion"] == "angry" or turn["objection"] in REFUSING,
        )


def test_a_good_coach_is_met_on_most_turns_without_a_wrong_word() -> None:
    scores = scored("dialogues")
    assert scores.asked > 100
    assert scores.hit_rate >= 0.70
    assert scores.tense_wrong == 0
    assert scores.wrong_rate <= 0.03


@pytest.mark.parametrize("name", FIXTURES)
def test_no_call_is_noisy_and_none_is_left_alone(name: str) -> None:
    counts = [sum(summary.hints.values()) for _, _, summary in played(name)]
    assert min(counts) >= 2
    assert max(counts) <= 14
    assert sum(counts) / len(counts) <= 12


@pytest.mark.parametrize("name", FIXTURES)
def test_every_hint_that_is_offered_is_taken_away_exactly_once(name: str) -> None:
    for _, advised, _ in played(name):
        advice = [item for _, items in advised for item in items]
        offered = [one.hint.hint_id for one in advice if isinstance(one, HintOffered)]
        ended = [one.hint_id for one in advice if isinstance(one, HintExpired)]
        assert offered == ended


@pytest.mark.parametrize("name", FIXTURES)
def test_most_outcomes_are_estimated_right(name: str) -> None:
    right = [
        dialogue["call"]["outcome"] == summary.outcome for dialogue, _, summary in played(name)
    ]
    assert sum(right) / len(right) >= 0.8


@pytest.mark.parametrize("name", FIXTURES)
def test_every_call_ends_with_a_note_for_the_agent(name: str) -> None:
    for dialogue, _, summary in played(name):
        assert "做得好" in summary.coaching_note, dialogue["id"]
        assert "下一步" in summary.coaching_note, dialogue["id"]
