"""How calls end, and what is left out for want of room or of a partner."""

from __future__ import annotations

import pytest
from call_stories import (
    AGENT_IS_DIALLED,
    BRIDGED,
    CALL,
    CUSTOMER_CALLS,
    ENDED,
    STARTED,
    agent_seen,
    assert_in_order,
    new_book,
    observe_all,
    story,
    trunk_seen,
    wall,
)

from rid_telephony.calls.messages import CallEnded, CallStarted, Direction, Party
from rid_telephony.calls.observations import (
    BridgeJoined,
    BridgeParted,
    CallerGaveUp,
    ChannelEnded,
    ChannelMarked,
    ChannelSeen,
    ChannelsListed,
    DialBegun,
    DialEnded,
    DialStatus,
    HangupAsked,
    Mark,
    Observation,
)


def test_a_transfer_that_finds_nobody_ends_with_the_customer() -> None:
    told = observe_all(
        new_book(),
        [
            *CALL,
            BridgeParted(2.0, "b1", "c"),
            BridgeParted(2.0, "b1", "a"),
            ChannelEnded(2.0, "a"),
            agent_seen("x", "1002"),
            DialBegun(2.1, "x", "c"),
            DialEnded(3.0, "x", DialStatus.BUSY, "c"),
            ChannelEnded(3.1, "c"),
        ],
    )
    assert story(told)[3:] == ["paused", "ended normal by nobody"]


def test_the_agent_who_hung_up_is_named_although_the_customer_stays_for_a_survey() -> None:
    observed = [HangupAsked(2.0, "a"), ChannelEnded(2.0, "a"), HangupAsked(8.0, "c"), *ENDED]
    told = observe_all(new_book(), [*CALL, *observed])
    assert story(told)[3:] == ["paused", "ended normal by agent"]
    assert told[-1].at == 8.0


@pytest.mark.parametrize(
    ("ending", "cause"),
    [
        ([DialEnded(3.0, "a", DialStatus.BUSY)], "busy"),
        ([DialEnded(3.0, "a", DialStatus.NO_ANSWER)], "no_answer"),
        (
            [
                DialEnded(3.0, "a", DialStatus.NO_ANSWER),
                ChannelEnded(3.0, "a", DialStatus.REJECTED),
            ],
            "rejected",
        ),
        ([DialEnded(3.0, "a", DialStatus.FAILED)], "failed"),
        ([ChannelEnded(3.0, "a", DialStatus.BUSY)], "busy"),
        ([HangupAsked(3.0, "c"), DialEnded(3.0, "a", DialStatus.CANCELLED)], "cancelled"),
        ([DialEnded(3.0, "a", DialStatus.NO_ANSWER), CallerGaveUp(4.0, "c")], "cancelled"),
        ([DialEnded(3.0, "a", DialStatus.BUSY), HangupAsked(4.0, "c")], "busy"),
        ([DialEnded(3.0, "a", DialStatus.ANSWERED)], "failed"),
        ([], "failed"),
    ],
)
def test_a_call_that_reached_nobody_says_why(ending: list[Observation], cause: str) -> None:
    told = observe_all(
        new_book(), [*CUSTOMER_CALLS, *AGENT_IS_DIALLED, *ending, ChannelEnded(5.1, "c")]
    )
    by = "customer" if cause == "cancelled" else "nobody"
    assert story(told) == [
        "started inbound: 139 with 1001, agent 1001",
        f"ended {cause} by {by}",
    ]
    assert isinstance(told[0], CallStarted)
    assert told[0].started_at == wall(0.1)
    assert told[1].at == pytest.approx(5.0)


def test_a_caller_who_only_heard_the_ivr_is_counted_and_not_reported() -> None:
    book = new_book()
    ivr = [*CUSTOMER_CALLS, HangupAsked(3.0, "c"), ChannelEnded(3.0, "c")]
    assert observe_all(book, ivr) == []
    assert book.counts["nobody_dialled"] == 1


def test_a_customer_whom_the_dialler_does_not_reach_is_reported() -> None:
    observed: list[Observation] = [
        ChannelSeen(0.0, "c", "PJSIP/trunk-1", endpoint="trunk", number="139", root="c"),
        ChannelMarked(0.0, "c", Mark(leg=Party.CUSTOMER)),
        DialBegun(0.0, "c"),
        DialEnded(4.0, "c", DialStatus.BUSY),
        ChannelEnded(4.0, "c"),
    ]
    told = observe_all(new_book(), observed)
    assert story(told) == ["started outbound: 139 with -, agent ", "ended busy by nobody"]


