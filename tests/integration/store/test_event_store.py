"""The store on a real SQLite file: nothing is lost, or it is said."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rid_telephony.cti import events
from rid_telephony.cti.feed import Feed
from rid_telephony.errors import StoreError
from rid_telephony.store.events import EventStore

START = datetime(2026, 11, 22, tzinfo=UTC)


def held() -> events.CallHeld:
    return events.CallHeld(at_ms=0, by="agent")


def url(path: Path) -> str:
    return f"sqlite:///{path / 'events.sqlite'}"


def test_replay_gives_every_event_back_in_order_and_unchanged(tmp_path: Path) -> None:
    store = EventStore(url(tmp_path))
    feed = Feed("/test", store)
    channel = feed.open_call("a", START)
    sent = [feed.publish(channel, "call.held", held()) for _ in range(2500)]
    assert list(store.replay()) == sent
    assert [event.cursor for event in store.replay(after=2490)] == list(range(2491, 2501))
    assert [event.cursor for event in store.replay(after=10, until=12)] == [11, 12]
    assert store.events_of("a") == sent
    assert store.events_of("nobody") == []
    assert store.close() == 0


def test_the_cursor_goes_on_where_it_was_after_a_restart(tmp_path: Path) -> None:
    first = EventStore(url(tmp_path))
    feed = Feed("/test", first)
    feed.publish(feed.open_call("a", START), "call.held", held())
    first.close()
    second = EventStore(url(tmp_path))
    feed = Feed("/test", second)
    assert feed.publish(feed.open_call("b", START), "call.held", held()).cursor == 2
    assert [call.call_id for call in second.calls()] == ["b", "a"]
    assert second.knows("a")
    assert not second.knows("c")
    second.close()


def test_two_writers_are_refused_since_their_cursors_would_collide(tmp_path: Path) -> None:
    first, second = EventStore(url(tmp_path)), EventStore(url(tmp_path))
    first.claim()
    with pytest.raises(StoreError, match="Another rid-telephony process"):
        second.claim()
    first.close()
    second.claim()
    second.close()


def test_a_store_that_refuses_for_a_while_loses_nothing(tmp_path: Path) -> None:
    troubles: list[tuple[str, int]] = []
    store = EventStore(url(tmp_path), on_trouble=lambda error, lost: troubles.append((error, lost)))
    feed = Feed("/test", store)
    channel = feed.open_call("a", START)
    feed.publish(channel, "call.held", held())
    assert store.flush()
    other = sqlite3.connect(tmp_path / "events.sqlite", isolation_level=None)
    other.execute("PRAGMA max_page_count=1")
    other.execute("ALTER TABLE events RENAME TO gone")
    feed.publish(channel, "call.held", held())
    assert not store.flush(timeout=0.5)
    other.execute("ALTER TABLE gone RENAME TO events")
    other.close()
    assert store.flush(timeout=10)
    assert [event.sequence for event in store.replay()] == [1, 2]
    assert troubles, "somebody must be told that the store refuses"
    assert troubles[-1][1] == 0
    assert store.close() == 0


def test_an_event_whose_place_is_taken_does_not_block_those_after_it(tmp_path: Path) -> None:
    store = EventStore(url(tmp_path), on_trouble=lambda *_: None)
    feed = Feed("/test", store)
    feed.publish(feed.open_call("a", START), "call.held", held())
    store.flush()
    feed.publish(feed.open_call("a", START), "call.held", held())
    feed.publish(feed.open_call("b", START), "call.held", held())
    assert store.flush(timeout=5)
    assert [event.subject for event in store.replay()] == ["a", "b"]
    assert store.close() == 1, "the loser is counted"


@pytest.mark.parametrize(
    "bad", ["nonsense", "sqlite:////proc/none/x.sqlite", "oracle9://x", "mysql://u@h/d"]
)
def test_a_bad_url_says_what_to_do_instead_of_a_traceback(bad: str) -> None:
    with pytest.raises(StoreError) as caught:
        EventStore(bad)
    assert caught.value.advice
