"""The one timer by which all calls of an event loop send their RTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol
from weakref import WeakKeyDictionary

from rid_telephony.bench.phone.report import PTIME

PHASES = 8
"""The 20 ms are cut into so many parts, each with its own senders, so that load is even."""
MAX_BEHIND = 1.0
"""Seconds that a sender may be late before it leaves packets out."""


class Timer(Protocol):
    """What the clock needs of an event loop."""

    def time(self) -> float:
        """Seconds, never going back."""

    def call_at(self, when: float, callback: Callable[[], None], /) -> asyncio.TimerHandle:
        """Call back at a time."""


class RtpClock:
    """Ticks for all senders of an event loop; due times are multiples, so nothing drifts."""

    def __init__(self, loop: Timer) -> None:
        self._loop = loop
        self._origin = loop.time()
        self._phases: list[dict[int, Callable[[float], None]]] = [{} for _ in range(PHASES)]
        self._done = 0
        self._timer: asyncio.TimerHandle | None = None
        self._latest = 0.0

    def take_latest(self) -> float:
        """How late a packet was sent at worst since this was last asked, seconds."""
        latest, self._latest = self._latest, 0.0
        return latest

    def add(self, sender: Callable[[float], None]) -> int:
        """Call ``sender`` with each due time, every 20 ms, from the next phase on."""
        now_tick = int((self._loop.time() - self._origin) * PHASES / PTIME)
        self._done = max(self._done, now_tick) if self._timer is None else self._done
        phase = (now_tick + 1) % PHASES
        key = id(sender)
        self._phases[phase][key] = sender
        self._arm()
        return key

    def remove(self, key: int) -> None:
        """Stop calling a sender."""
        for phase in self._phases:
            phase.pop(key, None)
        if not any(self._phases) and self._timer:
            self._timer.cancel()
            self._timer = None

    def _due(self, tick: int) -> float:
        return self._origin + tick * PTIME / PHASES

    def _next_due(self) -> float:
        ahead = next(n for n in range(1, PHASES + 1) if self._phases[(self._done + n) % PHASES])
        return self._due(self._done + ahead)

    def _arm(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._next_due(), self._tick)

    def _tick(self) -> None:
        self._timer = None
        now = self._loop.time()
        self._latest = max(self._latest, now - self._next_due())
        if now - self._due(self._done) > MAX_BEHIND:
            self._done = int((now - self._origin) * PHASES / PTIME)
        while self._due(self._done + 1) <= now + 1e-4:
            self._done += 1
            due = self._due(self._done)
            for sender in tuple(self._phases[self._done % PHASES].values()):
                sender(due)
        if any(self._phases):
            self._arm()


_clocks: WeakKeyDictionary[asyncio.AbstractEventLoop, RtpClock] = WeakKeyDictionary()


def shared_clock() -> RtpClock:
    """The clock of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _clocks:
        _clocks[loop] = RtpClock(loop)
    return _clocks[loop]
