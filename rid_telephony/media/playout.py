"""Where on the caller's clock an RTP packet's samples lie.

RTP timestamps say how samples follow each other, arrival times say when they came. Timestamps
are believed as long as the two agree; the mapping between them (the anchor) is taken anew at
the start, after a pause that the timestamps do not show (hold), and where they jump.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rid_telephony.media.messages import SAMPLE_RATE, Samples

ANCHOR_SECONDS = 0.06
"""Packets seen before the anchor is fixed: the least delayed of them decides, so that one
delayed packet, or a burst after a network stall, does not set the clock."""
ANCHOR_PACKETS = 64
PAUSE_SECONDS = 0.25
"""Silence on the wire after which contiguous timestamps are no longer believed."""
BEHIND_SECONDS = 0.25
"""Audio that arrives later than its timestamps say, over a whole window, is moved."""
AHEAD_SECONDS = 0.5
"""Audio cannot arrive before it is spoken; past this a packet is dropped to catch up."""
SNAP_SECONDS = 0.04
"""A new anchor this close to the old one is the old one: the stall ended in a burst."""
WINDOW_SECONDS = 2.0
"""Over which the least lateness is taken, to tell a slow clock from jitter."""
_HALF = 1 << 31
_WRAP = 1 << 32


class Stretch(NamedTuple):
    """Samples and their place.

    Attributes:
        at: Seconds on the clock of the arrival times, of the first sample.
        samples: int16 at 8000 Hz.
        concealed: True where the samples stand in for lost packets.
    """

    at: float
    samples: Samples
    concealed: bool


@dataclass(slots=True)
class PlayoutCounters:
    """What happened to the mapping; all counts are of packets unless a unit is named."""

    concealed_seconds: float = 0.0
    gaps: int = 0
    """Stretches of nothing longer than what is concealed."""
    timestamp_jumps: int = 0
    resynchronised: int = 0
    """Anchors taken anew because the arrivals disagreed (hold, slow clock)."""
    dropped_ahead: int = 0
    """Packets dropped because the sender's clock runs too fast."""


class _Waiting(NamedTuple):
    timestamp: int
    samples: Samples
    arrival: float
    lost: bool


