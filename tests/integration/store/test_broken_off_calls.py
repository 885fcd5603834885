"""A call that was broken off by a crash gets its one end when the program starts again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from rid_telephony.cti import events
from rid_telephony.cti.feed import Feed
from rid_telephony.cti.recovery import end_unfinished
from rid_telephony.store.events import EventStore

pytestmark = pytest.mark.integration
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def begin(store: EventStore, call_id: str) -> None:
    feed = Feed("/test", store)
    channel = feed.open_call(call_id, NOON, agent="1001")
    feed.publish(
        channel,
        "call.started",
        events.CallStarted(at_ms=0, direction="inbound", parties=[], customer_id=""),
    )
    feed.publish(
        channel,
        "analysis.started",
        events.AnalysisStarted(at_ms=0, recogniser="", classifier="", playbook=""),
    )
    feed.publish(channel, "call.answered", events.CallAnswered(at_ms=2500))


def test_a_broken_off_call_gets_its_one_end_and_keeps_its_sequence(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'calls.sqlite'}"
    store = EventStore(url)
    begin(store, "c1")
    store.close()

    again = EventStore(url)
    feed = Feed("/test", again)
    assert end_unfinished(feed, again) == 1
    kept = again.events_of("c1")
    assert [event.type for event in kept][-2:] == ["analysis.failed", "call.ended"]
    assert [event.sequence for event in kept] == [1, 2, 3, 4, 5]
    assert kept[-1].agent == "1001"
    assert kept[-1].data["cause"] == "lost"
    assert kept[-1].data["duration_ms"] == 2500
    assert end_unfinished(feed, again) == 0
    again.close()
