"""What the event socket's client counts."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class EslStats:
    """Counts since the start.

    Attributes:
        events: Events handed on.
        malformed: Frames that could not be read.
        handler_errors: Exceptions raised by what events were handed to.
        timeouts: Commands that were not answered in time.
        reconnects: Connections made after the first one.
        dropped: Events thrown away because too many waited.
        threads_left: Threads of old connections that did not end in time.
    """

    events: int = 0
    malformed: int = 0
    handler_errors: int = 0
    timeouts: int = 0
    reconnects: int = 0
    dropped: int = 0
    threads_left: int = 0


@dataclass(slots=True)
class EslCounters:
    """The running counts behind :class:`EslStats`; changed in the event loop's thread only."""

    events: int = 0
    malformed: int = 0
    handler_errors: int = 0
    timeouts: int = 0
    reconnects: int = 0
    dropped: int = 0
    threads_left: int = 0

    def snapshot(self) -> EslStats:
        """The counts as they are now."""
        return EslStats(**asdict(self))
