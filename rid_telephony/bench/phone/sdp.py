"""One G.711 audio stream offered and answered by SDP (RFC 4566, RFC 3264)."""

from __future__ import annotations

from dataclasses import dataclass

from aiosipua import (
    ConnectionData,
    MediaDescription,
    Origin,
    SdpMessage,
    parse_sdp,
    serialize_sdp,
)

from rid_telephony.bench.phone.messages import Peer
from rid_telephony.media.g711 import G711Law

PAYLOAD_TYPES = {G711Law.PCMU: 0, G711Law.PCMA: 8}
"""RFC 3551, table 4."""
_ANSWERS = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly"}
"""What a side that is ready for both answers (RFC 3264, section 6.1)."""


@dataclass(frozen=True, slots=True)
class RemoteMedia:
    """What the other side says of its audio.

    Attributes:
        address: Where it wants its audio.
        laws: The companding laws that it takes, best first; never empty.
        direction: ``sendrecv``, ``sendonly``, ``recvonly`` or ``inactive``, from its side.
    """

    address: Peer
    laws: tuple[G711Law, ...]
    direction: str


def describe(local: Peer, laws: tuple[G711Law, ...], direction: str, version: int) -> str:
    """Write our side.

    Args:
        local: Where we want the audio.
        laws: Best first.
        direction: From our side.
        version: Counts the descriptions of one session, from 1.
    """
    host, port = local
    attributes: dict[str, list[str]] = {
        "rtpmap": [f"{PAYLOAD_TYPES[law]} {law}/8000" for law in laws],
        "ptime": ["20"],
        direction: [],
    }
    audio = MediaDescription(
        media="audio",
        port=port,
        formats=[str(PAYLOAD_TYPES[law]) for law in laws],
        attributes=attributes,
    )
    session = SdpMessage(
        origin=Origin(session_id=str(port), session_version=str(version), address=host),
        session_name="phone",
        connection=ConnectionData(address=host),
        media=[audio],
    )
    return serialize_sdp(session)


def understand(text: str) -> RemoteMedia | None:
    """Read the other side; None where there is no audio stream that we can take."""
    try:
        session = parse_sdp(text)
    except ValueError:
        return None
    audio, address = session.audio, session.rtp_address
    if audio is None or address is None or not 0 < address[1] <= 65535:
        return None
    known = {str(number): law for law, number in PAYLOAD_TYPES.items()}
    laws = tuple(known[name] for name in audio.formats if name in known)
    if not laws:
        return None
    stated = [name for name in (*_ANSWERS, "inactive") if name in session.attributes]
    direction = audio.direction
    if stated and direction not in audio.attributes:
        direction = stated[0]
    # An address of zeros is the hold of RFC 2543.
    if address[0] == "0.0.0.0":  # noqa: S104 - compared, not bound
        direction = "inactive"
    return RemoteMedia(address, laws, direction)


def answering(offered: str, wanted: str) -> str:
    """Our direction in the answer to an offer.

    Args:
        offered: The other side's direction.
        wanted: Ours if we were free: ``sendrecv``, or ``sendonly`` while we hold.
    """
    free = _ANSWERS.get(offered, "inactive")
    if wanted == "sendrecv":
        return free
    return wanted if "send" in free else "inactive"


def may_send(direction: str) -> bool:
    """True where a side with this direction sends."""
    return direction in {"sendrecv", "sendonly"}
