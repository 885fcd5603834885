"""Remembers how far a program has come, so that it goes on there after a restart."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path

from rid_telephony.client.errors import ClientError

MAX_BYTES = 1000
SAVE_SECONDS = 1.0
"""A cursor that rises is written so often: a crash repeats at most so much."""


class CursorFile:
    """A small file with the cursor of the last event that was dealt with.

    It is replaced as a whole: after a crash, of the machine too, the old one or the new one is
    there. One file serves one stream.

    Args:
        path: The file; its directory exists.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    def read(self) -> int | None:
        """The cursor; None where there is no file yet.

        Raises:
            ClientError: The file cannot be read, or is not one of these.
        """
        try:
            with self.path.open("rb") as file:
                text = file.read(MAX_BYTES)
            cursor = json.loads(text)["cursor"]
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ClientError(f"{self.path} cannot be read: {error.strerror}.") from error
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise self._damaged() from error
        if type(cursor) is not int or cursor < 0:
            raise self._damaged()
        return cursor

    def write(self, cursor: int) -> None:
        """Replace the cursor.

        Raises:
            ClientError: The file cannot be written.
        """
        folder, name = self.path.parent, self.path.name
        try:
            number, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
            try:
                with os.fdopen(number, "wb") as file:
                    file.write(json.dumps({"cursor": cursor}).encode())
                    file.flush()
                    os.fsync(file.fileno())
                Path(temporary).replace(self.path)
            except BaseException:
                with contextlib.suppress(OSError):
                    Path(temporary).unlink()
                raise
            _sync_folder(folder)
        except OSError as error:
            raise ClientError(
                f"{self.path} cannot be written: {error.strerror}.",
                "Without it a restart would not know where to go on.",
            ) from error

    def _damaged(self) -> ClientError:
        return ClientError(
            f"{self.path} holds no cursor.",
            "Delete it, and say by `after` where to begin: 0 for all events that are kept.",
        )


def _sync_folder(folder: Path) -> None:
    """Make the new name last; where folders cannot be synced the file itself is still whole."""
    with contextlib.suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


class Bookmark:
    """Writes the cursor now and then instead of at every event. Time comes in as argument.

    Args:
        file: Where to; None keeps nothing.
    """

    def __init__(self, file: CursorFile | None) -> None:
        self._file = file
        self._dealt_with: int | None = None
        self._saved: int | None = None
        self._saved_at = float("-inf")

    @property
    def is_behind(self) -> bool:
        """Whether something was dealt with that is not in the file yet."""
        return self._file is not None and self._dealt_with != self._saved

    def dealt_with(self, cursor: int, now: float) -> None:
        """The event of this cursor needs not come again. Writes where it is time to."""
        self._dealt_with = cursor
        if now - self._saved_at >= SAVE_SECONDS:
            self.save(now)

    def save(self, now: float) -> None:
        """Write what is not written yet.

        Raises:
            ClientError: The file cannot be written.
        """
        if self._file is None or self._dealt_with is None or not self.is_behind:
            return
        self._file.write(self._dealt_with)
        self._saved, self._saved_at = self._dealt_with, now
