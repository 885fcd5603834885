"""A feed with a store and a real server, and subscribers that read from it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgpack
import websockets
from server_kit import Desk
from websockets.asyncio.client import ClientConnection

from rid_telephony.cti import events
from rid_telephony.cti.access.access import Access
from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.cti.feed import CallChannel, Feed
from rid_telephony.cti.server.hub import Hub, HubLimits
from rid_telephony.cti.server.parts import ServerParts
from rid_telephony.cti.server.service import FeedServer
from rid_telephony.settings.server import ServerSettings
from rid_telephony.store.events import EventStore

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PATIENCE = 20.0


class LiveFeed:
    """A feed that a test puts events on."""

    def __init__(self, store: EventStore | None = None) -> None:
        self.feed = Feed("/test", store)
        self.sent: list[CloudEvent] = []
        self.feed.listen(self.sent.append)
        self._calls: dict[str, CallChannel] = {}

    def call(
        self, call_id: str, *, queue: str = "", agent: str = "1001", tenant: str = "t"
    ) -> None:
        """Begin a call."""
        self._calls[call_id] = self.feed.open_call(call_id, NOON, tenant=tenant, agent=agent)
        data = events.CallStarted(
            at_ms=0, direction="inbound", parties=[], customer_id="", queue=queue
        )
        self.feed.publish(self._calls[call_id], "call.started", data)

    def held(self, call_id: str = "a", times: int = 1) -> None:
        """Publish an event that counts."""
        for _ in range(times):
            data = events.CallHeld(at_ms=5, by="agent")
            self.feed.publish(self._channel(call_id), "call.held", data)

    def partial(self, text: str, utterance: str = "u1", call_id: str = "a") -> None:
        """Publish an event of which only the newest counts."""
        data = events.UtterancePartial(
            at_ms=5,
            utterance_id=utterance,
            role="customer",
            begin_ms=0,
            end_ms=1,
            text=text,
            confidence=1.0,
        )
        self.feed.publish(self._channel(call_id), "utterance.partial", data)

    def large(self, octets: int, times: int, call_id: str = "a") -> None:
        """Publish events of at least so many bytes that count."""
        for _ in range(times):
            data = events.AnalysisDegraded(at_ms=5, reason="x", detail="x" * octets, count=1)
            self.feed.publish(self._channel(call_id), "analysis.degraded", data)

    def _channel(self, call_id: str) -> CallChannel:
        return self._calls.setdefault(
            call_id, self.feed.open_call(call_id, NOON, tenant="t", agent="1001")
        )


class Site(LiveFeed):
    """A live feed, its hub and its server."""

    def __init__(
        self, store: EventStore | None, limits: HubLimits | None, settings: ServerSettings
    ) -> None:
        super().__init__(store)
        self.store = store
        self.hub = Hub(self.feed, store, limits)
        access = Access(settings, None, time.time)
        self.server = FeedServer(ServerParts(settings, self.hub, Desk(), access, store))

    @property
    def url(self) -> str:
        """Of the WebSocket."""
        return self.server.url.replace("http", "ws", 1) + "/v1/events"

    def subscribe(self, query: str = "", **options: Any) -> websockets.connect:
        """Open a WebSocket as an integrator does."""
        options.setdefault("subprotocols", ["cloudevents.json"])
        return websockets.connect(f"{self.url}?{query}", compression=None, proxy=None, **options)


@asynccontextmanager
async def running(
    folder: Path | None = None, limits: HubLimits | None = None, **settings: Any
) -> AsyncIterator[Site]:
    """A server without tokens on loopback; with a store where a folder is given."""
    store = EventStore(f"sqlite:///{folder / 'events.sqlite'}") if folder else None
    chosen = ServerSettings(**{"port": 0, "require_token": False, **settings})
    site = Site(store, limits, chosen)
    try:
        await site.server.start()
        yield site
    finally:
        site.hub.close()
        await site.server.close()
        if store:
            await asyncio.to_thread(store.close)


async def take(socket: ClientConnection, count: int) -> list[dict[str, Any]]:
    """The next events of a subscriber."""
    async with asyncio.timeout(PATIENCE):
        return [decoded(await socket.recv()) for _ in range(count)]


async def take_until(socket: ClientConnection, cursor: int) -> list[dict[str, Any]]:
    """The events of a subscriber up to one with this cursor."""
    got: list[dict[str, Any]] = []
    async with asyncio.timeout(PATIENCE):
        while not got or got[-1]["cursor"] < cursor:
            got.append(decoded(await socket.recv()))
    return got


def decoded(message: str | bytes) -> dict[str, Any]:
    """A message of either subprotocol."""
    found: dict[str, Any] = (
        json.loads(message) if isinstance(message, str) else msgpack.unpackb(message)
    )
    return found


def cursors(got: Sequence[dict[str, Any]]) -> list[int]:
    """Of events received."""
    return [event["cursor"] for event in got]
