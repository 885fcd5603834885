"""Which events came already."""

from __future__ import annotations

from collections import OrderedDict

WINDOW = 10_000


class Seen:
    """Ids of the newest events; the oldest are forgotten.

    Args:
        window: How many are remembered.
    """

    def __init__(self, window: int = WINDOW) -> None:
        self._window = window
        self._ids: OrderedDict[tuple[str, str], None] = OrderedDict()

    def is_new(self, source: str, event_id: str) -> bool:
        """Whether this event comes for the first time; from now on it does not."""
        key = (source, event_id)
        if key in self._ids:
            self._ids.move_to_end(key)
            return False
        self._ids[key] = None
        if len(self._ids) > self._window:
            self._ids.popitem(last=False)
        return True
