"""Emotion now, smoothed: a bad mood is believed at once and forgotten slowly."""

from __future__ import annotations

import math
from collections import deque

from pydantic import Field

from rid_telephony.datafile import DataModel
from rid_telephony.rid.messages import EMOTIONS, CustomerSignals, Evidence
from rid_telephony.rid.profile.gauges import strongest
from rid_telephony.rid.profile.messages import Mood


class MoodRules(DataModel):
    """Smoothing of emotion, valence and arousal."""

    weight: float = Field(gt=0, le=1)
    """Share of the newest utterance in the smoothed emotion."""
    weight_negative: float = Field(gt=0, le=1)
    """The same where the newest is one of ``negative``: more, so that it shows at once."""
    negative: tuple[str, ...]
    """Emotions that are believed at once."""
    trend_turns: int = Field(ge=1, le=50)
    """The trend is against the mean of so many utterances before."""
    kept: int = Field(ge=1, le=100)
    """Pieces of evidence kept: utterances that were not neutral."""


class MoodKeeper:
    """Keeps the mood of one call."""

    def __init__(self, rules: MoodRules) -> None:
        self._rules = rules
        self._emotions = dict.fromkeys(EMOTIONS, 0.0) | {"neutral": 1.0}
        self._valence = 0.0
        self._arousal = 0.0
        self._past: deque[float] = deque(maxlen=rules.trend_turns)
        self._evidence: tuple[Evidence, ...] = ()

    def mood(self) -> Mood:
        """A snapshot."""
        label = max(EMOTIONS, key=lambda name: self._emotions[name])
        before = sum(self._past) / len(self._past) if self._past else self._valence
        return Mood(label, self._valence, self._arousal, self._valence - before, self._evidence)

    def customer(self, utterance_id: str, signals: CustomerSignals, quote: str) -> None:
        """Take in a customer utterance; ``delta`` of its evidence is the move of valence."""
        emotion = signals.emotion
        bad = emotion.label in self._rules.negative
        weight = self._rules.weight_negative if bad else self._rules.weight
        for name in EMOTIONS:
            value = _within(emotion.probabilities.get(name, 0.0), 0.0, 1.0)
            self._emotions[name] += weight * (value - self._emotions[name])
        before = self._valence
        self._past.append(before)
        self._valence += weight * (_within(signals.valence, -1.0, 1.0) - before)
        self._arousal += weight * (_within(signals.arousal, 0.0, 1.0) - self._arousal)
        if emotion.label != "neutral":
            move = Evidence(utterance_id, quote, f"emotion.{emotion.label}", self._valence - before)
            self._evidence = (*strongest(self._evidence, self._rules.kept - 1), move)


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high) if math.isfinite(value) else low if low >= 0 else 0.0
