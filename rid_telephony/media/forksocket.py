"""Receives forks over WebSocket: as Asterisk's chan_websocket sends them, and others like it.

Asterisk connects by a connection of ``websocket_client.conf`` (``type=websocket_client``,
``connection_type=per_call_config``, ``protocols=media``, ``uri=ws://<us>:<port>/fork``) when
``WebSocket/<connection>/c(slin)f(json)v(fork=<id>)`` is dialled; ``v(…)`` becomes the query.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

import numpy as np
import structlog
from numpy.typing import NDArray
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK
from websockets.frames import CloseCode
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from rid_telephony.media.forkdoor import ForkDoor
from rid_telephony.media.forks import Destination, ForkSink
from rid_telephony.media.forkwatch import (
    ForkCounters,
    ForkWatch,
    WatchedFork,
    advertised_host,
    no_address_error,
)
from rid_telephony.media.linerate import LineRate
from rid_telephony.media.mediawords import AsteriskMedia
from rid_telephony.media.messages import SAMPLE_RATE
from rid_telephony.settings.asterisk import ForkSettings

log = structlog.get_logger(__name__)

MAX_MESSAGE_BYTES = 65_536
HANDSHAKE_SECONDS = 3.0
PING_SECONDS = 20.0
"""Between pings, and for their answers."""
SPARE_CONNECTIONS = 64
"""Connections beyond ``max_forks`` that may be in their handshake."""
ASTERISK_PROTOCOLS = ("media",)


class MediaFormat(Protocol):
    """The meaning of one connection's messages."""

    rate: int

    def text(self, message: str) -> str:
        """Read a text message; return why the audio cannot be read from now on, or nothing."""

    def audio(self, message: bytes) -> NDArray[np.int16] | None:
        """Read a binary message: int16 at ``rate``; None where it is malformed."""


def fork_named_in(target: str) -> str:
    """Return the fork's id in a request's target: ``?fork=<id>``, else the path's last part."""
    try:
        parts = urlsplit(target)
        named = parse_qs(parts.query, max_num_fields=16).get("fork")
    except ValueError:
        return ""
    return named[0] if named else parts.path.rstrip("/").rpartition("/")[2]


class WebSocketListener:
    """A ``MediaListener`` for WebSocket.

    Unexpected forks are refused in the handshake: 404, or 403 for a second connection.

    Args:
        settings: Address, limits and time-outs.
        sink: Takes what arrives.
        media: Makes the reader of one connection's messages.
        protocols: Subprotocols that are agreed to, where the client offers one.
    """

    def __init__(
        self,
        settings: ForkSettings,
        sink: ForkSink,
        media: Callable[[], MediaFormat] = AsteriskMedia,
        protocols: Sequence[str] = ASTERISK_PROTOCOLS,
    ) -> None:
        self.watch = ForkWatch(settings, sink)
        self._settings = settings
        self._media = media
        self._protocols = protocols
        self.door = ForkDoor(settings.max_forks + SPARE_CONNECTIONS, self.counters.turned_away)
        self._server: Server | None = None
        self._destination = Destination(settings.listen, settings.port)

    @property
    def counters(self) -> ForkCounters:
        """What happened so far."""
        return self.watch.counters

    async def start(self) -> None:
        """Begin to listen; see ``MediaListener``."""
        host, port = advertised_host(self._settings), self._settings.port
        try:
            self._server = await serve(
                self._serve,
                self._settings.listen,
                port,
                process_request=self._admit,
                select_subprotocol=self._agree,
                compression=None,
                max_size=MAX_MESSAGE_BYTES,
                open_timeout=HANDSHAKE_SECONDS,
                ping_interval=PING_SECONDS,
                ping_timeout=PING_SECONDS,
                close_timeout=1.0,
                logger=_quiet_logger(),
                # Typed as a class, used as a factory.
                create_connection=partial(_Connection, listener=self),  # type: ignore[arg-type]
            )
        except OSError as error:
            raise no_address_error(f"{self._settings.listen}:{port} (TCP)", error) from error
        self._destination = Destination(host, self._server.sockets[0].getsockname()[1])

    async def expect(self, fork_id: str) -> Destination:
        """Accept this fork from now on; see ``MediaListener``.

        Raises:
            MediaError: There are too many forks, or this one is there already.
        """
        self.watch.expect(fork_id)
        return self._destination

    def drop(self, fork_id: str) -> None:
        """Close it, so that Asterisk ends the fork's channel."""
        self.watch.drop(fork_id)

    async def close(self) -> None:
        """Stop listening and close everything; the sink hears no more."""
        self.watch.drop_all()
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        """Refuse a handshake that no expected fork is named in."""
        refusal = self.watch.refusal(fork_named_in(request.path))
        if not refusal:
            return None
        self.counters.turned_away[refusal] += 1
        status = HTTPStatus.NOT_FOUND if refusal == "unexpected" else HTTPStatus.FORBIDDEN
        return connection.respond(status, "")

    def _agree(
        self, _connection: ServerConnection, offered: Sequence[Subprotocol]
    ) -> Subprotocol | None:
        return next((name for name in offered if name in self._protocols), None)

    async def _serve(self, connection: ServerConnection) -> None:
        request = connection.request
        name = fork_named_in(request.path) if request else ""
        # Between the handshake and here it may have been dropped, or connected twice.
        fork = self.watch.claim(name, connection.transport.abort)
        if fork is None:
            connection.transport.abort()
            return
        self.door.named(connection.transport)
        fork.end(await _receive(connection, fork, self._media()))


class _Connection(ServerConnection):
    """A connection that counts before its handshake."""

    def __init__(self, *args: Any, listener: WebSocketListener, **options: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(*args, **options)
        self._listener = listener

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._listener.door.enter(self.transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._listener.door.leave(self.transport)
        super().connection_lost(exc)


async def _receive(connection: ServerConnection, fork: WatchedFork, media: MediaFormat) -> str:
    """Hand on the audio until the end; return the reason of it as the sink is to know it."""
    loop = asyncio.get_running_loop()
    line_rate = LineRate(SAMPLE_RATE)
    try:
        while not fork.over:
            message = await connection.recv()
            arrival = loop.time()
            fork.alive(arrival)
            if isinstance(message, str):
                fault = media.text(message)
                if fault:
                    return _malformed(fork, fault)
                continue
            samples = media.audio(message)
            if samples is None:
                return _malformed(fork, f"{len(message)} bytes of audio")
            if media.rate != line_rate.rate:
                line_rate = LineRate(media.rate)
            converted = line_rate.push(samples)
            fork.audio(converted, arrival - line_rate.delay)
    except ConnectionClosedOK:
        return "ended"
    except ConnectionClosed as closed:
        # The library closes with 1011 where a ping is not answered.
        if closed.sent is None or closed.rcvd_then_sent:
            return "reset"
        return "stalled" if closed.sent.code == CloseCode.INTERNAL_ERROR else "malformed"
    return "ended"


def _malformed(fork: WatchedFork, fault: str) -> str:
    log.warning("fork_malformed", fork_id=fork.fork_id, fault=fault)
    return "malformed"


def _quiet_logger() -> logging.Logger:
    """The library logs every connection and broken handshake; ours are counted instead."""
    logger = logging.getLogger(f"{__name__}.websockets")
    logger.setLevel(logging.CRITICAL)
    return logger
