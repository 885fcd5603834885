"""Who may be connected to a listener: bounded, and a flood of strangers keeps no fork out."""

from __future__ import annotations

from collections import Counter
from typing import Protocol


class Connection(Protocol):
    """The part of a transport that is needed here."""

    def abort(self) -> None:
        """Close it at once."""


class ForkDoor:
    """The connections of one listener.

    Where there are too many, the one that has been there longest without naming a fork makes
    room: a PBX names its fork at once, a stranger who only holds connections does not.

    Args:
        limit: Connections at the same time.
        turned_away: Where ``too_many`` is counted.
    """

    def __init__(self, limit: int, turned_away: Counter[str]) -> None:
        self._limit = limit
        self._turned_away = turned_away
        self._nameless: dict[Connection, None] = {}
        self._named: set[Connection] = set()

    @property
    def connections(self) -> tuple[Connection, ...]:
        """All that are there."""
        return (*self._named, *self._nameless)

    def enter(self, connection: Connection) -> None:
        """One more; it, or an older one, is closed where that is too many."""
        self._nameless[connection] = None
        if len(self._named) + len(self._nameless) <= self._limit:
            return
        oldest = next(iter(self._nameless))
        del self._nameless[oldest]
        self._turned_away["too_many"] += 1
        oldest.abort()

    def named(self, connection: Connection) -> None:
        """It named a fork that is expected."""
        self._nameless.pop(connection, None)
        self._named.add(connection)

    def leave(self, connection: Connection) -> None:
        """It is closed."""
        self._nameless.pop(connection, None)
        self._named.discard(connection)
