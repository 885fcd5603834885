"""The feed by server-sent events and page by page: for browsers and for scripts."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from feed_kit import PATIENCE, Site, cursors, running

from rid_telephony.cti.server import sse
from rid_telephony.cti.server.hub import HubLimits
from rid_telephony.store.events import EventStore

pytestmark = pytest.mark.integration


class Lines:
    """The lines of an event stream."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> str:
        async with asyncio.timeout(PATIENCE):
            return await anext(self._lines)

    async def events(self, count: int) -> list[tuple[int, dict[str, Any]]]:
        """Ids and data of the next messages."""
        found: list[tuple[int, dict[str, Any]]] = []
        cursor = 0
        while len(found) < count:
            name, _, value = (await self.next()).partition(": ")
            if name == "id":
                cursor = int(value)
            elif name == "data":
                found.append((cursor, json.loads(value)))
        return found


@asynccontextmanager
async def stream(site: Site, query: str = "", **headers: str) -> AsyncIterator[Lines]:
    async with (
        httpx.AsyncClient(base_url=site.server.url, trust_env=False, timeout=PATIENCE) as http,
        http.stream("GET", f"/v1/events/stream?{query}", headers=headers) as response,
    ):
        yield Lines(response)


async def page(site: Site, query: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=site.server.url, trust_env=False) as http:
        return await http.get(f"/v1/events?{query}", timeout=PATIENCE)


def test_a_browser_that_comes_back_goes_on_after_its_last_event(tmp_path: Path) -> None:
    async def script() -> None:
        async with running(tmp_path) as site:
            site.call("a")
            async with stream(site, "after=0") as lines:
                assert lines.response.headers["content-type"].startswith("text/event-stream")
                assert await lines.next() == f"retry: {sse.RETRY_MS}"
                site.held()
                first = await lines.events(2)
            site.held(times=2)
            async with stream(site, "after=0", **{"Last-Event-ID": str(first[-1][0])}) as lines:
                rest = await lines.events(2)
            assert [cursor for cursor, _ in first + rest] == [1, 2, 3, 4]
            assert [event for _, event in first + rest] == [
                json.loads(event.line()) for event in site.sent
            ]

    asyncio.run(script())


def test_a_silent_stream_is_kept_alive_by_comments() -> None:
    async def script() -> None:
        async with running(ping_seconds=0.05) as site, stream(site) as lines:
            comments = 0
            while comments < 2:
                comments += (await lines.next()).startswith(":")
            site.held()
            assert (await lines.events(1))[0][1]["type"] == "call.held"

    asyncio.run(script())


def test_a_stream_ends_whole_when_we_stop_so_that_the_browser_tries_again() -> None:
    async def script() -> None:
        async with running() as site, stream(site) as lines:
            site.held()
            await lines.events(1)
            site.hub.close()
            with pytest.raises(StopAsyncIteration):
                while True:
                    await lines.next()

    asyncio.run(script())


def test_a_browser_that_does_not_read_frees_its_place() -> None:
    async def script() -> None:
        async with running(send_timeout=0.2) as site, stream(site):
            for _ in range(20):
                site.large(1_000_000, 1)
                await asyncio.sleep(0)
            async with asyncio.timeout(PATIENCE):
                while site.hub.figures["feed_subscribers"]:
                    await asyncio.sleep(0.01)

    asyncio.run(script())


def test_a_connection_that_takes_nothing_does_not_stay_for_ever() -> None:
    async def script() -> None:
        async with running(send_timeout=0.2) as site:
            _, _, address = site.server.url.rpartition("/")
            host, _, port = address.partition(":")
            reader, writer = await asyncio.open_connection(host, int(port), limit=1)
            writer.write(b"GET /v1/events/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            await reader.readexactly(1)
            for _ in range(20):
                site.large(1_000_000, 1)
                await asyncio.sleep(0)
            async with asyncio.timeout(PATIENCE):
                with pytest.raises(ConnectionError):
                    while True:
                        await asyncio.sleep(0.05)
                        writer.write(b"\r\n")
                        await writer.drain()

    asyncio.run(script())


@pytest.mark.parametrize(
    ("query", "headers"),
    [("after=-1", {}), ("types=nothing", {}), ("", {"Last-Event-ID": "x"}), ("after=7", {})],
)
def test_a_bad_request_for_a_stream_gets_a_problem_document(
    query: str, headers: dict[str, str]
) -> None:
    async def script() -> None:
        async with running() as site, stream(site, query, **headers) as lines:
            assert lines.response.status_code == 400
            assert lines.response.headers["content-type"] == "application/problem+json"

    asyncio.run(script())


def test_pages_follow_each_other_without_loss_or_doubling(tmp_path: Path) -> None:
    async def script() -> None:
        async with running(tmp_path, HubLimits(recent_events=5)) as site:
            site.call("a")
            site.held(times=24)
            got: list[dict[str, Any]] = []
            cursor, more = 0, True
            while more:
                answer = (await page(site, f"after={cursor}&limit=7")).json()
                assert len(answer["events"]) <= 7
                got += answer["events"]
                cursor, more = answer["cursor"], answer["more"]
            assert got == [json.loads(event.line()) for event in site.sent]

    asyncio.run(script())


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("types=utterance.*", 2),
        ("call=b", 2),
        ("call=b&types=call.held", 1),
        ("agent=2*", 2),
        ("agent=2_02", 0),
        ("tenant=T", 0),
        ("tenant=t", 6),
    ],
)
def test_filters_find_the_same_in_the_store_and_in_memory(
    tmp_path: Path, query: str, found: int
) -> None:
    async def script() -> None:
        for recent in (1, 100):
            folder = tmp_path / str(recent)
            folder.mkdir()
            async with running(folder, HubLimits(recent_events=recent)) as site:
                site.call("a", agent="1001")
                site.partial("我")
                site.partial("我想")
                site.call("b", agent="2002")
                site.held("b")
                site.held("a")
                answer = (await page(site, query)).json()
                assert len(answer["events"]) == found
                assert answer["cursor"] == 6
                assert not answer["more"]

    asyncio.run(script())


def test_a_page_of_rare_events_says_where_to_go_on(tmp_path: Path) -> None:
    async def script() -> None:
        async with running(tmp_path, HubLimits(recent_events=1)) as site:
            site.call("a")
            site.held(times=50)
            site.call("b")
            answer = (await page(site, "types=call.started&limit=1")).json()
            assert cursors(answer["events"]) == [1]
            assert answer["more"]
            rest = (await page(site, f"types=call.started&after={answer['cursor']}")).json()
            assert cursors(rest["events"]) == [52]

    asyncio.run(script())


def test_a_store_that_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    async def script() -> None:
        async with running(tmp_path, HubLimits(recent_events=1)) as site:
            site.call("a")
            site.held(times=3)
            assert isinstance(site.store, EventStore)
            site.store.flush()
            other = sqlite3.connect(tmp_path / "events.sqlite")
            other.execute("ALTER TABLE events RENAME TO gone")
            other.close()
            answer = await page(site, "after=0")
            assert answer.status_code == 503
            assert str(tmp_path) not in answer.text

    asyncio.run(script())
