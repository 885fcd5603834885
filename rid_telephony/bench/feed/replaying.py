"""How fast the store's events come back, and whether the event loop stays free meanwhile."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import numpy as np

from rid_telephony.bench.feed.process import BenchError, ConsumersProcess
from rid_telephony.bench.feed.rounds import Bench
from rid_telephony.bench.live.processes import machine_cpu_seconds
from rid_telephony.cti.server.stream import BATCH_EVENTS

IDLE = 3.0
"""Seconds of looking at an event loop with nothing to do, for comparison."""
LOOK = 0.005
"""Seconds between two looks at how late the event loop is."""


@dataclass(frozen=True, slots=True)
class Lag:
    """How late an event loop came to what was due, seconds, looked at every :data:`LOOK`."""

    p50: float
    p99: float
    worst: float


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay's figures.

    Attributes:
        stored: Events in the store.
        read_rate: Events a second that are read from the store and go nowhere.
        subprotocol: What the subscribers asked for.
        consumers: Subscribers, all at the same time.
        rate: Events a second that they get, all together, all from the store.
        received: Events they got.
        idle: Lag of the event loop without replay, just before.
        busy: Lag of the event loop meanwhile.
        server_cpu: Share of a core that the server's process needed.
        others_cpu: Cores that everything else on this machine used, the consumers not.
    """

    stored: int
    read_rate: float
    subprotocol: str
    consumers: int
    rate: float
    received: int
    idle: Lag
    busy: Lag
    server_cpu: float
    others_cpu: float


async def replay(bench: Bench, subprotocol: str, consumers: int = 1) -> Replay:
    """Have subscribers read the whole store.

    Raises:
        BenchError: They got nothing.
    """
    stored = bench.feed.cursor
    reading = await asyncio.to_thread(_read, bench, stored)
    watch = asyncio.create_task(_lates())
    await asyncio.sleep(IDLE)
    idle = await _ended(watch)
    path = "/v1/events?after=0"
    process = ConsumersProcess(bench.server.url, bench.cores, consumers, subprotocol, path)
    async with process:
        cpu, all_cpu, begun = time.process_time(), machine_cpu_seconds(), time.monotonic()
        watch = asyncio.create_task(_lates())
        told = await process.count(stored)
        busy, took = await _ended(watch), time.monotonic() - begun
        cpu, all_cpu = time.process_time() - cpu, machine_cpu_seconds() - all_cpu
    if not told["events"]:
        raise BenchError("The subscriber got no event of the store.")
    return Replay(
        stored=stored,
        read_rate=stored / reading,
        subprotocol=subprotocol,
        consumers=consumers,
        rate=told["events"] / (told["last"] - told["begun"]),
        received=told["events"],
        idle=idle,
        busy=busy,
        server_cpu=cpu / took,
        others_cpu=max(0.0, all_cpu - cpu - told["cpu"]) / took,
    )


def _read(bench: Bench, until: int) -> float:
    begun, after = time.monotonic(), 0
    while lines := bench.store.page(after, until, BATCH_EVENTS).lines:
        after = lines[-1].cursor
    return time.monotonic() - begun


async def _lates() -> list[float]:
    """Every look until cancelled."""
    loop = asyncio.get_running_loop()
    lates: list[float] = []
    try:
        while True:
            due = loop.time() + LOOK
            await asyncio.sleep(LOOK)
            lates.append(loop.time() - due)
    except asyncio.CancelledError:
        return lates


async def _ended(watch: asyncio.Task[list[float]]) -> Lag:
    await asyncio.sleep(2 * LOOK)  # so that there is a look
    watch.cancel()
    lates = await watch
    return Lag(*map(float, np.percentile(lates, [50, 99, 100])))
