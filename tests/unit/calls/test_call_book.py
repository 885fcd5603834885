"""Who is in a call, and who talks with whom, where no recording shows it."""

from __future__ import annotations

from call_stories import (
    BRIDGED,
    CALL,
    CUSTOMER_CALLS,
    ENDED,
    STARTED,
    agent_seen,
    new_book,
    observe_all,
    story,
    trunk_seen,
    wall,
)

from rid_telephony.calls.messages import CallStarted, CustomerContext, Party, TalkBegan
from rid_telephony.calls.observations import (
    BridgeJoined,
    BridgeParted,
    ChannelEnded,
    ChannelKind,
    ChannelMarked,
    ChannelSeen,
    ChannelUnmarked,
    DialBegun,
    HoldBegun,
    HoldEnded,
    LegTold,
    Mark,
    Observation,
)


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
    observed += [agent_seen("a2", "1002"), ChannelEnded(2.0, "a"), BridgeJoined(3.0, "b1", "a2")]
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
            agent_seen("s", "1009"),
            BridgeJoined(2.0, "b1", "s"),
            HoldBegun(3.0, "s"),
            BridgeParted(4.0, "b1", "s"),
            ChannelEnded(4.0, "s"),
            *ENDED,
        ],
    )
    assert story(told) == [*STARTED, "paused", "ended normal by customer"]


def test_a_conference_that_outlives_the_agent_is_a_transfer() -> None:
    observed = [
        *CALL,
        agent_seen("s", "1009"),
        BridgeJoined(2.0, "b1", "s"),
        ChannelEnded(3.0, "a"),
    ]
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
                trunk_seen(customer, f"13{number}", at=number),
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


def test_a_retrieval_without_a_hold_and_a_hold_twice_are_not_told() -> None:
    observed: list[Observation] = [HoldEnded(2.0, "a"), HoldBegun(3.0, "a"), HoldBegun(3.1, "a")]
    observed += [HoldEnded(4.0, "a"), HoldEnded(4.1, "a")]
    told = observe_all(new_book(), [*CALL, *observed])
    assert story(told)[3:] == ["held by agent", "retrieved by agent"]


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
