"""What a consumer costs the server's heap: one that waits, and one that never reads."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from dataclasses import dataclass

from rid_telephony.bench.feed.process import ConsumersProcess
from rid_telephony.bench.feed.rounds import Bench

JSON = "cloudevents.json"
STUCK = 10
"""Consumers that never read."""
FLOOD = 15_000
"""Events published to them, three times what a hub keeps in memory."""
AT_ONCE = 20
"""Events between two turns of the event loop."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of the server's heap; the kernel's buffers are not among them.

    Attributes:
        consumers: Waiting consumers that were measured.
        waiting: Each that is connected and has all.
        never_reading: Each that never read one of :data:`FLOOD` events.
        never_reading_later: The same ones, after as many events again.
    """

    consumers: int
    waiting: float
    never_reading: float
    never_reading_later: float


async def memory(bench: Bench, consumers: int) -> Memory:
    """Measure with so many consumers, then with :data:`STUCK`."""
    async with _some(bench, 1):  # what the first connection loads is nobody's
        await _flood(bench)
    tracemalloc.start()
    try:
        await _flood(bench)
        before = _traced()
        async with _some(bench, consumers):
            waiting = (_traced() - before) / consumers
        await asyncio.sleep(0.5)
        before = _traced()
        async with _some(bench, STUCK, reads=False):
            await _flood(bench)
            stuck = (_traced() - before) / STUCK
            await _flood(bench)
            later = (_traced() - before) / STUCK
    finally:
        tracemalloc.stop()
    return Memory(consumers, waiting, stuck, later)


def _some(bench: Bench, count: int, *, reads: bool = True) -> ConsumersProcess:
    return ConsumersProcess(bench.server.url, bench.cores, count, JSON, reads=reads)


async def _flood(bench: Bench) -> None:
    for number in range(FLOOD):
        bench.publish()
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
    await asyncio.to_thread(bench.store.flush, 60.0)


def _traced() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]
