"""Plays recorded items to a switchboard: in real time, faster, or as fast as it goes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from rid_telephony.media.messages import SourceItem

BREATH = 50
"""Items after which a late player lets the event loop do something else."""


class VirtualClock:
    """The clock of a replay that runs as fast as it can: time is where the items are."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Seconds on the recording's clock."""
        return self.now


class PacedClock:
    """The clock of a replay in real time, or ``speed`` times that."""

    def __init__(self, speed: float, time: Callable[[], float]) -> None:
        self._speed = speed
        self._time = time
        self._origin = time()

    def __call__(self) -> float:
        """Seconds on the recording's clock."""
        return (self._time() - self._origin) * self._speed

    def until(self, moment: float) -> float:
        """Seconds of real time to wait until a moment of the recording; negative when late."""
        return (moment - self()) / self._speed


def play_fast(
    items: Iterable[tuple[float, SourceItem]],
    clock: VirtualClock,
    accept: Callable[[SourceItem], None],
    on_progress: Callable[[float], None] | None = None,
) -> None:
    """Hand over every item at once; the same recording gives the same result every time."""
    for arrival, item in items:
        clock.now = max(clock.now, arrival)
        accept(item)
        if on_progress:
            on_progress(arrival)


async def play_paced(
    items: Iterable[tuple[float, SourceItem]],
    clock: PacedClock,
    accept: Callable[[SourceItem], None],
    on_progress: Callable[[float], None] | None = None,
) -> None:
    """Hand over every item when it is due; what is late is handed over without a pause."""
    for count, (arrival, item) in enumerate(items):
        wait = clock.until(arrival)
        if wait > 0 or count % BREATH == 0:
            await asyncio.sleep(max(wait, 0))
        accept(item)
        if on_progress:
            on_progress(arrival)
