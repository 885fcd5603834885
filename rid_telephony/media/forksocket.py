"""Receives forks over WebSocket: from Asterisk's chan_websocket, and from FreeSWITCH's modules.

FreeSWITCH connects to the address it is given, whose path names the fork
(:mod:`rid_telephony.media.linearmedia`). Asterisk connects by a connection of
``websocket_client.conf`` (``type=websocket_client``, ``connection_type=per_call_config``,
``protocols=media``, ``uri=ws://<us>:<port>/fork``) when
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
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK
from websockets.frames import CloseCode
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from rid_telephony.media.forks import ForkSink
from rid_telephony.media.forkserver import HANDSHAKE_SECONDS, ForkServer, PortServer
from rid_telephony.media.forkwatch import WatchedFork
from rid_telephony.media.linerate import LineRate
from rid_telephony.media.mediawords import AsteriskMedia
from rid_telephony.media.messages import SAMPLE_RATE
from rid_telephony.settings.forks import ForkSettings

log = structlog.get_logger(__name__)

MAX_MESSAGE_BYTES = 65_536
PING_SECONDS = 20.0
"""Between pings, and for their answers."""
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


class WebSocketListener(ForkServer):
    """A ``MediaListener`` for WebSocket.

    Unexpected forks are refused in the handshake: 404, or 403 for a second connection.

    Args:
        settings: Address, limits and time-outs.
        sink: Takes what arrives.
        media: Makes the reader of one connection's messages.
        protocols: Subprotocols that are agreed to, where the client offers one.
        pings_count: An answered ping is a sign of life: FreeSWITCH's streams send nothing while
            their party holds, and must not be taken for stalled.
    """

    def __init__(
        self,
        settings: ForkSettings,
        sink: ForkSink,
        media: Callable[[], MediaFormat] = AsteriskMedia,
        protocols: Sequence[str] = ASTERISK_PROTOCOLS,
        *,
        pings_count: bool = False,
    ) -> None:
        super().__init__(settings, sink)
        self._media = media
        self._protocols = protocols
        self._pings_count = pings_count
        self._ping_seconds = PING_SECONDS
        if pings_count:
            self._ping_seconds = min(PING_SECONDS, settings.stall_timeout / 2)

    async def _listen(self, host: str, port: int) -> PortServer:
        return await serve(
            self._serve,
            host,
            port,
            process_request=self._admit,
            select_subprotocol=self._agree,
            compression=None,
            max_size=MAX_MESSAGE_BYTES,
            open_timeout=HANDSHAKE_SECONDS,
            ping_interval=self._ping_seconds,
            ping_timeout=PING_SECONDS,
            close_timeout=1.0,
            logger=_quiet_logger(),
            # Typed as a class, used as a factory.
            create_connection=partial(_Connection, listener=self),  # type: ignore[arg-type]
        )

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
        if self._pings_count and isinstance(connection, _Connection):
            connection.fork = fork
        fork.end(await _receive(connection, fork, self._media()))


class _Connection(ServerConnection):
    """A connection that counts before its handshake."""

    def __init__(self, *args: Any, listener: WebSocketListener, **options: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(*args, **options)
        self._listener = listener
        self.fork: WatchedFork | None = None
        """Whose life every byte is a sign of, where the answers to pings count."""

    def data_received(self, data: bytes) -> None:
        if self.fork:
            self.fork.alive(self.loop.time())
        super().data_received(data)

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