def test_after_a_reconnect_running_calls_go_on_and_lost_ones_end() -> None:
    book = new_book()
    told = observe_all(book, CALL)
    again: list[Observation] = [
        CALL[0],
        BridgeJoined(5.0, "b1", "c"),
        BridgeJoined(5.0, "b1", "a"),
        ChannelsListed(5.0, frozenset({"c", "a"})),
    ]
    assert observe_all(book, again) == []
    told += book.observe(ChannelsListed(9.0, frozenset({"a"})))
    assert story(told)[3:] == ["paused", "ended lost by nobody"]
    assert_in_order(told)


def test_a_call_picked_up_midway_is_inbound_where_the_customer_began_it() -> None:
    observed: list[Observation] = [
        ChannelSeen(0.0, "c", "PJSIP/trunk-1", endpoint="trunk", root="c"),
        ChannelSeen(0.0, "a", "PJSIP/1001-2", endpoint="1001", root="c", dialled=True),
        *BRIDGED,
        ChannelsListed(1.0, frozenset({"a", "c"})),
        ChannelMarked(1.1, "c", Mark()),
    ]
    started = observe_all(new_book(), observed)[0]
    assert isinstance(started, CallStarted)
    assert started.direction is Direction.INBOUND


def test_what_comes_after_the_end_of_a_channel_is_counted_not_believed() -> None:
    book = new_book()
    late: list[Observation] = [BridgeJoined(9.1, "b1", "c"), ChannelMarked(9.1, "c", Mark())]
    told = observe_all(book, [*CALL, *ENDED, *late, HangupAsked(9.2, "c"), *ENDED])
    assert story(told)[-1] == "ended normal by customer"
    assert len(told) == 5
    assert book.counts["late"] >= 4
    assert not book.known("c")


def test_more_calls_than_allowed_are_left_alone() -> None:
    book = new_book(max_calls=1)
    told = observe_all(book, CALL)
    second: list[Observation] = [
        trunk_seen("c2", "138"),
        ChannelMarked(2.0, "c2", Mark()),
        agent_seen("a2", "1002"),
        BridgeJoined(3.0, "b2", "c2"),
        BridgeJoined(3.0, "b2", "a2"),
        ChannelEnded(4.0, "c2"),
    ]
    assert observe_all(book, second) == []
    assert book.counts["too_many_calls"] == 1
    assert story(told) == STARTED


def test_a_flood_of_channels_forgets_the_idle_and_keeps_the_calls() -> None:
    book = new_book(max_channels=4)
    observe_all(book, CALL)
    observe_all(book, [trunk_seen(f"x{i}", "1") for i in range(50)])
    assert book.known("a")
    assert book.known("c")
    assert book.known("x49")
    assert not book.known("x1")
    assert book.counts["channels_forgotten"] == 48
    told = observe_all(book, ENDED)
    assert story(told) == ["paused", "ended normal by customer"]


def test_where_every_channel_is_needed_new_ones_are_refused() -> None:
    book = new_book(max_channels=2)
    observe_all(book, CALL)
    assert observe_all(book, [trunk_seen("x", "1"), BridgeJoined(2.0, "b1", "x")]) == []
    assert not book.known("x")
    assert book.counts["channels_refused"] == 2


def test_a_refusal_is_told_as_one_though_the_customer_is_gone_before_the_agent() -> None:
    """Asterisk says NOANSWER for a 603; its two Hangups come in either order."""
    book = new_book()
    for observation in (
        ChannelSeen(1.0, "1.0", endpoint="trunk", root="1.0", dialled=False),
        ChannelMarked(1.0, "1.0", Mark(leg=Party.CUSTOMER)),
        ChannelSeen(1.1, "1.1", endpoint="1001", root="1.0", dialled=True),
        DialBegun(1.2, "1.1", "1.0"),
        DialEnded(2.0, "1.1", DialStatus.NO_ANSWER, "1.0"),
    ):
        book.observe(observation)
    gone = ChannelEnded(2.0, "1.0", DialStatus.FAILED, passed_on=DialStatus.REJECTED)
    started, ended = book.observe(gone)
    assert isinstance(started, CallStarted)
    assert isinstance(ended, CallEnded)
    assert ended.cause == "rejected"
    assert book.observe(ChannelEnded(2.0, "1.1", DialStatus.REJECTED)) == []
