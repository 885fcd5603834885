"""From the store to live events: the seam that must neither lose nor double anything."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from feed_kit import NOON, PATIENCE, LiveFeed, cursors, running, take, take_until
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rid_telephony.cti import events
from rid_telephony.cti.access.scope import Scope
from rid_telephony.cti.feed import Feed
from rid_telephony.cti.server.filters import Selection
from rid_telephony.cti.server.hub import Hub, HubLimits
from rid_telephony.cti.server.stream import Stream, StreamClosedError
from rid_telephony.store.events import EventStore
from rid_telephony.store.pages import StoredLine, Wanted

pytestmark = pytest.mark.integration


class SlowArchive:
    """A store in which a test decides when a page is read."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self.turn = threading.Semaphore(0)

    def page(
        self, after: int, until: int, limit: int, wanted: Wanted | None = None
    ) -> list[StoredLine]:
        self.turn.acquire(timeout=PATIENCE)
        return self._store.page(after, until, limit, wanted)

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.integers(1, 400)),
        st.tuples(st.just("read"), st.just(1)),
    ),
    max_size=12,
)


@given(
    before=st.integers(0, 600),
    after=st.integers(0, 600),
    recent=st.integers(1, 300),
    steps=steps,
    only_calls=st.booleans(),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_replay_and_live_events_join_without_loss_or_doubling(
    before: int,
    after: int,
    recent: int,
    steps: list[tuple[str, int]],
    only_calls: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    async def script() -> None:
        store = EventStore(f"sqlite:///{tmp_path_factory.mktemp('seam') / 'events.sqlite'}")
        live = LiveFeed(store)
        archive = SlowArchive(store)
        hub = Hub(live.feed, archive, HubLimits(recent_events=recent, waiting_events=10**6))  # type: ignore[arg-type]  # by __getattr__
        live.held(times=before)
        selection = Selection(types=("call.*",)) if only_calls else Selection()
        stream = hub.open(selection, min(after, before))
        got: list[int] = []
        reading = asyncio.create_task(collect(stream, got))
        for what, times in steps:
            if what == "publish":
                for number in range(times):
                    live.partial(str(number)) if number % 3 else live.held()
            else:
                archive.turn.release()
                await asyncio.sleep(0.001)
        live.held()
        archive.turn.release(1000)
        async with asyncio.timeout(PATIENCE):
            while not got or got[-1] < live.feed.cursor:
                await asyncio.sleep(0.001)
        hub.close()
        await reading
        store.close()
        wanted = [
            event.cursor
            for event in live.sent
            if event.cursor > min(after, before)
            and (not only_calls or event.type.startswith("call."))
        ]
        assert got == wanted

    asyncio.run(script())


async def collect(stream: Stream, got: list[int]) -> None:
    try:
        while True:
            got += [line.cursor for line in await stream.batch()]
    except StreamClosedError:
        return


def test_many_resume_under_load_and_each_gets_everything(tmp_path: Path) -> None:
    async def script() -> None:
        async with running(tmp_path, HubLimits(recent_events=50)) as site:
            site.call("a")
            site.held(times=400)
            last = 1400

            async def load() -> None:
                while site.feed.cursor < last:
                    site.held(times=5)
                    await asyncio.sleep(0.001)

            async def follow(after: int) -> None:
                async with site.subscribe(f"after={after}") as socket:
                    got = await take_until(socket, last)
                    assert cursors(got)[: last - after] == list(range(after + 1, last + 1))

            async with asyncio.TaskGroup() as group:
                group.create_task(load())
                for after in (0, 17, 250, 399, 401):
                    group.create_task(follow(after))

    asyncio.run(script())


KILLED = """
import os, sys
from datetime import UTC, datetime
from rid_telephony.cti import events
from rid_telephony.cti.feed import Feed
from rid_telephony.store.events import EventStore
store = EventStore(sys.argv[1])
feed = Feed("/test", store)
channel = feed.open_call("a", datetime(2026, 11, 22, tzinfo=UTC))
for _ in range(3):
    feed.publish(channel, "call.held", events.CallHeld(at_ms=0, by="agent"))
store.flush()
print(feed.cursor + 2, flush=True)  # two more were sent, and never written
os._exit(9)
"""


def test_after_a_kill_no_cursor_is_given_twice(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'events.sqlite'}"
    run = subprocess.run(  # noqa: S603 - the script above
        [sys.executable, "-c", KILLED, url], capture_output=True, text=True, check=False
    )
    seen = int(run.stdout)

    async def script() -> None:
        async with running(tmp_path) as site, site.subscribe(f"after={seen}") as socket:
            site.call("b")
            got = await take(socket, 1)
            assert got[0]["cursor"] > seen
            assert got[0]["subject"] == "b"

    asyncio.run(script())
    again = EventStore(url)
    assert again.resume_cursor() == again.last_cursor(), "after a good end there is no hole"
    again.close()


def test_a_resumed_calls_events_have_ids_of_their_own(tmp_path: Path) -> None:
    store = EventStore(f"sqlite:///{tmp_path / 'events.sqlite'}")
    feed = Feed("/test", store)
    channel = feed.open_call("a", NOON)
    held = events.CallHeld(at_ms=0, by="agent")
    first = feed.publish(channel, "call.held", held)
    lost = feed.publish(channel, "call.held", held)
    resumed = feed.resume_call(first, {"call.held"})
    again = feed.publish(resumed, "call.held", held)
    assert again.sequence == lost.sequence
    assert again.id != lost.id
    store.close()


def test_a_scope_of_queues_holds_for_the_store_for_memory_and_for_live_events(
    tmp_path: Path,
) -> None:
    scope = Scope(queues=("sales",))

    async def script(recent: int) -> None:
        folder = tmp_path / str(recent)
        folder.mkdir()
        store = EventStore(f"sqlite:///{folder / 'events.sqlite'}")
        live = LiveFeed(store)
        live.call("a", queue="sales")
        live.call("b", queue="service")
        live.call("c")
        hub = Hub(live.feed, store, HubLimits(recent_events=recent))  # knows no queue yet
        for call in ("a", "b", "c"):
            live.held(call)
        stream = hub.open(Selection(scope=scope), 0)
        got: list[int] = []
        reading = asyncio.create_task(collect(stream, got))
        async with asyncio.timeout(PATIENCE):
            while not stream.is_live:
                await asyncio.sleep(0.001)
        for call in ("a", "b", "c"):
            live.held(call)
        async with asyncio.timeout(PATIENCE):
            while len(got) < 3:
                await asyncio.sleep(0.001)
        hub.close()
        await reading
        store.close()
        assert got == [1, 4, 7]

    for recent in (1, 100):
        asyncio.run(script(recent))
