"""Who may be connected to a listener: bounded, and a flood of strangers keeps no fork out."""

from __future__ import annotations

import asyncio
from collections import Counter


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
        self._nameless: dict[asyncio.Transport, None] = {}
        self._named: set[asyncio.Transport] = set()

    @property
    def connections(self) -> tuple[asyncio.Transport, ...]:
        """All that are there."""
        return (*self._named, *self._nameless)

    def enter(self, connection: asyncio.Transport) -> None:
        """One more; it, or an older one, is closed where that is too many."""
        self._nameless[connection] = None
        if len(self._named) + len(self._nameless) <= self._limit:
            return
        oldest = next(iter(self._nameless))
        del self._nameless[oldest]
        self._turned_away["too_many"] += 1
        oldest.abort()

    def named(self, connection: asyncio.Transport) -> None:
        """It named a fork that is expected."""
        self._nameless.pop(connection, None)
        self._named.add(connection)

    def leave(self, connection: asyncio.Transport) -> bool:
        """It is closed; False where it had made room before."""
        if connection not in self._nameless and connection not in self._named:
            return False
        self._nameless.pop(connection, None)
        self._named.discard(connection)
        return True
