"""Jitter buffer and depacketiser of one RTP sender.

It has no clock and no I/O: time comes in with each packet, or with :meth:`JitterBuffer.poll`.
Packets are put in order of sequence number (RFC 3550, appendix A.1, for what is a restart and
what is a stray), told apart by payload type, decoded, and placed in time by
:class:`~rid_telephony.media.playout.Playout`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from rid_telephony.media.payloads import PayloadMap, decode_payload
from rid_telephony.media.playout import Playout, PlayoutCounters, Stretch
from rid_telephony.media.rtp import RtpPacket

MAX_DROPOUT = 3000
"""A forward jump of more sequence numbers is not loss (RFC 3550, appendix A.1)."""
MAX_MISORDER = 100
"""A packet this many behind is late or a duplicate; further behind it is a stray."""
MAX_HELD = 512
"""Packets held while one is waited for, whatever the time."""
RIVAL_PACKETS = 3
"""Packets of a new source, with none of the old one among them, that make it the source."""
MAX_PACKET_BYTES = 4000
"""Longest payload believed: 0.5 s of G.711."""
_WRAP = 1 << 16
_HALF = 1 << 15


@dataclass(slots=True)
class JitterCounters:
    """What happened to one sender's packets; see also ``playout``."""

    packets: int = 0
    lost: int = 0
    """Sequence numbers that never came, or came too late."""
    late: int = 0
    """Came after they had been given up."""
    duplicate: int = 0
    reordered: int = 0
    stray: int = 0
    """Of a foreign source, or far out of sequence, and without successors."""
    restarts: int = 0
    source_changes: int = 0
    talkspurts: int = 0
    """Packets that carried the marker."""
    skipped: Counter[str] = field(default_factory=Counter)
    """Packets that are not audio, or cannot be decoded, by kind."""
    playout: PlayoutCounters = field(default_factory=PlayoutCounters)


class _Held(NamedTuple):
    packet: RtpPacket
    arrival: float


