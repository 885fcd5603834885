from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rid_telephony.settings.speech import VadSettings
from rid_telephony.speech.vad import SILERO_CONTEXT, SILERO_WINDOW, SileroStream, SpeechDetector


class RecordingSession:
    """Stands in for the Silero model; answers with a probability and counts in its state."""

    def __init__(self, probability: float = 1.0) -> None:
        self.probability = probability
        self.inputs: list[NDArray[np.float32]] = []
        self.states: list[float] = []

    def run(
        self, output_names: None, input_feed: dict[str, NDArray[np.generic]], /
    ) -> list[NDArray[np.float32]]:
        self.inputs.append(np.array(input_feed["input"], dtype=np.float32))
        state = np.array(input_feed["state"], dtype=np.float32)
        self.states.append(float(state.flat[0]))
        return [np.array([[self.probability]], dtype=np.float32), state + 1]


def voiced(seconds: float) -> NDArray[np.int16]:
    """A buzz with formants of a vowel: what webrtcvad takes for speech."""
    t = np.arange(round(seconds * 8000)) / 8000
    harmonics = sum(np.sin(2 * np.pi * 150 * n * t) / n for n in range(2, 20))
    envelope = 0.6 + 0.4 * np.sin(2 * np.pi * 4 * t)
    return np.asarray(6000 * harmonics * envelope, dtype=np.int16)


def test_silero_sees_the_end_of_the_window_before() -> None:
    """Silero 5 and later mishears every window's start without these 32 samples."""
    session = RecordingSession()
    stream = SileroStream(session)
    samples = np.arange(2 * SILERO_WINDOW, dtype=np.int16)

    stream.probability(samples[:SILERO_WINDOW])
    stream.probability(samples[SILERO_WINDOW:])

    first, second = session.inputs
    assert first.shape == (1, SILERO_CONTEXT + SILERO_WINDOW)
    np.testing.assert_array_equal(first[0, :SILERO_CONTEXT], 0)
    np.testing.assert_allclose(
        second[0] * 32768, samples[SILERO_WINDOW - SILERO_CONTEXT :], rtol=1e-6
    )


def test_silero_carries_its_state_from_window_to_window_until_reset() -> None:
    session = RecordingSession()
    stream = SileroStream(session)
    window = np.zeros(SILERO_WINDOW, dtype=np.int16)

    stream.probability(window)
    stream.probability(window)
    stream.reset()
    stream.probability(window)

    assert session.states == [0.0, 1.0, 0.0]


def test_two_legs_do_not_share_state() -> None:
    session = RecordingSession()
    window = np.zeros(SILERO_WINDOW, dtype=np.int16)

    SileroStream(session).probability(window)
    SileroStream(session).probability(window)

    assert session.states == [0.0, 0.0]


@pytest.mark.parametrize(("probability", "expected"), [(0.9, True), (0.2, False)])
def test_speech_needs_both_detectors(probability: float, expected: bool) -> None:
    detector = SpeechDetector(RecordingSession(probability), VadSettings())

    assert any(detector.push(voiced(1.0))) is expected


def test_silence_is_not_speech_even_if_silero_says_so() -> None:
    detector = SpeechDetector(RecordingSession(1.0), VadSettings())

    assert not any(detector.push(np.zeros(8000, dtype=np.int16)))


def test_one_decision_comes_with_each_frame() -> None:
    detector = SpeechDetector(RecordingSession(), VadSettings())

    assert len(detector.push(np.zeros(159, dtype=np.int16))) == 0
    assert len(detector.push(np.zeros(1, dtype=np.int16))) == 1
    assert len(detector.push(np.zeros(1600, dtype=np.int16))) == 10


@settings(deadline=None)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=12))
def test_packet_sizes_do_not_change_the_decisions(sizes: list[int]) -> None:
    samples = voiced(0.5)
    whole_session, cut_session = RecordingSession(), RecordingSession()
    whole = SpeechDetector(whole_session, VadSettings()).push(samples)
    detector = SpeechDetector(cut_session, VadSettings())
    cut: list[bool] = []
    position = 0
    for size in [*sizes, len(samples)]:
        cut += detector.push(samples[position : position + size])
        position += size

    assert cut == whole
    np.testing.assert_array_equal(cut_session.inputs, whole_session.inputs)
