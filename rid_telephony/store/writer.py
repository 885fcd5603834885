"""Writes events in a thread of its own, in batches, so that no call waits for a disk."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import structlog
from sqlalchemy import Engine, insert
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.store.tables import KEY_LENGTH, events

log = structlog.get_logger(__name__)

REFUSED = (IntegrityError, DataError)
"""A row's own fault: its place is taken, or the database cannot hold a value of it."""
BATCH = 500
"""Events in one transaction at most."""
CAPACITY = 100_000
"""Events that may wait to be written."""
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
"""Pauses between two attempts at a store that refuses, seconds."""


class EventWriter:
    """A bounded queue and the thread that empties it into the database.

    While the database refuses (full disk, lost connection) events wait and the write is tried
    again with growing pauses; when the queue is full the oldest go and are counted.

    Args:
        engine: An open database.
        capacity: Events that may wait.
        on_trouble: Called (in the writer's thread) with the error's text and the number of
            events lost so far, when writing fails and when events are lost; logged when None.
    """

    def __init__(
        self,
        engine: Engine,
        capacity: int = CAPACITY,
        on_trouble: Callable[[str, int], None] | None = None,
    ) -> None:
        self._engine = engine
        self._capacity = capacity
        self._on_trouble = on_trouble
        self._queue: deque[CloudEvent] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._writing = 0
        self._writing_from = 0
        self.lost = 0
        """Events dropped because the queue was full, or their place was taken."""
        self.failures = 0
        """Attempts that the database refused."""
        self.refusing = False
        """Whether it refused the last one."""
        self._thread = threading.Thread(target=self._run, name="event-writer", daemon=True)
        self._thread.start()

    def append(self, event: CloudEvent) -> None:
        """Queue an event; returns at once."""
        with self._changed:
            if len(self._queue) >= self._capacity:
                self._queue.popleft()
                self.lost += 1
            self._queue.append(event)
            self._changed.notify_all()

    def flush(self, timeout: float, until: int | None = None) -> bool:
        """Wait until everything queued is written; False when ``timeout`` seconds ran out.

        Args:
            timeout: Seconds.
            until: Wait for events up to this cursor only: under load something is always queued.
        """
        with self._changed:
            return self._changed.wait_for(lambda: self._is_written(until), timeout=timeout)

    def close(self, timeout: float = 5.0) -> int:
        """Write what waits, end the thread, and return how many events could not be written."""
        self.flush(timeout)
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout)
        return len(self._queue) + self._writing + self.lost

    def _is_written(self, until: int | None) -> bool:
        first = self._writing_from or (self._queue[0].cursor if self._queue else 0)
        return not first or (until is not None and first > until)

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while batch := self._next_batch():
            written, error = self._write(batch)
            with self._changed:
                self._writing = self._writing_from = 0
                if error:
                    self._queue.extendleft(reversed(batch[written:]))
                self._changed.notify_all()
                if error and self._closing:
                    return
            self.refusing = bool(error)
            if not error:
                pause = FIRST_PAUSE
                continue
            self._report(error)
            time.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)

    def _next_batch(self) -> list[CloudEvent]:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing)
            batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
            self._writing = len(batch)
            self._writing_from = batch[0].cursor if batch else 0
            return batch

    def _write(self, batch: list[CloudEvent]) -> tuple[int, str]:
        """How many events of the batch are done with, and the error that stopped the rest."""
        rows: list[dict[str, object]] = [
            {
                "cursor": event.cursor,
                "call_id": event.subject[:KEY_LENGTH],
                "sequence": event.sequence,
                "type": event.type,
                "tenant": event.tenant[:KEY_LENGTH],
                "agent": event.agent[:KEY_LENGTH],
                "time": event.time.isoformat(),
                "body": event.line(),
            }
            for event in batch
        ]
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(events), rows)
        except REFUSED:
            return self._write_singly(rows)
        except SQLAlchemyError as error:
            return 0, _first_line(error)
        return len(rows), ""

    def _write_singly(self, rows: list[dict[str, object]]) -> tuple[int, str]:
        """Write row by row; one that can never be written is left out and counted."""
        for count, row in enumerate(rows):
            try:
                with self._engine.begin() as connection:
                    connection.execute(insert(events), row)
            except REFUSED as error:
                self.lost += 1
                self._report(_first_line(error))
            except SQLAlchemyError as error:
                return count, _first_line(error)
        return len(rows), ""

    def _report(self, error: str) -> None:
        self.failures += 1
        if self._on_trouble:
            self._on_trouble(error, self.lost)
        else:
            log.error("store_write_failed", error=error, waiting=len(self._queue), lost=self.lost)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
