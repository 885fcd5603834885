"""The feed: gives every event its place, keeps it, and hands it to the consumers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from rid_telephony.cti.envelope import CloudEvent, schema_urn
from rid_telephony.cti.events import EVENT_TYPES, EventData, FeedGap
from rid_telephony.errors import RidTelephonyError

MERGEABLE = frozenset(
    {
        "utterance.partial",
        "rid.relationship.updated",
        "rid.influence.updated",
        "rid.demand.updated",
    }
)
"""Types of which only the newest matters: dropped first, and without harm, for a slow consumer."""


class FeedError(RidTelephonyError):
    """An event that breaks the feed's contract: a fault of this program."""

    code = "feed_contract"


class EventLog(Protocol):
    """Where the feed keeps its events."""

    def last_cursor(self) -> int:
        """The highest cursor kept so far, 0 when empty."""

    def append(self, event: CloudEvent) -> None:
        """Keep an event; may return before it is on disk, never raises for a full disk."""


@dataclass(slots=True)
class CallChannel:
    """One call's place on the feed: its clock, its owner, its sequence."""

    call_id: str
    started_at: datetime
    tenant: str = "default"
    agent: str = ""
    sequence: int = 0
    lifecycle: set[str] = field(default_factory=set)


class Feed:
    """Orders events: ``sequence`` per call without gaps, ``cursor`` over everything.

    It belongs to one thread (the event loop's). Consumers subscribe with a callback, or take a
    :class:`Subscription` with a bounded queue.
    """

    def __init__(self, source: str, log: EventLog | None = None) -> None:
        self._source = source
        self._log = log
        self._cursor = log.last_cursor() if log else 0
        self._listeners: list[Callable[[CloudEvent], None]] = []

    def open_call(
        self, call_id: str, started_at: datetime, *, tenant: str = "default", agent: str = ""
    ) -> CallChannel:
        """Begin a call's sequence. ``started_at`` is second 0 of the call's clock, UTC."""
        return CallChannel(call_id, started_at.astimezone(UTC), tenant, agent)

    def resume_call(self, last: CloudEvent, seen: Iterable[str]) -> CallChannel:
        """Go on with the sequence of a call that an earlier run of the program began.

        Args:
            last: Its last event.
            seen: The types of all of its events.
        """
        began = last.time - timedelta(milliseconds=last.data["at_ms"])
        lifecycle = {_ONCE[event_type] for event_type in seen if event_type in _ONCE}
        return CallChannel(last.subject, began, last.tenant, last.agent, last.sequence, lifecycle)

    def listen(self, listener: Callable[[CloudEvent], None]) -> Callable[[], None]:
        """Call ``listener`` with every event from now on; returns what ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def publish(self, channel: CallChannel, event_type: str, data: EventData) -> CloudEvent:
        """Give an event its place and hand it on.

        Raises:
            FeedError: The type is unknown, the data is not of that type, or a second start or
                end of the call or its analysis is attempted.
        """
        expected = EVENT_TYPES.get(event_type)
        if expected is None or type(data) is not expected:
            raise FeedError(f"Event {event_type} cannot carry {type(data).__name__}.")
        _check_lifecycle(channel, event_type)
        channel.sequence += 1
        self._cursor += 1
        event = self._envelope(channel, event_type, data)
        if self._log:
            self._log.append(event)
        for listener in tuple(self._listeners):
            listener(event)
        return event

    def _envelope(self, channel: CallChannel, event_type: str, data: EventData) -> CloudEvent:
        return CloudEvent(
            id=f"{channel.call_id}/{channel.sequence}",
            source=self._source,
            type=event_type,
            subject=channel.call_id,
            time=channel.started_at + timedelta(milliseconds=data.at_ms),
            dataschema=schema_urn(event_type),
            sequence=channel.sequence,
            cursor=self._cursor,
            tenant=channel.tenant,
            agent=channel.agent,
            data=data.model_dump(mode="json"),
        )


_ONCE = {
    "call.started": "call start",
    "call.ended": "call end",
    "analysis.started": "analysis start",
    "analysis.completed": "analysis end",
    "analysis.failed": "analysis end",
    "call.summary": "summary",
}


def _check_lifecycle(channel: CallChannel, event_type: str) -> None:
    mark = _ONCE.get(event_type)
    if mark is None:
        return
    if mark in channel.lifecycle:
        raise FeedError(f"Call {channel.call_id} has its {mark} already.")
    channel.lifecycle.add(mark)


class Subscription:
    """One consumer's bounded queue of events.

    When it is full, an older event of a :data:`MERGEABLE` type makes room; if there is none,
    the oldest goes and the consumer is told by ``feed.gap`` before the next event.

    Args:
        max_events: Events that may wait.
        max_bytes: Bytes of JSON that may wait.
        accept: Which events the consumer wants; all when None.
    """

    def __init__(
        self,
        max_events: int,
        max_bytes: int,
        accept: Callable[[CloudEvent], bool] | None = None,
    ) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._accept = accept
        self._queue: deque[tuple[CloudEvent, int]] = deque()
        self._bytes = 0
        self._lost: tuple[CloudEvent, CloudEvent, int] | None = None
        self.dropped = 0
        """Events that this consumer never got, told by ``feed.gap``."""
        self.merged = 0
        """Events left out because a newer one says the same better."""

    def __len__(self) -> int:
        return len(self._queue)

    def offer(self, event: CloudEvent) -> None:
        """Queue an event (a listener of the feed)."""
        if self._accept and not self._accept(event):
            return
        size = len(event.line())
        while self._queue and self._is_full(size):
            self._make_room()
        self._queue.append((event, size))
        self._bytes += size

    def take(self) -> CloudEvent | None:
        """The next event for the consumer, None when nothing waits."""
        if self._lost:
            first, last, count = self._lost
            self._lost = None
            return self._gap(first, last, count)
        if not self._queue:
            return None
        event, size = self._queue.popleft()
        self._bytes -= size
        return event

    def _is_full(self, size: int) -> bool:
        return len(self._queue) >= self._max_events or self._bytes + size > self._max_bytes

    def _make_room(self) -> None:
        for index, (event, size) in enumerate(self._queue):
            if event.type in MERGEABLE:
                del self._queue[index]
                self._bytes -= size
                self.merged += 1
                return
        event, size = self._queue.popleft()
        self._bytes -= size
        first, _, count = self._lost or (event, event, 0)
        self._lost = (first, event, count + 1)
        self.dropped += 1

    def _gap(self, first: CloudEvent, last: CloudEvent, count: int) -> CloudEvent:
        data = FeedGap(
            at_ms=last.data["at_ms"],
            from_cursor=first.cursor,
            to_cursor=last.cursor,
            dropped=count,
            reason="consumer_too_slow",
        )
        values: dict[str, Any] = {
            "id": f"gap/{first.cursor}-{last.cursor}",
            "type": "feed.gap",
            "dataschema": schema_urn("feed.gap"),
            "data": data.model_dump(mode="json"),
        }
        return last.model_copy(update=values)
