"""A conference is nobody's sales call, and must not hold up the calls that are."""

from __future__ import annotations

from datetime import UTC, datetime

from rid_telephony.calls.book import CallBook
from rid_telephony.calls.bridges import MAX_CONVERSATION, Bridges
from rid_telephony.calls.channels import Channels
from rid_telephony.calls.observations import (
    BridgeJoined,
    BridgeParted,
    ChannelEnded,
    ChannelSeen,
    Observation,
)

MEMBERS = 2000


def test_of_a_large_conference_only_so_many_are_looked_at() -> None:
    """With all of them, one who leaves a conference of 200 stopped every call for seconds."""
    channels = Channels(10_000)
    bridges = Bridges(channels)
    for number in range(MEMBERS):
        channel, _ = channels.take(str(number))
        assert channel
        bridges.join(channel, "conference")
    last = channels.get(str(MEMBERS - 1))
    assert last
    found = bridges.conversation(last)
    assert found[0] is last
    assert len(found) == 1 + MAX_CONVERSATION


def test_nothing_comes_of_a_conference_and_nobody_in_it_is_forgotten() -> None:
    book = CallBook(r"^\d{4}$", wall=lambda _: datetime(2026, 1, 1, tzinfo=UTC))
    names = [f"{number}.1" for number in range(MEMBERS)]
    story: list[Observation] = [ChannelSeen(0.0, name, endpoint="trunk") for name in names]
    story += [BridgeJoined(1.0, "conference", name) for name in names]
    story += [BridgeParted(2.0, "conference", name) for name in names[: MEMBERS // 2]]
    assert [event for each in story for event in book.observe(each)] == []
    assert all(book.known(name) for name in names)
    for name in names:
        book.observe(ChannelEnded(3.0, name))
    assert not any(book.known(name) for name in names)
