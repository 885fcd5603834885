"""uvicorn's WebSocket connection with two things more: ready-made frames, and an end that ends.

Through ASGI a message costs a frame of its own and a system call of its own for each subscriber.
Here a handler hands over frames that were made once for all subscribers, as many as wait, and they
go out in one write. Where the server does not offer this (``websocket.send`` without
:data:`EXTENSION` in the scope), a handler sends message by message.
"""

from __future__ import annotations

import math
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

EXTENSION = "rid.frames"
"""Key of the scope's ``extensions``, and of the frames in a ``websocket.send`` message."""
AT_ONCE = "rid.at_once"
"""Key in ``websocket.close``: do not wait until the peer has read what was sent before."""
GRACE = 2.0
"""Seconds in which a peer that is let go may still read and answer the close."""

WINDOW = 10.0
"""Seconds."""
MAX_NEEDLESS = 100
"""Pings, and parts of messages, that a peer may send in that time."""


class FeedWebSocket(WebSocketsSansIOProtocol):
    """A connection of a subscriber."""

    _counted_from = -math.inf
    _needless = 0

    def handle_connect(self, event: Request) -> None:
        """Offer the extension to the application."""
        super().handle_connect(event)
        if hasattr(self, "scope"):  # there is none after a handshake that was refused
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[EXTENSION] = {}

    async def send(self, message: Any) -> None:  # noqa: ANN401 - ASGI, and two keys more
        """Send an ASGI message.

        Raises:
            ClientDisconnected: The peer is gone.
        """
        frames: bytes | None = message.get(EXTENSION)
        if frames is None:
            if message.get(AT_ONCE) and self.handshake_complete:
                self._let_go(message["code"], message["reason"])
                return
            await super().send(message)
            return
        await self.writable.wait()
        if self.disconnected or self.close_sent or self.transport.is_closing():
            raise ClientDisconnected
        self.transport.write(frames)

    def handle_ping(self) -> None:
        """Answer a ping; a peer that floods us with them is cut."""
        if self._bears():
            super().handle_ping()

    def handle_cont(self, event: Frame) -> None:
        """Take a part of a message; empty ones, which no limit of size counts, are not kept."""
        if self._bears() and (event.fin or event.data):
            super().handle_cont(event)

    def keepalive_timeout(self) -> None:
        """End a connection whose peer is gone; what it never read must not keep it."""
        super().keepalive_timeout()
        self.loop.call_later(GRACE, self.transport.abort)

    def _bears(self) -> bool:
        """Count a frame that nobody needs; False where there are too many, and the peer is cut.

        Else their answers, which such a peer may never read, would fill our memory, and their
        reading would take the event loop's time.
        """
        now = self.loop.time()
        if now - self._counted_from >= WINDOW:
            self._counted_from, self._needless = now, 0
        self._needless += 1
        if self._needless <= MAX_NEEDLESS:
            return True
        self.transport.abort()
        return False

    def _let_go(self, code: int, reason: str) -> None:
        if self.disconnected or self.close_sent or self.transport.is_closing():
            return
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(GRACE, self.transport.abort)
