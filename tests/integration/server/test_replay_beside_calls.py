"""A replay runs in the process that serves calls: it may hold up neither the loop nor memory."""

from __future__ import annotations

import asyncio
import threading
import time
import tracemalloc
from itertools import pairwise
from pathlib import Path

import pytest
from feed_kit import PATIENCE, LiveFeed
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from rid_telephony.bench.feed.stock import stock
from rid_telephony.cti.server import archived
from rid_telephony.cti.server.archived import ArchiveReader
from rid_telephony.cti.server.encoding import Line, binary_frame, msgpack_message, text_frame
from rid_telephony.cti.server.filters import Selection
from rid_telephony.cti.server.hub import Hub, HubLimits
from rid_telephony.store.events import EventStore
from rid_telephony.store.pages import PAGE_BYTES

pytestmark = pytest.mark.integration


def test_a_page_of_large_events_ends_early_and_says_that_more_follow(tmp_path: Path) -> None:
    store = EventStore(f"sqlite:///{tmp_path / 'events.sqlite'}")
    live = LiveFeed(store)
    live.large(PAGE_BYTES // 4, times=10)
    last = live.feed.cursor
    after, sizes, got = 0, list[int](), list[int]()
    more = True
    while more:
        page = store.page(after, last, 256)
        sizes.append(sum(len(line.line) for line in page.lines))
        got += [line.cursor for line in page.lines]
        more, after = page.more, got[-1]
    store.close()
    assert got == list(range(1, last + 1))
    assert max(sizes) < 1.5 * PAGE_BYTES


def test_a_hub_reads_on_after_a_page_that_ended_early(tmp_path: Path) -> None:
    async def script() -> list[int]:
        store = EventStore(f"sqlite:///{tmp_path / 'events.sqlite'}")
        live = LiveFeed(store)
        live.large(PAGE_BYTES // 4, times=10)
        hub = Hub(live.feed, store, HubLimits(recent_events=1))
        stream = hub.open(Selection(), 0)
        got: list[int] = []
        async with asyncio.timeout(PATIENCE):
            while len(got) < live.feed.cursor:
                got += [line.cursor for line in await stream.batch()]
        hub.close()
        store.close()
        return got

    got = asyncio.run(script())
    assert all(later == one + 1 for one, later in pairwise(got))


def test_a_consumer_that_never_reads_needs_no_more_memory_with_time() -> None:
    async def script() -> tuple[int, int]:
        live = LiveFeed()
        hub = Hub(live.feed, None, HubLimits(waiting_events=200, recent_events=200))
        hub.open(Selection())
        live.feed.listen(lambda _: live.sent.clear())
        live.held(times=500)
        tracemalloc.start()
        try:
            live.held(times=500)
            early = tracemalloc.get_traced_memory()[0]
            live.held(times=2000)
            return early, tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
            hub.close()

    early, late = asyncio.run(script())
    assert late < 1.2 * early


def test_a_thread_that_makes_a_page_rests_for_the_event_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock(f"sqlite:///{tmp_path / 'events.sqlite'}", 300)
    store = EventStore(f"sqlite:///{tmp_path / 'events.sqlite'}")
    rests: list[float] = []

    def slow(line: Line) -> bytes:
        until = time.monotonic() + archived.TURN / 2
        while time.monotonic() < until:
            pass
        return line.json

    monkeypatch.setattr("rid_telephony.cti.server.archived.time.sleep", rests.append)
    batch, _ = ArchiveReader(store).read(Selection(), 0, 300, 60, slow)
    store.close()
    assert len(batch.lines) == 60
    assert len(rests) >= 60 // 4, "work of half a turn an event needs a rest every second or third"


def test_pages_are_made_one_at_a_time_however_many_replay(tmp_path: Path) -> None:
    stock(f"sqlite:///{tmp_path / 'events.sqlite'}", 50)
    store = EventStore(f"sqlite:///{tmp_path / 'events.sqlite'}")
    reader = ArchiveReader(store)
    making: list[int] = []
    together: list[int] = []

    def form(line: Line) -> bytes:
        making.append(line.cursor)
        time.sleep(0)  # lets the other thread in, if it may
        together.append(len(making))
        making.pop()
        return b""

    threads = [
        threading.Thread(target=reader.read, args=(Selection(), 0, 50, 50, form)) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    store.close()
    assert together == [1] * 150


def test_a_consumer_that_reads_fast_lets_the_loop_run_between_batches() -> None:
    async def script() -> None:
        live = LiveFeed()
        hub = Hub(live.feed, None)
        stream = hub.open(Selection(), 0)
        live.held(times=2000)
        turns = batches = 0

        async def call() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        beside = asyncio.create_task(call())
        got = 0
        while got < 2000:
            got += len(await stream.batch())
            batches += 1
        hub.close()
        beside.cancel()
        assert turns >= batches - 1 > 5

    asyncio.run(script())


@given(st.one_of(st.integers(0, 300), st.sampled_from([65_400, 65_535, 65_536, 70_000])))
def test_frames_are_those_of_the_library(length: int) -> None:
    line = Line(1, "a", "call.held", "t", "1", '{"a":"%s"}' % ("x" * length))
    assert text_frame(line) == Frame(Opcode.TEXT, line.json).serialize(mask=False)
    packed = Frame(Opcode.BINARY, msgpack_message(line)).serialize(mask=False)
    assert binary_frame(line) == packed
