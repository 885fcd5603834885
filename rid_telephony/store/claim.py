"""One writer at a time: a lock that the operating system or PostgreSQL frees when we die."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, Engine, text

from rid_telephony.errors import StoreError

ADVISORY_KEY = 0x5249445F  # "RID_" in ASCII: any number does that nobody else uses


class WriterClaim:
    """Held for as long as this process may write to the store.

    Args:
        engine: An open database; an SQLite database in memory needs no claim.

    Raises:
        StoreError: Another process holds it, or the lock file cannot be made.
    """

    def __init__(self, engine: Engine) -> None:
        self._file: IO[str] | None = None
        self._connection: Connection | None = None
        if engine.dialect.name == "postgresql":
            self._connection = self._lock_postgresql(engine)
        elif engine.url.database not in (None, "", ":memory:"):
            self._file = self._lock_file(Path(f"{engine.url.database}.lock"))

    def release(self) -> None:
        """Let another process write."""
        if self._file:
            self._file.close()
        if self._connection:
            self._connection.close()

    @staticmethod
    def _lock_file(path: Path) -> IO[str]:
        try:
            file = path.open("w")
        except OSError as error:
            raise StoreError(f"Cannot make {path}: {error.strerror}.") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.close()
            raise _taken() from error
        return file

    @staticmethod
    def _lock_postgresql(engine: Engine) -> Connection:
        connection = engine.connect()
        query = text("SELECT pg_try_advisory_lock(:key)")
        if connection.execute(query, {"key": ADVISORY_KEY}).scalar():
            return connection
        connection.close()
        raise _taken()


def _taken() -> StoreError:
    return StoreError(
        "Another rid-telephony process writes to this store.",
        "Wait for it, name another with --store or store.url, or use --no-store.",
    )
