"""What should stand on channels, and what stands there: only differences are written."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping

MAX_CHANNELS = 16
"""Channels of one call whose state is remembered; a call seldom has four."""


class Board:
    """Named values of one call. A name that was never set is the same as an empty one."""

    def __init__(self) -> None:
        self._wanted: dict[str, str] = {}
        self._since: dict[str, float] = {}
        self._standing: OrderedDict[str, dict[str, str]] = OrderedDict()
        self._waiting: set[str] = set()

    @property
    def waiting(self) -> frozenset[str]:
        """Names that changed since they were last written anywhere."""
        return frozenset(self._waiting)

    def set(self, values: Mapping[str, str], now: float) -> int:
        """Want other values from now on.

        Args:
            values: Name to value.
            now: Seconds on the loop's clock.

        Returns:
            How many values were replaced before anybody wrote them.
        """
        merged = 0
        for name, text in values.items():
            if self._wanted.get(name, "") == text:
                continue
            merged += name in self._waiting
            self._wanted[name] = text
            self._since[name] = now
            self._waiting.add(name)
        return merged

    def missing(self, channel: str, names: Iterable[str] | None = None) -> dict[str, str]:
        """What is still to be written on a channel.

        Args:
            channel: The PBX's unique id.
            names: Only these; all when None.
        """
        standing = self._standing.get(channel, {})
        return {
            name: self._wanted[name]
            for name in (self._wanted if names is None else names)
            if name in self._wanted and standing.get(name, "") != self._wanted[name]
        }

    def since(self, names: Iterable[str]) -> float:
        """Seconds on the loop's clock since when the oldest of these values is wanted."""
        return min(self._since[name] for name in names)

    def stands(self, channel: str, values: Mapping[str, str]) -> None:
        """These values are on the channel now, or were given up."""
        self._standing.setdefault(channel, {}).update(values)
        self._standing.move_to_end(channel)
        while len(self._standing) > MAX_CHANNELS:
            self._standing.popitem(last=False)
        self._waiting.difference_update(
            name for name, text in values.items() if self._wanted.get(name, "") == text
        )
