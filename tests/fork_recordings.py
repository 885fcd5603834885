"""What a real Asterisk sent on its forks, and what the phones sent in the same calls."""

from __future__ import annotations

import csv
from pathlib import Path

import dpkt
import numpy as np

from rid_telephony.media.audiosocketframes import AUDIO_RATES, FrameReader
from rid_telephony.media.messages import Samples
from rid_telephony.media.payloads import STATIC_PAYLOADS, decode_payload
from rid_telephony.media.rtp import parse_rtp

DIRECTORY = Path(__file__).parents[1] / "fixtures" / "asterisk"
FORKS = {
    "pcma_zh_customer": ("pcma_zh", 21502),
    "pcma_zh_agent": ("pcma_zh", 21602),
    "pcmu_baresip_agent_agent": ("pcmu_baresip_agent", 35040),
}
"""Recording of a fork at 8 kHz: the capture of the call, and the port of the phone's RTP."""


def audiosocket_bytes(name: str) -> bytes:
    return (DIRECTORY / f"audiosocket_{name}.bin").read_bytes()


def audiosocket_reads(name: str) -> list[tuple[float, bytes]]:
    """Each read of the recorder: seconds since the bridge formed, and the bytes."""
    data = audiosocket_bytes(name)
    with (DIRECTORY / f"audiosocket_{name}.times.csv").open() as lines:
        rows = [(float(at), int(offset)) for at, offset in list(csv.reader(lines))[1:]]
    ends = [offset for _, offset in rows[1:]] + [len(data)]
    return [(at, data[offset:end]) for (at, offset), end in zip(rows, ends, strict=True)]


def audiosocket_audio(name: str) -> Samples:
    frames = FrameReader().feed(audiosocket_bytes(name))
    audio = b"".join(frame.payload for frame in frames if frame.kind in AUDIO_RATES)
    return np.frombuffer(audio, "<i2").astype(np.int16)


def phone_audio(capture: str, port: int) -> Samples:
    """What a phone sent to Asterisk, decoded; nothing was lost on loopback."""
    pieces = []
    with (DIRECTORY / f"sip_rtp_{capture}.pcap").open("rb") as stream:
        for _, frame in dpkt.pcap.Reader(stream):
            udp = dpkt.ethernet.Ethernet(frame).data.data
            packet = parse_rtp(bytes(udp.data)) if udp.sport == port else None
            if packet and packet.payload_type in (0, 8):
                kind = STATIC_PAYLOADS[packet.payload_type].kind
                pieces.append(decode_payload(kind, packet.payload))
    return np.concatenate([piece for piece in pieces if piece is not None])


def alignment(part: Samples, whole: Samples) -> int:
    """Where a part lies in the whole, by its loudest second."""
    loudness = np.convolve(np.abs(part.astype(float)), np.ones(8000), "valid")
    begin = int(np.argmax(loudness))
    scores = np.correlate(whole.astype(float), part[begin : begin + 8000].astype(float), "valid")
    return int(np.argmax(scores)) - begin
