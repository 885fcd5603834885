"""Ends on the feed the calls that the last run of the program could not end itself."""

from __future__ import annotations

from typing import Protocol

from rid_telephony.cti import events
from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.cti.feed import Feed

ANALYSIS_OVER = frozenset({"analysis.completed", "analysis.failed"})


class BrokenOffCalls(Protocol):
    """What is known of earlier runs."""

    def unfinished(self) -> list[str]:
        """Calls without an end."""

    def events_of(self, call_id: str) -> list[CloudEvent]:
        """All events of a call, in sequence."""


def end_unfinished(feed: Feed, store: BrokenOffCalls) -> int:
    """Give every call that was broken off its one end (cause ``lost``).

    A call that still goes on is picked up under a new id; this record of it is closed.

    Returns:
        How many there were.
    """
    calls = store.unfinished()
    for call_id in calls:
        _end(feed, store.events_of(call_id))
    return len(calls)


def _end(feed: Feed, kept: list[CloudEvent]) -> None:
    last = kept[-1]
    types = {event.type for event in kept}
    channel = feed.resume_call(last, types)
    at_ms = last.data["at_ms"]
    if "analysis.started" in types and not types & ANALYSIS_OVER:
        feed.publish(
            channel,
            "analysis.failed",
            events.AnalysisFailed(
                at_ms=at_ms, code="interrupted", message="The program stopped during the call."
            ),
        )
    ended = events.CallEnded(at_ms=at_ms, cause="lost", by=None, duration_ms=at_ms)
    feed.publish(channel, "call.ended", ended)
