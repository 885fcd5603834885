"""Delivers in order per call while calls do not wait for each other, and knows what is done."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine

from rid_telephony.cti.server.encoding import Line

MAX_PENDING = 1000
"""Events of one sink in memory."""
MAX_SPAN = 10_000
"""Events between the oldest that is not done and the newest that is."""

Spawn = Callable[[Coroutine[None, None, None]], object]


class Lanes:
    """One lane per call: an event is delivered when the one before it, of the same call, is done.

    Args:
        deliver: Returns when an event is done with. What it raises ends the task of its lane, and
            the event stays undone.
        spawn: Starts a task whose failure somebody notices (``TaskGroup.create_task``).
        after: The cursor up to which all is done already.
        max_pending: Events that may be undone.
        max_span: Events that may have to be remembered because one before them is undone.
    """

    def __init__(
        self,
        deliver: Callable[[Line], Awaitable[None]],
        spawn: Spawn,
        after: int,
        max_pending: int = MAX_PENDING,
        max_span: int = MAX_SPAN,
    ) -> None:
        self._deliver = deliver
        self._spawn = spawn
        self._max_pending = max_pending
        self._max_span = max_span
        self._lanes: dict[str, deque[Line]] = {}
        self._order: deque[int] = deque()
        self._done: set[int] = set()
        self._seen = after
        self._moved = asyncio.Event()

    @property
    def pending(self) -> int:
        """Events that are not done."""
        return len(self._order) - len(self._done)

    @property
    def done_to(self) -> int:
        """The cursor up to which all is done: where to go on after a restart."""
        return self._order[0] - 1 if self._order else self._seen

    async def put(self, event: Line) -> None:
        """Take an event in; waits while too many are undone."""
        await self._until(self._has_room)
        self._order.append(event.cursor)
        self._seen = event.cursor
        lane = self._lanes.get(event.call_id)
        if lane is not None:
            lane.append(event)
            return
        self._lanes[event.call_id] = lane = deque([event])
        self._spawn(self._work(event.call_id, lane))

    def pass_over(self, cursor: int) -> None:
        """Note an event that this sink does not want."""
        self._seen = cursor
        self._moved.set()

    async def reached(self, cursor: int) -> None:
        """Wait until all up to a cursor is done."""
        await self._until(lambda: self.done_to >= cursor)

    async def settled(self) -> None:
        """Wait until nothing is undone."""
        await self._until(lambda: not self._order)

    def _has_room(self) -> bool:
        return self.pending < self._max_pending and len(self._order) < self._max_span

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._moved.clear()
            await self._moved.wait()

    async def _work(self, call_id: str, lane: deque[Line]) -> None:
        while lane:
            await self._deliver(lane[0])
            self._finish(lane.popleft().cursor)
        del self._lanes[call_id]

    def _finish(self, cursor: int) -> None:
        self._done.add(cursor)
        while self._order and self._order[0] in self._done:
            self._done.remove(self._order.popleft())
        self._moved.set()
