"""Whatever a PBX says, in whatever order: every call that starts ends once, in order."""

from __future__ import annotations

import pytest
from call_stories import assert_in_order, new_book, observe_all
from hypothesis import find, given, settings
from hypothesis import strategies as st

from rid_telephony.calls.messages import (
    CallEnded,
    CallHeld,
    CallStarted,
    CallTransferred,
    Party,
    TalkPaused,
)
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

UIDS = st.sampled_from(["u", "v", "w", "x", "y", "z"])
BRIDGES = st.sampled_from(["b", "d", "e"])
AT = st.floats(0, 100)
PARTIES = st.sampled_from([None, *Party])
MARKS = st.builds(
    Mark, leg=PARTIES, agent=st.sampled_from(["", "wang"]), consent=st.sampled_from([None, False])
)
SEEN = st.builds(
    ChannelSeen,
    AT,
    UIDS,
    name=st.sampled_from(["", "PJSIP/x-1"]),
    kind=st.sampled_from([*ChannelKind, ChannelKind.PHONE, ChannelKind.PHONE]),
    endpoint=st.sampled_from(["", "1001", "1002", "trunk"]),
    number=st.sampled_from(["", "1", "2"]),
    root=st.one_of(st.just(""), UIDS),
    other_half=st.one_of(st.just(""), UIDS),
    leg=PARTIES,
    dialled=st.sampled_from([None, True, False]),
)
JOINED = st.builds(BridgeJoined, AT, BRIDGES, UIDS)
MARKED = st.builds(ChannelMarked, AT, UIDS, MARKS)
OBSERVED = st.one_of(
    SEEN,
    JOINED,
    JOINED,
    MARKED,
    st.builds(ChannelUnmarked, AT, UIDS),
    st.builds(LegTold, AT, UIDS, st.sampled_from(Party)),
    st.builds(DialBegun, AT, UIDS, st.one_of(st.just(""), UIDS)),
    st.builds(DialEnded, AT, UIDS, st.sampled_from(DialStatus), st.one_of(st.just(""), UIDS)),
    st.builds(BridgeParted, AT, st.one_of(st.just(""), BRIDGES), UIDS),
    st.builds(HoldBegun, AT, UIDS),
    st.builds(HoldEnded, AT, UIDS),
    st.builds(HangupAsked, AT, UIDS),
    st.builds(CallerGaveUp, AT, UIDS),
    st.builds(ChannelEnded, AT, UIDS, st.sampled_from([None, *DialStatus])),
    st.builds(ChannelsListed, AT, st.frozensets(UIDS, min_size=3)),
)


def _call(customer: str, agent: str, bridge: str, mark: Mark) -> list[Observation]:
    return [
        ChannelSeen(1, customer, "PJSIP/trunk-1", endpoint="trunk", root=customer, dialled=False),
        ChannelMarked(1, customer, mark),
        ChannelSeen(2, agent, "PJSIP/1001-1", endpoint="1001", root=customer),
        DialBegun(2, agent, customer),
        DialEnded(3, agent, DialStatus.ANSWERED, customer),
        BridgeJoined(4, bridge, agent),
        BridgeJoined(4, bridge, customer),
        HoldBegun(5, agent),
    ]


def _transfer(customer: str, agent: str, bridge: str) -> list[Observation]:
    return [
        BridgeParted(6, bridge, customer),
        ChannelSeen(6, agent, "PJSIP/1002-1", endpoint="1002", root=customer),
        DialBegun(6, agent, customer),
        BridgeJoined(7, bridge, agent),
        BridgeJoined(7, bridge, customer),
    ]


@st.composite
def _sequences(draw: st.DrawFn) -> list[Observation]:
    """Calls that make sense, then broken: noise put in, pieces lost, doubled and exchanged."""
    script = st.one_of(
        st.builds(_call, UIDS, UIDS, BRIDGES, MARKS), st.builds(_transfer, UIDS, UIDS, BRIDGES)
    )
    sequence = [obs for part in draw(st.lists(script, max_size=5)) for obs in part]
    for place, noise in draw(st.lists(st.tuples(st.integers(0, 50), OBSERVED), max_size=12)):
        sequence.insert(place % (len(sequence) + 1), noise)
    places = st.lists(st.integers(0, 50), max_size=5)
    for place in draw(places):
        sequence[place : place + 1] = []
    for place in draw(places):
        sequence[place:place] = sequence[place : place + 1]
    for place in draw(places):
        sequence[place : place + 2] = reversed(sequence[place : place + 2])
    return sequence


SEQUENCES = _sequences()


@pytest.mark.parametrize("kind", [CallStarted, CallHeld, CallTransferred, TalkPaused, CallEnded])
def test_the_search_below_finds_calls_at_all(kind: type) -> None:
    find(
        SEQUENCES,
        lambda observed: any(isinstance(e, kind) for e in observe_all(new_book(), observed)),
        settings=settings(database=None, max_examples=2000, derandomize=True),
    )


@given(SEQUENCES, st.integers(2, 10), st.integers(1, 3))
def test_every_call_that_starts_ends_exactly_once(
    observed: list[Observation], max_channels: int, max_calls: int
) -> None:
    book = new_book(max_channels=max_channels, max_calls=max_calls)
    told = observe_all(book, observed)
    told += book.observe(ChannelsListed(200.0, frozenset()))
    assert_in_order(told)
    started = [e.call_id for e in told if isinstance(e, CallStarted)]
    ended = [e.call_id for e in told if isinstance(e, CallEnded)]
    assert sorted(started) == sorted(ended)
    assert len(set(started)) == len(started)
    assert book.calls == ()


@given(SEQUENCES)
def test_nothing_is_told_where_nothing_was_marked(observed: list[Observation]) -> None:
    unmarked = [obs for obs in observed if not isinstance(obs, ChannelMarked)]
    assert observe_all(new_book(), unmarked) == []


@given(SEQUENCES)
def test_no_more_channels_are_kept_than_allowed(observed: list[Observation]) -> None:
    book = new_book(max_channels=3)
    for obs in observed:
        book.observe(obs)
        assert sum(book.known(uid) for uid in "uvwxyz") <= 3
