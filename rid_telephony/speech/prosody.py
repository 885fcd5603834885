"""Voice of one utterance: pitch, loudness and rate, in absolute terms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rid_telephony.media.messages import Samples
from rid_telephony.speech.messages import SpeechSegment
from rid_telephony.speech.pitch import PitchSearch, track_pitch
from rid_telephony.speech.text import count_syllables
from rid_telephony.speech.vad import FRAME_SAMPLES

_MIN_VOICED_FRAMES = 8
"""80 ms of voice: with less a median says nothing."""
_MARGIN_DB = 15.9
"""P.56: speech is active where it is less than this below its own active level."""
_MIN_RATE_SECONDS = 0.3
"""Of less speech than this no rate is given: one syllable more or less would double it."""


@dataclass(frozen=True, slots=True)
class Voice:
    """What was measured; None where there was too little to measure.

    Attributes:
        pitch_hz: Median fundamental frequency of the voiced frames, Hz.
        pitch_range_st: 10th to 90th percentile of pitch, semitones.
        loudness_db: Active speech level, dB relative to full scale.
        rate_sps: Syllables a second of speech without pauses.
        pause_ratio: 0..1, pauses between begin and end.
    """

    pitch_hz: float | None
    pitch_range_st: float | None
    loudness_db: float | None
    rate_sps: float | None
    pause_ratio: float


def measure_voice(segment: SpeechSegment, text: str, search: PitchSearch) -> Voice:
    """Measure one utterance.

    Args:
        segment: Its audio and times.
        text: Its words in normal form; empty where nothing was recognised.
        search: Range and costs of the pitch tracker.
    """
    length = segment.end - segment.begin
    spoken = length - segment.pause_seconds
    syllables = count_syllables(text)
    pitch_hz, pitch_range_st = _pitch(segment.samples, search)
    return Voice(
        pitch_hz=pitch_hz,
        pitch_range_st=pitch_range_st,
        loudness_db=active_level(segment.samples),
        rate_sps=syllables / spoken if syllables and spoken >= _MIN_RATE_SECONDS else None,
        pause_ratio=min(1.0, segment.pause_seconds / length) if length > 0 else 0.0,
    )


def active_level(samples: Samples) -> float | None:
    """Return the level of the speech without its pauses, dB relative to full scale.

    The principle of ITU-T P.56, method B, on 20 ms frames: the mean power of the frames less
    than 15.9 dB below that very mean, found by iteration. None for digital silence.
    """
    count = len(samples) // FRAME_SAMPLES
    if count == 0:
        return None
    frames = samples[: count * FRAME_SAMPLES].reshape(count, FRAME_SAMPLES) / 32768.0
    power = np.mean(frames**2, axis=1)
    level = float(power.mean())
    if level <= 0:
        return None
    for _ in range(8):  # it settles in two or three rounds
        active = power[power >= level * 10 ** (-_MARGIN_DB / 10)]
        raised = float(active.mean())
        if raised == level:
            break
        level = raised
    return 10 * float(np.log10(level))


def _pitch(samples: Samples, search: PitchSearch) -> tuple[float | None, float | None]:
    track = track_pitch(samples, search)
    voiced = track[~np.isnan(track)]
    if len(voiced) < _MIN_VOICED_FRAMES:
        return None, None
    low, median, high = np.quantile(voiced, (0.1, 0.5, 0.9))
    return float(median), 12 * float(np.log2(high / low))
