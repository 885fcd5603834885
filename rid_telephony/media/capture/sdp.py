"""Session descriptions (RFC 4566) reduced to the audio stream that a side offers or takes."""

from __future__ import annotations

from dataclasses import dataclass

from aiosipua.sdp import MediaDescription, SdpMessage, parse_sdp

from rid_telephony.media.capture.network import Endpoint, endpoint
from rid_telephony.media.payloads import (
    STATIC_PAYLOADS,
    PayloadFormat,
    PayloadKind,
    PayloadMap,
    payload_format,
)

_MAX_LINES = 500
_ATTRIBUTES = ("rtpmap:", "crypto:", "fingerprint:")
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")


@dataclass(frozen=True, slots=True)
class AudioMedia:
    """One side's audio, as it describes it.

    Attributes:
        where: Where that side wants to receive RTP; None if nowhere (port 0, hold by 0.0.0.0,
            or a host name instead of an address).
        direction: ``sendrecv``, ``sendonly``, ``recvonly`` or ``inactive`` (RFC 3264).
        payloads: Meaning of the payload types it names.
    """

    where: Endpoint | None
    direction: str
    payloads: PayloadMap

    @property
    def holds(self) -> bool:
        """True if the side does not want to hear the other (RFC 3264, section 8.4)."""
        return self.direction in ("sendonly", "inactive")


def parse_audio(text: str) -> AudioMedia | None:
    """Read a session description.

    Args:
        text: The body; lines that say nothing about audio may be damaged.

    Returns:
        Its first audio stream, or None where it has none.

    Raises:
        ValueError: A line that matters cannot be read.
    """
    session = parse_sdp("\n".join(filter(_matters, text.splitlines()[:_MAX_LINES])))
    audio = session.audio
    if audio is None:
        return None
    connection = audio.connection or session.connection
    address = connection.address.partition("/")[0] if connection else ""
    where = endpoint(address, audio.port)
    if where is not None and not any(where[:-2]):  # 0.0.0.0 was hold before RFC 3264
        return AudioMedia(None, "inactive", _payloads(session, audio))
    return AudioMedia(where, _direction(session, audio), _payloads(session, audio))


def _matters(line: str) -> bool:
    if line.startswith(("c=", "m=")):
        return True
    return line.startswith("a=") and line[2:].strip().startswith((*_ATTRIBUTES, *_DIRECTIONS))


def _direction(session: SdpMessage, audio: MediaDescription) -> str:
    for attributes in (audio.attributes, session.attributes):
        for direction in _DIRECTIONS:
            if direction in attributes:
                return direction
    return "sendrecv"


def _payloads(session: SdpMessage, audio: MediaDescription) -> PayloadMap:
    encrypted = (
        "SAVP" in audio.proto
        or "crypto" in audio.attributes
        or "fingerprint" in {**session.attributes, **audio.attributes}
    )
    payloads: dict[int, PayloadFormat] = {}
    for codec in audio.codecs:
        number = codec.payload_type
        if not 0 <= number <= 127:
            continue
        known = STATIC_PAYLOADS.get(number)
        form = known or payload_format(codec.encoding_name or "unnamed", codec.clock_rate)
        payloads[number] = PayloadFormat(PayloadKind.ENCRYPTED, form.name) if encrypted else form
    return payloads
