"""Writes events in a thread of its own, in batches, so that no call waits for a disk."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import structlog
from sqlalchemy import Engine, insert
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.store.tables import events

log = structlog.get_logger(__name__)

BATCH = 500
"""Events in one transaction at most."""
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
            events lost so far, when writing fails and when events are lost.
    """

    def __init__(
        self,
        engine: Engine,
        capacity: int = 100_000,
        on_trouble: Callable[[str, int], None] | None = None,
    ) -> None:
        self._engine = engine
        self._capacity = capacity
        self._on_trouble = on_trouble
        self._queue: deque[CloudEvent] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._writing = 0
        self.lost = 0
        """Events dropped because the queue was full, or their place was taken."""
        self.failures = 0
        """Attempts that the database refused."""
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

    def flush(self, timeout: float) -> bool:
        """Wait until everything queued is written; False when ``timeout`` seconds ran out."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not self._queue and not self._writing, timeout=timeout
            )

    def close(self, timeout: float = 5.0) -> int:
        """Write what waits, end the thread, and return how many events could not be written."""
        self.flush(timeout)
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout)
        return len(self._queue) + self._writing + self.lost

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while batch := self._next_batch():
            error = self._write(batch)
            with self._changed:
                self._writing = 0
                if error:
                    self._queue.extendleft(reversed(batch))
                self._changed.notify_all()
                if error and self._closing:
                    return
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
            return batch

    def _write(self, batch: list[CloudEvent]) -> str:
        rows: list[dict[str, object]] = [
            {
                "cursor": event.cursor,
                "call_id": event.subject,
                "sequence": event.sequence,
                "type": event.type,
                "tenant": event.tenant,
                "agent": event.agent,
                "time": event.time.isoformat(),
                "body": event.line(),
            }
            for event in batch
        ]
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(events), rows)
        except IntegrityError:
            return self._write_singly(rows)
        except SQLAlchemyError as error:
            return _first_line(error)
        return ""

    def _write_singly(self, rows: list[dict[str, object]]) -> str:
        """Write row by row; one whose place is taken is left out and counted, not tried again."""
        for row in rows:
            try:
                with self._engine.begin() as connection:
                    connection.execute(insert(events), row)
            except IntegrityError as error:
                self.lost += 1
                self._report(_first_line(error))
            except SQLAlchemyError as error:
                return _first_line(error)
        return ""

    def _report(self, error: str) -> None:
        self.failures += 1
        log.error("store_write_failed", error=error, waiting=len(self._queue), lost=self.lost)
        if self._on_trouble:
            self._on_trouble(error, self.lost)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
