"""Bridges that began before both legs were answered."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

MAX_EARLY = 4096


class EarlyBridges:
    """Pairs of channels whose bridge counts once both are answered.

    FreeSWITCH bridges as soon as the far end sends early media (183): a ring tone, or an
    announcement of the network.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[tuple[str, str], set[str]] = OrderedDict()

    def wait(self, one: str, two: str, unanswered: Iterable[str]) -> None:
        """They are bridged; those of ``unanswered`` are still to answer."""
        self.drop(one)
        self.drop(two)
        self._waiting[one, two] = set(unanswered)
        while len(self._waiting) > MAX_EARLY:
            self._waiting.popitem(last=False)

    def answered(self, uid: str) -> list[tuple[str, str]]:
        """A channel was answered: the pairs that talk from now on."""
        talking = []
        for pair, unanswered in tuple(self._waiting.items()):
            unanswered.discard(uid)
            if not unanswered:
                talking.append(pair)
                del self._waiting[pair]
        return talking

    def drop(self, uid: str) -> None:
        """It is in no early bridge any more."""
        for pair in [pair for pair in self._waiting if uid in pair]:
            del self._waiting[pair]
