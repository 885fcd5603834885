"""What the manager client counts."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class AmiStats:
    """Counts since the start.

    Attributes:
        events: Events handed on.
        malformed: Messages that are neither an event nor a response.
        handler_errors: Exceptions raised by what events were handed to.
        timeouts: Actions that were not answered in time.
        reconnects: Connections made after the first one.
        dropped: Messages thrown away because too many waited, or the connection was given up.
    """

    events: int = 0
    malformed: int = 0
    handler_errors: int = 0
    timeouts: int = 0
    reconnects: int = 0
    dropped: int = 0


@dataclass(slots=True)
class AmiCounters:
    """The running counts behind :class:`AmiStats`."""

    events: int = 0
    malformed: int = 0
    handler_errors: int = 0
    timeouts: int = 0
    reconnects: int = 0
    dropped: int = 0

    def snapshot(self) -> AmiStats:
        """The counts as they are now."""
        return AmiStats(**asdict(self))
