"""The log of the commands: one line an entry on stderr, without personal data."""

from __future__ import annotations

import sys
import traceback

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
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _drop_personal(_logger: WrappedLogger, _method: str, entry: EventDict) -> EventDict:
    return {key: value for key, value in entry.items() if not key.startswith(PERSONAL)}


def _name_error(_logger: WrappedLogger, _method: str, entry: EventDict) -> EventDict:
    """Kind and place of an exception. Its message may quote what was said on the call."""
    error = sys.exc_info()[1] if entry.pop("exc_info", None) else None
    if error is not None:
        frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
        entry["error"] = type(error).__name__
        entry["at"] = " ".join(f"{frame.name}:{frame.lineno}" for frame in frames)
        entry[f"{PERSONAL}message"] = str(error)
    return entry
