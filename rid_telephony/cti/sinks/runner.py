"""Runs one sink: follows the feed, keeps its cursor, and starts again after a fault."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable

import structlog

from rid_telephony.cti.server.encoding import Line
from rid_telephony.cti.server.hub import Hub
from rid_telephony.cti.sinks.lanes import Lanes
from rid_telephony.cti.sinks.source import follow
from rid_telephony.errors import RidTelephonyError, StoreError
from rid_telephony.pbx.backoff import Backoff
from rid_telephony.store.sinks import SinkStore

log = structlog.get_logger(__name__)

SAVE_INTERVAL = 0.5
"""Seconds between two writes of the cursor: what may be sent twice after a crash."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Pauses before a sink starts again after a fault of ours or of the store, seconds."""


class SinkHalted(RidTelephonyError):  # noqa: N818 - an order, not an error
    """The sink is to stop; what it has not done stays undone."""

    code = "sink_halted"


Accept = Callable[[Line], bool]


class SinkRunner:
    """Delivers the feed to one sink, from where it stopped the last time.

    A sink that never ran, or whose cursor nobody keeps, begins with what happens from now on.

    Args:
        name: Of the sink; its cursor is kept under it.
        hub: Hands out the feed.
        accept: Which events the sink wants.
        deliver: Delivers one event, however long that takes; calls of it for one call follow each
            other. Raises :class:`SinkHalted` to stop the sink.
        store: Where the cursor is kept; None where nothing is.
    """

    def __init__(
        self,
        name: str,
        hub: Hub,
        accept: Accept,
        deliver: Callable[[Line], Awaitable[None]],
        store: SinkStore | None,
    ) -> None:
        self._name = name
        self._hub = hub
        self._accept = accept
        self._deliver = deliver
        self._store = store
        self._first = 0
        self._halted = False
        self._lanes: Lanes | None = None
        self._task: asyncio.Task[None] | None = None
        self._saved = -1
        self._saving = threading.Lock()
        self.faults = 0
        """Times that it had to start again."""

    @property
    def pending(self) -> int:
        """Events in memory that are not delivered."""
        return self._lanes.pending if self._lanes else 0

    @property
    def cursor(self) -> int:
        """All up to here is delivered."""
        return self._lanes.done_to if self._lanes else self._first

    async def start(self) -> None:
        """Begin.

        Raises:
            StoreError: The cursor cannot be read.
        """
        self._first = await self._first_cursor()
        self._task = asyncio.create_task(self._supervise(), name=f"sink {self._name}")

    async def close(self, patience: float) -> None:
        """Deliver what is there, for so many seconds at most; then end, and keep the cursor.

        To be called before the hub is closed.
        """
        if self._task is None:
            return
        if self._lanes and not self._halted:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._lanes.reached(self._hub.cursor)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._save()

    async def _supervise(self) -> None:
        loop, backoff = asyncio.get_running_loop(), Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        while not self._halted:
            began = loop.time()
            try:
                await self._run()
            except* SinkHalted as halted:
                self._halted = True
                reason = str(halted.exceptions[0])
                log.error("sink_halted", sink=self._name, reason=reason, cursor=self.cursor)
            except* StoreError as error:
                self._note_fault(str(error.exceptions[0]))
            except* Exception as error:
                self._note_fault(repr(error.exceptions[0]), error)
            if not self._halted:
                await asyncio.sleep(backoff.after_failure(loop.time() - began))

    def _note_fault(self, text: str, error: BaseException | None = None) -> None:
        self.faults += 1
        log.error("sink_fault", sink=self._name, error=text, cursor=self.cursor, exc_info=error)

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            lanes = self._lanes = Lanes(self._deliver, group.create_task, self.cursor)
            keeping = group.create_task(self._keep_cursor())
            async with contextlib.aclosing(follow(self._hub, lanes.done_to)) as lines:
                async for line in lines:
                    if self._accept(line):
                        await lanes.put(line)
                    else:
                        lanes.pass_over(line.cursor)
            await lanes.settled()
            keeping.cancel()

    async def _first_cursor(self) -> int:
        newest = self._hub.cursor
        if self._store is None:
            return newest
        kept = await asyncio.to_thread(self._store.cursor, self._name)
        # A higher one is of a store that was there before this one.
        return newest if kept is None else min(kept, newest)

    async def _keep_cursor(self) -> None:
        while True:
            await self._save()
            await asyncio.sleep(SAVE_INTERVAL)

    async def _save(self) -> None:
        try:
            await asyncio.to_thread(self._save_now)
        except StoreError as error:
            log.warning("sink_cursor_not_saved", sink=self._name, error=str(error))

    def _save_now(self) -> None:
        """In a thread; the cursor is read under the lock, so that no older one is written last."""
        with self._saving:
            cursor = self.cursor
            if self._store is None or cursor == self._saved:
                return
            self._store.save(self._name, cursor)
            self._saved = cursor