class Playout:
    """Places decoded packets, in order of sequence, on the arrival clock.

    Args:
        max_concealed_seconds: Longest loss that is filled in.
    """

    def __init__(self, max_concealed_seconds: float) -> None:
        self.counters = PlayoutCounters()
        self._ready: list[Stretch] = []
        self._max_concealed = round(max_concealed_seconds * SAMPLE_RATE)
        self._anchored = False
        self._waiting: list[_Waiting] = []
        self._next_timestamp = 0
        self._next_at = -np.inf  # before the first packet nothing can overlap
        self._last_arrival = 0.0
        self._last: Samples | None = None
        self._window_end = 0.0
        self._least_late = np.inf

    @property
    def waiting(self) -> bool:
        """True while packets wait for the anchor to be fixed."""
        return bool(self._waiting)

    def restart(self) -> None:
        """Forget the timestamps (a new source); places already given out stay taken."""
        self._anchored = False
        self._last = None

    def take(self) -> list[Stretch]:
        """Hand over what was placed since the last time: in order, not overlapping."""
        ready = self._ready
        if ready:
            self._ready = []
        return ready

    def place(self, timestamp: int, samples: Samples, arrival: float, lost: bool) -> None:
        """Place one packet's samples; what is certain can be taken afterwards.

        Args:
            timestamp: RTP timestamp of the first sample.
            samples: At least one sample.
            arrival: When the packet came, seconds.
            lost: True if packets just before it were lost.
        """
        if not self._anchored:
            self._wait(_Waiting(timestamp, samples, arrival, lost))
            return
        step = (timestamp - self._next_timestamp + _HALF) % _WRAP - _HALF
        late = arrival - self._next_at - (step + len(samples)) / SAMPLE_RATE
        if self._disagrees(step, late, arrival):
            self._anchored = False
            self._wait(_Waiting(timestamp, samples, arrival, lost))
            return
        if late < -AHEAD_SECONDS:
            self.counters.dropped_ahead += 1
            self._next_timestamp = (timestamp + len(samples)) % _WRAP
            self._last_arrival = arrival
            return
        if step:
            self._step(step, late, lost)
        self._watch(late, arrival)
        self._emit(timestamp, samples, arrival)

    def settle(self, now: float) -> None:
        """Fix the anchor if the packets that wait have waited long enough at ``now``."""
        if self._waiting and now - self._waiting[0].arrival >= ANCHOR_SECONDS:
            self._fix()

    def flush(self) -> None:
        """Place everything that waits, at once."""
        while self._waiting:
            self._fix()

    def _wait(self, packet: _Waiting) -> None:
        self._waiting.append(packet)
        if (
            packet.arrival - self._waiting[0].arrival >= ANCHOR_SECONDS
            or len(self._waiting) >= ANCHOR_PACKETS
        ):
            self._fix()

    def _fix(self) -> None:
        packets, self._waiting = self._waiting, []
        at = max(_least_delayed(packets), self._next_at)
        if at - self._next_at < SNAP_SECONDS:
            at = self._next_at
        elif self._last is not None:
            self.counters.resynchronised += 1
        self._anchored = True
        self._next_timestamp, self._next_at = packets[0].timestamp, at
        self._last_arrival = packets[0].arrival
        self._window_end = packets[0].arrival + WINDOW_SECONDS
        self._least_late = np.inf
        for packet in packets:
            self.place(*packet)

    def _disagrees(self, step: int, late: float, arrival: float) -> bool:
        if not step:
            return late > BEHIND_SECONDS and arrival - self._last_arrival > PAUSE_SECONDS
        if step > 0 and -AHEAD_SECONDS < late < BEHIND_SECONDS:
            return False
        if step > 0 and arrival - self._last_arrival < PAUSE_SECONDS and late > 0:
            return False  # a delayed packet after a loss, not a jump
        self.counters.timestamp_jumps += 1
        return True

    def _step(self, step: int, late: float, lost: bool) -> None:
        self._next_timestamp = (self._next_timestamp + step) % _WRAP
        if lost and step <= self._max_concealed and self._last is not None:
            self._conceal(step, self._last)
            return
        self.counters.gaps += 1
        # In a gap the place may move back to where the packet really came, never forward.
        self._next_at += max(step / SAMPLE_RATE + min(late, 0.0), 0.0)

    def _conceal(self, count: int, last: Samples) -> None:
        """Repeat the last packet, fading to silence over the longest loss that is filled in."""
        fade = 1.0 - np.arange(count) / self._max_concealed
        samples = (np.resize(last, count) * fade).astype(np.int16)
        self._ready.append(Stretch(self._next_at, samples, True))
        self._next_at += count / SAMPLE_RATE
        self.counters.concealed_seconds += count / SAMPLE_RATE

    def _watch(self, late: float, arrival: float) -> None:
        """Move on where a whole window came late: the sender's clock is slow or was stopped."""
        self._least_late = min(self._least_late, late)
        if arrival < self._window_end:
            return
        if BEHIND_SECONDS < self._least_late < np.inf:
            self._next_at += self._least_late
            self.counters.resynchronised += 1
        self._window_end = arrival + WINDOW_SECONDS
        self._least_late = np.inf

    def _emit(self, timestamp: int, samples: Samples, arrival: float) -> None:
        self._ready.append(Stretch(self._next_at, samples, False))
        self._next_timestamp = (timestamp + len(samples)) % _WRAP
        self._next_at += len(samples) / SAMPLE_RATE
        self._last_arrival = arrival
        self._last = samples


def _least_delayed(packets: list[_Waiting]) -> float:
    """Place of the first packet's first sample, by the packet that came with least delay.

    Packets whose timestamps stand apart from the first's by more than a pause do not count:
    they begin something new.
    """
    first = packets[0]
    places = []
    for packet in packets:
        step = (packet.timestamp - first.timestamp + _HALF) % _WRAP - _HALF
        places.append(packet.arrival - (step + len(packet.samples)) / SAMPLE_RATE)
    return min(place for place in places if abs(place - places[0]) < 2 * AHEAD_SECONDS)
