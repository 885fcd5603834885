"""What an RTP payload type carries, and what this stage does with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from rid_telephony.media.g711 import G711Law, decode_g711
from rid_telephony.media.messages import Samples


class PayloadKind(StrEnum):
    """The only distinction that matters here: decode, skip, or cannot decode."""

    PCMU = "pcmu"
    PCMA = "pcma"
    L16 = "l16"
    DTMF = "dtmf"
    COMFORT_NOISE = "comfort_noise"
    UNSUPPORTED = "unsupported_codec"
    ENCRYPTED = "encrypted"

    @property
    def is_audio(self) -> bool:
        """True where :func:`decode_payload` knows this kind."""
        return self in _LAWS or self is PayloadKind.L16


_LAWS = {PayloadKind.PCMU: G711Law.PCMU, PayloadKind.PCMA: G711Law.PCMA}


def decode_payload(kind: PayloadKind, payload: bytes) -> Samples | None:
    """Decode audio.

    Args:
        kind: What the payload type stands for.
        payload: One packet's bytes.

    Returns:
        int16 at 8000 Hz; None where the kind is not audio, or the bytes end in half a sample.
    """
    law = _LAWS.get(kind)
    if law:
        return decode_g711(law, payload)
    if kind is not PayloadKind.L16 or len(payload) % 2:
        return None
    return np.frombuffer(payload, ">i2").astype(np.int16)


@dataclass(frozen=True, slots=True)
class PayloadFormat:
    """One payload type's meaning.

    Attributes:
        kind: What is done with it.
        name: Encoding name as registered (RFC 3551, RFC 4855), for messages.
    """

    kind: PayloadKind
    name: str


PayloadMap = Mapping[int, PayloadFormat]
"""Payload type (0..127) to its meaning."""


def payload_format(name: str, clock_rate: int) -> PayloadFormat:
    """Classify an encoding named by ``a=rtpmap`` (RFC 4566, section 6).

    Args:
        name: Encoding name, in any case.
        clock_rate: Hz; G.711 at another rate than 8000 is not supported.
    """
    upper = name.upper()
    if upper in ("PCMU", "PCMA") and clock_rate == 8000:
        return PayloadFormat(PayloadKind(upper.lower()), upper)
    if upper in ("TELEPHONE-EVENT", "TONE"):  # RFC 4733
        return PayloadFormat(PayloadKind.DTMF, name)
    if upper == "CN":  # RFC 3389
        return PayloadFormat(PayloadKind.COMFORT_NOISE, upper)
    return PayloadFormat(PayloadKind.UNSUPPORTED, f"{name}/{clock_rate}")


STATIC_PAYLOADS: PayloadMap = {
    number: payload_format(name, rate)
    for number, name, rate in (
        (0, "PCMU", 8000),
        (3, "GSM", 8000),
        (4, "G723", 8000),
        (5, "DVI4", 8000),
        (6, "DVI4", 16000),
        (7, "LPC", 8000),
        (8, "PCMA", 8000),
        (9, "G722", 8000),
        (10, "L16", 44100),
        (11, "L16", 44100),
        (12, "QCELP", 8000),
        (13, "CN", 8000),
        (14, "MPA", 90000),
        (15, "G728", 8000),
        (18, "G729", 8000),
        (19, "CN", 8000),  # reserved by RFC 3551 because old phones send comfort noise on it
    )
}
"""RFC 3551, table 4."""

ASTERISK_PAYLOADS: PayloadMap = {
    0: payload_format("PCMU", 8000),
    8: payload_format("PCMA", 8000),
    10: PayloadFormat(PayloadKind.L16, "L16"),
}
"""What Asterisk's UnicastRTP channel sends, where there is no SDP: its ``slin`` is L16 (RFC 3551,
section 4.5.11: 16 bits, big endian) at 8000 Hz on number 10, not the 44,100 Hz of RFC 3551."""

UNSIGNALLED_PAYLOADS: PayloadMap = {
    **STATIC_PAYLOADS,
    101: payload_format("telephone-event", 8000),  # the number that nearly every phone uses
}
"""What is assumed where no SDP was seen."""
