"""Connects to a listener as Asterisk's AudioSocket channel does."""

from __future__ import annotations

import asyncio
import uuid

import numpy as np
from fork_listening import LEFT_OPEN
from fork_recordings import audiosocket_bytes

from rid_telephony.media.audiosocket import GOODBYE, AudioSocketListener
from rid_telephony.media.audiosocketframes import FrameReader

RECORDED = audiosocket_bytes("pcma_zh_customer")
NAME = FrameReader().feed(RECORDED)[0].fork_id
FRAME = b"\x10\x01\x40" + np.arange(160, dtype="<i2").tobytes()


def naming(fork_id: str) -> bytes:
    return b"\x01\x00\x10" + uuid.UUID(fork_id).bytes


async def connect(
    listener: AudioSocketListener, fork_id: str | None = NAME
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect as Asterisk does, to where the listener says."""
    there = await listener.expect(fork_id) if fork_id else listener._destination
    reader, writer = await asyncio.open_connection(there.host, there.port)
    LEFT_OPEN.append(writer.close)
    return reader, writer


async def is_shut(reader: asyncio.StreamReader) -> bool:
    try:
        async with asyncio.timeout(10):
            return await reader.read() in (b"", GOODBYE)
    except ConnectionError:
        return True
