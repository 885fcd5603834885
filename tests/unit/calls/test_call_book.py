"""What the call book makes of calls that no recording shows."""

from __future__ import annotations

import pytest
from call_stories import assert_in_order, new_book, observe_all, story, wall

from rid_telephony.calls.messages import CallStarted, CustomerContext, Direction, Party, TalkBegan
from rid_telephony.calls.observations import (
    BridgeJoined,
    BridgeParted,
    CallerGaveUp,
    ChannelEnded,
    ChannelKind,
    ChannelMarked,
    ChannelSeen,
    ChannelsListed,
    ChannelUnmarked,
    DialBegun,
    DialEnded,
    DialStatus,
    HangupAsked,
    HoldBegun,
    HoldEnded,
    LegTold,
    Mark,
    Observation,
)

CUSTOMER_CALLS: list[Observation] = [
    ChannelSeen(0.0, "c", "PJSIP/trunk-1", endpoint="trunk", number="139", root="c", dialled=False),
    ChannelMarked(0.1, "c", Mark()),
]
AGENT_IS_DIALLED: list[Observation] = [
    ChannelSeen(0.2, "a", "PJSIP/1001-2", endpoint="1001", number="1001", root="c"),
    DialBegun(0.2, "a", "c"),
]
BRIDGED: list[Observation] = [BridgeJoined(1.0, "b1", "a"), BridgeJoined(1.0, "b1", "c")]
CALL = [*CUSTOMER_CALLS, *AGENT_IS_DIALLED, DialEnded(0.9, "a", DialStatus.ANSWERED), *BRIDGED]
STARTED = ["started inbound: 139 with 1001, agent 1001", "answered", "talk: c with a"]
ENDED: list[Observation] = [ChannelEnded(9.0, "c"), ChannelEnded(9.0, "a")]


def _agent(uid: str, endpoint: str, at: float = 2.0) -> ChannelSeen:
    return ChannelSeen(at, uid, f"PJSIP/{endpoint}-{uid}", endpoint=endpoint, number=endpoint)


def _trunk(uid: str, number: str, at: float = 2.0) -> ChannelSeen:
    return ChannelSeen(at, uid, f"PJSIP/trunk-{uid}", endpoint="trunk", number=number)


def test_start_answer_and_talk_come_together_at_second_zero() -> None:
    book = new_book(node="bj1")
    started, answered, talk = observe_all(book, CALL)
    assert isinstance(started, CallStarted)
    assert (started.call_id, started.started_at) == ("bj1-c", wall(1.0))
    assert isinstance(talk, TalkBegan)
    assert (started.at, answered.at, talk.at, talk.origin) == (0.0, 0.0, 0.0, 1.0)
    assert book.calls == ("bj1-c",)


def test_the_mark_names_agent_tenant_and_customer() -> None:
    context = CustomerContext(customer_id="C1", age=35)
    mark = Mark(agent="wang", tenant="east", consent=True, context=context)
    book = new_book()
    observed = [CALL[0], ChannelMarked(0.1, "c", mark), *CALL[2:]]
    started, _, talk = observe_all(book, observed)
    assert isinstance(started, CallStarted)
    assert isinstance(talk, TalkBegan)
    assert (started.agent, started.tenant, started.context) == ("wang", "east", context)
    assert (talk.agent_id, talk.endpoint) == ("wang", "1001")


def test_the_agent_of_the_mark_is_not_the_one_that_the_call_is_transferred_to() -> None:
    observed = [CALL[0], ChannelMarked(0.1, "c", Mark(agent="wang")), *CALL[2:]]
    observed += [_agent("a2", "1002"), ChannelEnded(2.0, "a"), BridgeJoined(3.0, "b1", "a2")]
    told = observe_all(new_book(), observed)
    assert story(told)[3:] == ["paused", "transferred to 1002, agent 1002", "talk: c with a2"]


def test_a_call_without_a_mark_is_never_touched() -> None:
    unmarked = [obs for obs in CALL if not isinstance(obs, ChannelMarked)]
    book = new_book()
    assert observe_all(book, [*unmarked, HoldBegun(2.0, "a"), *ENDED]) == []
    assert not book.marked("c")


