"""Emotion from words and voice: an angry voice must count, a missing one must not disturb."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rid_books import emotion_book

from rid_telephony.rid.emotion import EmotionFusion
from rid_telephony.rid.messages import EMOTIONS, Choice
from rid_telephony.speech.messages import Prosody

FUSION = EmotionFusion(emotion_book())
EVEN = Choice("neutral", dict.fromkeys(EMOTIONS, 1 / len(EMOTIONS)))
LOUD = Prosody(pitch_delta_st=5.0, loudness_delta_db=9.0, rate_delta=1.4, interrupted=True)
FLAT = Prosody(pitch_delta_st=-2.0, loudness_delta_db=-5.0, rate_delta=0.8)


def sure(label: str, probability: float = 0.9) -> Choice:
    rest = (1 - probability) / (len(EMOTIONS) - 1)
    return Choice(label, {each: probability if each == label else rest for each in EMOTIONS})


def test_without_a_voice_the_words_decide_alone() -> None:
    affect = FUSION.fuse(sure("pleased"), 0.9, None, 2.0)
    assert affect.emotion == sure("pleased")
    assert affect.valence > 0.4


def test_a_voice_without_a_baseline_says_nothing() -> None:
    assert FUSION.fuse(EVEN, 1.0, Prosody(pause_ratio=0.2), 3.0).emotion == EVEN


def test_a_raised_voice_makes_the_same_words_angrier() -> None:
    calm = FUSION.fuse(EVEN, 1.0, FLAT, 3.0)
    loud = FUSION.fuse(EVEN, 1.0, LOUD, 3.0)
    assert loud.arousal > calm.arousal
    assert loud.emotion.probabilities["angry"] > calm.emotion.probabilities["angry"]
    assert loud.valence < calm.valence


def test_the_voice_counts_more_where_the_words_were_badly_heard() -> None:
    clear = FUSION.fuse(sure("neutral"), 1.0, LOUD, 3.0)
    poor = FUSION.fuse(sure("neutral"), 0.2, LOUD, 3.0)
    assert poor.arousal > clear.arousal


def test_a_very_short_sound_is_hardly_trusted() -> None:
    short = FUSION.fuse(sure("neutral"), 1.0, LOUD, 0.1)
    long = FUSION.fuse(sure("neutral"), 1.0, LOUD, 3.0)
    assert short.arousal < long.arousal


def test_a_measure_that_is_not_a_number_is_left_out() -> None:
    affect = FUSION.fuse(EVEN, 1.0, Prosody(pitch_delta_st=float("nan")), 2.0)
    assert affect.emotion == EVEN


@given(
    st.floats(-40, 40), st.floats(-60, 60), st.floats(0, 10), st.floats(0, 1), st.floats(-1, 100)
)
def test_valence_arousal_and_probabilities_stay_in_their_ranges(
    pitch: float, loudness: float, rate: float, confidence: float, seconds: float
) -> None:
    prosody = Prosody(pitch_delta_st=pitch, loudness_delta_db=loudness, rate_delta=rate)
    affect = FUSION.fuse(sure("angry", 0.6), confidence, prosody, seconds)
    assert -1 <= affect.valence <= 1
    assert 0 <= affect.arousal <= 1
    assert sum(affect.emotion.probabilities.values()) == pytest.approx(1)
