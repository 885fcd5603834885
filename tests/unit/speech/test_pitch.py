from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rid_telephony.speech.pitch import PitchSearch, track_pitch

SEARCH = PitchSearch()


def voice(
    pitch: float | NDArray[np.float64], seconds: float = 1.0, *, telephone: bool = True
) -> NDArray[np.int16]:
    """A voice of known pitch: harmonics with a falling spectrum and two formants.

    On a telephone line what lies below 300 Hz is missing, the fundamental with it.
    """
    count = round(seconds * 8000)
    track = np.broadcast_to(pitch, count)
    phase = 2 * np.pi * np.cumsum(track) / 8000
    signal = np.zeros(count)
    for harmonic in range(1, 50):
        frequency = harmonic * track
        audible = (frequency < 3400) & ((frequency > 300) | (not telephone))
        formants = 0.2 + np.exp(-(((frequency - 700) / 150) ** 2)) * 2
        formants += np.exp(-(((frequency - 1500) / 200) ** 2))
        signal += audible * formants / harmonic * np.sin(harmonic * phase)
    return np.asarray(8000 * signal / np.abs(signal).max(), dtype=np.int16)


@pytest.mark.parametrize("pitch", [80.0, 110.0, 160.0, 220.0, 300.0, 400.0])
def test_pitch_is_found_although_the_line_cuts_the_fundamental_off(pitch: float) -> None:
    track = track_pitch(voice(pitch), SEARCH)

    assert np.isfinite(track).mean() > 0.9
    assert np.nanmedian(track) == pytest.approx(pitch, rel=0.01)


def test_a_gliding_tone_is_followed_without_octave_jumps() -> None:
    """Mandarin's fourth tone falls by half an octave in a syllable."""
    glide = np.geomspace(300.0, 150.0, 8000)

    track = track_pitch(voice(glide), SEARCH)

    expected = glide[115 + 80 * np.arange(len(track))]
    assert np.nanmax(np.abs(12 * np.log2(track / expected))) < 1.0


def test_pitch_is_found_in_line_noise() -> None:
    noise = np.random.default_rng(1).normal(0, 300, 8000)

    track = track_pitch((voice(180.0) + noise).astype(np.int16), SEARCH)

    assert np.nanmedian(track) == pytest.approx(180.0, rel=0.01)


def test_noise_has_no_pitch() -> None:
    noise = np.random.default_rng(2).normal(0, 3000, 16000).astype(np.int16)

    assert np.isfinite(track_pitch(noise, SEARCH)).mean() < 0.1


@pytest.mark.parametrize("count", [0, 1, 200, 8000])
def test_silence_and_scraps_have_no_pitch(count: int) -> None:
    assert not np.isfinite(track_pitch(np.zeros(count, dtype=np.int16), SEARCH)).any()


def test_a_pause_is_unvoiced() -> None:
    samples = np.concatenate((voice(150.0, 0.5), np.zeros(4000, np.int16), voice(150.0, 0.5)))

    track = track_pitch(samples, SEARCH)

    assert not np.isfinite(track[58:90]).any()
    assert np.isfinite(track[5:45]).all()


def test_a_frame_comes_every_ten_milliseconds() -> None:
    window = 2 * 116  # two periods of the floor, in samples

    assert len(track_pitch(voice(150.0), SEARCH)) == (8000 - window) // 80 + 1
