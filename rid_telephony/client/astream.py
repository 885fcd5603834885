"""Following the feed from an event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from rid_telephony.client.cursorfile import SAVE_SECONDS
from rid_telephony.client.event import Event
from rid_telephony.client.following import (
    LOST,
    MAX_MESSAGE,
    Following,
    Options,
    StaleError,
    Status,
)
from rid_telephony.client.quiet import socket_log
from rid_telephony.client.site import Site

CLOSE_SECONDS = 2.0


class AsyncEventStream(AsyncIterator[Event]):
    """Events as they come; made by :meth:`~rid_telephony.client.AsyncClient.follow`.

    Iterate in one task; cancelling it loses nothing. Asking for the next event says that the one
    before was dealt with: only then it goes into the cursor file. :meth:`aclose` may be called
    from any task of the loop and ends the iteration.

    Args:
        site: The server.
        options: What is wanted.
        newest: Asks for the cursor of the newest event.
        timeout: Seconds for a handshake.
        trust_env: Whether the environment's proxies are used.
    """

    def __init__(
        self,
        site: Site,
        options: Options,
        newest: Callable[[], Awaitable[int]],
        timeout: float,
        *,
        trust_env: bool,
    ) -> None:
        self._site = site
        self._options = options
        self._newest = newest
        self._timeout = timeout
        self._trust_env = trust_env
        self._following = Following(options)
        self._stop = asyncio.Event()
        self._socket: ClientConnection | None = None

    @property
    def status(self) -> Status:
        """How it is doing."""
        return self._following.status

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        """The next event; waits as long as it takes.

        Raises:
            ClientError: The server refuses (401, 403, a cursor ahead of the feed …), or
                ``give_up_after`` is over.
        """
        self._following.dealt_with(_now())
        while not self._stop.is_set():
            try:
                event = self._following.take(await self._message())
            except LOST as error:
                await self._recover(error)
                continue
            except Exception:
                await self.aclose()
                raise
            if event is not None:
                return event
        await self._end()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """End the stream, and the iteration if one waits."""
        self._stop.set()
        await self._end()

    async def __aenter__(self) -> Self:
        """Where the stream begins "now", that is this moment; waits for the server if it must."""
        while self._following.position is None and not self._stop.is_set():
            try:
                self._following.begin(await self._newest())
            except LOST as error:
                await self._recover(error)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _message(self) -> str | bytes:
        socket = self._socket or await self._connected()
        if self._following.has_unsaved:
            with contextlib.suppress(TimeoutError):
                return await _received(socket, SAVE_SECONDS)
            self._following.save(_now())
        half = self._options.stale_after / 2
        while True:
            with contextlib.suppress(TimeoutError):
                return await _received(socket, half)
            pong = asyncio.ensure_future(await socket.ping())
            with contextlib.suppress(TimeoutError):
                return await _received(socket, half)
            if not pong.done():
                raise StaleError

    async def _connected(self) -> ClientConnection:
        following = self._following
        following.connecting(_now())
        if following.position is None:
            following.begin(await self._newest())
        socket = await connect(
            self._site.socket_url(following.parameters()),
            ssl=self._site.tls,
            subprotocols=[Subprotocol(self._options.subprotocol)],
            additional_headers=self._site.headers,
            compression=None,
            proxy=True if self._trust_env else None,
            open_timeout=self._timeout,
            close_timeout=CLOSE_SECONDS,
            ping_interval=None,  # a program that is slow to ask for events is not a dead server
            max_size=MAX_MESSAGE,
            logger=socket_log,
        )
        self._socket = socket
        if self._stop.is_set():
            raise ConnectionAbortedError  # closed by another task meanwhile
        following.connected(_now())
        return socket

    async def _recover(self, error: Exception) -> None:
        await self._drop()
        if self._stop.is_set():
            return
        try:
            pause = self._following.failed(error, _now())
        except Exception:
            await self.aclose()
            raise
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._stop.wait()

    async def _drop(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()

    async def _end(self) -> None:
        await self._drop()
        self._following.save(_now())
        self._following.closed()


async def _received(socket: ClientConnection, patience: float) -> str | bytes:
    async with asyncio.timeout(patience):
        return await socket.recv()


def _now() -> float:
    return asyncio.get_running_loop().time()
