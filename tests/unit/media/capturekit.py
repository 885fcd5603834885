"""Builds captures of calls that never were: SIP, SDP and RTP through a B2BUA, packet by packet.

The files are written with dpkt, so that the readers are tested against another implementation.
"""

from __future__ import annotations

import io
import socket
import struct
from dataclasses import dataclass, field
from pathlib import Path

import dpkt
import numpy as np
from numpy.typing import NDArray

START = 1_790_000_000.0
PTIME = 0.02
Address = tuple[str, int]
PBX = "10.0.0.1"


def speech(seconds: float, seed: int) -> NDArray[np.int16]:
    """Noise that comes and goes in syllables: distinct for each seed, loud enough to be heard."""
    rng = np.random.default_rng(seed)
    count = round(seconds * 8000)
    syllables = np.repeat(rng.choice([0.02, 0.3, 1.0], size=count // 1200 + 1), 1200)[:count]
    return (rng.normal(0.0, 3000.0, count) * syllables).clip(-30000, 30000).astype(np.int16)


@dataclass
class Packet:
    """One UDP payload, or one TCP segment, at a time."""

    time: float
    source: Address
    destination: Address
    payload: bytes
    protocol: int = dpkt.ip.IP_PROTO_UDP

    def ip(self) -> bytes:
        """The whole IP packet."""
        transport = self.payload
        if self.protocol == dpkt.ip.IP_PROTO_UDP:
            length = 8 + len(self.payload)
            ports = struct.pack("!HHHH", self.source[1], self.destination[1], length, 0)
            transport = ports + self.payload
        if ":" in self.source[0]:
            head = struct.pack("!IHBB", 0x60000000, len(transport), self.protocol, 64)
            return head + _pack6(self.source[0]) + _pack6(self.destination[0]) + transport
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(transport), 1, 0, 64, self.protocol, 0)
        addresses = socket.inet_aton(self.source[0]) + socket.inet_aton(self.destination[0])
        return head + addresses + transport


def _pack6(address: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6, address)


def ethernet(packet: bytes) -> bytes:
    """An Ethernet frame around an IP packet."""
    kind = b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00"
    return b"\2\0\0\0\0\1" + b"\2\0\0\0\0\2" + kind + packet


@dataclass
class Scene:
    """Packets of one capture."""

    packets: list[Packet] = field(default_factory=list)

    def udp(self, time: float, source: Address, destination: Address, payload: bytes) -> None:
        """Add a datagram."""
        self.packets.append(Packet(time, source, destination, payload))

    def ordered(self) -> list[Packet]:
        """The packets in order of time."""
        return sorted(self.packets, key=lambda packet: packet.time)

    def pcap(self) -> bytes:
        """The capture as a pcap file with Ethernet frames."""
        return write_pcap([(p.time, ethernet(p.ip())) for p in self.ordered()], 1)

    def save(self, path: Path) -> Path:
        """Write the capture."""
        path.write_bytes(self.pcap())
        return path


def write_pcap(frames: list[tuple[float, bytes]], link: int) -> bytes:
    """A pcap file, written by dpkt."""
    out = io.BytesIO()
    writer = dpkt.pcap.Writer(out, snaplen=262144, linktype=link)
    for time, frame in frames:
        writer.writepkt(frame, ts=START + time)
    return out.getvalue()
