"""Confusion, calibration and worst errors show where the detector must not be trusted."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.evaluation.decisions import (
    Decision,
    confusions,
    decisions,
    reliability,
    wilson,
    worst,
)
from rid_telephony.evaluation.records import CustomerRecord
from rid_telephony.evaluation.reliability_svg import reliability_svg
from rid_telephony.rid.messages import Choice, CustomerSignals, Facts


def made(gold: str, found: str, confidence: float, number: int = 0) -> Decision:
    return Decision("objection", f"r{number}", "", "x", gold, found, confidence, 1 - confidence)


def test_the_surest_wrong_decision_is_the_worst_and_right_ones_are_none() -> None:
    found = worst(
        [
            made("doubt", "doubt", 0.99, 1),
            made("doubt", "none", 0.6, 2),
            made("none", "doubt", 0.9, 3),
            made("not_now", "none", 0.7, 4),
        ],
        2,
    )
    assert [one.id for one in found] == ["r3", "r4"]


def test_a_head_that_is_right_as_often_as_it_claims_is_calibrated() -> None:
    claims = [made("doubt", "doubt" if hit else "none", 0.75, hit) for hit in (1, 1, 1, 0)]
    head = reliability(claims)["objection"]
    (only,) = head.bins
    assert head.error == pytest.approx(0)
    assert (only.low, only.high, only.count) == (pytest.approx(0.7), pytest.approx(0.8), 4)
    assert only.accuracy == 0.75


def test_a_claim_of_certainty_falls_into_the_last_bin() -> None:
    (only,) = reliability([made("doubt", "doubt", 1.0)])["objection"].bins
    assert only.high == 1.0


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_the_share_that_it_is_about(pair: tuple[int, int]) -> None:
    right, count = pair
    low, high = wilson(right, count)
    assert 0 <= low <= right / count + 1e-9
    assert right / count - 1e-9 <= high <= 1


def test_the_act_of_an_objection_is_not_scored() -> None:
    """An objection is an objection: its act says nothing more."""
    signals = CustomerSignals(
        objection=Choice("doubt", {"doubt": 0.8, "none": 0.2}),
        emotion=Choice("neutral", {"neutral": 1.0}),
        act=Choice("question", {"question": 1.0}),
        topics={},
        facts=Facts(),
        valence=0.0,
        arousal=0.0,
    )
    records = [
        CustomerRecord(id=label, text="x", objection=label, emotion="neutral", act="question")
        for label in ("none", "doubt")
    ]
    found = decisions([(record, signals) for record in records], [])
    assert [one.id for one in found if one.head == "act"] == ["none"]
    assert confusions(found)["objection"]["none"]["doubt"] == 1
    assert found[0].gold_probability == 0.2


def test_the_diagram_is_sound_xml_with_a_panel_and_a_count_for_each_head() -> None:
    claims = [made("doubt", "doubt", 0.03 + n / 20, n) for n in range(20)]
    text = reliability_svg(list(reliability(claims).values()), "a <b> & 'c'")
    drawing = ET.fromstring(text)  # noqa: S314 - our own drawing
    words = [element.text for element in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert "objection" in words
    assert "a <b> & 'c'" in words
    assert words.count("2") == 10


def test_a_diagram_of_nothing_is_still_a_drawing() -> None:
    assert ET.fromstring(reliability_svg([], "nothing")).tag.endswith("svg")  # noqa: S314 - ours
