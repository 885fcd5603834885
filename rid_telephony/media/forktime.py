"""Places what arrives on a fork on the call's clock: by arrival, not by counting bytes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rid_telephony.calls.messages import Party
from rid_telephony.media.messages import SAMPLE_RATE, AudioFrame, Samples

SETTLE_SECONDS = 0.1
"""How long a beginning, or what follows a silence of the wire, is watched before it is placed."""
PAUSE_SECONDS = 0.2
"""Audio later than this is either after a pause, or the first of a burst that catches up."""
CATCHING_UP_SECONDS = 0.005
"""Lateness that falls by this much within ``SETTLE_SECONDS`` is still a burst."""
WINDOW_SECONDS = 2.0
"""Over which the least lateness is taken for the delay, the rest for jitter."""
STEP_SECONDS = 0.1
"""A window whose least lateness exceeds this is moved at once: a short pause, a longer way."""
SLACK_SECONDS = 0.02
"""Lateness that is let be; up to ``STEP_SECONDS`` it is a slow clock, and followed gently."""
SLEW_SECONDS = 0.005
"""By how much a slow clock is followed, once in a window: 2500 parts per million."""
AHEAD_SECONDS = 1.0
"""Audio cannot be ahead of its arrival; beyond this much it is left out, and counted."""
MAX_WAIT_SECONDS = 2.0
"""How long a burst may take to catch up."""
MAX_HELD_SECONDS = 60.0
"""Audio held back at most while a burst catches up."""


@dataclass(slots=True)
class ForkTimeCounters:
    """What happened to one leg's clock."""

    gaps: int = 0
    """Pauses of the stream."""
    bursts: int = 0
    """Stalls that a burst made good: no gap, nothing lost."""
    steps: int = 0
    """Moves within a stream by more than a slow clock's."""
    slewed_seconds: float = 0.0
    ahead_samples: int = 0
    """Left out because the sender's clock runs too fast."""


