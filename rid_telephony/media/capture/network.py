"""IP packets to UDP datagrams and TCP segments: RFC 791, RFC 8200, RFC 768, RFC 9293."""

from __future__ import annotations

from ipaddress import ip_address
from struct import Struct
from typing import NamedTuple

TCP, UDP = 6, 17
Endpoint = bytes
"""An address and a port: 4 or 16 bytes of address, then 2 bytes of port, network order."""

_U16 = Struct("!H")
_UDP_LENGTH = Struct("!4xH")
_COMMON = Struct("!BxHxxHxB14xH")
"""IPv4 without options and UDP together: nearly every packet of a capture."""
_IPV6_HEADER = 40
_HOP_BY_HOP, _ROUTING, _FRAGMENT, _DESTINATION = 0, 43, 44, 60
_OPTION_HEADERS = frozenset((_HOP_BY_HOP, _ROUTING, _DESTINATION))
_MAX_OPTION_HEADERS = 8


class Fragment(NamedTuple):
    """A part of an IP packet.

    Attributes:
        key: The same for all parts of one packet.
        offset: Bytes from the start of the whole payload.
        more: False for the last part.
        source: Address only.
        destination: Address only.
        data: This part of the payload.
    """

    key: bytes
    offset: int
    more: bool
    protocol: int
    source: bytes
    destination: bytes
    data: bytes


class Datagram(NamedTuple):
    """What one IP packet carries; for TCP, ``payload`` still begins with the TCP header."""

    protocol: int
    source: Endpoint
    destination: Endpoint
    payload: bytes


Parsed = Datagram | Fragment | str
"""A datagram, a fragment, or why the packet is neither: the name of a counter."""


def parse_ip(frame: bytes, at: int) -> Parsed:
    """Read the IP packet that begins at an offset of a captured frame."""
    if len(frame) >= at + 28:
        kind, total, flags, protocol, length = _COMMON.unpack_from(frame, at)
        end = at + total
        if (
            kind == 0x45
            and protocol == UDP
            and not flags & 0x3FFF
            and 8 <= length == total - 20
            and end <= len(frame)
        ):
            source = frame[at + 12 : at + 16] + frame[at + 20 : at + 22]
            destination = frame[at + 16 : at + 20] + frame[at + 22 : at + 24]
            return Datagram(UDP, source, destination, frame[at + 28 : end])
    version = frame[at] >> 4 if at < len(frame) else 0
    if version == 4:
        return _parse_ipv4(frame, at)
    return _parse_ipv6(frame, at) if version == 6 else "not_ip"


def _parse_ipv4(frame: bytes, at: int) -> Parsed:
    if len(frame) < at + 20:
        return "cut_short"
    header = (frame[at] & 15) * 4
    total = frame[at + 2] << 8 | frame[at + 3] or len(frame) - at  # 0: segmentation offload
    if header < 20 or total < header:
        return "malformed"
    end = at + total
    if end > len(frame):
        return "cut_short"
    protocol = frame[at + 9]
    source, destination = frame[at + 12 : at + 16], frame[at + 16 : at + 20]
    flags = frame[at + 6] & 0x3F
    if flags or frame[at + 7]:
        return Fragment(
            source + destination + frame[at + 4 : at + 6] + bytes((protocol,)),
            ((flags & 0x1F) << 8 | frame[at + 7]) * 8,
            bool(flags & 0x20),
            protocol,
            source,
            destination,
            frame[at + header : end],
        )
    return parse_transport(protocol, source, destination, frame, at + header, end)


def _parse_ipv6(frame: bytes, at: int) -> Parsed:
    if len(frame) < at + _IPV6_HEADER:
        return "cut_short"
    length = _U16.unpack_from(frame, at + 4)[0] or len(frame) - at - _IPV6_HEADER
    end = at + _IPV6_HEADER + length
    if end > len(frame):
        return "cut_short"
    source, destination = frame[at + 8 : at + 24], frame[at + 24 : at + 40]
    protocol, place = frame[at + 6], at + _IPV6_HEADER
    for _ in range(_MAX_OPTION_HEADERS):
        if place + 8 > end or protocol not in _OPTION_HEADERS:
            break
        protocol, place = frame[place], place + 8 + frame[place + 1] * 8
    if protocol != _FRAGMENT:
        return parse_transport(protocol, source, destination, frame, place, end)
    if place + 8 > end:
        return "malformed"
    field = _U16.unpack_from(frame, place + 2)[0]
    inner = frame[place]
    return Fragment(
        source + destination + frame[place + 4 : place + 8],
        field & ~7,
        bool(field & 1),
        inner,
        source,
        destination,
        frame[place + 8 : end],
    )


def parse_transport(
    protocol: int, source: bytes, destination: bytes, data: bytes, at: int, end: int
) -> Datagram | str:
    """Read the UDP or TCP header of a whole IP payload, ``data[at:end]``."""
    if protocol not in (UDP, TCP):
        return "not_udp"
    if at + 8 > end:
        return "malformed"
    sender, receiver = source + data[at : at + 2], destination + data[at + 2 : at + 4]
    if protocol == TCP:
        return Datagram(TCP, sender, receiver, data[at:end])
    length = _UDP_LENGTH.unpack_from(data, at)[0] or end - at
    if length < 8 or at + length > end:
        return "malformed"
    return Datagram(UDP, sender, receiver, data[at + 8 : at + length])


def endpoint(address: str, port: int) -> Endpoint | None:
    """An endpoint from text, or None where the address is no IP address or the port none."""
    try:
        packed = ip_address(address.strip("[]").partition("%")[0]).packed
    except ValueError:
        return None
    return packed + _U16.pack(port) if 0 < port < 65_536 else None


def endpoint_text(where: Endpoint) -> str:
    """``address:port`` for messages, IPv6 in brackets."""
    address = str(ip_address(where[:-2]))
    port = _U16.unpack(where[-2:])[0]
    return f"[{address}]:{port}" if len(where) > 6 else f"{address}:{port}"
