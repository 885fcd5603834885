"""A speaker's usual voice: a running, robust baseline to compare an utterance with."""

from __future__ import annotations

import math
from collections import deque

_MEMORIES_KEPT = 4
"""After so many memory lengths a value weighs under 2 % and is let go."""


class RunningMedian:
    """Weighted median of the newest values; one odd utterance does not move it.

    The weight of a value falls by 1/e over ``memory`` further values, and is in proportion to
    the speech behind it.

    Args:
        memory: Values, more than 1.
    """

    def __init__(self, memory: float) -> None:
        self._values: deque[tuple[float, float]] = deque(maxlen=math.ceil(_MEMORIES_KEPT * memory))
        self._fading = math.exp(-1 / memory)
        self._seconds = 0.0

    @property
    def seconds(self) -> float:
        """All speech learnt from so far, seconds."""
        return self._seconds

    def learn(self, value: float, seconds: float) -> None:
        """Add a value measured on so many seconds of speech."""
        self._values.append((value, seconds))
        self._seconds += seconds

    def median(self) -> float | None:
        """Return the value that splits the weight in two halves; None where nothing is known."""
        weighted = sorted(
            (value, seconds * self._fading**age)
            for age, (value, seconds) in enumerate(reversed(self._values))
        )
        half = sum(weight for _, weight in weighted) / 2
        passed = 0.0
        for value, weight in weighted:
            passed += weight
            if passed >= half:
                return value
        return None


class Baseline:
    """The usual value of one measure of one speaker.

    Args:
        memory: Utterances remembered.
        min_seconds: Speech to hear before a difference is told.
    """

    def __init__(self, memory: float, min_seconds: float) -> None:
        self._usual = RunningMedian(memory)
        self._min_seconds = min_seconds

    def difference(self, value: float | None, seconds: float) -> float | None:
        """Return the value's difference from the usual, then learn it.

        None where nothing was measured, or where too little was heard before.

        Args:
            value: In a unit in which differences are even: semitones, decibels, logarithms.
            seconds: Speech behind the value.
        """
        if value is None:
            return None
        usual = self._usual.median() if self._usual.seconds >= self._min_seconds else None
        self._usual.learn(value, seconds)
        return None if usual is None else value - usual
