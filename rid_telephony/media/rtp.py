"""RTP packets (RFC 3550, section 5.1) and how RTCP is told from them (RFC 5761, section 4)."""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

_FIXED = Struct("!BBHII")
_EXTENSION = Struct("!HH")
_VERSION = 2
_RTCP_TYPES = range(192, 224)
"""Second byte of an RTCP packet; RTP would be payload type 64 to 95 with the marker set."""


class RtpPacket(NamedTuple):
    """One RTP packet, header fields as sent.

    Attributes:
        payload_type: 0..127.
        marker: For audio, the first packet of a talkspurt (RFC 3551, section 4.1).
        sequence: 0..65535, wraps.
        timestamp: 0..2**32-1 in samples, wraps.
        ssrc: Synchronisation source, 32 bits.
        payload: Without CSRC list, header extension and padding; may be empty.
    """

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def is_rtp_or_rtcp(data: bytes) -> bool:
    """Tell whether a UDP payload has RTP's version and room for the shortest header."""
    return len(data) >= 8 and data[0] >> 6 == _VERSION  # an RTCP header with its SSRC has 8 bytes


def is_rtcp(data: bytes) -> bool:
    """Tell whether a payload for which :func:`is_rtp_or_rtcp` holds is RTCP."""
    return data[1] in _RTCP_TYPES


def parse_rtp(data: bytes) -> RtpPacket | None:
    """Read one RTP packet.

    Args:
        data: The whole UDP payload.

    Returns:
        The packet, or None where the bytes cannot be one: wrong version, or a CSRC list, an
        extension or padding longer than the data.
    """
    if len(data) < _FIXED.size:
        return None
    first, second, sequence, timestamp, ssrc = _FIXED.unpack_from(data)
    if first >> 6 != _VERSION:
        return None
    begin, end = _FIXED.size, len(data)
    if first & 0x3F:  # padding, extension or CSRC: rare, so kept off the common path
        bounds = _payload_bounds(data, first)
        if bounds is None:
            return None
        begin, end = bounds
    return RtpPacket(second & 0x7F, second >= 0x80, sequence, timestamp, ssrc, data[begin:end])


def _payload_bounds(data: bytes, first: int) -> tuple[int, int] | None:
    begin, end = _FIXED.size + 4 * (first & 0x0F), len(data)
    if first & 0x10:
        if begin + _EXTENSION.size > end:
            return None
        _, words = _EXTENSION.unpack_from(data, begin)
        begin += _EXTENSION.size + 4 * words
    if first & 0x20:
        if not data[-1]:
            return None
        end -= data[-1]
    return (begin, end) if begin <= end else None
