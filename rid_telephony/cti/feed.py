"""The feed: gives every event its place, keeps it, and hands it to the consumers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog
from pydantic_core import PydanticSerializationError

from rid_telephony.cti.backlog import Backlog, Entry, gap_event
from rid_telephony.cti.envelope import CloudEvent, schema_urn
from rid_telephony.cti.events import EVENT_TYPES, EventData
from rid_telephony.errors import RidTelephonyError

log = structlog.get_logger(__name__)


class FeedError(RidTelephonyError):
    """An event that breaks the feed's contract: a fault of this program."""

    code = "feed_contract"


class EventLog(Protocol):
    """Where the feed keeps its events."""

    def resume_cursor(self) -> int:
        """A cursor at or above all that were ever handed out, 0 when there were none."""

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
    resumed: str = ""
    """Ends the ids of a resumed call's events: the run before may have told of others with the
    same sequence that it did not come to keep."""


class Feed:
    """Orders events: ``sequence`` per call without gaps, ``cursor`` over everything.

    It belongs to one thread (the event loop's). Consumers subscribe with a callback, or take a
    :class:`Subscription` with a bounded queue.
    """

    def __init__(self, source: str, log: EventLog | None = None) -> None:
        self._source = source
        self._log = log
        self._cursor = log.resume_cursor() if log else 0
        self._listeners: list[Callable[[CloudEvent], None]] = []
        self.faults = 0
        """Times that a listener failed; neither the call nor the other listeners noticed."""

    @property
    def cursor(self) -> int:
        """Of the newest event; 0 before the first one ever."""
        return self._cursor

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
        resumed = f"@{self._cursor}"
        return CallChannel(
            last.subject, began, last.tenant, last.agent, last.sequence, lifecycle, resumed
        )

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
        event = _encodable(self._envelope(channel, event_type, data))
        if self._log:
            self._log.append(event)
        for listener in tuple(self._listeners):
            self._tell(listener, event)
        return event

    def _tell(self, listener: Callable[[CloudEvent], None], event: CloudEvent) -> None:
        try:
            listener(event)
        except Exception:
            # Whoever publishes is in the middle of a call, which must not suffer for a consumer.
            self.faults += 1
            log.exception("feed_listener_fault", cursor=event.cursor, type=event.type)

    def _envelope(self, channel: CallChannel, event_type: str, data: EventData) -> CloudEvent:
        return CloudEvent(
            id=f"{channel.call_id}/{channel.sequence}{channel.resumed}",
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


def _encodable(event: CloudEvent) -> CloudEvent:
    """The event, with ``?`` for each half of a surrogate pair, which no UTF-8 can carry.

    Such an event could be neither kept nor sent, and would stop whoever tries.
    """
    try:
        event.line()
    except PydanticSerializationError:
        return CloudEvent.model_validate(_without_surrogates(event.model_dump()))
    return event


def _without_surrogates(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_surrogates(one) for one in value]
    return value


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
    """One consumer's bounded queue of events (see :class:`~rid_telephony.cti.backlog.Backlog`).

    A consumer that lost events is told by ``feed.gap`` before the next event.

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
        self._accept = accept
        self._backlog: Backlog[Entry] = Backlog(max_events, max_bytes)

    @property
    def dropped(self) -> int:
        """Events that this consumer never got, told by ``feed.gap``."""
        return self._backlog.dropped

    @property
    def merged(self) -> int:
        """Events left out because a newer one says the same better."""
        return self._backlog.merged

    def __len__(self) -> int:
        return len(self._backlog)

    def offer(self, event: CloudEvent) -> None:
        """Queue an event (a listener of the feed)."""
        if self._accept is None or self._accept(event):
            self._backlog.put(Entry(event, len(event.line())))

    def take(self) -> CloudEvent | None:
        """The next event for the consumer, None when nothing waits."""
        if lost := self._backlog.lost():
            return gap_event(lost)
        entry = self._backlog.take()
        return entry.event if entry else None
