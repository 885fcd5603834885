"""From the socket's thread to the event loop: in order, bounded, in slices."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from rid_telephony.pbx.freeswitch.esl_limits import CROWDED, SLICE_SECONDS

T = TypeVar("T")


class Inbox(Generic[T]):
    """A queue that one thread fills and an event loop empties.

    The loop is woken once for all that came meanwhile, and lets others run after each slice, so
    that a flood of events does not hold it up.

    Args:
        loop: The event loop.
        take: Handles one item, in the loop, in order.
        most: Items that may wait.
        most_bytes: Bytes that may wait, as told by :meth:`put`.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, take: Callable[[T], None], most: int, most_bytes: int
    ) -> None:
        self._loop = loop
        self._take = take
        self._most = most
        self._most_bytes = most_bytes
        self._items: deque[tuple[int, T]] = deque()
        self._bytes = 0
        self._woken = False
        self._lock = Lock()

    @property
    def crowded(self) -> bool:
        """Whether the one who fills should slow down."""
        return len(self._items) > CROWDED

    def put(self, item: T, size: int = 0) -> bool:
        """Add an item (any thread); False when too many wait now."""
        with self._lock:
            self._items.append((size, item))
            self._bytes += size
            fits = len(self._items) <= self._most and self._bytes <= self._most_bytes
            wake, self._woken = not self._woken, True
        if wake:
            self._wake()
        return fits

    def clear(self) -> int:
        """Throw away what waits (any thread) and return how many items it was."""
        with self._lock:
            count = len(self._items)
            self._items.clear()
            self._bytes = 0
        return count

    def _wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._drain)
        except RuntimeError:
            self.clear()  # the loop is closed: nobody is left to tell

    def _drain(self) -> None:
        again = self._loop.call_soon(self._drain)  # even if an item fails
        until = self._loop.time() + SLICE_SECONDS
        while self._loop.time() < until:
            with self._lock:
                if not self._items:
                    self._woken = False
                    again.cancel()
                    return
                size, item = self._items.popleft()
                self._bytes -= size
            self._take(item)
