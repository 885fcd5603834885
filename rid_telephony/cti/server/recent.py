"""The newest events in memory, and the queues that calls came by; both bounded."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from rid_telephony.cti.server.encoding import LiveLine

MAX_CALLS = 50_000
"""Calls whose queue is remembered."""


class RecentEvents:
    """The newest events of this run without a hole between them.

    Whoever comes back after a short while is served from here, and the events that the store has
    not written yet are here too.

    Args:
        max_events: Events kept.
        max_bytes: Bytes of JSON kept.
        cursor: Of the newest event of the run before; 0 where there is none.
    """

    def __init__(self, max_events: int, max_bytes: int, cursor: int) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._lines: deque[LiveLine] = deque()
        self._bytes = 0
        self.cursor = cursor
        """Of the newest event."""

    @property
    def floor(self) -> int:
        """All events after this cursor are here."""
        return self._lines[0].event.cursor - 1 if self._lines else self.cursor

    def add(self, line: LiveLine) -> None:
        """Keep the newest event; its cursor is the next one."""
        self._lines.append(line)
        self._bytes += line.size
        self.cursor = line.event.cursor
        while len(self._lines) > self._max_events or self._bytes > self._max_bytes:
            self._bytes -= self._lines.popleft().size

    def after(self, cursor: int, limit: int) -> Iterator[LiveLine]:
        """At most ``limit`` events from ``cursor`` on, which is not below :attr:`floor`."""
        start = cursor - self.floor
        return islice(self._lines, start, start + limit)

    def oldest(self) -> LiveLine | None:
        """The oldest event here."""
        return self._lines[0] if self._lines else None


class CallQueues:
    """Which queue each call came by; the calls that were asked for longest ago are forgotten."""

    def __init__(self) -> None:
        self._queues: OrderedDict[str, str] = OrderedDict()

    def learn(self, queues: Mapping[str, str]) -> None:
        """Remember what is known of some calls."""
        self._queues.update(queues)
        while len(self._queues) > MAX_CALLS:
            self._queues.popitem(last=False)

    def of(self, call_id: str) -> str:
        """The queue of a call; empty where it has none, or is not known."""
        queue = self._queues.get(call_id)
        if queue is None:
            return ""
        self._queues.move_to_end(call_id)
        return queue

    def unknown(self, calls: Iterable[str]) -> list[str]:
        """Those of the calls that nothing is known of."""
        return [call for call in dict.fromkeys(calls) if call not in self._queues]
