"""What a consumer costs the server's heap: one that waits, and one that never reads."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from dataclasses import dataclass

from rid_telephony.bench.feed.process import PATIENCE, ConsumersProcess
from rid_telephony.bench.feed.rounds import Bench

JSON = "cloudevents.json"
STUCK = 10
"""Consumers that never read, together; what waits for all of them exists once."""
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
        alone: The only one that never reads, after :data:`FLOOD` events.
        alone_later: The same one, after as many events again.
        among_others: Each of :data:`STUCK` that never read, after as many.
    """

    consumers: int
    waiting: float
    alone: float
    alone_later: float
    among_others: float


async def memory(bench: Bench, consumers: int) -> Memory:
    """Measure with so many consumers that wait, then with such that never read."""
    async with _some(bench, 1):  # what the first connection loads is nobody's
        await _flood(bench)
    tracemalloc.start()
    try:
        await _flood(bench)
        before = _traced()
        async with _some(bench, consumers):
            waiting = (_traced() - before) / consumers
        before = await _alone(bench)
        async with _some(bench, 1, reads=False):
            await _flood(bench)
            alone = _traced() - before
            await _flood(bench)
            later = _traced() - before
        before = await _alone(bench)
        async with _some(bench, STUCK, reads=False):
            await _flood(bench)
            among = (_traced() - before) / STUCK
    finally:
        tracemalloc.stop()
    return Memory(consumers, waiting, alone, later, among)


async def _alone(bench: Bench) -> int:
    """The heap once everybody has gone."""
    async with asyncio.timeout(PATIENCE):
        while bench.hub.figures["feed_subscribers"]:
            await asyncio.sleep(0.05)
    return _traced()


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
