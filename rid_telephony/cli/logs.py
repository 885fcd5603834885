"""The log of the commands: one line an entry on stderr, without personal data."""

from __future__ import annotations

import sys
import traceback
from contextlib import suppress
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

PERSONAL = "pii_"
"""Keys with this prefix hold personal data."""
FRAMES = 5
"""Places named for an unexpected error, innermost last."""


def configure_logs(*, personal: bool = False) -> None:
    """Send log entries to stderr; stdout is for results.

    Args:
        personal: Let keys that begin with :data:`PERSONAL` into the log.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _name_error,
            *(() if personal else (_drop_personal,)),
            _printable,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.PrintLoggerFactory(_Unfailing(sys.stderr)),  # type: ignore[arg-type]  # all of TextIO that it uses
    )


class _Unfailing:
    """A log that can be written no longer (its reader gone, its disk full) fails nothing."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


def _drop_personal(_logger: WrappedLogger, _method: str, entry: EventDict) -> EventDict:
    return {key: value for key, value in entry.items() if not key.startswith(PERSONAL)}


def _printable(_logger: WrappedLogger, _method: str, entry: EventDict) -> EventDict:
    """Ids come from the PBX and may hold anything: no entry forges another, or moves a cursor."""
    return {key: _escaped(one) if isinstance(one, str) else one for key, one in entry.items()}


def _escaped(text: str) -> str:
    # A newline is left to the renderer, which escapes it in its own way.
    return "".join(
        sign if sign.isprintable() or sign == "\n" else sign.encode("unicode_escape").decode()
        for sign in text
    )


def _name_error(_logger: WrappedLogger, _method: str, entry: EventDict) -> EventDict:
    """Kind and place of an exception. Its message may quote what was said on the call."""
    error = sys.exc_info()[1] if entry.pop("exc_info", None) else None
    if error is not None:
        frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
        entry["error"] = type(error).__name__
        entry["at"] = " ".join(f"{frame.name}:{frame.lineno}" for frame in frames)
        entry[f"{PERSONAL}message"] = str(error)
    return entry
