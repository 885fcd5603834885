"""Short forms for tests of the call book: observations in, one line for each message out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from rid_telephony.calls.book import CallBook
from rid_telephony.calls.messages import (
    CallAnswered,
    CallEnded,
    CallEvent,
    CallHeld,
    CallRetrieved,
    CallStarted,
    CallTransferred,
    Party,
    TalkBegan,
    TalkEvent,
    TalkPaused,
)
from rid_telephony.calls.observations import (
    BridgeJoined,
    ChannelEnded,
    ChannelMarked,
    ChannelSeen,
    DialBegun,
    DialEnded,
    DialStatus,
    Mark,
    Observation,
)

AGENTS = r"^(?:\d{3,5}|agent.*)$"


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


def agent_seen(uid: str, endpoint: str, at: float = 2.0) -> ChannelSeen:
    return ChannelSeen(at, uid, f"PJSIP/{endpoint}-{uid}", endpoint=endpoint, number=endpoint)


def trunk_seen(uid: str, number: str, at: float = 2.0) -> ChannelSeen:
    return ChannelSeen(at, uid, f"PJSIP/trunk-{uid}", endpoint="trunk", number=number)


def wall(at: float) -> datetime:
    return datetime.fromtimestamp(1_800_000_000 + at, UTC)


def new_book(**limits: object) -> CallBook:
    return CallBook(AGENTS, wall=wall, **limits)  # type: ignore[arg-type]  # passed on as given


def observe_all(book: CallBook, observed: Iterable[Observation]) -> list[CallEvent | TalkEvent]:
    return [event for obs in observed for event in book.observe(obs)]


def story(events: Iterable[CallEvent | TalkEvent]) -> list[str]:
    """One line for each message, without its times and its call's id."""
    return [_line(event) for event in events]


def _line(event: CallEvent | TalkEvent) -> str:
    match event:
        case CallStarted():
            legs = {leg.party: leg.number for leg in event.legs}
            customer, agent = legs.get(Party.CUSTOMER, "-"), legs.get(Party.AGENT, "-")
            return f"started {event.direction}: {customer} with {agent}, agent {event.agent}"
        case CallAnswered():
            return "answered"
        case CallHeld():
            return f"held by {event.by}"
        case CallRetrieved():
            return f"retrieved by {event.by}"
        case CallTransferred():
            return f"transferred to {event.to.number}, agent {event.agent}"
        case CallEnded():
            return f"ended {event.cause} by {event.by or 'nobody'}"
        case TalkBegan():
            return f"talk: {event.customer} with {event.agent}"
        case TalkPaused():
            return "paused"


def assert_in_order(events: Iterable[CallEvent | TalkEvent]) -> None:
    """No call goes back in time, speaks before its start or after its end, or begins twice."""
    last: dict[str, float] = {}
    talking: dict[str, bool] = {}
    held: dict[str, set[Party]] = {}
    over: set[str] = set()
    for event in events:
        name = event.call_id
        assert name not in over
        if isinstance(event, CallStarted):
            assert name not in last
            last[name], talking[name], held[name] = 0.0, False, set()
        assert event.at >= last[name]
        last[name] = event.at
        match event:
            case TalkBegan():
                assert not talking[name]
                talking[name] = True
            case TalkPaused():
                assert talking[name]
                talking[name] = False
            case CallHeld():
                assert event.by not in held[name]
                held[name].add(event.by)
            case CallRetrieved():
                assert event.by in held[name]
                held[name].remove(event.by)
            case CallEnded():
                assert not talking[name]
                over.add(name)
