"""The hub: hands the feed's events to all subscribers; what they missed comes from the store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import structlog

from rid_telephony.cti.backlog import Backlog, Lost, gap_event
from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.cti.feed import Feed
from rid_telephony.cti.server.archived import ArchiveReader, admits
from rid_telephony.cti.server.encoding import Form, Line, LiveLine
from rid_telephony.cti.server.filters import Selection
from rid_telephony.cti.server.ports import Archive
from rid_telephony.cti.server.problems import Problem
from rid_telephony.cti.server.recent import CallQueues, RecentEvents
from rid_telephony.cti.server.stream import BATCH_BYTES, Batch, Stream, StreamClosedError

log = structlog.get_logger(__name__)
T = TypeVar("T")

WAKE = 0.015
"""Seconds between two rounds of waking subscribers under load: each then sends all that waits in
one write. An event after a pause of that length is sent at once."""
READERS = 2
"""Threads that read the store for subscribers."""


@dataclass(frozen=True, slots=True)
class HubLimits:
    """What the hub may hold.

    Attributes:
        streams: Subscribers at the same time.
        waiting_events: Events that may wait for one subscriber.
        waiting_bytes: Bytes of JSON that may wait for one subscriber.
        recent_events: Newest events kept in memory, for all subscribers together.
        recent_bytes: Their bytes of JSON; up to three times as much in other forms.
    """

    streams: int = 500
    waiting_events: int = 2000
    waiting_bytes: int = 8_000_000
    recent_events: int = 5000
    recent_bytes: int = 8_000_000


class Hub:
    """Listens to the feed once, for all subscribers; belongs to the event loop.

    Args:
        feed: The feed.
        archive: The store; None where nothing is kept: then only recent events can be had again.
        limits: Bounds.
    """

    def __init__(
        self, feed: Feed, archive: Archive | None, limits: HubLimits | None = None
    ) -> None:
        self._limits = limits or HubLimits()
        self._archive = archive
        self._reader = ArchiveReader(archive) if archive else None
        self._recent = RecentEvents(
            self._limits.recent_events, self._limits.recent_bytes, feed.cursor
        )
        self._queues = CallQueues()
        self._live: dict[Selection, list[Stream]] = {}
        self._streams: set[Stream] = set()
        self._waiting: list[Stream] = []
        self._wake_timer: asyncio.TimerHandle | None = None
        self._woke_at = 0.0
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="feed-reader")
        self._past = {"sent": 0, "dropped": 0, "merged": 0}
        self._faults = 0
        self._closed = False
        self._unlisten = feed.listen(self._publish)

    @property
    def cursor(self) -> int:
        """Of the newest event."""
        return self._recent.cursor

    @property
    def figures(self) -> dict[str, float]:
        """Operating figures, named as those of ``Control.figures``."""
        now = [_counts(stream) for stream in self._streams]
        return {
            "feed_subscribers": len(self._streams),
            "feed_subscribers_catching_up": sum(not stream.is_live for stream in self._streams),
            "feed_waiting_events": sum(len(stream.backlog) for stream in self._streams),
            "feed_cursor": self.cursor,
            "feed_faults_total": self._faults,
            **{
                f"feed_events_{name}_total": past + sum(counts[name] for counts in now)
                for name, past in self._past.items()
            },
        }

    @property
    def furthest_behind(self) -> int:
        """Events that wait for the subscriber for whom most wait."""
        return max((len(stream.backlog) for stream in self._streams), default=0)

    def open(
        self, selection: Selection, after: int | None = None, form: Form | None = None
    ) -> Stream:
        """A subscriber's stream; close it when it is done with.

        Args:
            selection: Which events.
            after: Cursor of the last event that the subscriber has; None for new events only.
            form: The form that the subscriber will ask for: what comes from the store is put into
                it outside the event loop.

        Raises:
            Problem: 503, there are too many; 400, the feed has not come as far as ``after``.
        """
        if self._closed or len(self._streams) >= self._limits.streams:
            raise Problem(503, "There are too many subscribers. Try again later.", "too-many")
        self.check_cursor(after)
        backlog: Backlog[LiveLine] = Backlog(
            self._limits.waiting_events, self._limits.waiting_bytes
        )
        stream = Stream(self, selection, after, form, backlog)
        self._streams.add(stream)
        return stream

    def check_cursor(self, after: int | None) -> None:
        """Refuse a cursor of another feed, after which everything new would be skipped.

        Raises:
            Problem: 400.
        """
        if after is not None and after > self.cursor:
            raise Problem(
                400,
                f"The feed is at {self.cursor}, not as far as {after}: the store was replaced."
                " Start again at 0, or without a cursor.",
                "cursor-ahead",
            )

    async def read(
        self, selection: Selection, after: int, limit: int, form: Form | None = None
    ) -> Batch:
        """Some of the events after a cursor, in order.

        Returns:
            At most ``limit`` events. There may be none though more follow: read on from the
            batch's cursor until that is the hub's.

        Raises:
            StoreError: The store cannot be read.
            StreamClosedError: The hub was closed.
        """
        floor = self._recent.floor
        if after >= floor:
            return await self._from_memory(selection, after, limit)
        if self._reader is None:
            return Batch([self._forgotten(after)], floor)
        reader = self._reader
        batch, queues = await self._in_thread(
            lambda: reader.read(selection, after, floor, limit, form)
        )
        self._queues.learn(queues)
        return batch

    def attach(self, stream: Stream) -> None:
        """See :class:`~rid_telephony.cti.server.stream.Source`."""
        self._live.setdefault(stream.selection, []).append(stream)

    def detach(self, stream: Stream) -> None:
        """See :class:`~rid_telephony.cti.server.stream.Source`."""
        if stream in self._streams:
            self._streams.remove(stream)
            for name, count in _counts(stream).items():
                self._past[name] += count
        same = self._live.get(stream.selection, [])
        if stream in same:
            same.remove(stream)
        if not same:
            self._live.pop(stream.selection, None)

    def close(self) -> None:
        """Take nothing more from the feed and end every stream."""
        if self._closed:
            return
        self._closed = True
        self._unlisten()
        for stream in tuple(self._streams):
            stream.close()
        if self._wake_timer:
            self._wake_timer.cancel()
        self._readers.shutdown(wait=False)

    def _publish(self, event: CloudEvent) -> None:
        try:
            self._hand_out(event)
        except Exception:
            # The calls must not suffer for a subscriber.
            self._faults += 1
            log.exception("feed_hub_fault", cursor=event.cursor)

    def _hand_out(self, event: CloudEvent) -> None:
        line = LiveLine(event)
        self._recent.add(line)
        if event.type == "call.started":
            self._queues.learn({event.subject: event.data.get("queue", "")})
        for selection, streams in self._live.items():
            if self._admits(selection, line.line):
                self._waiting += [stream for stream in streams if stream.offer(line)]
        if self._waiting and self._wake_timer is None:
            loop = asyncio.get_running_loop()
            self._wake_timer = loop.call_at(max(loop.time(), self._woke_at + WAKE), self._wake)

    def _wake(self) -> None:
        self._wake_timer = None
        self._woke_at = asyncio.get_running_loop().time()
        waiting, self._waiting = self._waiting, []
        for stream in waiting:
            stream.wake()

    def _admits(self, selection: Selection, line: Line) -> bool:
        queue = self._queues.of(line.call_id) if selection.needs_queue else ""
        return admits(selection, line, queue)

    async def _from_memory(self, selection: Selection, after: int, limit: int) -> Batch:
        archive = self._archive
        if selection.needs_queue and archive:
            calls = self._queues.unknown(
                line.event.subject for line in self._recent.after(after, limit)
            )
            if calls:
                known = await self._in_thread(lambda: archive.queues(calls))
                self._queues.learn(dict.fromkeys(calls, "") | known)
                if after < self._recent.floor:
                    return Batch([], after)  # Overtaken meanwhile: to be read from the store.
        found, size, cursor = [], 0, after
        for waiting in self._recent.after(after, limit):
            if size >= BATCH_BYTES:
                break
            cursor = waiting.event.cursor
            size += waiting.size
            if self._admits(selection, waiting.line):
                found.append(waiting.line)
        return Batch(found, cursor)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        def unless_closed() -> T:
            if self._closed:
                raise StreamClosedError
            return work()

        if self._closed:
            raise StreamClosedError
        return await asyncio.get_running_loop().run_in_executor(self._readers, unless_closed)

    def _forgotten(self, after: int) -> Line:
        """Tells of events that nobody kept; of whose calls they were, nothing."""
        oldest = self._recent.oldest()
        assert oldest is not None  # noqa: S101 - a floor above a cursor means that one was let go
        last = oldest.event.cursor - 1
        event = oldest.event.model_copy(update={"subject": "", "tenant": "", "agent": ""})
        first = event.model_copy(update={"cursor": after + 1})
        end = event.model_copy(update={"cursor": last})
        return Line.of(gap_event(Lost(first, end, last - after, last), "not_kept"))


def _counts(stream: Stream) -> dict[str, int]:
    backlog = stream.backlog
    return {"sent": stream.sent, "dropped": backlog.dropped, "merged": backlog.merged}
