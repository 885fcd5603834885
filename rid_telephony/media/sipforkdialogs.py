"""The legs that are there, by whatever a message names them with; bounded."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from rid_telephony.media.sipforkleg import Leg

_Key = tuple[str, str]


class Dialogs:
    """Every leg from its INVITE until nothing more is to be said.

    Args:
        limit: Forks at the same time. As many legs more may wait for the answer to our BYE.
    """

    def __init__(self, limit: int) -> None:
        self._limit = 2 * limit
        self._legs: dict[_Key, Leg] = {}
        self._by_fork: dict[str, Leg] = {}
        self._by_branch: dict[str, Leg] = {}
        self._ended: OrderedDict[_Key, None] = OrderedDict()
        self._empty = asyncio.Event()

    def __len__(self) -> int:
        """Legs that are not over."""
        return len(self._legs)

    def add(self, leg: Leg) -> None:
        """One more; the oldest that does not answer our BYE makes room where needed."""
        if len(self._legs) >= self._limit:
            next(other for other in self._legs.values() if other.leaving).end()
        self._legs[leg.key] = self._by_fork[leg.fork_id] = self._by_branch[leg.branch] = leg
        self._empty.clear()

    def find(self, call_id: str, tag: str, remote_tag: str) -> Leg | None:
        """The leg of a request's dialog."""
        leg = self._legs.get((call_id, tag))
        return leg if leg and leg.remote_tag == remote_tag else None

    def of_fork(self, fork_id: str) -> Leg | None:
        """The leg that carries a fork."""
        return self._by_fork.get(fork_id)

    def of_bye(self, branch: str) -> Leg | None:
        """The leg whose BYE is answered."""
        return self._by_branch.get(branch)

    def has_ended(self, call_id: str, tag: str) -> bool:
        """Whether a leg was there until a while ago."""
        return (call_id, tag) in self._ended

    def release(self, fork_id: str) -> Leg | None:
        """Let go of a fork; its leg stays until it is over."""
        return self._by_fork.pop(fork_id, None)

    def remove(self, leg: Leg) -> None:
        """It is over."""
        self._legs.pop(leg.key, None)
        self._by_branch.pop(leg.branch, None)
        if self._by_fork.get(leg.fork_id) is leg:
            del self._by_fork[leg.fork_id]
        self._ended[leg.key] = None
        while len(self._ended) > self._limit:
            self._ended.popitem(last=False)
        if not self._legs:
            self._empty.set()

    async def hang_up(self, seconds: float) -> None:
        """Hang up everything, and wait so long for the answers."""
        for leg in tuple(self._legs.values()):
            leg.hang_up(at_once=True)
        if not self._legs:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        except TimeoutError:
            for leg in tuple(self._legs.values()):
                leg.end()
