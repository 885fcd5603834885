"""How far each sink of the feed has come, so that a restart goes on where it stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import BigInteger, Column, String, Table, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from rid_telephony.errors import StoreError
from rid_telephony.store.dead_letters import DeadLetters
from rid_telephony.store.engine import open_engine
from rid_telephony.store.tables import metadata

_cursors = Table(
    "sink_cursors",
    metadata,
    Column("sink", String(64), primary_key=True),
    Column("cursor", BigInteger, nullable=False),
)


class SinkStore:
    """Cursors and dead letters of the sinks, in the database of the events. Blocking.

    Another process may use it at the same time: ``rid-telephony webhook`` does while ``serve``
    runs.

    Args:
        url: SQLAlchemy URL, the user's SQLite file when empty.
        dead_letters: Dead letters kept; the oldest go first.

    Attributes:
        letters: The dead letters.

    Raises:
        StoreError: The database cannot be opened.
    """

    def __init__(self, url: str = "", dead_letters: int = 100_000) -> None:
        self._engine = open_engine(url)
        self.letters = DeadLetters(self._engine, dead_letters)

    def cursor(self, sink: str) -> int | None:
        """The cursor up to which a sink is done; None where it never ran.

        Raises:
            StoreError: The database cannot be read.
        """
        query = select(_cursors.c.cursor).where(_cursors.c.sink == sink)
        with _guarded(), self._engine.connect() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else int(found)

    def save(self, sink: str, cursor: int) -> None:
        """Keep the cursor up to which a sink is done.

        Raises:
            StoreError: The database cannot be written.
        """
        with _guarded(), self._engine.begin() as connection:
            connection.execute(delete(_cursors).where(_cursors.c.sink == sink))
            connection.execute(insert(_cursors).values(sink=sink, cursor=cursor))

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()


@contextmanager
def _guarded() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        first = (str(error).splitlines() or [""])[0]
        raise StoreError(f"Cannot use the store of the sinks: {first}.") from error
