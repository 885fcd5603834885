"""SIP over TCP: segments put in order, messages cut out by Content-Length (RFC 3261, 18.3)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import Struct

from rid_telephony.media.capture.network import Endpoint
from rid_telephony.media.capture.sip import looks_like_sip

MAX_CONNECTIONS = 1024
"""Directions of connections followed at once; the one that began first goes first."""
MAX_AHEAD = 64
"""Segments held while an earlier one is missing; then the missing bytes are given up."""
_SEQUENCE = Struct("!4xI")
_CONTENT_LENGTH = re.compile(rb"(?im)^(?:content-length|l)[ \t]*:[ \t]*(\d{1,7})[ \t]*\r?$")
_HALF, _WRAP = 1 << 31, 1 << 32
_SIPS_PORT = (5061).to_bytes(2, "big")


@dataclass(slots=True)
class _Connection:
    expected: int
    buffer: bytearray = field(default_factory=bytearray)
    ahead: dict[int, bytes] = field(default_factory=dict)


class SipOverTcp:
    """Finds SIP messages in TCP segments.

    Args:
        max_message: Longest message kept, bytes; a longer one ends the connection's reading.
        counts: Gets ``sip_over_tls``, ``sip_tcp_lost`` and ``sip_too_long``.
    """

    def __init__(self, max_message: int, counts: Counter[str]) -> None:
        self._max = max_message
        self._counts = counts
        self._connections: dict[tuple[Endpoint, Endpoint], _Connection] = {}

    def add(self, source: Endpoint, destination: Endpoint, segment: bytes) -> Iterator[bytes]:
        """Take one TCP segment with its header; yield the messages that it completes."""
        if len(segment) < 20:
            return
        data = segment[(segment[12] >> 4) * 4 :]
        if not data:
            return
        if _SIPS_PORT in (source[-2:], destination[-2:]):
            self._counts["sip_over_tls"] += 1
            return
        sequence = _SEQUENCE.unpack_from(segment)[0]
        connection = self._find(source, destination, sequence, data)
        if connection is None:
            return
        self._append(connection, sequence, data)
        yield from self._messages(connection)

    def _find(
        self, source: Endpoint, destination: Endpoint, sequence: int, data: bytes
    ) -> _Connection | None:
        key = (source, destination)
        connection = self._connections.get(key)
        if connection is None and looks_like_sip(data):
            connection = self._connections[key] = _Connection(sequence)
            if len(self._connections) > MAX_CONNECTIONS:
                del self._connections[next(iter(self._connections))]
        return connection

    def _append(self, connection: _Connection, sequence: int, data: bytes) -> None:
        connection.ahead[sequence] = data
        if len(connection.ahead) > MAX_AHEAD:
            self._counts["sip_tcp_lost"] += 1
            connection.buffer.clear()
            connection.expected = min(
                connection.ahead, key=lambda number: (number - connection.expected) % _WRAP
            )
        progress = True
        while progress:
            progress = False
            for number in list(connection.ahead):
                behind = (connection.expected - number + _HALF) % _WRAP - _HALF
                if behind < 0:
                    continue
                fresh = connection.ahead.pop(number)[behind:]
                connection.buffer += fresh
                connection.expected = (connection.expected + len(fresh)) % _WRAP
                progress = True

    def _messages(self, connection: _Connection) -> Iterator[bytes]:
        buffer = connection.buffer
        while True:
            keep_alive = len(buffer) - len(buffer.lstrip(b"\r\n"))
            del buffer[:keep_alive]
            head = buffer.find(b"\r\n\r\n")
            if head < 0:
                break
            length = _CONTENT_LENGTH.search(buffer, 0, head + 2)
            total = head + 4 + (int(length[1]) if length else 0)
            if total > self._max or not looks_like_sip(bytes(buffer[:16])):
                self._counts["sip_too_long"] += 1
                buffer.clear()
                return
            if len(buffer) < total:
                return
            yield bytes(buffer[:total])
            del buffer[:total]
        if len(buffer) > self._max:
            self._counts["sip_too_long"] += 1
            buffer.clear()
