"""The store of events: append, replay, read one call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from pydantic import ValidationError
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.errors import StoreError
from rid_telephony.store.claim import WriterClaim
from rid_telephony.store.engine import open_engine
from rid_telephony.store.marks import is_open, mark_closed, mark_open
from rid_telephony.store.pages import Page, Wanted, read_page, read_queues
from rid_telephony.store.tables import KEY_LENGTH, events
from rid_telephony.store.writer import BATCH, CAPACITY, EventWriter

PAGE = 1000
"""Events read from the database at once while replaying."""
RECENT = 200_000
"""Events among which a broken-off call, or the latest calls, are looked for."""


@dataclass(frozen=True, slots=True)
class StoredCall:
    """A call that the store knows.

    Attributes:
        call_id: Its id.
        started: Wall clock of its first event, ISO 8601.
        events: How many events it has.
        last_type: Type of its last event; ``call.ended`` unless something broke off.
    """

    call_id: str
    started: str
    events: int
    last_type: str


class EventStore:
    """Keeps every event of the feed and gives them back in order (an ``EventLog``).

    Args:
        url: SQLAlchemy URL, the user's SQLite file when empty.
        on_trouble: See :class:`~rid_telephony.store.writer.EventWriter`.

    Raises:
        StoreError: The database cannot be opened.
    """

    def __init__(self, url: str = "", on_trouble: Callable[[str, int], None] | None = None) -> None:
        self._engine: Engine = open_engine(url)
        self._on_trouble = on_trouble
        self._writer: EventWriter | None = None
        self._claim: WriterClaim | None = None
        with _reading():
            self._was_killed = is_open(self._engine)

    def last_cursor(self) -> int:
        """The highest cursor kept, 0 when empty."""
        self.flush()
        with _reading(), self._engine.connect() as connection:
            return connection.execute(select(func.max(events.c.cursor))).scalar() or 0

    def resume_cursor(self) -> int:
        """The cursor after which a new run has to count.

        A run that was killed may have told consumers of events that it had not written yet. Their
        cursors are not used again: whoever resumes after one of them would miss what is new.
        """
        return self.last_cursor() + (CAPACITY + BATCH if self._was_killed else 0)

    def claim(self) -> None:
        """Become the one writer of this store; cursors of two writers would collide.

        Raises:
            StoreError: Another process writes to it.
        """
        if self._claim is None:
            self._claim = WriterClaim(self._engine)
            with _reading():
                mark_open(self._engine)

    def append(self, event: CloudEvent) -> None:
        """Keep an event; it is written in the background."""
        if self._writer is None:
            self.claim()
            self._writer = EventWriter(self._engine, on_trouble=self._on_trouble)
        self._writer.append(event)

    @property
    def refuses(self) -> bool:
        """Whether the database refuses what is to be kept; it is tried again."""
        return self._writer is not None and self._writer.refusing

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until all is written; False when it did not succeed in ``timeout`` seconds."""
        return self._writer.flush(timeout) if self._writer else True

    def replay(self, after: int = 0, until: int | None = None) -> Iterator[CloudEvent]:
        """Every event with a cursor above ``after`` (and up to ``until``), in order.

        Reads page by page, so that a million events need no more memory than a thousand.

        Raises:
            StoreError: The database cannot be read.
        """
        self.flush()
        while True:
            query = select(events.c.cursor, events.c.body).where(events.c.cursor > after)
            if until is not None:
                query = query.where(events.c.cursor <= until)
            with _reading(), self._engine.connect() as connection:
                page = connection.execute(query.order_by(events.c.cursor).limit(PAGE)).all()
            for _, body in page:
                yield _event(body)
            if len(page) < PAGE:
                return
            after = page[-1][0]

    def page(self, after: int, until: int, limit: int, wanted: Wanted | None = None) -> Page:
        """At most ``limit`` events with ``after < cursor <= until``, in order, as they lie there.

        Fewer where they are large; the page says whether there may be more.

        Raises:
            StoreError: The database cannot be read, or events up to ``until`` cannot be written.
        """
        if self._writer and not self._writer.flush(10.0, until):
            raise StoreError("The store does not take events now.", "Try again later.")
        with _reading(), self._engine.connect() as connection:
            return read_page(connection, after, until, limit, wanted or Wanted())

    def queues(self, calls: Sequence[str]) -> dict[str, str]:
        """The queues that calls came by; without the calls that the store does not know.

        Raises:
            StoreError: The database cannot be read.
        """
        with _reading(), self._engine.connect() as connection:
            return read_queues(connection, calls)

    def events_of(self, call_id: str) -> list[CloudEvent]:
        """All events of one call in sequence; empty when the call is not known.

        Raises:
            StoreError: The database cannot be read.
        """
        self.flush()
        query = select(events.c.body).where(events.c.call_id == call_id[:KEY_LENGTH])
        with _reading(), self._engine.connect() as connection:
            rows = connection.execute(query.order_by(events.c.sequence)).scalars().all()
        return [_event(body) for body in rows]

    def knows(self, call_id: str) -> bool:
        """Whether any event of this call is kept."""
        self.flush()
        query = select(events.c.cursor).where(events.c.call_id == call_id[:KEY_LENGTH]).limit(1)
        with _reading(), self._engine.connect() as connection:
            return connection.execute(query).first() is not None

    def calls(self, limit: int = 50) -> list[StoredCall]:
        """The latest calls, newest first, among the last :data:`RECENT` events.

        Whoever looks must not wait longer with every year of calls.

        Raises:
            StoreError: The database cannot be read.
        """
        recent = events.c.cursor > self.last_cursor() - RECENT
        ends = (
            select(
                events.c.call_id,
                func.min(events.c.cursor).label("first"),
                func.max(events.c.cursor).label("last"),
                func.count().label("count"),
            )
            .where(recent)
            .group_by(events.c.call_id)
            .order_by(func.max(events.c.cursor).desc())
            .limit(limit)
            .subquery()
        )
        first, last = events.alias(), events.alias()
        query = (
            select(ends.c.call_id, first.c.time, ends.c.count, last.c.type)
            .join(first, first.c.cursor == ends.c.first)
            .join(last, last.c.cursor == ends.c.last)
            .order_by(ends.c.last.desc())
        )
        with _reading(), self._engine.connect() as connection:
            return [StoredCall(*row) for row in connection.execute(query)]

    def unfinished(self) -> list[str]:
        """Calls without ``call.ended``: the program was killed while they went on.

        Only calls among the last :data:`RECENT` events are looked at: a start must not take
        longer with every year of calls.

        Raises:
            StoreError: The database cannot be read.
        """
        self.flush()
        recent = events.c.cursor > self._before_recent()
        ended = select(events.c.call_id).where(recent, events.c.type == "call.ended")
        query = (
            select(events.c.call_id)
            .where(recent, events.c.call_id.not_in(ended))
            .group_by(events.c.call_id)
            .order_by(func.min(events.c.cursor))
        )
        with _reading(), self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def recent_calls(self) -> set[str]:
        """Ids of the calls among the last :data:`RECENT` events.

        Raises:
            StoreError: The database cannot be read.
        """
        recent = events.c.cursor > self._before_recent()
        query = select(events.c.call_id).where(recent).distinct()
        with _reading(), self._engine.connect() as connection:
            return set(connection.execute(query).scalars())

    def _before_recent(self) -> int:
        """The cursor after which :data:`RECENT` events lie. Cursors have holes (see resuming)."""
        newest = select(events.c.cursor).order_by(events.c.cursor.desc()).offset(RECENT).limit(1)
        self.flush()
        with _reading(), self._engine.connect() as connection:
            return connection.execute(newest).scalar() or 0

    def close(self) -> int:
        """Write what waits and close; returns how many events could not be written."""
        lost = self._writer.close() if self._writer else 0
        if self._claim:
            if not lost:
                with suppress(SQLAlchemyError):
                    mark_closed(self._engine)
            self._claim.release()
        self._engine.dispose()
        return lost


def _event(body: str) -> CloudEvent:
    try:
        return CloudEvent.model_validate_json(body)
    except ValidationError as error:
        raise StoreError(
            "The store holds a row that is not an event of this program.",
            "Restore it from a backup, or name another with --store or store.url.",
        ) from error


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        first = (str(error).splitlines() or [""])[0]
        raise StoreError(f"Cannot read the store: {first}.") from error
