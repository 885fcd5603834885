"""Opens the database: SQLite by default, PostgreSQL or another by URL."""

from __future__ import annotations

from pathlib import Path

import platformdirs
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from rid_telephony.errors import StoreError
from rid_telephony.store.tables import metadata

DEFAULT_FILE = "events.sqlite"
BUSY_SECONDS = 5.0
"""How long SQLite waits for another process that writes, seconds."""


def default_url() -> str:
    """URL of the SQLite file in the user's data directory."""
    directory = Path(platformdirs.user_data_dir("rid-telephony", appauthor=False))
    return f"sqlite:///{directory / DEFAULT_FILE}"


def open_engine(url: str = "") -> Engine:
    """Connect and make the tables where they are missing.

    Args:
        url: SQLAlchemy URL; :func:`default_url` when empty.

    Raises:
        StoreError: The URL is not valid, its driver is missing, or the database refuses.
    """
    try:
        target = make_url(url or default_url())
        if target.get_backend_name() == "postgresql":
            target = target.set(drivername="postgresql+psycopg")
        if target.get_backend_name() == "sqlite" and target.database not in (None, "", ":memory:"):
            Path(str(target.database)).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(target, pool_pre_ping=True)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _prepare_sqlite)
        metadata.create_all(engine)
        _make_new_indexes(engine)
    except (ArgumentError, NoSuchModuleError) as error:
        raise StoreError(
            f"Not a database URL: {error}.",
            "Use sqlite:///path/to/file or postgresql://user:password@host/database.",
        ) from error
    except ModuleNotFoundError as error:
        raise StoreError(
            f"The driver for this database is not installed: {error.name}.",
            "Run: pip install 'rid-telephony[postgres]'",
        ) from error
    except (SQLAlchemyError, OSError) as error:
        raise StoreError(
            f"Cannot open the store: {_first_line(error)}.",
            "Check store.url, the rights on its file and the space on its disk.",
        ) from error
    return engine


def _make_new_indexes(engine: Engine) -> None:
    """Indexes that a database of an earlier version lacks; ``create_all`` looks at tables only."""
    for table in metadata.tables.values():
        for index in table.indexes:
            index.create(engine, checkfirst=True)


def _prepare_sqlite(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]  # a DBAPI connection, untyped
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}")
    cursor.close()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
