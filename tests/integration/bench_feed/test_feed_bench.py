"""`bench feed` counts what really arrives: its figures stand in the documentation."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from rid_telephony.bench.feed.replaying import fill, replay
from rid_telephony.bench.feed.rounds import Bench

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
            await fill(bench, 3000)
            replayed = await replay(bench, subprotocol)
            assert replayed.received == replayed.stored == bench.feed.cursor

    asyncio.run(script())
