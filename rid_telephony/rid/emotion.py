"""Emotion: words and voice, each weighed by its own reliability (late fusion)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from pydantic import Field, model_validator

from rid_telephony.datafile import DataModel
from rid_telephony.rid.messages import EMOTIONS, Choice
from rid_telephony.speech.messages import Prosody

_MEASURES = ("pitch_delta_st", "loudness_delta_db", "rate_delta", "pitch_range_st")


class Anchor(DataModel):
    """Where an emotion lies."""

    valence: float = Field(ge=-1, le=1)
    arousal: float = Field(ge=0, le=1)


class VoiceModel(DataModel):
    """How a voice tells arousal."""

    resting: float = Field(gt=0, lt=1)
    weights: dict[str, float]
    usual_range_st: float = Field(ge=0)
    interrupted_arousal: float
    interrupted_valence: float = Field(ge=-1, le=1)
    reliability: dict[str, float]
    valence_share: float = Field(ge=0, le=1)
    full_trust_seconds: float = Field(gt=0)
    spread: float = Field(gt=0)

    @model_validator(mode="after")
    def _known_measures(self) -> Self:
        for name, given in (("weights", self.weights), ("reliability", self.reliability)):
            if set(given) != set(_MEASURES):
                raise ValueError(f"{name} must name exactly {', '.join(_MEASURES)}")
        if any(value < 0 for value in self.reliability.values()):
            raise ValueError("a reliability must not be negative")
        return self


class WordsModel(DataModel):
    """How far words are trusted."""

    least_reliability: float = Field(gt=0, le=1)


class EmotionBook(DataModel):
    """``emotion.yaml``."""

    version: int = Field(ge=1, le=1)
    anchors: dict[str, Anchor]
    voice: VoiceModel
    words: WordsModel

    @model_validator(mode="after")
    def _every_emotion(self) -> Self:
        if set(self.anchors) != set(EMOTIONS):
            raise ValueError(f"anchors must name exactly {', '.join(EMOTIONS)}")
        return self


@dataclass(frozen=True, slots=True)
class Affect:
    """A fused emotion.

    Attributes:
        valence: -1..1.
        arousal: 0..1.
    """

    emotion: Choice
    valence: float
    arousal: float


class EmotionFusion:
    """Joins what the words say with how they were said. Pure; safe to share."""

    def __init__(self, book: EmotionBook) -> None:
        self._anchors = book.anchors
        self._voice = book.voice
        self._least = book.words.least_reliability

    def fuse(
        self, words: Choice, confidence: float, prosody: Prosody | None, seconds: float
    ) -> Affect:
        """Emotion of an utterance.

        Args:
            words: As the classifier reads it from the text.
            confidence: 0..1, of the recognised words.
            prosody: None where only text is known: then the words alone decide.
            seconds: Length of the speech; a short one tells little by its sound.
        """
        valence = sum(p * self._anchors[label].valence for label, p in words.probabilities.items())
        arousal = sum(p * self._anchors[label].arousal for label, p in words.probabilities.items())
        trust_voice = self._voice_reliability(prosody, seconds)
        if prosody is None or trust_voice == 0:
            return Affect(words, _clip(valence, -1, 1), _clip(arousal, 0, 1))
        trust_words = max(confidence, self._least)
        heard = self._voice_arousal(prosody)
        share = trust_voice / (trust_voice + trust_words)
        voice_valence = self._voice.interrupted_valence if prosody.interrupted else 0.0
        valence_share = share * self._voice.valence_share
        return Affect(
            emotion=self._posterior(words, heard, share),
            valence=_clip((1 - valence_share) * valence + valence_share * voice_valence, -1, 1),
            arousal=_clip((1 - share) * arousal + share * heard, 0, 1),
        )

    def _posterior(self, words: Choice, arousal: float, share: float) -> Choice:
        """Words as prior, the voice's arousal as evidence, tempered by its share of trust."""
        scores = {
            label: probability
            * math.exp(
                -share * ((arousal - self._anchors[label].arousal) / self._voice.spread) ** 2 / 2
            )
            for label, probability in words.probabilities.items()
        }
        total = sum(scores.values())
        if total <= 0:
            return words
        listed = {label: score / total for label, score in scores.items()}
        return Choice(max(listed, key=lambda label: listed[label]), listed)

    def _voice_arousal(self, prosody: Prosody) -> float:
        resting = self._voice.resting
        odds = math.log(resting / (1 - resting))
        for name, deviation in self._deviations(prosody).items():
            odds += self._voice.weights[name] * deviation
        if prosody.interrupted:
            odds += self._voice.interrupted_arousal
        return 1 / (1 + math.exp(-_clip(odds, -20, 20)))

    def _voice_reliability(self, prosody: Prosody | None, seconds: float) -> float:
        if prosody is None:
            return 0.0
        known = sum(self._voice.reliability[name] for name in self._deviations(prosody))
        return known * min(max(seconds, 0.0) / self._voice.full_trust_seconds, 1.0)

    def _deviations(self, prosody: Prosody) -> Mapping[str, float]:
        """Those measures that are known, as deviations from what is usual."""
        given = {
            "pitch_delta_st": prosody.pitch_delta_st,
            "loudness_delta_db": prosody.loudness_delta_db,
            "rate_delta": None if prosody.rate_delta is None else prosody.rate_delta - 1.0,
            "pitch_range_st": None
            if prosody.pitch_range_st is None
            else prosody.pitch_range_st - self._voice.usual_range_st,
        }
        return {
            name: value
            for name, value in given.items()
            if value is not None and math.isfinite(value)
        }


def _clip(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
