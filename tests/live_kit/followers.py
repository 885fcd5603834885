"""Consumers of the feed that come back by their cursor whenever the server was away."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import msgpack  # type: ignore[import-untyped]  # ships no types
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from live_kit.service import Event
from live_kit.stage import until

PAUSE = 0.1
AWAY = (OSError, ConnectionClosed, InvalidHandshake, EOFError, httpx.HTTPError)


@dataclass
class Follower:
    """What one consumer got.

    Attributes:
        name: Of how it follows.
        events: In the order in which they came.
        came: When each did, seconds of the monotonic clock, which is the loop's.
        connections: How often it was let in.
        ended_by: Close codes of the server's, of a WebSocket.
    """

    name: str
    events: list[Event] = field(default_factory=list)
    came: list[float] = field(default_factory=list)
    connections: int = 0
    ended_by: list[int] = field(default_factory=list)

    @property
    def cursor(self) -> int:
        """Where it resumes."""
        return self.events[-1]["cursor"] if self.events else 0

    def of(self, event_type: str) -> list[Event]:
        """What it got of a type."""
        return [event for event in tuple(self.events) if event["type"] == event_type]

    def when(self, event: Event) -> float:
        """When it got an event."""
        return next(
            at for at, one in zip(self.came, self.events, strict=True) if one["id"] == event["id"]
        )

    async def wait(self, event_type: str, seconds: float, count: int = 1) -> Event:
        """The event number ``count`` of a type."""
        await until(lambda: len(self.of(event_type)) >= count, f"{event_type} {count}", seconds)
        return self.of(event_type)[count - 1]

    def take(self, event: Event) -> None:
        """Note an event."""
        self.events.append(event)
        self.came.append(time.monotonic())


@asynccontextmanager
async def following(url: str, token: str) -> AsyncIterator[dict[str, Follower]]:
    """WebSockets with JSON and with msgpack, and server-sent events, from the feed's beginning."""
    headers = {"Authorization": f"Bearer {token}"}
    followers = {name: Follower(name) for name in ("json", "msgpack", "sse")}
    tasks = [
        asyncio.create_task(_socket(url, headers, followers["json"], json.loads)),
        asyncio.create_task(_socket(url, headers, followers["msgpack"], msgpack.unpackb)),
        asyncio.create_task(_server_sent(url, headers, followers["sse"])),
    ]
    try:
        await until(lambda: all(one.connections for one in followers.values()), "the followers")
        yield followers
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if not isinstance(end, asyncio.CancelledError):
            raise AssertionError(f"a follower ended: {end!r}")


async def _socket(
    url: str, headers: dict[str, str], told: Follower, read: Callable[[str | bytes], Event]
) -> None:
    where = url.replace("http", "ws", 1) + "/v1/events"
    protocol = Subprotocol(f"cloudevents.{told.name}")
    while True:
        try:
            async with connect(
                f"{where}?after={told.cursor}",
                additional_headers=headers,
                subprotocols=[protocol],
                proxy=None,
            ) as socket:
                told.connections += 1
                while True:
                    told.take(read(await socket.recv()))
        except AWAY as error:
            if isinstance(error, ConnectionClosed) and error.rcvd:
                told.ended_by.append(error.rcvd.code)
            await asyncio.sleep(PAUSE)


async def _server_sent(url: str, headers: dict[str, str], told: Follower) -> None:
    async with httpx.AsyncClient(timeout=60.0, trust_env=False) as http:
        while True:
            asking = {**headers, "Last-Event-ID": str(told.cursor)}
            try:
                async with http.stream("GET", f"{url}/v1/events/stream", headers=asking) as answer:
                    answer.raise_for_status()
                    told.connections += 1
                    async for line in answer.aiter_lines():
                        for event in _data(line):
                            told.take(event)
            except AWAY:
                pass
            await asyncio.sleep(PAUSE)


def _data(line: str) -> Iterator[Event]:
    name, _, value = line.partition(": ")
    if name == "data":
        yield json.loads(value)
