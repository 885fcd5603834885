"""What each event of the feed becomes on the PBX: the contract of the dialplan variables."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from writeback_kit import START, alert, hint, state

from rid_telephony.cti import events
from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.cti.feed import Feed
from rid_telephony.pbx.writeback_words import (
    NO_HINT,
    alert_fields,
    offered_hint,
    state_variables,
)


def published(event_type: str, data: events.EventData) -> CloudEvent:
    feed = Feed("/test")
    return feed.publish(feed.open_call("call-1", START, agent="1001"), event_type, data)


def gauge(value: float) -> events.GaugeData:
    return events.GaugeData(value=value, trend=0.0, evidence=[])


def signals(role: str, objection: str = "doubt") -> events.SignalsDetected:
    customer = role == "customer"

    def choice(label: str) -> events.ChoiceData:
        return events.ChoiceData(label=label, probability=0.9, probabilities={})

    return events.SignalsDetected(
        at_ms=1,
        utterance_id="u1",
        role=role,  # type: ignore[arg-type] # a plain string of the parametrisation
        objection=choice(objection) if customer else None,
        emotion=choice("doubtful") if customer else None,
        act=choice("question"),
        topics={},
        facts={},
        valence=None,
        arousal=None,
        findings=[],
    )


def influence(style: str) -> events.InfluenceUpdated:
    return events.InfluenceUpdated(
        at_ms=1,
        style=events.StyleData(label=style, probability=0.5, posterior={}, evidence=[]),
        mood=events.MoodData(emotion="neutral", valence=0, arousal=0, valence_trend=0),
        objections=[],
        factors={},
        satisfaction=gauge(50),
        trust=gauge(50),
        purchase_intent=gauge(61.4),
    )


RELATIONSHIP = events.RelationshipUpdated(at_ms=1, score=gauge(42.6), stage="contact", gate="probe")
SUPERVISOR = events.SupervisorAlert(at_ms=1, kind="anger", reason="客户愤怒", evidence=[])


@pytest.mark.parametrize(
    ("event_type", "data", "variables"),
    [
        (
            "signals.detected",
            signals("customer"),
            {"objection": "doubt", "emotion": "doubtful"},
        ),
        ("signals.detected", signals("agent"), {}),
        ("customer.state.changed", state("angry"), {"state": "angry"}),
        ("rid.relationship.updated", RELATIONSHIP, {"relationship": "43"}),
        ("rid.influence.updated", influence("data"), {"style": "data", "purchase_intent": "61"}),
        ("rid.influence.updated", influence(""), {"style": "", "purchase_intent": "61"}),
        ("compliance.alert", alert(), {"alert": "compliance.guarantee"}),
        ("supervisor.alert", SUPERVISOR, {"alert": "supervisor.anger"}),
        ("call.answered", events.CallAnswered(at_ms=1), {}),
    ],
)
def test_the_dialplan_reads_the_state_in_variables(
    event_type: str, data: events.EventData, variables: Mapping[str, str]
) -> None:
    assert state_variables(published(event_type, data)) == variables


def test_a_hint_says_until_when_it_is_worth_showing() -> None:
    made = offered_hint(published("hint.offered", hint(1, 20.0)))
    assert made.lifetime == 20.0
    assert made.fields["expires"] == "2026-11-22T09:00:21.000Z"
    assert made.fields["call_id"] == "call-1"
    assert made.fields["sequence"] == made.fields["cursor"] == "1"
    assert made.variables == {
        "hint": "先给证据1",
        "hint_id": "h1",
        "hint_priority": "3",
        "strategy": "give_evidence",
    }


def test_who_reads_the_hints_id_finds_the_rest_of_it_written() -> None:
    """A screen that waits for a new id would show the strategy of the hint before it."""
    made = offered_hint(published("hint.offered", hint(1, 20.0)))
    assert [*made.variables][-1] == [*NO_HINT][-1] == "hint_id"


def test_a_script_with_line_breaks_stays_one_field() -> None:
    """A line break in a value would let a quoted customer write headers of the PBX's event."""
    made = offered_hint(published("hint.offered", hint(1, 20.0, script="好\r\nAction: Logoff")))
    assert made.fields["script"] == "好 Action: Logoff"


def test_an_alert_on_the_bus_does_not_quote_the_agent() -> None:
    fields = alert_fields(published("compliance.alert", alert()))
    assert fields["label"] == "guarantee"
    assert fields["wording"] == "理财非存款，产品有风险。"
    assert not any("保证不亏" in text for text in fields.values())
