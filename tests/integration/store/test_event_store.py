"""The store on a real SQLite file: nothing is lost, or it is said."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.event import listen
from sqlalchemy.exc import OperationalError

from rid_telephony.cti import events
from rid_telephony.cti.feed import Feed
from rid_telephony.errors import StoreError
from rid_telephony.store.engine import open_engine
from rid_telephony.store.events import EventStore
from rid_telephony.store.pages import Wanted
from rid_telephony.store.writer import EventWriter

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


def test_a_damaged_row_is_a_store_error_and_no_traceback(tmp_path: Path) -> None:
    store = EventStore(url(tmp_path))
    feed = Feed("/test", store)
    feed.publish(feed.open_call("a", START), "call.held", held())
    store.flush()
    with sqlite3.connect(tmp_path / "events.sqlite") as connection:
        connection.execute("UPDATE events SET body = '{}'")
    for read in (lambda: store.events_of("a"), lambda: list(store.replay())):
        with pytest.raises(StoreError, match="not an event"):
            read()
    store.close()


def test_ids_longer_than_their_columns_are_kept_whole_in_the_event(tmp_path: Path) -> None:
    """PostgreSQL refuses a value that is longer than its column, and would refuse it for ever."""
    store = EventStore(url(tmp_path))
    feed = Feed("/test", store)
    call_id = "c" * 300
    sent = feed.publish(feed.open_call(call_id, START, agent="a" * 300), "call.held", held())
    assert store.events_of(call_id) == [sent]
    assert store.knows(call_id)
    with sqlite3.connect(tmp_path / "events.sqlite") as connection:
        query = "SELECT max(length(call_id)), max(length(agent)) FROM events"
        assert connection.execute(query).fetchone() == (128, 128)
    store.close()


def test_a_failure_amid_single_writes_loses_only_the_row_whose_place_is_taken(
    tmp_path: Path,
) -> None:
    """Rows that are written already must not be tried again and counted as lost."""
    engine = open_engine(url(tmp_path))
    feed = Feed("/test")
    channel = feed.open_call("a", START)
    first, second, third = (feed.publish(channel, "call.held", held()) for _ in range(3))
    before = EventWriter(engine)
    before.append(first)
    assert before.close() == 0
    outages = [third.cursor]

    def fail_once(
        _c: object, _cur: object, _s: str, values: object, _x: object, many: bool
    ) -> None:
        if not many and outages and isinstance(values, tuple) and outages[0] in values:
            outages.clear()
            raise OperationalError("INSERT", {}, Exception("the disk is full"))

    listen(engine, "before_cursor_execute", fail_once)
    writer = EventWriter(engine, on_trouble=lambda _error, _lost: None)
    for event in (first.model_copy(update={"id": "again"}), second, third):
        writer.append(event)
    assert writer.flush(10)
    assert not outages
    assert writer.close() == 1
    store = EventStore(url(tmp_path))
    assert store.events_of("a") == [first, second, third]
    store.close()


@pytest.mark.parametrize(
    ("pattern", "agents"),
    [("%", []), ("_001", []), ("100[12]", []), ("1001' OR '1'='1", []), ("10*", ["1001", "10_1"])],
)
def test_no_sign_but_the_star_widens_what_is_read(
    tmp_path: Path, pattern: str, agents: list[str]
) -> None:
    store = EventStore(url(tmp_path))
    feed = Feed("/test", store)
    for agent in ("1001", "10_1", "2%"):
        feed.publish(feed.open_call(agent, START, agent=agent), "call.held", held())
    page = store.page(0, 10, 10, Wanted(agents=((pattern,),)))
    assert [line.agent for line in page.lines] == agents
    store.close()
