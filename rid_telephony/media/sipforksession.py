"""The fork's side of the session description (RFC 3264): one audio stream, G.711, to us only."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from aiosipua import ConnectionData, MediaDescription, Origin, SdpMessage, serialize_sdp

from rid_telephony.media.capture.sdp import parse_audio
from rid_telephony.media.payloads import PayloadKind, PayloadMap
from rid_telephony.media.rtpport import Source

MAX_STREAMS = 8
"""``m=`` lines of an offer."""
_LAWS = (PayloadKind.PCMU, PayloadKind.PCMA)
_ANSWERS = {"sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}
"""RFC 3264, section 6.1."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What the PBX offers, as far as we take it.

    Attributes:
        source: Where its audio comes from: it sends from where it receives (RFC 4961). None
            where it does not say (hold by 0.0.0.0).
        payload_type: Of the first of its codecs that is one of ours.
        name: ``PCMU`` or ``PCMA``.
        payloads: Meaning of everything that it may send.
        direction: As offered.
        streams: Its ``m=`` lines: media, transport and first format.
        chosen: Index of the audio among them.
    """

    source: Source | None
    payload_type: int
    name: str
    payloads: PayloadMap
    direction: str
    streams: tuple[tuple[str, str, str], ...]
    chosen: int


def read_offer(text: str) -> Offer | None:
    """Read an offer; None where there is no audio in it that we can take."""
    try:
        audio = parse_audio(text)
        streams = tuple(_stream(line) for line in text.splitlines() if line.startswith("m="))
    except ValueError:
        return None
    if audio is None or len(streams) > MAX_STREAMS:
        return None
    chosen = next((i for i, stream in enumerate(streams) if stream[0] == "audio"), None)
    ours = [(n, form) for n, form in audio.payloads.items() if form.kind in _LAWS]
    if chosen is None or not ours or streams[chosen][1] not in ("RTP/AVP", "RTP/AVPF"):
        return None
    source = None
    if audio.where is not None:
        host, port = audio.where[:-2], int.from_bytes(audio.where[-2:], "big")
        source = (str(ip_address(host)), port)
    number, form = ours[0]
    return Offer(source, number, form.name, audio.payloads, audio.direction, streams, chosen)


def _stream(line: str) -> tuple[str, str, str]:
    media, _, transport, first, *_ = line[2:].split()
    return media, transport, first


def write_answer(offer: Offer, host: str, port: int, version: int) -> str:
    """Write our answer: the one codec, every other stream refused.

    We never send: FreeSWITCH can mix an eavesdropper's audio into the call. The direction says
    ``sendrecv`` all the same where that was offered, as in the recording; FreeSWITCH 1.11.2
    treats a ``recvonly`` of the stream alike, its media time-out included.

    Args:
        offer: What is answered.
        host: Our address.
        port: Our RTP port.
        version: Counts the answers of one session, from 1.
    """
    kind = "IP6" if ":" in host else "IP4"
    streams = []
    for index, (media, transport, first) in enumerate(offer.streams):
        if index != offer.chosen:
            streams.append(MediaDescription(media, 0, transport, [first]))
            continue
        attributes: dict[str, list[str]] = {
            "rtpmap": [f"{offer.payload_type} {offer.name}/8000"],
            _ANSWERS.get(offer.direction, "sendrecv"): [],
        }
        chosen = [str(offer.payload_type)]
        streams.append(MediaDescription(media, port, transport, chosen, attributes=attributes))
    session = SdpMessage(
        origin=Origin("-", str(port), str(version), "IN", kind, host),
        session_name="-",
        connection=ConnectionData("IN", kind, host),
        media=streams,
    )
    return serialize_sdp(session)
