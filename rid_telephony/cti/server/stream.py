"""One subscriber's way through the feed: first what it missed, then what happens."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from rid_telephony.cti.backlog import Backlog, gap_event
from rid_telephony.cti.server.encoding import Form, Line, LiveLine
from rid_telephony.cti.server.filters import Selection

BATCH_EVENTS = 256
"""Events handed out at once at most."""
BATCH_BYTES = 262_144
"""Bytes of JSON handed out at once, but for one event that is larger."""


class StreamClosedError(Exception):
    """The server is about to stop; what waits can be had by cursor when it is back."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Events found, and how far was looked.

    Attributes:
        lines: In the order of their cursors.
        cursor: Where to look on: of the last event looked at, found or not.
    """

    lines: list[Line]
    cursor: int


class Source(Protocol):
    """What a stream needs of the hub."""

    @property
    def cursor(self) -> int:
        """Of the newest event."""

    async def read(
        self, selection: Selection, after: int, limit: int, form: Form | None = None
    ) -> Batch:
        """Events after a cursor."""

    def attach(self, stream: Stream) -> None:
        """Offer it every event of its selection from now on."""

    def detach(self, stream: Stream) -> None:
        """Forget it."""


class Stream:
    """What one subscriber gets; belongs to the event loop. Made by ``Hub.open``.

    Args:
        hub: Where events come from.
        selection: Which.
        after: The cursor of the last event that the subscriber has; None for new events only.
        form: The form that the subscriber will ask for.
        backlog: What may wait once it is at the feed's end.
    """

    def __init__(
        self,
        hub: Source,
        selection: Selection,
        after: int | None,
        form: Form | None,
        backlog: Backlog[LiveLine],
    ) -> None:
        self._hub = hub
        self.selection = selection
        self._form = form
        self._backlog = backlog
        self._position = after
        self._waiter: asyncio.Future[None] | None = None
        self._is_called = False
        self._closed = False
        self._took_much = False
        self.sent = 0
        """Events handed out so far."""
        if after is None:
            hub.attach(self)

    @property
    def backlog(self) -> Backlog[LiveLine]:
        """What waits, and what was lost."""
        return self._backlog

    @property
    def is_live(self) -> bool:
        """Whether it has caught up with the feed."""
        return self._position is None

    async def batch(self, patience: float | None = None) -> list[Line]:
        """The next events in order, as soon as there is one; several where several wait.

        Args:
            patience: Seconds to wait; None for as long as it takes.

        Returns:
            Nothing only when ``patience`` ran out.

        Raises:
            StreamClosedError: The hub was closed.
            StoreError: What was missed cannot be read.
        """
        if self._took_much:
            # A peer that reads fast never makes its sender wait; calls run in this loop too.
            await asyncio.sleep(0)
        while not self._closed:
            lines = self._taken() if self._position is None else await self._missed(self._position)
            if lines:
                self.sent += len(lines)
                self._took_much = not self.is_live or len(self._backlog) > 0
                return lines
            if self.is_live and not await self._woken(patience):
                return []
        raise StreamClosedError

    def offer(self, line: LiveLine) -> bool:
        """Queue an event; whether the subscriber has to be woken for it."""
        self._backlog.put(line)
        if self._waiter is None or self._is_called:
            return False
        self._is_called = True
        return True

    def wake(self) -> None:
        """Let the subscriber look."""
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    def close(self) -> None:
        """Leave the feed."""
        self._closed = True
        self._hub.detach(self)
        self.wake()

    async def _missed(self, position: int) -> list[Line]:
        found = await self._hub.read(self.selection, position, BATCH_EVENTS, self._form)
        self._position = found.cursor
        if found.cursor >= self._hub.cursor and not self._closed:
            # Nothing can come in between: the event loop is ours until the next await.
            self._position = None
            self._hub.attach(self)
        return found.lines

    def _taken(self) -> list[Line]:
        lines: list[Line] = []
        size = 0
        while len(lines) < BATCH_EVENTS and size < BATCH_BYTES:
            if lost := self._backlog.lost():
                lines.append(Line.of(gap_event(lost)))
            waiting = self._backlog.take()
            if waiting is None:
                break
            lines.append(waiting.line)
            size += waiting.size
        return lines

    async def _woken(self, patience: float | None) -> bool:
        self._is_called = False
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            if patience is None:
                await self._waiter
            else:
                await asyncio.wait_for(self._waiter, patience)
        except TimeoutError:
            return False
        finally:
            self._waiter = None
        return True