class ForkTime:
    """Turns (samples, arrival) of one leg's forks into frames on the call's clock.

    The last sample of what arrives was spoken at the arrival, less a delay. The delay varies:
    the sender's timer by up to some 80 ms, the network's and our own stalls by seconds, made
    good by a burst. The least delay is the true one, so the position follows the least lateness:

    * Within a stream, samples follow each other without gap, whatever their jitter.
    * A beginning is held back ``SETTLE_SECONDS`` (100 ms), and placed by the least delayed of
      what came by then. The same for what comes more than ``PAUSE_SECONDS`` (0.2 s) later than
      its place: if what follows catches up (a burst), the wire had stalled, and everything goes
      on without a gap; if its lateness stays, the sender had paused (hold), and a gap of the
      least lateness is left. While it still falls, it is waited on, for at most 2 s (and 60 s
      of audio).
    * Where the least lateness of 2 s exceeds 20 ms, the sender's clock is slow: 5 ms are left
      out every 2 s, which is not heard. Beyond 100 ms (a pause shorter than 0.2 s, a longer way
      through the network) the position moves in one step.
    * A clock that is too fast, or a beginning that was wholly late, puts the position ahead of
      the arrivals. The next pause makes it good. Beyond 1 s what comes is left out, and counted.

    Frames never overlap and never go back; every sample is given out once, save those counted
    in ``ahead_samples``. The first sample of a stream with jitter J lies between 0 and J behind
    its true place. It has no clock; held audio comes out with the next :meth:`place`, or
    :meth:`flush`.

    Args:
        call_id: Of the frames.
        party: Of the frames.
        origin: Second 0 of the call's clock, on the clock of the arrivals.
    """

    def __init__(self, call_id: str, party: Party, origin: float) -> None:
        self.counters = ForkTimeCounters()
        self._call_id = call_id
        self._party = party
        self._origin = origin
        self._anchor: float | None = None  # where the run began; None before the first
        self._count = 0  # samples of the run given out
        self._held: list[Samples] = []
        self._held_samples = 0
        self._held_end = 0.0  # end of what is held if it were not late
        self._least = np.inf  # least lateness of what is held
        self._mark = np.inf  # the least lateness when it last fell noticeably,
        self._improved = 0.0  # and when that was
        self._held_since = 0.0
        self._window_end = 0.0
        self._window_least = np.inf

    def place(self, samples: Samples, arrival: float) -> list[AudioFrame]:
        """Take what arrived.

        Args:
            samples: int16 at 8000 Hz; none is fine.
            arrival: Seconds, when its last sample came; should not decrease.

        Returns:
            What can be placed now, in order, not overlapping; often just these samples.
        """
        if not len(samples):
            return []
        if self._held:
            return self._hold(samples, arrival)
        if self._anchor is None:
            self._begin_to_hold(arrival - len(samples) / SAMPLE_RATE, arrival)
            return self._hold(samples, arrival)
        late = arrival - self._next - len(samples) / SAMPLE_RATE
        if late > PAUSE_SECONDS:
            self._begin_to_hold(self._next, arrival)
            return self._hold(samples, arrival)
        if late < -AHEAD_SECONDS:
            self.counters.ahead_samples += len(samples)
            return []
        self._follow(late, arrival)
        return [self._emit(samples)]

    def flush(self) -> list[AudioFrame]:
        """Give out what is held back: the stream is over, or is to begin anew."""
        return self._release() if self._held else []

    @property
    def _next(self) -> float:
        return (self._anchor or 0.0) + self._count / SAMPLE_RATE

    def _begin_to_hold(self, end: float, arrival: float) -> None:
        self._held_end = end
        self._held_samples = 0
        self._least = self._mark = np.inf
        self._improved = self._held_since = arrival

    def _hold(self, samples: Samples, arrival: float) -> list[AudioFrame]:
        self._held.append(samples)
        self._held_samples += len(samples)
        self._held_end += len(samples) / SAMPLE_RATE
        late = arrival - self._held_end
        if late < self._mark - CATCHING_UP_SECONDS:
            self._mark, self._improved = late, arrival
        self._least = min(self._least, late)
        caught_up = self._anchor is not None and self._least <= PAUSE_SECONDS
        settled = arrival - self._improved >= SETTLE_SECONDS
        endless = arrival - self._held_since >= MAX_WAIT_SECONDS
        full = self._held_samples >= MAX_HELD_SECONDS * SAMPLE_RATE
        return self._release() if caught_up or settled or endless or full else []

    def _release(self) -> list[AudioFrame]:
        held, self._held = self._held, []
        if self._anchor is None:
            begin = self._held_end - self._held_samples / SAMPLE_RATE
            self._move_to(begin + self._least)
        elif self._least > PAUSE_SECONDS:
            self.counters.gaps += 1
            self._move_to(self._next + self._least)
        else:
            self.counters.bursts += 1
            self._watch_from(self._held_end + self._least)
        return [self._emit(samples) for samples in held]

    def _follow(self, late: float, arrival: float) -> None:
        """Move on where a whole window came late; see the class."""
        self._window_least = min(self._window_least, late)
        if arrival < self._window_end:
            return
        least = self._window_least
        self._watch_from(arrival)
        if STEP_SECONDS < least < np.inf:
            self.counters.steps += 1
            self._move_to(self._next + least)
        elif SLACK_SECONDS < least < np.inf:
            self.counters.slewed_seconds += SLEW_SECONDS
            self._move_to(self._next + SLEW_SECONDS)

    def _move_to(self, at: float) -> None:
        self._anchor, self._count = at, 0
        self._watch_from(at)

    def _watch_from(self, arrival: float) -> None:
        self._window_end, self._window_least = arrival + WINDOW_SECONDS, np.inf

    def _emit(self, samples: Samples) -> AudioFrame:
        frame = AudioFrame(self._call_id, self._party, self._next - self._origin, samples)
        self._count += len(samples)
        return frame
