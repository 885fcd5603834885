"""The pcapng file format (draft-ietf-opsawg-pcapng): sections, interfaces, packet blocks.

Blocks that carry no packets (name resolution, statistics, secrets, custom) are skipped unread.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import BinaryIO

from rid_telephony.media.capture.records import MAX_RECORD, Damage, Record

PCAPNG_MAGIC = b"\x0a\x0d\x0d\x0a"
"""Type of a section header block, the same in both byte orders."""
_BYTE_ORDERS = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_SECTION, _INTERFACE, _PACKET, _SIMPLE, _ENHANCED = 0x0A0D0D0A, 1, 2, 3, 6
_READ_BLOCKS = frozenset((_INTERFACE, _PACKET, _SIMPLE, _ENHANCED))
_MAX_BLOCK = MAX_RECORD + 65_536
"""Longest block that is read: a packet and its options."""
_MAX_INTERFACES = 4096
_OPTION_RESOLUTION, _OPTION_OFFSET = 9, 14


@dataclass(frozen=True, slots=True)
class _Interface:
    link: int
    tick: float
    offset: int
    snaplen: int


class _Section:
    """Byte order and interfaces of the section being read."""

    def __init__(self, order: str) -> None:
        self.interfaces: list[_Interface] = []
        self.last_time = 0.0
        self.head = Struct(order + "II")
        self.u16 = Struct(order + "HH")
        self.i64 = Struct(order + "q")
        self.enhanced = Struct(order + "IIIII")
        self.packet = Struct(order + "HHIIII")

    def describe(self, body: bytes) -> None:
        """Read an interface description block."""
        if len(body) < 8 or len(self.interfaces) >= _MAX_INTERFACES:
            raise Damage("an interface description makes no sense", truncated=False)
        options = dict(self._options(body[8:]))
        tick, offset = 1e-6, 0
        if resolution := options.get(_OPTION_RESOLUTION):
            power = resolution[0] & 0x7F
            tick = 2.0**-power if resolution[0] & 0x80 else 10.0**-power
        if len(raw := options.get(_OPTION_OFFSET, b"")) == 8:
            offset = self.i64.unpack(raw)[0]
        snaplen = self.head.unpack_from(body)[1]
        self.interfaces.append(_Interface(self.u16.unpack_from(body)[0], tick, offset, snaplen))

    def record(self, kind: int, body: bytes) -> Record | None:
        """Read a packet block; None where it names an interface that was not described."""
        if kind == _SIMPLE:
            return self._simple(body)
        layout = self.enhanced if kind == _ENHANCED else self.packet
        if len(body) < layout.size:
            raise Damage("a packet block is too short", truncated=False)
        if kind == _ENHANCED:
            number, high, low, size, _ = layout.unpack_from(body)
        else:
            number, _, high, low, size, _ = layout.unpack_from(body)
        if layout.size + size > len(body):
            raise Damage(f"a packet block claims {size} bytes", truncated=False)
        if number >= len(self.interfaces):
            return None
        face = self.interfaces[number]
        self.last_time = (high << 32 | low) * face.tick + face.offset
        return self.last_time, face.link, body[layout.size : layout.size + size]

    def _simple(self, body: bytes) -> Record | None:
        if not self.interfaces or len(body) < 4:
            return None
        face = self.interfaces[0]
        size = min(self.head.unpack(body[:4] * 2)[0], face.snaplen or MAX_RECORD, len(body) - 4)
        return self.last_time, face.link, body[4 : 4 + size]  # simple packets carry no time

    def _options(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        at = 0
        while at + 4 <= len(data):
            code, size = self.u16.unpack_from(data, at)
            if not code:
                return
            yield code, data[at + 4 : at + 4 + size]
            at += 4 + (size + 3 & ~3)


def read_pcapng(stream: BinaryIO) -> Iterator[Record]:
    """Yield the packets of a pcapng file, of every interface and section, in file order.

    Args:
        stream: Seekable, at the first byte of the file.

    Raises:
        Damage: The file ends, or stops making sense, before its last block is complete;
            everything before was yielded.
    """
    section = _begin_section(stream, stream.read(8))
    while head := stream.read(8):
        if len(head) < 8:
            raise Damage("the file ends within a block header", truncated=True)
        if head[:4] == PCAPNG_MAGIC:
            section = _begin_section(stream, head)
            continue
        kind, length = section.head.unpack(head)
        if length < 12 or length % 4:
            raise Damage(f"a block claims {length} bytes", truncated=False)
        if kind not in _READ_BLOCKS:
            stream.seek(length - 8, os.SEEK_CUR)
            continue
        if length > _MAX_BLOCK:
            raise Damage(f"a block claims {length} bytes", truncated=False)
        body = stream.read(length - 8)
        if len(body) < length - 8:
            raise Damage("the file ends within a block", truncated=True)
        if kind == _INTERFACE:
            section.describe(body[:-4])
        elif record := section.record(kind, body[:-4]):
            yield record
    if stream.tell() > stream.seek(0, os.SEEK_END):
        raise Damage("the file ends within a block", truncated=True)


def _begin_section(stream: BinaryIO, head: bytes) -> _Section:
    """Read a section header block, whose first 8 bytes are ``head``."""
    magic = stream.read(4)
    order = _BYTE_ORDERS.get(magic)
    if len(head) < 8 or len(magic) < 4:
        raise Damage("the file ends within a section header", truncated=True)
    if order is None:
        raise Damage("a section header names no byte order", truncated=False)
    section = _Section(order)
    _, length = section.head.unpack(head)
    if not 28 <= length <= _MAX_BLOCK or length % 4:
        raise Damage(f"a section header claims {length} bytes", truncated=False)
    if len(stream.read(length - 12)) < length - 12:
        raise Damage("the file ends within a section header", truncated=True)
    return section