class JitterBuffer:
    """Orders, decodes and places the packets of one sender.

    A sender is one party's end of a call: its SSRC may change (a transfer, a new session),
    but two sources never sound at once.

    Args:
        payloads: Meaning of the payload types; see also :meth:`use`.
        reorder_seconds: How long a missing packet is waited for.
        max_concealed_seconds: Longest loss that is filled in; a longer one is a gap.
    """

    def __init__(
        self, payloads: PayloadMap, reorder_seconds: float, max_concealed_seconds: float
    ) -> None:
        self.use(payloads)
        self.counters = JitterCounters()
        self._reorder = reorder_seconds
        self._playout = Playout(max_concealed_seconds)
        self.counters.playout = self._playout.counters
        self._ssrc: int | None = None
        self._expected: int | None = None  # None until the first packets are in order
        self._highest: int | None = None
        self._held: dict[int, _Held] = {}
        self._given_up: set[int] = set()
        self._rivals: list[_Held] = []
        self._outlier: _Held | None = None
        self._lost = False

    def use(self, payloads: PayloadMap) -> None:
        """Replace the meaning of the payload types (a new session description)."""
        self._payloads = payloads
        self._kinds = {n: form.kind for n, form in payloads.items() if form.kind.is_audio}

    @property
    def waiting(self) -> bool:
        """True while :meth:`poll` may have something to give out."""
        return bool(self._held) or self._playout.waiting

    def push(self, packet: RtpPacket, arrival: float) -> list[Stretch]:
        """Take one packet.

        Args:
            packet: As received.
            arrival: Seconds on the caller's clock, not decreasing.

        Returns:
            Audio that is now certain, in order and not overlapping, on the same clock.
        """
        self.counters.packets += 1
        if packet.ssrc == self._ssrc or self._ssrc is None:
            self._ssrc = packet.ssrc
            if self._rivals:
                self._drop_rivals()
            self._take(packet, arrival)
        else:
            self._rival(packet, arrival)
        return self._playout.take()

    def poll(self, now: float) -> list[Stretch]:
        """Give up what has been waited for long enough at ``now``; for when nothing arrives."""
        self._expire(now)
        self._playout.settle(now)
        return self._playout.take()

    def flush(self) -> list[Stretch]:
        """Give out everything that is left; the sender has ended, or paused."""
        while self._held:
            self._give_up()
        self._playout.flush()
        self._drop_rivals()
        return self._playout.take()

    def _take(self, packet: RtpPacket, arrival: float) -> None:
        expected = self._expected
        if expected is None:
            self._hold(packet, arrival)
            self._expire(arrival)
            return
        ahead = _distance(packet.sequence, expected)
        if ahead == 0 and not self._held:
            self._outlier = None
            self._highest = packet.sequence
            self._release(packet, arrival)
            return
        if 0 <= ahead < MAX_DROPOUT:
            self._hold(packet, arrival)
            self._release_held()
        elif -MAX_MISORDER <= ahead < 0:
            self._count_passed(packet.sequence)
        else:
            self._out_of_range(packet, arrival)
        self._expire(arrival)

    def _hold(self, packet: RtpPacket, arrival: float) -> None:
        if packet.sequence in self._held:
            self.counters.duplicate += 1
            return
        if self._highest is not None and _distance(packet.sequence, self._highest) < 0:
            self.counters.reordered += 1
        else:
            self._highest = packet.sequence
        self._held[packet.sequence] = _Held(packet, arrival)

    def _count_passed(self, sequence: int) -> None:
        if sequence in self._given_up:
            self._given_up.discard(sequence)
            self.counters.late += 1
        else:
            self.counters.duplicate += 1

    def _out_of_range(self, packet: RtpPacket, arrival: float) -> None:
        """Two packets in sequence far from the expected one are a restart, one is a stray."""
        before, self._outlier = self._outlier, _Held(packet, arrival)
        if before is None:
            return
        if (before.packet.sequence + 1) % _WRAP != packet.sequence:
            self.counters.stray += 1
            return
        self._outlier = None
        self.counters.restarts += 1
        self._begin_again()
        self._take(before.packet, before.arrival)
        self._take(packet, arrival)

    def _rival(self, packet: RtpPacket, arrival: float) -> None:
        if self._rivals and self._rivals[0].packet.ssrc != packet.ssrc:
            self._drop_rivals()
        self._rivals.append(_Held(packet, arrival))
        if len(self._rivals) < RIVAL_PACKETS:
            return
        rivals, self._rivals = self._rivals, []
        self.counters.source_changes += 1
        self._begin_again()
        self._ssrc = packet.ssrc
        for rival in rivals:
            self._take(rival.packet, rival.arrival)

    def _drop_rivals(self) -> None:
        self.counters.stray += len(self._rivals)
        self._rivals.clear()

    def _begin_again(self) -> None:
        while self._held:
            self._give_up()
        self._playout.flush()
        self._playout.restart()
        self._expected = None
        self._highest = None
        self._given_up.clear()
        self._outlier = None
        self._lost = False

    def _expire(self, now: float) -> None:
        while self._held:
            oldest = next(iter(self._held.values()))  # held in order of arrival
            if now - oldest.arrival < self._reorder and len(self._held) <= MAX_HELD:
                return
            self._give_up()

    def _give_up(self) -> None:
        """Go on from the lowest held packet; what is missing before it is lost."""
        if self._expected is None:
            self._begin()
        else:
            gap = min((sequence - self._expected) % _WRAP for sequence in self._held)
            self.counters.lost += gap
            self._lost = True
            self._given_up.update((self._expected + i) % _WRAP for i in range(gap))
            if len(self._given_up) > 2 * MAX_DROPOUT:
                self._given_up.clear()
            self._expected = (self._expected + gap) % _WRAP
        self._release_held()

    def _begin(self) -> None:
        """Find the first sequence number; the middle arrival tells strays from the rest."""
        sequences = list(self._held)
        middle = sequences[len(sequences) // 2]
        near = [_distance(sequence, middle) for sequence in sequences]
        for sequence, distance in zip(sequences, near, strict=True):
            if abs(distance) > MAX_MISORDER:
                del self._held[sequence]
                self.counters.stray += 1
        first = min(distance for distance in near if abs(distance) <= MAX_MISORDER)
        self._expected = (middle + first) % _WRAP
        self._highest = max(self._held, key=lambda sequence: _distance(sequence, middle))

    def _release_held(self) -> None:
        while self._held and self._expected in self._held:
            held = self._held.pop(self._expected)
            self._release(held.packet, held.arrival)

    def _release(self, packet: RtpPacket, arrival: float) -> None:
        """Decode the next packet in sequence."""
        self._expected = (packet.sequence + 1) % _WRAP
        self._given_up.discard((packet.sequence - MAX_MISORDER) % _WRAP)
        if packet.marker:
            self.counters.talkspurts += 1
        kind = self._kinds.get(packet.payload_type)
        sane = kind and 0 < len(packet.payload) <= MAX_PACKET_BYTES
        samples = decode_payload(kind, packet.payload) if kind and sane else None
        if samples is None:
            self._skip(packet)
            return
        lost, self._lost = self._lost, False
        self._playout.place(packet.timestamp, samples, arrival, lost)

    def _skip(self, packet: RtpPacket) -> None:
        form = self._payloads.get(packet.payload_type)
        if form is None:
            self.counters.skipped["unknown_payload_type"] += 1
        elif not form.kind.is_audio:
            self.counters.skipped[str(form.kind)] += 1
        else:
            self.counters.skipped["bad_length"] += 1


def _distance(sequence: int, reference: int) -> int:
    """How far one sequence number is ahead of another, -32768..32767."""
    return (sequence - reference + _HALF) % _WRAP - _HALF
