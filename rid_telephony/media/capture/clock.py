"""A capture's clock made steady: it never runs back, and never leaps.

Capture clocks are set while they run, files are joined, and bytes are damaged. Everything
after this module may trust that time goes on, and that it goes on at a human pace.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from rid_telephony.media.capture.records import Record

TOLERANCE_SECONDS = 1.0
"""Packets of several interfaces may stand this much out of order in a file."""
MAX_IDLE_SECONDS = 6 * 3600.0
"""A longer leap forward is taken for a change of the clock, not for time passing."""
_LATEST = 253_402_300_799.0
"""The end of the year 9999, the last that Python's datetime can name."""
_MAX_STEPS = 1000


class SteadyClock:
    """Turns the times of records into seconds since the first record, and back.

    Steady time may still go back by up to :data:`TOLERANCE_SECONDS` from record to record.
    """

    def __init__(self) -> None:
        self.steps = 0
        self._last: float | None = None
        self._offset = 0.0
        self._offsets: list[tuple[float, float]] = []

    def steady(self, records: Iterable[Record]) -> Iterator[Record]:
        """Yield the records with steady times; reads one record ahead."""
        held: Record | None = None
        for record in records:
            if held is not None:
                yield self._time(held[0], record[0]), held[1], held[2]
            held = record
        if held is not None:
            yield self._time(held[0], held[0]), held[1], held[2]

    def wall_clock(self, steady: float) -> datetime:
        """The capture's own wall clock (UTC) at a steady time."""
        place = bisect_right(self._offsets, (steady, _LATEST)) - 1
        offset = self._offsets[max(place, 0)][1] if self._offsets else 0.0
        return datetime.fromtimestamp(min(max(steady - offset, 0.0), _LATEST), UTC)

    def _time(self, time: float, following: float) -> float:
        last = self._last
        if last is None:
            # A first packet far ahead of the second has a damaged time.
            start = following if time > following + TOLERANCE_SECONDS else time
            self._step(-start, 0.0)
            self._last = 0.0
            return 0.0
        now = time + self._offset
        if not last - TOLERANCE_SECONDS <= now <= last + TOLERANCE_SECONDS:
            now = self._judge(time, following)
        if now > last:
            self._last = now
        return now

    def _judge(self, time: float, following: float) -> float:
        """Decide on a record whose time leaps: a glitch, a step of the clock, or a pause."""
        last = self._last or 0.0
        now, next_ = time + self._offset, following + self._offset
        glitch = abs(next_ - last) < abs(next_ - now)
        if glitch or not 0.0 <= time <= _LATEST:
            return last
        if last <= now <= last + MAX_IDLE_SECONDS:
            return now
        self._step(last - time, last)
        return last

    def _step(self, offset: float, steady: float) -> None:
        self._offset = offset
        if self._last is not None:
            self.steps += 1
        if len(self._offsets) < _MAX_STEPS:
            self._offsets.append((steady, offset))
