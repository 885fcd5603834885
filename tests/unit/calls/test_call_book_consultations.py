"""Agents who talk with agents are not sales calls."""

from __future__ import annotations

import pytest
from call_stories import (
    AGENT_IS_DIALLED,
    BRIDGED,
    CALL,
    ENDED,
    STARTED,
    agent_seen,
    new_book,
    observe_all,
    story,
    trunk_seen,
)

from rid_telephony.calls.messages import Party
from rid_telephony.calls.observations import (
    BridgeJoined,
    BridgeParted,
    ChannelEnded,
    ChannelMarked,
    ChannelSeen,
    DialBegun,
    DialEnded,
    DialStatus,
    HoldBegun,
    Mark,
    Observation,
)


@pytest.mark.parametrize("number", ["1001", "95001"])
@pytest.mark.parametrize("leg", [None, Party.CUSTOMER, Party.AGENT])
def test_a_consultation_between_two_agents_is_no_sales_call(leg: Party | None, number: str) -> None:
    """The dialplan marks whatever an agent dials, the consultation of a colleague too."""
    second_line = ChannelSeen(
        3.0, "a2", "PJSIP/1001-3", endpoint="1001", number=number, root="a2", dialled=False
    )
    consultation: list[Observation] = [
        HoldBegun(2.0, "a"),
        second_line,
        ChannelMarked(3.0, "a2", Mark(leg=leg)),
        agent_seen("x", "1002", at=3.1),
        DialBegun(3.1, "x", "a2"),
        BridgeJoined(3.5, "b2", "x"),
        BridgeJoined(3.5, "b2", "a2"),
    ]
    book = new_book()
    told = observe_all(book, [*CALL, *consultation])
    assert story(told) == [*STARTED, "held by agent"]
    told = observe_all(book, [ChannelEnded(4.0, "c"), ChannelEnded(5.0, "x")])
    assert story(told) == ["paused", "ended normal by customer"]
    assert observe_all(book, [ChannelEnded(5.0, "a2"), ChannelEnded(5.0, "a")]) == []


def test_a_colleague_who_cannot_be_consulted_is_no_failed_call() -> None:
    second_line = ChannelSeen(3.0, "a2", "PJSIP/1001-3", endpoint="1001", number="1001", root="a2")
    observed: list[Observation] = [
        second_line,
        ChannelMarked(3.0, "a2", Mark(leg=Party.CUSTOMER)),
        agent_seen("x", "1002", at=3.1),
        DialBegun(3.1, "x", "a2"),
        DialEnded(3.5, "x", DialStatus.BUSY, "a2"),
        ChannelEnded(3.5, "x"),
        ChannelEnded(3.6, "a2"),
    ]
    book = new_book()
    assert story(observe_all(book, [*CALL, *observed])) == STARTED
    assert book.counts["consultations"] == 1


def test_a_consulted_expert_outside_is_not_the_next_customer() -> None:
    outbound: list[Observation] = [
        ChannelSeen(0.0, "a", "PJSIP/1001-1", endpoint="1001", root="a", dialled=False),
        ChannelMarked(0.0, "a", Mark(leg=Party.AGENT)),
        trunk_seen("c", "139"),
        DialBegun(0.1, "c", "a"),
        BridgeJoined(1.0, "b1", "c"),
        BridgeJoined(1.0, "b1", "a"),
    ]
    consultation: list[Observation] = [trunk_seen("x", "010"), BridgeJoined(2.0, "b2", "x")]
    away, back = BridgeJoined(3.0, "b2", "a"), BridgeJoined(4.0, "b1", "a")
    told = observe_all(new_book(), [*outbound, *consultation, away, back, ChannelEnded(5.0, "c")])
    assert story(told)[2:] == [
        *["talk: c with a", "paused", "talk: c with a", "paused", "ended normal by customer"]
    ]


def test_an_agent_who_comes_back_from_a_consultation_takes_the_hold_back() -> None:
    told = observe_all(
        new_book(),
        [*CALL, HoldBegun(2.0, "a"), BridgeParted(2.1, "b1", "a"), BridgeJoined(4.0, "b1", "a")],
    )
    assert story(told)[3:] == ["held by agent", "paused", "retrieved by agent", "talk: c with a"]


def test_two_agents_who_call_each_other_are_no_sales_call() -> None:
    observed: list[Observation] = [
        ChannelSeen(0.0, "c", "PJSIP/1003-1", endpoint="1003", root="c", dialled=False),
        ChannelMarked(0.1, "c", Mark()),
        *AGENT_IS_DIALLED,
        *BRIDGED,
        *ENDED,
    ]
    assert observe_all(new_book(), observed) == []
    unanswered = [obs for obs in observed if not isinstance(obs, BridgeJoined)]
    assert observe_all(new_book(), unanswered) == []
