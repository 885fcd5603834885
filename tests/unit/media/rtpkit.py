"""Streams of RTP packets whose payloads tell which packet they are."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rid_telephony.media.g711 import G711Law, decode_g711
from rid_telephony.media.jitter import JitterBuffer
from rid_telephony.media.payloads import UNSIGNALLED_PAYLOADS
from rid_telephony.media.playout import Stretch
from rid_telephony.media.rtp import RtpPacket

PTIME = 0.02
REORDER = 0.2
CONCEAL = 0.1


@dataclass
class Sender:
    """Makes packets whose payload tells their number; timestamps and sequence wrap early."""

    sequence: int = 65_530
    timestamp: int = 0xFFFF_FFFF - 800
    ssrc: int = 1

    def packet(self, number: int, kind: int = 0, size: int = 160) -> RtpPacket:
        payload = np.random.default_rng(number).integers(0, 256, size, np.uint8).tobytes()
        return RtpPacket(
            kind,
            False,
            (self.sequence + number) % 65_536,
            (self.timestamp + number * 160) % (1 << 32),
            self.ssrc,
            payload,
        )


def audio(packet: RtpPacket) -> np.ndarray:
    return decode_g711(G711Law.PCMU, packet.payload)


def run(arrivals: list[tuple[float, RtpPacket]]) -> tuple[list[Stretch], JitterBuffer]:
    buffer = JitterBuffer(UNSIGNALLED_PAYLOADS, REORDER, CONCEAL)
    out: list[Stretch] = []
    for arrival, packet in arrivals:
        out += buffer.push(packet, arrival)
    return out + buffer.flush(), buffer


def clean(count: int, sender: Sender | None = None) -> list[tuple[float, RtpPacket]]:
    sender = sender or Sender()
    return [(5.0 + number * PTIME, sender.packet(number)) for number in range(count)]


def joined(stretches: list[Stretch]) -> np.ndarray:
    return np.concatenate([stretch.samples for stretch in stretches])


def check_order(stretches: list[Stretch]) -> None:
    for before, after in pairwise(stretches):
        assert after.at >= before.at + len(before.samples) / 8000 - 1e-9
