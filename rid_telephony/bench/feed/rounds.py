"""Rounds of the measurement: a server in this process, its consumers in another."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rid_telephony.bench.feed.material import endless
from rid_telephony.bench.feed.nocalls import NoCalls
from rid_telephony.bench.feed.process import PATIENCE, BenchError, ConsumersProcess
from rid_telephony.bench.live.processes import machine_cpu_seconds
from rid_telephony.cti.access.access import Access
from rid_telephony.cti.feed import Feed
from rid_telephony.cti.server.hub import Hub
from rid_telephony.cti.server.parts import ServerParts
from rid_telephony.cti.server.service import FeedServer
from rid_telephony.settings.server import ServerSettings
from rid_telephony.store.events import EventStore

STORE = "feed.sqlite"
"""The store in its folder."""
CALLS = 20
"""Calls that the events belong to, in turn."""
BURST = 20
"""Events published between two looks at who is behind."""
BEHIND = 1000
"""Waiting events of one consumer at which publishing pauses; half of what may wait."""


@dataclass(frozen=True, slots=True)
class FeedRound:
    """One round's figures.

    Attributes:
        consumers: Subscribers, all of every event.
        subprotocol: What they asked for.
        rate: Events a second that were published; None: as many as all consumers took.
        seconds: From the first event published to the last one received.
        published: Events.
        received: Events, of all consumers together.
        p50: Median of the time from publishing to arrival at a consumer, seconds; likewise
            ``p95`` and ``worst``.
        event_bytes: Mean size of a message.
        missing: Events that a consumer did not get, merged ones included.
        server_cpu: Share of a core that the server's process needed.
        consumers_cpu: Likewise, the consumers' process.
        others_cpu: Cores that everything else on this machine used meanwhile.
    """

    consumers: int
    subprotocol: str
    rate: float | None
    seconds: float
    published: int
    received: int
    p50: float | None
    p95: float | None
    worst: float | None
    event_bytes: float
    missing: int
    server_cpu: float
    consumers_cpu: float
    others_cpu: float

    @property
    def per_consumer(self) -> float:
        """Events a second that each consumer got."""
        return self.received / self.consumers / self.seconds


class Bench:
    """A feed with a store, a server, and what measures them.

    Args:
        folder: Where the store is, or goes.
        cores: For the consumers' process.
    """

    def __init__(self, folder: Path, cores: set[int]) -> None:
        self.store = EventStore(f"sqlite:///{folder / STORE}")
        self.feed = Feed("/bench", self.store)
        self.hub = Hub(self.feed, self.store)
        settings = ServerSettings(port=0, require_token=False)
        access = Access(settings, None, time.time)
        self.server = FeedServer(ServerParts(settings, self.hub, NoCalls(), access, self.store))
        self.cores = cores
        """For the consumers' process."""
        self._events = endless()
        now = datetime.now(UTC)
        self._calls = [
            self.feed.open_call(f"bench-{number}", now, agent=f"{1000 + number}")
            for number in range(CALLS)
        ]

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Answer while this lasts."""
        await self.server.start()
        gc.collect()
        gc.freeze()  # as ``serve`` does: a full collection would hold up the event loop
        try:
            yield
        finally:
            gc.unfreeze()
            self.hub.close()
            await self.server.close()
            self.store.close()

    def publish(self) -> None:
        """Put one more event on the feed."""
        event_type, data = next(self._events)
        self.feed.publish(self._calls[self.feed.cursor % CALLS], event_type, data)

    async def round(
        self, consumers: int, subprotocol: str, rate: float | None, seconds: float
    ) -> FeedRound:
        """Publish for some seconds; see :class:`FeedRound`."""
        async with ConsumersProcess(self.server.url, self.cores, consumers, subprotocol) as process:
            first, cpu, all_cpu = self.feed.cursor + 1, time.process_time(), machine_cpu_seconds()
            sent = await (self._paced(rate, seconds) if rate else self._flood(seconds))
            await self.drained()
            cpu = time.process_time() - cpu
            all_cpu = machine_cpu_seconds() - all_cpu
            told = await process.report(first, sent)
        if not told["events"]:
            raise BenchError("The consumers got no event.")
        took = told["last"] - sent[0]
        return FeedRound(
            consumers=consumers,
            subprotocol=subprotocol,
            rate=rate,
            seconds=took,
            published=len(sent),
            received=told["events"],
            p50=told["p50"],
            p95=told["p95"],
            worst=told["worst"],
            event_bytes=told["octets"] / told["events"],
            missing=len(sent) * consumers - told["events"],
            server_cpu=cpu / took,
            consumers_cpu=told["cpu"] / took,
            others_cpu=max(0.0, all_cpu - cpu - told["cpu"]) / took,
        )

    async def _paced(self, rate: float, seconds: float) -> list[float]:
        """Every event at its time, as calls would bring them; late ones at once."""
        sent: list[float] = []
        begun = time.monotonic()
        while len(sent) < rate * seconds:
            due = begun + len(sent) / rate
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            sent.append(time.monotonic())
            self.publish()
        return sent

    async def _flood(self, seconds: float) -> list[float]:
        """As many events as the slowest consumer takes."""
        sent: list[float] = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for _ in range(BURST):
                sent.append(time.monotonic())
                self.publish()
            await asyncio.sleep(0)
            while self.hub.furthest_behind > BEHIND:
                await asyncio.sleep(0.001)
        return sent

    async def drained(self) -> None:
        """Wait until nothing waits for a consumer."""
        async with asyncio.timeout(PATIENCE):
            while self.hub.furthest_behind:
                await asyncio.sleep(0.05)
