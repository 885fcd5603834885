"""Ids of calls that no other call on the feed has."""

from __future__ import annotations

from collections.abc import Iterable

REMEMBERED = 200_000
"""Ids kept; a PBX's unique id does not come again after that many calls."""


class CallNames:
    """Gives each call an id of its own.

    A call that went on while the program was restarted has the same unique id on the PBX, and its
    first part has ended on the feed: the second part is ``…~2``.

    Args:
        taken: Ids that earlier runs used.
    """

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = dict.fromkeys(taken)

    def free(self, call_id: str) -> str:
        """The id itself, or the next free one."""
        name, count = call_id, 1
        while name in self._taken:
            count += 1
            name = f"{call_id}~{count}"
        self._taken[name] = None
        if len(self._taken) > REMEMBERED:
            del self._taken[next(iter(self._taken))]
        return name
