"""Reassembly of IP fragments, for SIP messages longer than a frame (RFC 815), bounded."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from rid_telephony.media.capture.network import Datagram, Fragment, parse_transport

MAX_PACKETS = 64
"""Packets in pieces at once; the oldest goes first."""
MAX_FRAGMENTS = 64
"""Pieces of one packet."""
MAX_BYTES = 65_535
"""The longest IP payload there can be."""


@dataclass(slots=True)
class _Pieces:
    parts: dict[int, bytes] = field(default_factory=dict)
    length: int | None = None


class Reassembler:
    """Puts fragmented datagrams together.

    Args:
        counts: Gets ``fragments_dropped``.
    """

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts
        self._packets: dict[bytes, _Pieces] = {}

    def add(self, fragment: Fragment) -> Datagram | None:
        """Take a fragment; give the datagram when it is complete."""
        pieces = self._packets.get(fragment.key)
        if pieces is None:
            pieces = self._packets[fragment.key] = _Pieces()
            self._evict()
        end = fragment.offset + len(fragment.data)
        if end > MAX_BYTES or len(pieces.parts) >= MAX_FRAGMENTS:
            self._drop(fragment.key)
            return None
        pieces.parts[fragment.offset] = fragment.data
        if not fragment.more:
            pieces.length = end
        whole = _join(pieces)
        if whole is None:
            return None
        del self._packets[fragment.key]
        datagram = parse_transport(
            fragment.protocol, fragment.source, fragment.destination, whole, 0, len(whole)
        )
        return datagram if isinstance(datagram, Datagram) else None

    def close(self) -> None:
        """Count what never became complete."""
        for key in list(self._packets):
            self._drop(key)

    def _evict(self) -> None:
        if len(self._packets) > MAX_PACKETS:
            self._drop(next(iter(self._packets)))

    def _drop(self, key: bytes) -> None:
        self._counts["fragments_dropped"] += len(self._packets.pop(key).parts)


def _join(pieces: _Pieces) -> bytes | None:
    if pieces.length is None:
        return None
    whole = b""
    for offset in sorted(pieces.parts):
        if offset > len(whole):
            return None
        whole += pieces.parts[offset][len(whole) - offset :]
    return whole if len(whole) == pieces.length else None
