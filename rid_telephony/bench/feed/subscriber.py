"""A WebSocket client that only measures: it must not need the core that the server runs on.

It looks for the cursor in each message and reads no more of it. Hundreds of these stand for
hundreds of consumers on machines of their own.
"""

from __future__ import annotations

import asyncio
import base64
import os
from array import array

_PING, _CLOSE = 0x9, 0x8
_BRACE = 0x7B
"""What JSON begins with, and msgpack of an event does not."""


class Tally:
    """What all subscribers of one process got.

    Attributes:
        cursors: Of every event.
        arrivals: When it came, seconds of the machine's monotonic clock.
        octets: Bytes of messages.
        missing: Events that were left out between two that came.
        closed: Connections that the server ended.
    """

    def __init__(self) -> None:
        self.cursors = array("q")
        self.arrivals = array("d")
        self.octets = 0
        self.missing = 0
        self.closed = 0


class Subscriber(asyncio.Protocol):
    """One connection.

    Args:
        request: The handshake's request.
        tally: Where events are counted.
    """

    def __init__(self, request: bytes, tally: Tally) -> None:
        self._request = request
        self._tally = tally
        self._loop = asyncio.get_running_loop()
        self._rest = b""
        self._last = 0
        self.connected: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the WebSocket."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a TCP connection
        self._transport = transport
        transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count it where it was not we who ended it."""
        self._tally.closed += not self._transport.is_closing()
        if not self.connected.done():
            self.connected.set_exception(exc or ConnectionError("refused"))

    def data_received(self, data: bytes) -> None:
        """Count what came."""
        data = self._rest + data
        if not self.connected.done():
            head, found, data = data.partition(b"\r\n\r\n")
            if not found:
                self._rest = head
                return
            if b" 101 " not in head.partition(b"\r\n")[0]:
                self.connected.set_exception(ConnectionError(head.decode(errors="replace")))
                return
            self.connected.set_result(None)
        self._rest = data[self._count(data, self._loop.time()) :]

    def stop_reading(self) -> None:
        """Leave what comes to the kernel's buffers, then to the server's."""
        self._transport.pause_reading()

    def close(self) -> None:
        """Leave."""
        self._transport.close()

    def _count(self, data: bytes, now: float) -> int:
        """Count whole frames; returns how many bytes they take (RFC 6455, section 5.2)."""
        at, tally, last = 0, self._tally, self._last
        while len(data) - at >= 2:
            length, begin = data[at + 1], at + 2
            if length >= 126:
                begin = at + (4 if length == 126 else 10)
                length = int.from_bytes(data[at + 2 : begin])
            if len(data) < begin + length:
                break
            kind = data[at] & 0xF
            if kind < _CLOSE:
                cursor = _cursor(data, begin)
                tally.cursors.append(cursor)
                tally.arrivals.append(now)
                tally.octets += length
                tally.missing += bool(last) and cursor - last - 1
                last = cursor
            elif kind == _PING:
                pong = bytes((0x8A, 0x80 | length, 0, 0, 0, 0)) + data[begin : begin + length]
                self._transport.write(pong)
            at = begin + length
        self._last = last
        return at


def handshake(host: str, path: str, subprotocol: str) -> bytes:
    """The request for a WebSocket."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
        f"Sec-WebSocket-Protocol: {subprotocol}",
    )
    return "\r\n".join((*lines, "", "")).encode()


def _cursor(data: bytes, begin: int) -> int:
    at = data.index(b"cursor", begin) + 6
    if data[begin] == _BRACE:
        return int(data[at + 2 : data.index(b",", at)])
    kind = data[at]  # of msgpack: a small integer, or how many bytes a larger one has
    if kind < 0x80:
        return kind
    return int.from_bytes(data[at + 1 : at + 1 + (1 << (kind - 0xCC))])
