"""Keeps a conversation together while Asterisk optimises a Local channel out of it.

The swap is announced (LocalOptimizationBegin), the channels leave their bridges one by one, and
one of them enters the other's bridge. Nobody stops hearing anybody, so the leaving is kept back
until it is clear what became of it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from rid_telephony.calls.observations import BridgeParted, Observation

MAX_CHANNELS = 3 * 256
"""Channels in optimisations at the same time; of more, each step is observed."""


class Optimising:
    """The channels that take part in an optimisation, and what they left meanwhile."""

    def __init__(self) -> None:
        self._left: OrderedDict[str, list[BridgeParted]] = OrderedDict()
        self._moving: dict[tuple[str, str], str] = {}

    def begin(self, halves: tuple[str, str], source: str) -> None:
        """``source`` is going to take the place of these two halves."""
        if len(self._left) + 3 > MAX_CHANNELS:
            return
        self._moving[halves] = source
        for uid in (*halves, source):
            if uid:
                self._left.setdefault(uid, [])

    def concerns(self, uid: str) -> bool:
        """Whether this channel takes part in one."""
        return uid in self._left

    def kept_back(self, parted: BridgeParted) -> bool:
        """Keep a leaving back; False when it is none of an optimisation's."""
        kept = self._left.get(parted.channel)
        if kept is None:
            return False
        kept.append(parted)
        return True

    def entered(self, uid: str) -> None:
        """It is in another bridge, which says all about the one it left."""
        if uid in self._left:
            self._left[uid] = []

    def end(self, halves: tuple[str, str]) -> list[Observation]:
        """The optimisation is over: what was kept back and still counts."""
        uids = (*halves, self._moving.pop(halves, ""))
        return [parted for uid in uids for parted in self._take(uid)]

    def forget(self, uid: str) -> list[Observation]:
        """The channel is gone: it waits for nothing any more."""
        for halves in list(self._moving):
            if uid in halves:
                return self.end(halves)
        return list(self._take(uid))

    def _take(self, uid: str) -> Iterable[BridgeParted]:
        return self._left.pop(uid, ())
