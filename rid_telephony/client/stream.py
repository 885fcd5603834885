"""Following the feed from a thread."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Self

from websockets.sync.client import ClientConnection, connect
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


class EventStream(Iterator[Event]):
    """Events as they come; made by :meth:`~rid_telephony.client.Client.follow`.

    Iterate in one thread. Asking for the next event says that the one before was dealt with: only
    then it goes into the cursor file. :meth:`close` may be called from any thread and ends the
    iteration.

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
        newest: Callable[[], int],
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
        self._stop = threading.Event()
        self._open = contextlib.ExitStack()
        self._socket: ClientConnection | None = None

    @property
    def status(self) -> Status:
        """How it is doing; may be asked from any thread."""
        return self._following.status

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event:
        """The next event; waits as long as it takes.

        Raises:
            ClientError: The server refuses (401, 403, a cursor ahead of the feed …), or
                ``give_up_after`` is over.
        """
        self._following.dealt_with(time.monotonic())
        while not self._stop.is_set():
            try:
                event = self._following.take(self._message())
            except LOST as error:
                self._recover(error)
                continue
            except BaseException:
                self._give_up()
                raise
            if event is not None:
                return event
        self._end()
        raise StopIteration

    def close(self) -> None:
        """End the stream, and the iteration if one waits."""
        self._stop.set()
        socket = self._socket
        if socket is not None:
            socket.close()

    def __enter__(self) -> Self:
        """Where the stream begins "now", that is this moment; waits for the server if it must."""
        while self._following.position is None and not self._stop.is_set():
            try:
                self._following.begin(self._newest())
            except LOST as error:
                self._recover(error)
        return self

    def __exit__(self, *_: object) -> None:
        self._give_up()

    def _message(self) -> str | bytes:
        socket = self._socket or self._connected()
        if self._following.has_unsaved:
            with contextlib.suppress(TimeoutError):
                return socket.recv(SAVE_SECONDS)
            self._following.save(time.monotonic())
        half = self._options.stale_after / 2
        while True:
            with contextlib.suppress(TimeoutError):
                return socket.recv(half)
            pong = socket.ping()
            with contextlib.suppress(TimeoutError):
                return socket.recv(half)
            if not pong.is_set():
                raise StaleError

    def _connected(self) -> ClientConnection:
        following = self._following
        following.connecting(time.monotonic())
        if following.position is None:
            following.begin(self._newest())
        socket = connect(
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
        self._socket = self._open.enter_context(socket)
        if self._stop.is_set():
            raise ConnectionAbortedError  # closed from another thread meanwhile
        following.connected(time.monotonic())
        return socket

    def _recover(self, error: Exception) -> None:
        self._drop()
        if self._stop.is_set():
            return
        try:
            pause = self._following.failed(error, time.monotonic())
        except BaseException:
            self._give_up()
            raise
        self._stop.wait(pause)

    def _give_up(self) -> None:
        self.close()
        self._end()

    def _drop(self) -> None:
        self._socket = None
        self._open.close()

    def _end(self) -> None:
        self._drop()
        self._following.save(time.monotonic())
        self._following.closed()
