"""Frames of Asterisk's AudioSocket protocol: type (1 byte), length (2, big endian), payload.

Source: ``include/asterisk/res_audiosocket.h``, and recordings of Asterisk 22.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple
from uuid import UUID

HANGUP, UUID_FRAME, DTMF, ERROR = 0x00, 0x01, 0x03, 0xFF
AUDIO_RATES = {
    0x10: 8000,
    0x11: 12_000,
    0x12: 16_000,
    0x13: 24_000,
    0x14: 32_000,
    0x15: 44_100,
    0x16: 48_000,
    0x17: 96_000,
    0x18: 192_000,
}
"""Hz of signed linear 16 bit audio, little endian, by frame type."""
_HEADER = Struct("!BH")
_UUID_BYTES = 16


class SocketFrame(NamedTuple):
    """One frame, payload as sent."""

    kind: int
    payload: bytes

    @property
    def fork_id(self) -> str:
        """The UUID of a ``UUID_FRAME``, in its usual lower-case form."""
        return str(UUID(bytes=self.payload))


class FrameReader:
    """Cuts a byte stream into frames, however it was split.

    It holds at most one incomplete frame (65,538 bytes). A stream that breaks the protocol is
    not believed any further: ``fault`` says why, and nothing more is given out.
    """

    def __init__(self) -> None:
        self.fault = ""
        """Why the stream is malformed; empty while it is not."""
        self._rest = b""
        self._begun = False

    @property
    def inside_frame(self) -> bool:
        """True where the stream so far ends in the middle of a frame."""
        return bool(self._rest)

    def feed(self, data: bytes) -> list[SocketFrame]:
        """Take the next bytes; return the frames that are complete with them, in order."""
        if self.fault:
            return []
        if self._rest:
            data = self._rest + data
        frames: list[SocketFrame] = []
        at, size = 0, len(data)
        while size - at >= _HEADER.size:
            kind, length = _HEADER.unpack_from(data, at)
            self.fault = self._fault(kind, length)
            end = at + _HEADER.size + length
            if self.fault or end > size:
                break
            frames.append(SocketFrame(kind, data[at + _HEADER.size : end]))
            self._begun = True
            at = end
        self._rest = b"" if self.fault else data[at:]
        return frames

    def _fault(self, kind: int, length: int) -> str:
        if (kind == UUID_FRAME) is self._begun:
            return "a second uuid" if self._begun else "no uuid at the beginning"
        if kind == UUID_FRAME and length != _UUID_BYTES:
            return f"a uuid of {length} bytes"
        if kind in AUDIO_RATES and length % 2:
            return f"half a sample: {length} bytes of audio"
        return ""