def test_a_mark_that_comes_late_starts_the_call_at_once() -> None:
    unmarked = [obs for obs in CALL if not isinstance(obs, ChannelMarked)]
    told = observe_all(
        new_book(), [*unmarked, HoldBegun(2.0, "a"), ChannelMarked(5.0, "c", Mark()), *ENDED]
    )
    assert story(told) == [*STARTED, "held by agent", "paused", "ended normal by customer"]
    assert isinstance(told[2], TalkBegan)
    assert told[2].origin == 5.0


def test_a_customer_who_refused_is_not_analysed() -> None:
    refused = [CALL[0], ChannelMarked(0.1, "c", Mark(consent=False)), *CALL[2:], *ENDED]
    book = new_book()
    assert observe_all(book, refused) == []
    assert book.counts["without_consent"] == 1
    told = observe_all(new_book(analyse_without_consent=True), refused)
    assert story(told) == [*STARTED, "paused", "ended normal by customer"]


def test_one_leg_that_refuses_is_enough() -> None:
    agent_marked = ChannelMarked(0.3, "a", Mark(leg=Party.AGENT, consent=False))
    assert observe_all(new_book(), [*CALL[:-2], agent_marked, *BRIDGED, *ENDED]) == []


def test_assist_off_pauses_a_running_call_and_on_again_resumes_it() -> None:
    told = observe_all(
        new_book(),
        [*CALL, ChannelUnmarked(2.0, "c"), ChannelMarked(3.0, "c", Mark()), *ENDED],
    )
    assert story(told)[3:5] == ["paused", "talk: c with a"]
    never = observe_all(new_book(), [CALL[0], ChannelUnmarked(0.1, "c"), *CALL[2:], *ENDED])
    assert never == []


def test_both_legs_marked_are_one_call() -> None:
    observed = [*CALL[:-2], ChannelMarked(0.3, "a", Mark(leg=Party.AGENT)), *BRIDGED, *ENDED]
    told = observe_all(new_book(), observed)
    assert story(told) == [*STARTED, "paused", "ended normal by customer"]


def test_a_supervisor_who_barges_in_changes_nothing() -> None:
    told = observe_all(
        new_book(),
        [
            *CALL,
            _agent("s", "1009"),
            BridgeJoined(2.0, "b1", "s"),
            HoldBegun(3.0, "s"),
            BridgeParted(4.0, "b1", "s"),
            ChannelEnded(4.0, "s"),
            *ENDED,
        ],
    )
    assert story(told) == [*STARTED, "paused", "ended normal by customer"]


def test_a_conference_that_outlives_the_agent_is_a_transfer() -> None:
    observed = [*CALL, _agent("s", "1009"), BridgeJoined(2.0, "b1", "s"), ChannelEnded(3.0, "a")]
    assert story(observe_all(new_book(), observed))[3:] == [
        *["paused", "transferred to 1009, agent 1009", "talk: c with s"]
    ]


def test_the_customers_of_one_agent_channel_are_calls_of_their_own() -> None:
    book = new_book()
    agent: list[Observation] = [
        ChannelSeen(0.0, "a", "PJSIP/1001-1", endpoint="1001", root="a", dialled=True),
        ChannelMarked(0.0, "a", Mark(leg=Party.AGENT)),
    ]
    told = observe_all(book, agent)
    for number, customer in enumerate(("c1", "c2"), start=1):
        told += observe_all(
            book,
            [
                _trunk(customer, f"13{number}", at=number),
                DialBegun(number, customer, "a"),
                BridgeJoined(number + 0.5, f"b{number}", customer),
                BridgeJoined(number + 0.5, f"b{number}", "a"),
                ChannelEnded(number + 0.9, customer),
            ],
        )
    told += book.observe(ChannelEnded(9.0, "a"))
    assert [e.call_id for e in told if isinstance(e, CallStarted)] == ["a", "a.2"]
    assert story(told) == [
        *["started outbound: 131 with 1001, agent 1001", "answered", "talk: c1 with a"],
        *["paused", "ended normal by customer"],
        *["started outbound: 132 with 1001, agent 1001", "answered", "talk: c2 with a"],
        *["paused", "ended normal by customer"],
    ]
    assert book.calls == ()


def test_an_id_that_an_admin_gives_to_every_call_still_names_one_call() -> None:
    book = new_book()
    told = observe_all(book, [*CALL, *ENDED, *CALL, *ENDED])
    assert [e.call_id for e in told if isinstance(e, CallStarted)] == ["c", "c.2"]


