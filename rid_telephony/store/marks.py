"""Whether the last writer of the store came to its end."""

from __future__ import annotations

from sqlalchemy import Engine, delete, insert, select

from rid_telephony.store.tables import marks

_OPEN = "open"


def is_open(engine: Engine) -> bool:
    """Whether a writer has the store, or was killed while it had it."""
    query = select(marks.c.value).where(marks.c.name == _OPEN)
    with engine.connect() as connection:
        return connection.execute(query).first() is not None


def mark_open(engine: Engine) -> None:
    """Say that a writer has the store."""
    if not is_open(engine):
        with engine.begin() as connection:
            connection.execute(insert(marks).values(name=_OPEN, value=1))


def mark_closed(engine: Engine) -> None:
    """Say that the writer wrote everything and went."""
    with engine.begin() as connection:
        connection.execute(delete(marks).where(marks.c.name == _OPEN))
