"""RTP headers: read wrongly, padding and extensions are heard as clicks."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.media.rtp import is_rtcp, is_rtp_or_rtcp, parse_rtp


def packet(
    payload: bytes = b"audio",
    *,
    csrc: int = 0,
    extension: bytes | None = None,
    padding: int = 0,
    marker: bool = False,
) -> bytes:
    first = 0x80 | csrc | (0x10 if extension is not None else 0) | (0x20 if padding else 0)
    head = struct.pack("!BBHII", first, 8 | marker << 7, 65535, 0xFFFFFFFF, 7)
    head += b"\0\0\0\1" * csrc
    if extension is not None:
        head += struct.pack("!HH", 0xBEDE, len(extension) // 4) + extension
    return head + payload + (b"\0" * (padding - 1) + bytes((padding,)) if padding else b"")


def test_the_fixed_header_is_read_as_sent() -> None:
    parsed = parse_rtp(packet(marker=True))
    assert parsed == (8, True, 65535, 0xFFFFFFFF, 7, b"audio")


def test_csrc_extension_and_padding_are_no_audio() -> None:
    parsed = parse_rtp(packet(csrc=15, extension=b"12345678", padding=4))
    assert parsed is not None
    assert parsed.payload == b"audio"


def test_a_packet_of_padding_alone_has_an_empty_payload() -> None:
    parsed = parse_rtp(packet(b"", padding=8))
    assert parsed is not None
    assert parsed.payload == b""


def test_half_a_packet_is_refused() -> None:
    whole = packet(b"", csrc=2, extension=b"12345678")
    assert all(parse_rtp(whole[:size]) is None for size in range(len(whole)))


def test_padding_longer_than_the_packet_is_refused() -> None:
    assert parse_rtp(packet(b"abc")[:-1].replace(b"\x80", b"\xa0", 1) + b"\xff") is None
    assert parse_rtp(packet(b"ab\0").replace(b"\x80", b"\xa0", 1)) is None


def test_rtcp_on_the_same_port_is_told_apart() -> None:
    """Taken for RTP, a report every five seconds would be heard as a click."""
    for kind in range(192, 224):
        report = struct.pack("!BBHI", 0x81, kind, 6, 7)
        assert is_rtp_or_rtcp(report)
        assert is_rtcp(report)
    assert not is_rtcp(packet(marker=True))


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    parsed = parse_rtp(data)
    if parsed is not None:
        assert is_rtp_or_rtcp(data)
        assert len(parsed.payload) <= len(data) - 12
