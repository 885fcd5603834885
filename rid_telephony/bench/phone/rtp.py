"""RTP of one call: what is sent, paced by the loop's clock, and note of what arrives."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import time
from array import array
from contextlib import suppress

import numpy as np

from rid_telephony.bench.phone.messages import Peer
from rid_telephony.bench.phone.pacing import shared_clock
from rid_telephony.bench.phone.report import CLOCK_RATE, PTIME, RtpReport, measure, unwrapped
from rid_telephony.bench.phone.sdp import PAYLOAD_TYPES
from rid_telephony.media.g711 import G711Law, decode_g711, encode_g711
from rid_telephony.media.messages import Samples
from rid_telephony.media.rtp import is_rtcp, is_rtp_or_rtcp, parse_rtp

PACKET_SAMPLES = 160
MAX_PACKETS = 3_600 * 50
"""Packets of which a receiver keeps note: one hour."""
_HEADER = struct.Struct("!BBHII")
_STAMP = struct.Struct("@qq")
_SO_TIMESTAMPNS = 35
"""Linux, asm-generic/socket.h; Python does not name it."""
_SILENCE = {law: encode_g711(law, np.zeros(PACKET_SAMPLES, np.int16)) for law in G711Law}


class Speech:
    """Audio that many calls play: int16 mono at 8000 Hz, companded once for each law."""

    def __init__(self, samples: Samples) -> None:
        self.samples = samples
        self._encoded: dict[G711Law, bytes] = {}

    def encoded(self, law: G711Law) -> bytes:
        """The audio as the line carries it, filled up with silence to whole packets."""
        if law not in self._encoded:
            short = -len(self.samples) % PACKET_SAMPLES
            filled = np.concatenate([self.samples, np.zeros(short, np.int16)])
            self._encoded[law] = encode_g711(law, filled)
        return self._encoded[law]


class RtpStream:
    """The RTP socket of one call.

    Args:
        host: Address to bind; the port is a free one.
        keep_audio: Keep what arrives, for :meth:`heard`.
    """

    def __init__(self, host: str, *, keep_audio: bool = False) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        # The kernel's time of arrival does not count our own lateness as the network's.
        with suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._socket.bind((host, 0))
        self._loop.add_reader(self._socket, self._readable)
        self._keep_audio = keep_audio
        self._arrivals, self._sequences = array("d"), array("q")
        self._timestamps, self._sources = array("q"), array("q")
        self._payloads: list[tuple[int, bytes]] = []
        self._remote: Peer | None = None
        self._law = G711Law.PCMU
        self._sending = False
        self._key: int | None = None
        self._ssrc = int.from_bytes(os.urandom(4), "big")
        self._sequence = int.from_bytes(os.urandom(2), "big")
        self._first_due: float | None = None
        self._last_due = 0.0
        self._stamp_origin = int.from_bytes(os.urandom(3), "big")
        self._marker = True
        self._speech: Speech | None = None
        self._speech_from = 0
        self.sent = 0
        """Packets sent."""

    @property
    def address(self) -> Peer:
        """Where the other side has to send its audio."""
        host, port = self._socket.getsockname()[:2]
        return host, port

    @property
    def law(self) -> G711Law:
        """The companding law that is sent."""
        return self._law

    # sending

    def send_to(self, remote: Peer, law: G711Law, *, sending: bool) -> None:
        """Send there from now on, or keep still where ``sending`` is False."""
        self._remote, self._law = remote, law
        if sending and not self._sending:
            self._marker = True
        self._sending = sending
        if self._key is None:
            self._key = shared_clock().add(self._tick)

    def play(self, speech: Speech | None, start: float = 0.0) -> None:
        """Say this from the next packet on, silence when it is over.

        It goes on in time while the call is held, as a person would who speaks into a muted
        microphone.

        Args:
            speech: None for silence.
            start: Where in the speech to begin, seconds.
        """
        self._speech = speech
        skipped = round(start * CLOCK_RATE / PACKET_SAMPLES)
        self._speech_from = self._packet_number() + 1 - skipped

    def spoken_at(self, position: float) -> float | None:
        """When the speech reached ``position`` seconds, on the loop's clock.

        That is when a microphone would have heard it: a packet leaves when its last sample
        is there. None before anything was sent.
        """
        if self._first_due is None:
            return None
        return self._first_due + (self._speech_from - 1) * PTIME + position

    def _packet_number(self) -> int:
        if self._first_due is None:
            return -1
        return round((self._last_due - self._first_due) / PTIME)

    def _tick(self, due: float) -> None:
        if self._first_due is None:
            self._first_due = due
        self._last_due = due
        if not self._sending or self._remote is None:
            return
        number = self._packet_number()
        header = _HEADER.pack(
            0x80,
            PAYLOAD_TYPES[self._law] | (0x80 if self._marker else 0),
            self._sequence,
            (self._stamp_origin + number * PACKET_SAMPLES) & 0xFFFF_FFFF,
            self._ssrc,
        )
        self._sequence = self._sequence + 1 & 0xFFFF
        self._marker = False
        # What the system does not take is lost on the way, as the other side will count it.
        with suppress(OSError):
            self._socket.sendto(header + self._payload(number), self._remote)
            self.sent += 1

    def _payload(self, number: int) -> bytes:
        if self._speech is None:
            return _SILENCE[self._law]
        begin = (number - self._speech_from) * PACKET_SAMPLES
        piece = self._speech.encoded(self._law)[begin : begin + PACKET_SAMPLES]
        return piece if begin >= 0 and piece else _SILENCE[self._law]

    # receiving

    def report(
        self, since: float = float("-inf"), until: float = float("inf"), longer_than: float = 0.1
    ) -> RtpReport:
        """Figures of what arrived between two times of the loop's clock."""
        arrivals = np.array(self._arrivals, np.float64)
        chosen = (arrivals >= since) & (arrivals <= until)
        columns = (self._sequences, self._timestamps, self._sources)
        sequences, timestamps, sources = (np.array(column, np.int64)[chosen] for column in columns)
        return measure(arrivals[chosen], sequences, timestamps, sources, longer_than)

    def heard(self) -> Samples:
        """The audio that arrived, laid out by its timestamps; silence where none came.

        The first sample is the first that arrived; a new source begins where the last one
        ended. Empty unless ``keep_audio`` was set.
        """
        parts: list[Samples] = []
        sources = np.array(self._sources[: len(self._payloads)], np.int64)
        stamps = np.array(self._timestamps[: len(self._payloads)], np.int64)
        edges = np.flatnonzero(np.diff(sources)) + 1
        for run in np.split(np.arange(len(sources)), edges) if len(sources) else ():
            places = unwrapped(stamps[run], 32)
            places -= places.min()
            pieces = [_decoded(*self._payloads[index]) for index in run]
            ends = [place + len(piece) for place, piece in zip(places, pieces, strict=True)]
            line = np.zeros(int(max(ends)), np.int16)
            for place, piece in zip(places, pieces, strict=True):
                line[place : place + len(piece)] = piece
            parts.append(line)
        return np.concatenate(parts) if parts else np.zeros(0, np.int16)

    def _readable(self) -> None:
        now, wall = self._loop.time(), time.time_ns()
        # As many as wait, but not so many that the others starve.
        for _ in range(64):
            try:
                data, extra, _, _ = self._socket.recvmsg(2048, 64)
            except OSError:
                return
            if is_rtp_or_rtcp(data) and not is_rtcp(data):
                self._take(data, now - _age(extra, wall))

    def _take(self, data: bytes, arrival: float) -> None:
        packet = parse_rtp(data)
        if packet is None or len(self._arrivals) >= MAX_PACKETS:
            return
        self._arrivals.append(arrival)
        self._sequences.append(packet.sequence)
        self._timestamps.append(packet.timestamp)
        self._sources.append(packet.ssrc)
        if self._keep_audio:
            self._payloads.append((packet.payload_type, packet.payload))

    def close(self) -> None:
        """Stop sending and receiving. The figures stay."""
        if self._key is not None:
            shared_clock().remove(self._key)
            self._key = None
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()


def _age(extra: list[tuple[int, int, bytes]], wall: int) -> float:
    """Seconds that a packet lay in the kernel before it was read."""
    for level, kind, data in extra:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(data) >= _STAMP.size:
            seconds, nanos = _STAMP.unpack_from(data)
            nanoseconds: int = wall - seconds * 10**9 - nanos
            return max(nanoseconds, 0) / 1e9
    return 0.0


def _decoded(payload_type: int, payload: bytes) -> Samples:
    laws = {number: law for law, number in PAYLOAD_TYPES.items()}
    law = laws.get(payload_type)
    return decode_g711(law, payload) if law else np.zeros(0, np.int16)
