"""Events that a webhook target did not take: listed, sent again, forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Index,
    Integer,
    Select,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.exc import SQLAlchemyError

from rid_telephony.errors import StoreError
from rid_telephony.store.tables import KEY_LENGTH, metadata

REASON_LENGTH = 200
PAGE = 200
"""Letters read from the database at once."""
TRIM_EVERY = 100
"""Letters between two looks at how many there are."""

_letters = Table(
    "dead_letters",
    metadata,
    # SQLite numbers rows by itself only where the key is a plain INTEGER.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    # The columns stand in the order of DeadLetter's attributes.
    Column("target", String(64), nullable=False),
    Column("failed_at", String(40), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("reason", String(REASON_LENGTH), nullable=False),
    Column("call_id", String(KEY_LENGTH), nullable=False),
    Column("type", String(64), nullable=False),
    Column("cursor", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("dead_letters_of_a_target", "target", "id"),
    sqlite_autoincrement=True,  # a number is never given twice, even when its letter is gone
)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that a target did not take.

    Attributes:
        letter_id: Counts all dead letters; for ``--id``.
        target: Name of the target.
        failed_at: When the last attempt failed, ISO 8601, UTC.
        attempts: How many there were.
        reason: Why the last one failed.
        call_id: The event's call.
        type: The event's type.
        cursor: The event's place on the feed.
        line: The event, as one line of JSON.
    """

    letter_id: int
    target: str
    failed_at: str
    attempts: int
    reason: str
    call_id: str
    type: str
    cursor: int
    line: str


@dataclass(frozen=True, slots=True)
class Undelivered:
    """An event that is to become a dead letter; attributes as in :class:`DeadLetter`."""

    target: str
    attempts: int
    reason: str
    call_id: str
    type: str
    cursor: int
    line: str


class DeadLetters:
    """The dead letters of all targets, oldest first. Blocking.

    Args:
        engine: An open database.
        limit: Letters kept; the oldest go first (up to 100 more may stand for a while).

    Raises:
        StoreError: By every method, where the database refuses.
    """

    def __init__(self, engine: Engine, limit: int) -> None:
        self._engine = engine
        self._limit = limit
        self._added = 0

    def add(self, letter: Undelivered) -> None:
        """Keep an event that a target did not take."""
        row = {
            "target": letter.target,
            "call_id": letter.call_id[:KEY_LENGTH],
            "type": letter.type,
            "failed_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "attempts": letter.attempts,
            "reason": letter.reason[:REASON_LENGTH],
            "cursor": letter.cursor,
            "body": letter.line,
        }
        with _guarded(), self._engine.begin() as connection:
            connection.execute(insert(_letters).values(row))
            if self._added % TRIM_EVERY == 0:
                newest = select(_letters.c.id).order_by(_letters.c.id.desc())
                last_out = connection.execute(newest.offset(self._limit).limit(1)).scalar()
                connection.execute(delete(_letters).where(_letters.c.id <= (last_out or 0)))
        self._added += 1

    def list(
        self, target: str | None = None, ids: Sequence[int] = (), limit: int | None = None
    ) -> Iterator[DeadLetter]:
        """Letters, oldest first, read page by page; those kept meanwhile are left out.

        Args:
            target: Only those of this target.
            ids: Only these.
            limit: At most so many.
        """
        last, left = self._newest(), limit
        after = 0
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            query = _narrowed(select(_letters), target, ids)
            query = query.where(_letters.c.id > after, _letters.c.id <= last)
            with _guarded(), self._engine.connect() as connection:
                rows = connection.execute(query.order_by(_letters.c.id).limit(size)).all()
            for row in rows:
                yield DeadLetter(*row)
            if len(rows) < size:
                return
            after = rows[-1].id
            left = None if left is None else left - len(rows)

    def count(self, target: str | None = None, ids: Sequence[int] = ()) -> int:
        """How many there are."""
        query = _narrowed(select(func.count()).select_from(_letters), target, ids)
        with _guarded(), self._engine.connect() as connection:
            return connection.execute(query).scalar() or 0

    def remove(self, letter_id: int) -> None:
        """Forget a letter that was delivered."""
        with _guarded(), self._engine.begin() as connection:
            connection.execute(delete(_letters).where(_letters.c.id == letter_id))

    def _newest(self) -> int:
        with _guarded(), self._engine.connect() as connection:
            return connection.execute(select(func.max(_letters.c.id))).scalar() or 0


def _narrowed(query: Select[Any], target: str | None, ids: Sequence[int]) -> Select[Any]:
    if target is not None:
        query = query.where(_letters.c.target == target)
    return query.where(_letters.c.id.in_(ids)) if ids else query


@contextmanager
def _guarded() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        first = (str(error).splitlines() or [""])[0]
        raise StoreError(f"Cannot use the dead letters: {first}.") from error
