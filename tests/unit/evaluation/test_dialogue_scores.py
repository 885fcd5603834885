"""Scores decide what is believed of the model; they must be right on cases worked by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.evaluation.dialogue_scores import (
    CallView,
    needs_overlap,
    ranks,
    score_dialogues,
    spearman,
)

CALL = CallView(
    relationship=(10, 20, 30),
    style="owl",
    stratum="middle",
    age_stage="midlife",
    needs=("growth", "education"),
    satisfaction=80,
    trust=70,
    purchase_intent=60,
    complaint_risk="low",
    churn_risk="high",
)


def test_equal_order_is_one_reversed_order_minus_one_and_ties_lie_between() -> None:
    assert spearman([1, 2, 3], [10, 20, 90]) == pytest.approx(1)
    assert spearman([1, 2, 3], [9, 5, 1]) == pytest.approx(-1)
    assert spearman([1, 2, 3, 4], [1, 2, 2, 4]) == pytest.approx(0.9486832980505138)


def test_a_constant_side_has_no_correlation() -> None:
    assert spearman([1, 2, 3], [5, 5, 5]) is None
    assert spearman([1], [1]) is None


def test_sides_of_different_length_are_an_error() -> None:
    with pytest.raises(ValueError, match="2 values on one side, 1 on the other"):
        spearman([1, 2], [1])


def test_equal_values_share_their_mean_rank() -> None:
    assert ranks([30, 10, 30, 20]) == [3.5, 1, 3.5, 2]


def test_needs_are_compared_with_as_many_of_the_heaviest() -> None:
    assert needs_overlap(("growth", "education"), ("education", "liquidity", "growth")) == 0.5
    assert needs_overlap((), ("growth",)) == 1.0
    assert needs_overlap(("growth",), ()) == 0.0


def test_a_withheld_style_lowers_coverage_and_not_accuracy() -> None:
    scores = score_dialogues([(CALL, CALL), (CALL, replace(CALL, style=""))])
    assert (scores.style_top1, scores.style_coverage) == (1.0, 0.5)


def test_errors_and_agreement_are_means_over_calls() -> None:
    other = replace(CALL, relationship=(10, 20, 60), trust=50, stratum="", churn_risk="low")
    scores = score_dialogues([(CALL, other), (CALL, CALL)])
    assert scores.mae == {"satisfaction": 0, "trust": 10, "purchase_intent": 0}
    assert scores.relationship_mae == pytest.approx(5)
    assert scores.stratum_accuracy == 0.5
    assert scores.risk_agreement == {"complaint_risk": 1.0, "churn_risk": 0.5}


def test_no_calls_give_no_scores() -> None:
    scores = score_dialogues([])
    assert scores.spearman is None
    assert scores.style_coverage is None


@given(st.lists(st.integers(0, 100), min_size=2, max_size=30))
def test_a_rising_transformation_changes_nothing(values: list[int]) -> None:
    result = spearman(values, [2.5 * value + 1 for value in values])
    assert result is None if len(set(values)) == 1 else result == pytest.approx(1)
