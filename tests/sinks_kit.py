"""What the tests of the sinks share: a feed with a store and a hub, and a receiver of webhooks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rid_telephony.cti import events
from rid_telephony.cti.feed import CallChannel, Feed
from rid_telephony.cti.server.encoding import Line
from rid_telephony.cti.server.hub import Hub, HubLimits
from rid_telephony.store.events import EventStore
from rid_telephony.store.sinks import SinkStore

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - the specification's own example
PATIENCE = 10.0


@dataclass
class Stage:
    """A feed whose events are kept, and the hub that hands them out."""

    feed: Feed
    hub: Hub
    kept: EventStore
    store: SinkStore
    calls: dict[str, CallChannel] = field(default_factory=dict)

    def say(self, call_id: str, count: int = 1, agent: str = "1001") -> None:
        """Publish events of a call, all of the same type."""
        channel = self.calls.get(call_id)
        if channel is None:
            channel = self.calls[call_id] = self.feed.open_call(call_id, NOON, agent=agent)
        for _ in range(count):
            self.feed.publish(channel, "call.held", events.CallHeld(at_ms=0, by="agent"))


@asynccontextmanager
async def stage(folder: Path, limits: HubLimits | None = None) -> AsyncIterator[Stage]:
    """A feed with its store in a folder; the same folder again is the next run of the program."""
    url = f"sqlite:///{folder / 'events.sqlite'}"
    kept, store = EventStore(url), SinkStore(url)
    feed = Feed("/test", kept)
    hub = Hub(feed, kept, limits)
    try:
        yield Stage(feed, hub, kept, store)
    finally:
        hub.close()
        kept.close()
        store.close()


def line(call_id: str, cursor: int) -> Line:
    """An event as the hub hands it out."""
    text = json.dumps({"id": f"{call_id}/{cursor}", "source": "/test"})
    return Line(cursor, call_id, "call.held", "default", "1001", text)


@dataclass(frozen=True)
class Request:
    """What a receiver got."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


Answer = Callable[[Request], bytes | None]
"""The bytes to answer with; None for never."""


def status(code: int, *headers: str, body: bytes = b"") -> bytes:
    """An HTTP answer."""
    lines = [f"HTTP/1.1 {code} X", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


class Receiver:
    """An HTTP server on loopback that answers as it is told."""

    def __init__(self, answer: Answer = lambda _: status(204)) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        self.sent = 0
        self._changed = asyncio.Condition()
        self._forever = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def of(self, call_id: str) -> list[int]:
        """Sequence numbers that came of a call."""
        return [r.event["sequence"] for r in self.requests if r.event["subject"] == call_id]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until what came fulfils a condition."""
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(condition)

    async def __aenter__(self) -> Receiver:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._forever.set()
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *rest = head.decode().strip().split("\r\n")
                headers = {k.lower(): v for k, _, v in (item.partition(": ") for item in rest)}
                body = await reader.readexactly(int(headers["content-length"]))
                now = asyncio.get_running_loop().time()
                request = Request(first.split()[1], headers, body, now)
                self.requests.append(request)
                async with self._changed:
                    self._changed.notify_all()
                await self._reply(request, writer)
        writer.close()

    async def _reply(self, request: Request, writer: asyncio.StreamWriter) -> None:
        answer = self.answer(request)
        if answer is None:
            await self._forever.wait()
            return
        # In pieces, so that a sender that stops reading is noticed.
        for start in range(0, len(answer), 65_536):
            writer.write(answer[start : start + 65_536])
            await writer.drain()
            self.sent += len(answer[start : start + 65_536])
