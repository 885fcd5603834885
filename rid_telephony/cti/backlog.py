"""A consumer's bounded queue: what goes first when it is full, and what is told of it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rid_telephony.cti.envelope import CloudEvent, schema_urn
from rid_telephony.cti.events import FeedGap

MERGEABLE = frozenset(
    {
        "utterance.partial",
        "rid.relationship.updated",
        "rid.influence.updated",
        "rid.demand.updated",
    }
)
"""Types of which only the newest matters: dropped first, and without harm, for a slow consumer."""

_SETTLES = {"utterance.final": "utterance.partial"}
"""A type that says better what another said before it."""


class Entry:
    """An event that waits; one object serves all consumers.

    Attributes:
        event: The event.
        size: Its bytes, as the limits count them.
        topic: What it has the newest word on (an utterance, a call's profile); empty where every
            event counts.
    """

    __slots__ = ("event", "size", "topic")

    def __init__(self, event: CloudEvent, size: int) -> None:
        self.event = event
        self.size = size
        self.topic = _topic(event)


@dataclass(frozen=True, slots=True)
class Lost:
    """Events that went for want of room, and that nothing newer in the queue replaces.

    Attributes:
        first: The first of them.
        last: The last of them.
        count: How many.
        cursor: Resuming after it brings all that still waits, and what was lost among that.
    """

    first: CloudEvent
    last: CloudEvent
    count: int
    cursor: int


E = TypeVar("E", bound=Entry)


class Backlog(Generic[E]):
    """Events in the order of their cursors, bounded by number and by bytes.

    When it is full, room is made in this order: events that a newer one in the queue says better
    (an older partial of the same utterance, an older profile of the same call), which nobody
    misses; then :data:`MERGEABLE` events without a newer one; then the oldest. What goes by the
    second and third rule is counted and told by :meth:`lost`. Every operation takes constant time.

    Args:
        max_events: Events that may wait.
        max_bytes: Bytes that may wait; one event that is larger waits alone.
    """

    def __init__(self, max_events: int, max_bytes: int) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._waiting: OrderedDict[int, E] = OrderedDict()
        self._newest: OrderedDict[str, int] = OrderedDict()
        self._replaced: OrderedDict[int, None] = OrderedDict()
        self._lost: tuple[CloudEvent, CloudEvent, int] | None = None
        self.bytes = 0
        """Bytes that wait."""
        self.dropped = 0
        """Events that went and are told by :meth:`lost`."""
        self.merged = 0
        """Events left out because a newer one says the same better."""

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, entry: E) -> None:
        """Queue an entry; its event's cursor is above those of all before it."""
        event, topic = entry.event, entry.topic
        if topic and (older := self._newest.pop(topic, None)) is not None:
            self._replaced[older] = None
        while self._waiting and self._is_full(entry.size):
            self._make_room()
        self._waiting[event.cursor] = entry
        self.bytes += entry.size
        if topic and event.type in MERGEABLE:
            self._newest[topic] = event.cursor

    def lost(self) -> Lost | None:
        """What went since this was asked last; to be told before the next entry."""
        if self._lost is None:
            return None
        first, last, count = self._lost
        cursor = min(last.cursor, next(iter(self._waiting), last.cursor + 1) - 1)
        if cursor < 1:
            return None  # No cursor lies before the feed's first event: told after that.
        self._lost = None
        return Lost(first, last, count, cursor)

    def take(self) -> E | None:
        """The oldest entry, None when nothing waits."""
        if not self._waiting:
            return None
        return self._remove(next(iter(self._waiting)))

    def _is_full(self, size: int) -> bool:
        return len(self._waiting) >= self._max_events or self.bytes + size > self._max_bytes

    def _make_room(self) -> None:
        if self._replaced:
            self._remove(next(iter(self._replaced)))
            self.merged += 1
            return
        mergeable = next(iter(self._newest.values()), None)
        oldest = next(iter(self._waiting)) if mergeable is None else mergeable
        self._count(self._remove(oldest).event)

    def _remove(self, cursor: int) -> E:
        entry = self._waiting.pop(cursor)
        self.bytes -= entry.size
        self._replaced.pop(cursor, None)
        if self._newest.get(entry.topic) == cursor:
            del self._newest[entry.topic]
        return entry

    def _count(self, event: CloudEvent) -> None:
        self.dropped += 1
        first, last, count = self._lost or (event, event, 0)
        self._lost = (
            event if event.cursor < first.cursor else first,
            event if event.cursor > last.cursor else last,
            count + 1,
        )


def gap_event(lost: Lost, reason: str = "consumer_too_slow") -> CloudEvent:
    """The ``feed.gap`` that tells a consumer what it did not get; it stands for the last of it."""
    first, last = lost.first, lost.last
    data = FeedGap(
        at_ms=last.data["at_ms"],
        from_cursor=first.cursor,
        to_cursor=last.cursor,
        dropped=lost.count,
        reason=reason,
    )
    values: dict[str, Any] = {
        "id": f"gap/{first.cursor}-{last.cursor}",
        "type": "feed.gap",
        "dataschema": schema_urn("feed.gap"),
        "cursor": lost.cursor,
        "data": data.model_dump(mode="json"),
    }
    return last.model_copy(update=values)


def _topic(event: CloudEvent) -> str:
    kind = _SETTLES.get(event.type, event.type)
    if kind not in MERGEABLE:
        return ""
    return f"{kind} {event.data.get('utterance_id', '')} {event.subject}"
