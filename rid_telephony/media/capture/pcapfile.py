"""The libpcap file format (draft-ietf-opsawg-pcap)."""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import BinaryIO

from rid_telephony.media.capture.records import MAX_RECORD, Damage, Record

_MAGICS: dict[bytes, tuple[str, float]] = {
    b"\xd4\xc3\xb2\xa1": ("<", 1e-6),
    b"\xa1\xb2\xc3\xd4": (">", 1e-6),
    b"\x4d\x3c\xb2\xa1": ("<", 1e-9),
    b"\xa1\xb2\x3c\x4d": (">", 1e-9),
}
PCAP_MAGICS = frozenset(_MAGICS)
"""First four bytes: byte order, and microseconds or nanoseconds."""


def read_pcap(stream: BinaryIO) -> Iterator[Record]:
    """Yield the records of a pcap file.

    Args:
        stream: At the first byte of the file.

    Raises:
        Damage: The file ends, or stops making sense, before its last record is complete;
            everything before was yielded.
    """
    header = stream.read(24)
    if len(header) < 24:
        raise Damage("the file ends within its header", truncated=True)
    order, tick = _MAGICS[header[:4]]
    link = Struct(order + "I").unpack_from(header, 20)[0] & 0xFFFF  # upper bits: FCS length
    unpack, read = Struct(order + "IIII").unpack, stream.read
    while head := read(16):
        if len(head) < 16:
            raise Damage("the file ends within a record header", truncated=True)
        seconds, fraction, size, _ = unpack(head)
        if size > MAX_RECORD:
            raise Damage(f"a record claims {size} bytes", truncated=False)
        data = read(size)
        if len(data) < size:
            raise Damage("the file ends within a packet", truncated=True)
        yield seconds + fraction * tick, link, data
