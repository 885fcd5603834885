"""A server of real calls in a thread of its own, that can be restarted; and a bad line to it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self, TypeVar

from call_kit import START, Floor

from rid_telephony.cti.access.access import Access
from rid_telephony.cti.access.scope import Right, Scope
from rid_telephony.cti.access.tokens import TokenBook
from rid_telephony.cti.events import UtterancePartial
from rid_telephony.cti.feed import CallChannel
from rid_telephony.cti.server.hub import Hub, HubLimits
from rid_telephony.cti.server.parts import ServerParts
from rid_telephony.cti.server.service import FeedServer
from rid_telephony.settings.server import ServerSettings
from rid_telephony.store.access import AccessStore
from rid_telephony.store.events import EventStore

NOW = 1_800_000_000.0
PATIENCE = 20.0
T = TypeVar("T")


class House:
    """A feed server on a loopback port, with its store, for clients in other threads.

    Args:
        folder: For its two databases.
        limits: Of its hub.
        settings: Of ``[server]``.
    """

    def __init__(self, folder: Path, limits: HubLimits | None = None, **settings: Any) -> None:
        self._folder = folder
        self._limits = limits
        self._settings = settings
        self._port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._made = 0
        self.now = NOW

    def __enter__(self) -> Self:
        self._thread.start()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    @property
    def url(self) -> str:
        """Where it answers; the same after a restart."""
        return self.server.url

    def start(self) -> None:
        """Open the port; the store's events are those of the runs before."""
        self.wait(self._start())

    def stop(self) -> None:
        """Close it in good order."""
        self.wait(self._stop())

    def restart(self) -> None:
        """Stop, and start on the same port."""
        self.stop()
        self.start()

    def token(self, *rights: Right, **scope: tuple[str, ...]) -> str:
        """A new token."""
        self._made += 1
        book = TokenBook(self._access)
        given = frozenset(rights or Right)
        return book.make(f"t{self._made}", given, Scope(**scope), self.now, None)[0]

    def revoke(self, token: str) -> None:
        """End a token."""
        grant = TokenBook(self._access).verify(token, self.now)
        assert grant
        TokenBook(self._access).revoke(grant.token_id, self.now)

    def do(self, work: Callable[[Floor], T]) -> T:
        """Let something happen to the calls."""

        async def in_loop() -> T:
            return work(self.floor)

        return self.wait(in_loop())

    def say(self, *texts: str, call_id: str = "c0") -> None:
        """Events of a call, one for each text, quickly and without analysis."""

        def work(floor: Floor) -> None:
            channel = self._channels.get(call_id)
            if channel is None:
                channel = floor.feed.open_call(call_id, START, agent="1001")
                self._channels[call_id] = channel
            for text in texts:
                data = UtterancePartial(
                    at_ms=1, utterance_id=text, role="customer", begin_ms=0, end_ms=1, text=text,
                    confidence=1.0,
                )  # fmt: skip
                floor.feed.publish(channel, "utterance.partial", data)

        self.do(work)

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    async def _start(self) -> None:
        self.store = EventStore(f"sqlite:///{self._folder / 'events.sqlite'}")
        self._access = AccessStore(f"sqlite:///{self._folder / 'access.sqlite'}")
        self._channels: dict[str, CallChannel] = {}
        settings = ServerSettings(**{"port": self._port, **self._settings})
        self.floor = Floor(log=self.store, settings=settings)
        self._hub = Hub(self.floor.feed, self.store, self._limits)
        parts = ServerParts(
            settings=settings,
            hub=self._hub,
            control=self.floor.control,
            access=Access(settings, self._access, lambda: self.now),
            archive=self.store,
            analyze=lambda record: {"id": record["id"], "objection": "none"},
            board=self.floor.board,
            clock=lambda: self.now,
        )
        self.server = FeedServer(parts)
        await self.server.start()
        self._port = int(self.server.url.rpartition(":")[2])

    async def _stop(self) -> None:
        self._hub.close()
        await self.server.close()
        self.store.close()
        self._access.close()


class BadLine:
    """A relay before a house: it can cut connections, and go silent without closing them."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._writers: list[asyncio.StreamWriter] = []
        self._flows = asyncio.Event()
        self._flows.set()
        self.opened = 0
        """Connections so far."""
        self.heard = bytearray()
        """All that clients sent."""

    @property
    def url(self) -> str:
        """Where clients go."""
        return f"http://127.0.0.1:{self._port}"

    def cut(self) -> None:
        """Break every connection as a crash would."""

        async def work() -> None:
            writers, self._writers = self._writers, []
            for writer in writers:
                writer.transport.abort()

        self._house.wait(work())

    def freeze(self, frozen: bool = True) -> None:
        """Deliver nothing more, or go on."""

        async def work() -> None:
            if frozen:
                self._flows.clear()
            else:
                self._flows.set()

        self._house.wait(work())

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self._flows.set()
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        self._writers.append(writer)
        port = int(self._house.url.rpartition(":")[2])
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.transport.abort()
            return
        self._writers.append(far_writer)
        await asyncio.gather(
            self._carry(reader, far_writer, self.heard), self._carry(far_reader, writer, None)
        )

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: bytearray | None
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                await self._flows.wait()
                if heard is not None:
                    heard += data
                writer.write(data)
                await writer.drain()
        writer.close()


@contextmanager
def bad_line(house: House) -> Iterator[BadLine]:
    """A relay before a house."""
    line = BadLine(house)
    house.wait(line.open())
    try:
        yield line
    finally:
        house.wait(line.close())