@pytest.mark.parametrize("leg", [None, Party.CUSTOMER, Party.AGENT])
def test_a_consultation_between_two_agents_is_no_sales_call(leg: Party | None) -> None:
    """The dialplan marks whatever an agent dials, the consultation of a colleague too."""
    second_line = ChannelSeen(
        3.0, "a2", "PJSIP/1001-3", endpoint="1001", number="1001", root="a2", dialled=False
    )
    consultation: list[Observation] = [
        HoldBegun(2.0, "a"),
        second_line,
        ChannelMarked(3.0, "a2", Mark(leg=leg)),
        _agent("x", "1002", at=3.1),
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
        _agent("x", "1002", at=3.1),
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
        _trunk("c", "139"),
        DialBegun(0.1, "c", "a"),
        BridgeJoined(1.0, "b1", "c"),
        BridgeJoined(1.0, "b1", "a"),
    ]
    consultation: list[Observation] = [_trunk("x", "010"), BridgeJoined(2.0, "b2", "x")]
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


def test_a_retrieval_without_a_hold_and_a_hold_twice_are_not_told() -> None:
    observed: list[Observation] = [HoldEnded(2.0, "a"), HoldBegun(3.0, "a"), HoldBegun(3.1, "a")]
    observed += [HoldEnded(4.0, "a"), HoldEnded(4.1, "a")]
    told = observe_all(new_book(), [*CALL, *observed])
    assert story(told)[3:] == ["held by agent", "retrieved by agent"]


def test_a_transfer_that_finds_nobody_ends_with_the_customer() -> None:
    told = observe_all(
        new_book(),
        [
            *CALL,
            BridgeParted(2.0, "b1", "c"),
            BridgeParted(2.0, "b1", "a"),
            ChannelEnded(2.0, "a"),
            _agent("x", "1002"),
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


def test_the_queue_says_who_is_who_and_through_a_local_channel_too() -> None:
    """A member is ``Local/…``: the agent's telephone is behind it, and has no name we know."""
    observed: list[Observation] = [
        *CUSTOMER_CALLS,
        ChannelSeen(1.0, "l1", "Local/x;1", ChannelKind.LOCAL, other_half="l2"),
        ChannelSeen(1.0, "l2", "Local/x;2", ChannelKind.LOCAL, other_half="l1"),
        DialBegun(1.0, "l1", "c"),
        ChannelSeen(1.1, "p", "PJSIP/remote-1", endpoint="remote", number="88"),
        DialBegun(1.1, "p", "l2"),
        LegTold(1.5, "c", Party.CUSTOMER),
        LegTold(1.5, "l1", Party.AGENT, "Alice"),
        BridgeJoined(2.0, "b2", "p"),
        BridgeJoined(2.0, "b2", "l2"),
        BridgeJoined(2.0, "b1", "l1"),
        BridgeJoined(2.0, "b1", "c"),
    ]
    told = observe_all(new_book(), observed)
    assert story(told) == [
        "started inbound: 139 with 88, agent Alice",
        "answered",
        "talk: c with p",
    ]


def test_forks_and_announcers_in_a_bridge_are_nobody() -> None:
    observed: list[Observation] = [
        ChannelSeen(2.0, "fork-1", "WebSocket/x", ChannelKind.FORK),
        ChannelSeen(2.0, "ann", "Announcer/x", ChannelKind.SERVICE),
        BridgeJoined(2.0, "b1", "fork-1"),
        BridgeJoined(2.0, "b1", "ann"),
        ChannelEnded(3.0, "a"),
    ]
    told = observe_all(new_book(), [*CALL, *observed])
    assert story(told)[3:] == ["paused"]


def test_the_way_the_call_came_decides_where_nothing_else_does() -> None:
    observed: list[Observation] = [
        CALL[0],
        ChannelMarked(0.1, "c", Mark()),
        ChannelSeen(0.2, "a", "PJSIP/wang-2", endpoint="wang", number="wang", root="c"),
        DialBegun(0.2, "a", "c"),
        *BRIDGED,
    ]
    assert story(observe_all(new_book(), observed))[2] == "talk: c with a"


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
        _trunk("c2", "138"),
        ChannelMarked(2.0, "c2", Mark()),
        _agent("a2", "1002"),
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
    observe_all(book, [_trunk(f"x{i}", "1") for i in range(50)])
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
    assert observe_all(book, [_trunk("x", "1"), BridgeJoined(2.0, "b1", "x")]) == []
    assert not book.known("x")
    assert book.counts["channels_refused"] == 2
