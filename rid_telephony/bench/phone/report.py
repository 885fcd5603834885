"""What arrived of an RTP stream, in figures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CLOCK_RATE = 8000
PTIME = 0.02


@dataclass(frozen=True, slots=True)
class RtpReport:
    """Count, loss and timing of the packets that arrived.

    Attributes:
        packets: All that arrived.
        lost: Sequence numbers that never came, within each run of one SSRC.
        duplicates: Packets whose sequence number had come before.
        reordered: Packets that came after one with a later number.
        sources: Runs of packets with the same SSRC, one after the other.
        first: Arrival of the first packet, seconds on the loop's clock; None without packets.
        last: The same of the last one.
        longest_gap: Longest time between two packets, seconds; 0 with fewer than two.
        jitter: Interarrival jitter at the end, seconds (RFC 3550, section 6.4.1).
        gaps: (begin, end) of each stretch without a packet longer than asked for.
    """

    packets: int
    lost: int
    duplicates: int
    reordered: int
    sources: int
    first: float | None
    last: float | None
    longest_gap: float
    jitter: float
    gaps: tuple[tuple[float, float], ...]

    @property
    def seconds(self) -> float:
        """From the first to the last packet."""
        return self.last - self.first if self.first is not None and self.last is not None else 0.0


def measure(
    arrivals: NDArray[np.float64],
    sequences: NDArray[np.int64],
    timestamps: NDArray[np.int64],
    sources: NDArray[np.int64],
    longer_than: float = 0.1,
) -> RtpReport:
    """Make a report of packets in their order of arrival.

    Args:
        arrivals: Seconds, float64.
        sequences: 0..65535, int64, wrapping.
        timestamps: 0..2**32-1, int64, wrapping.
        sources: SSRC, int64.
        longer_than: Which gaps to list, seconds.
    """
    if not len(arrivals):
        return RtpReport(0, 0, 0, 0, 0, None, None, 0.0, 0.0, ())
    edges = np.flatnonzero(np.diff(sources)) + 1
    lost = duplicates = reordered = 0
    jitter = 0.0
    for run in np.split(np.arange(len(arrivals)), edges):
        numbers = unwrapped(sequences[run], 16)
        distinct = len(np.unique(numbers))
        lost += int(numbers.max() - numbers.min() + 1) - distinct
        duplicates += len(numbers) - distinct
        reordered += int(np.sum(numbers < np.maximum.accumulate(numbers)))
        jitter = _jitter(arrivals[run], unwrapped(timestamps[run], 32))
    waits = np.diff(arrivals)
    gaps = tuple(
        (float(arrivals[index]), float(arrivals[index + 1]))
        for index in np.flatnonzero(waits > longer_than)
    )
    return RtpReport(
        packets=len(arrivals),
        lost=lost,
        duplicates=duplicates,
        reordered=reordered,
        sources=len(edges) + 1,
        first=float(arrivals[0]),
        last=float(arrivals[-1]),
        longest_gap=float(waits.max()) if len(waits) else 0.0,
        jitter=jitter,
        gaps=gaps,
    )


def unwrapped(values: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    """Counters without their wrap: each is taken as near as can be to the one before it."""
    half = 1 << bits - 1
    steps = (np.diff(values) + half) % (1 << bits) - half
    whole: NDArray[np.int64] = np.concatenate([values[:1], values[0] + np.cumsum(steps)])
    return whole


def _jitter(arrivals: NDArray[np.float64], timestamps: NDArray[np.int64]) -> float:
    transit = np.abs(np.diff(arrivals - timestamps / CLOCK_RATE))
    jitter = 0.0
    for difference in transit:
        jitter += (float(difference) - jitter) / 16
    return jitter
