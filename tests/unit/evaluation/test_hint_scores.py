"""The scores by which hints are judged must themselves be right."""

from __future__ import annotations

import pytest

from rid_telephony.evaluation.hint_scores import HintCall, HintTurn, score_hints


def turn(*offered: str, expected: str = "", wrong: str = "", tense: bool = False) -> HintTurn:
    return HintTurn(offered, frozenset(expected.split()), frozenset(wrong.split()), tense)


def test_a_hint_in_the_turn_or_the_next_meets_the_expectation() -> None:
    call = HintCall(
        (
            turn("a", expected="a b"),
            turn(expected="c"),
            turn("c", expected="d"),
            turn(expected=""),
            turn("d"),
        ),
        60,
    )
    scores = score_hints([call])
    assert (scores.asked, scores.hit) == (3, 2)
    assert scores.hit_rate == pytest.approx(2 / 3)


def test_a_hint_offered_before_the_turn_does_not_count_for_it() -> None:
    assert score_hints([HintCall((turn("a"), turn(expected="a")), 60)]).hit == 0


def test_the_next_call_is_not_the_next_turn() -> None:
    calls = [HintCall((turn(expected="a"),), 30), HintCall((turn("a"),), 30)]
    assert score_hints(calls).hit == 0


def test_wrong_hints_are_counted_for_their_own_turn_only() -> None:
    call = HintCall((turn("a", "b", wrong="a"), turn("a", wrong="a", tense=True), turn("a")), 60)
    scores = score_hints([call])
    assert (scores.offered, scores.wrong, scores.tense_wrong) == (4, 2, 1)
    assert scores.wrong_rate == 0.5


def test_hints_are_counted_by_five_minutes_of_call() -> None:
    calls = [HintCall((turn("a"), turn("b")), 60), HintCall((turn("c"),), 90)]
    assert score_hints(calls).per_five_minutes == pytest.approx(6)


def test_nothing_scores_nothing() -> None:
    scores = score_hints([])
    assert (scores.hit_rate, scores.wrong_rate, scores.per_five_minutes) == (0, 0, 0)
