"""`bench feed` counts what really arrives: its figures stand in the documentation."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from rid_telephony.bench.feed import memory as memories
from rid_telephony.bench.feed.replaying import replay
from rid_telephony.bench.feed.rounds import STORE, Bench
from rid_telephony.bench.feed.stock import stock
from rid_telephony.store.events import EventStore

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("subprotocol", ["cloudevents.json", "cloudevents.msgpack"])
def test_every_event_is_counted_at_every_consumer(tmp_path: Path, subprotocol: str) -> None:
    async def script() -> None:
        bench = Bench(tmp_path, os.sched_getaffinity(0))
        async with bench.serving():
            paced = await bench.round(3, subprotocol, rate=200, seconds=0.5)
            assert (paced.published, paced.received, paced.missing) == (100, 300, 0)
            assert paced.p50 is not None
            assert paced.p95 is not None
            assert 0 < paced.p50 <= paced.p95
            flood = await bench.round(2, subprotocol, rate=None, seconds=0.2)
            assert flood.received == 2 * flood.published

    asyncio.run(script())


@pytest.mark.parametrize("subprotocol", ["cloudevents.json", "cloudevents.msgpack"])
def test_every_stored_event_is_counted_in_a_replay(tmp_path: Path, subprotocol: str) -> None:
    async def script() -> None:
        stock(f"sqlite:///{tmp_path / STORE}", 5000)
        bench = Bench(tmp_path, os.sched_getaffinity(0))
        async with bench.serving():
            replayed = await replay(bench, subprotocol, consumers=2)
        assert (replayed.stored, replayed.received) == (5000, 10_000)
        assert 0 < replayed.busy.p50 <= replayed.busy.p99 <= replayed.busy.worst

    asyncio.run(script())


def test_stock_is_what_a_feed_would_have_written(tmp_path: Path) -> None:
    stock(f"sqlite:///{tmp_path / STORE}", 4100)
    store = EventStore(f"sqlite:///{tmp_path / STORE}")
    stocked = list(store.replay())
    store.close()
    assert [event.cursor for event in stocked] == list(range(1, 4101))
    assert stocked[4050].data == stocked[50].data


def test_memory_is_measured_of_consumers_that_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memories, "STUCK", 2)
    monkeypatch.setattr(memories, "FLOOD", 500)

    async def script() -> memories.Memory:
        bench = Bench(tmp_path, os.sched_getaffinity(0))
        async with bench.serving():
            return await memories.memory(bench, 2)

    used = asyncio.run(script())
    assert min(used.waiting, used.alone, used.among_others) > 5000, "a connection is not free"
