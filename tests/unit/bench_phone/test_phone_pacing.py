"""Packets every 20 ms without drift: what the bench says of delays rests on it."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from itertools import count, pairwise

import pytest

from rid_telephony.bench.phone.pacing import MAX_BEHIND, RtpClock


class _Handle(asyncio.TimerHandle):
    def __init__(self, when: float) -> None:
        self._when = when
        self.off = False

    def cancel(self) -> None:
        self.off = True

    def __del__(self) -> None:
        pass


class _Loop:
    """An event loop that wakes up ``late`` seconds after each time it was asked for."""

    def __init__(self, late: float = 0.0) -> None:
        self.now = 1000.0
        self._late = late
        self._timers: list[tuple[float, int, _Handle, Callable[[], None]]] = []
        self._numbers = count()
        self.wakes = 0

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], None], /) -> _Handle:
        handle = _Handle(when)
        heapq.heappush(self._timers, (when, next(self._numbers), handle, callback))
        return handle

    def run(self, until: float) -> None:
        while self._timers and self._timers[0][0] + self._late <= until:
            when, _, handle, callback = heapq.heappop(self._timers)
            if handle.off:
                continue
            self.now = max(self.now, when + self._late)
            self.wakes += 1
            callback()
        self.now = max(self.now, until)

    @property
    def waiting(self) -> int:
        return sum(not handle.off for _, _, handle, _ in self._timers)


@pytest.mark.parametrize("late", [0.0, 0.0013, 0.019])
def test_a_late_wake_up_delays_no_later_packet(late: float) -> None:
    loop = _Loop(late)
    clock, due = RtpClock(loop), list[float]()
    clock.add(due.append)
    loop.run(1060.0)
    assert len(due) in (2999, 3000)
    assert all(b - a == pytest.approx(0.02, abs=1e-9) for a, b in pairwise(due))
    assert due[-1] - due[0] == pytest.approx(0.02 * (len(due) - 1), abs=1e-6)


def test_after_a_stall_the_packets_due_go_out_at_once_and_the_pace_is_the_old_one() -> None:
    loop = _Loop()
    clock, due = RtpClock(loop), list[float]()
    clock.add(due.append)
    loop.run(1000.1)
    loop.now += 0.5
    loop.run(1001.0)
    assert all(b - a == pytest.approx(0.02, abs=1e-9) for a, b in pairwise(due))


def test_the_clock_says_how_late_it_was_so_that_no_pbx_is_blamed_for_it() -> None:
    loop = _Loop(0.013)
    clock = RtpClock(loop)
    clock.add(lambda _: None)
    loop.run(1000.5)
    assert clock.take_latest() == pytest.approx(0.013, abs=1e-6)
    loop.now += 0.5
    loop.run(1001.2)
    assert clock.take_latest() > 0.4
    assert clock.take_latest() == 0.0


def test_after_a_long_stall_the_past_is_left_out() -> None:
    loop = _Loop()
    clock, due = RtpClock(loop), list[float]()
    clock.add(due.append)
    loop.run(1000.1)
    before = len(due)
    loop.now += 20 * MAX_BEHIND
    loop.run(loop.now + 0.1)
    assert len(due) - before < 10


def test_many_senders_share_one_timer_and_each_gets_its_packets() -> None:
    loop = _Loop()
    clock = RtpClock(loop)
    dues: list[list[float]] = [[] for _ in range(100)]
    for number, due in enumerate(dues):
        loop.run(1000.0 + number * 0.0037)
        clock.add(due.append)
    loop.wakes = 0
    loop.run(1010.0)
    assert loop.waiting == 1
    assert loop.wakes <= 400 * 10
    assert {len(due) for due in dues} <= set(range(480, 502))


def test_the_last_sender_that_goes_takes_the_timer_with_it() -> None:
    loop = _Loop()
    clock, due = RtpClock(loop), list[float]()
    keys = [clock.add(due.append), clock.add(lambda _: None)]
    loop.run(1000.05)
    for key in keys:
        clock.remove(key)
    sent = len(due)
    loop.run(1001.0)
    assert loop.waiting == 0
    assert len(due) == sent
    clock.add(due.append)
    loop.run(1001.5)
    assert 24 <= len(due) - sent <= 26
