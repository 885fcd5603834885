"""Pitch: fundamental frequency of 8 kHz speech, frame by frame.

Candidates come from YIN (A. de Cheveigne and H. Kawahara, "YIN, a fundamental frequency
estimator for speech and music", J. Acoust. Soc. Am. 111 (4), 2002; the equation numbers below
are theirs). YIN's own choice, the first dip under a threshold, errs by octaves on a telephone
line, which passes only harmonics: one frame in eleven against Praat on the fixtures. So the
path through the candidates is found by dynamic programming, as in P. Boersma, "Accurate
short-term analysis of the fundamental frequency", Proc. IFA 17, 1993: fewer than one in a
hundred.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rid_telephony.media.messages import SAMPLE_RATE, Samples

Floats = NDArray[np.float64]
Track = Floats
"""Hz for each frame; NaN where unvoiced."""

_HOP = SAMPLE_RATE // 100
_CANDIDATES = 6
_IMPOSSIBLE = 9.0
"""A cost that no path takes of its own accord."""


@dataclass(frozen=True, slots=True)
class PitchSearch:
    """What is searched, and what a path through the candidates costs.

    A candidate's own cost is its normalised difference: 0 for a perfect period, about 1 for
    noise. The defaults were tuned against Praat on the fixtures.

    Attributes:
        floor: Lowest fundamental, Hz.
        ceiling: Highest fundamental, Hz.
        unvoiced_cost: Of calling a frame unvoiced.
        octave_cost: Of a period twice as long, so that multiples of the period lose.
        jump_cost: Of a step of one octave between frames.
        voicing_cost: Of beginning or ending voice.
        min_level_db: Frames so much quieter than the loudest are unvoiced, dB.
    """

    floor: float = 70.0
    ceiling: float = 450.0
    unvoiced_cost: float = 0.5
    octave_cost: float = 0.02
    jump_cost: float = 0.5
    voicing_cost: float = 0.2
    min_level_db: float = 30.0


def track_pitch(samples: Samples, search: PitchSearch) -> Track:
    """Return the fundamental frequency every 10 ms, Hz, NaN where unvoiced.

    Args:
        samples: int16 mono 8000 Hz; shorter than two periods of the floor gives no frame.
        search: Range and costs.
    """
    longest = int(np.ceil(SAMPLE_RATE / search.floor)) + 1
    shortest = max(2, int(SAMPLE_RATE / search.ceiling))
    frames = _frames(samples, 2 * longest)
    if not len(frames):
        return np.empty(0)
    lags, costs = _candidates(_normalised_difference(frames, longest), shortest)
    level = np.sqrt(np.mean(frames**2, axis=1))
    costs[level <= level.max() * 10 ** (-search.min_level_db / 20)] = _IMPOSSIBLE
    return _cheapest_path(lags, costs, search)


def _frames(samples: Samples, length: int) -> Floats:
    if len(samples) < length:
        return np.empty((0, length))
    views = np.lib.stride_tricks.sliding_window_view(samples, length)[::_HOP]
    frames: Floats = views.astype(np.float64)
    centred: Floats = frames - frames.mean(axis=1, keepdims=True)
    return centred


def _normalised_difference(frames: Floats, longest: int) -> Floats:
    """Return the cumulative mean normalised difference (8), shape (frames, longest + 1).

    The difference function is expanded as in (7), d(t) = r_0(0) + r_t(0) - 2 r_0(t), with the
    correlation taken by FFT and the energies by a running sum.
    """
    window = frames.shape[1] - longest
    size = 1 << int(np.ceil(np.log2(frames.shape[1] + longest)))
    head = np.conj(np.fft.rfft(frames[:, :window], size))
    correlation = np.fft.irfft(np.fft.rfft(frames, size) * head, size)[:, : longest + 1]
    power = np.cumsum(np.pad(frames**2, ((0, 0), (1, 0))), axis=1)
    energy = power[:, window : window + longest + 1] - power[:, : longest + 1]
    difference = np.maximum(energy[:, :1] + energy - 2 * correlation, 0.0)
    running = np.cumsum(difference[:, 1:], axis=1)
    normalised = np.ones_like(difference)
    lag = np.arange(1, longest + 1)
    np.divide(difference[:, 1:] * lag, running, out=normalised[:, 1:], where=running > 0)
    return normalised


def _candidates(difference: Floats, shortest: int) -> tuple[Floats, Floats]:
    """Return the deepest dips of each frame: periods in samples, and costs; shape (frames, 6).

    Step 5 of YIN: a parabola through each dip refines the period. Where a frame has fewer dips
    the rest are impossible.
    """
    inner = difference[:, shortest:-1]
    dips = (inner <= difference[:, shortest - 1 : -2]) & (inner < difference[:, shortest + 1 :])
    depths = np.where(dips, inner, _IMPOSSIBLE)
    places = np.argpartition(depths, _CANDIDATES, axis=1)[:, :_CANDIDATES]
    rows = np.arange(len(difference))[:, None]
    whole = places + shortest
    before, at, after = (difference[rows, whole + step] for step in (-1, 0, 1))
    curvature = before - 2 * at + after
    shift = np.zeros_like(at)
    np.divide(0.5 * (before - after), curvature, out=shift, where=curvature > 0)
    lags: Floats = np.add(whole, np.clip(shift, -0.5, 0.5), dtype=np.float64)
    # The bottom lies between samples; taken at one of them, a multiple of the period that
    # happens to fall on a sample would look deeper.
    bottom = np.maximum(at - 0.25 * (before - after) * shift, 0.0)
    costs: Floats = np.where(depths[rows, places] < _IMPOSSIBLE, bottom, _IMPOSSIBLE)
    return lags, costs


def _cheapest_path(lags: Floats, costs: Floats, search: PitchSearch) -> Track:
    """Viterbi search over the candidates and, last, the unvoiced state."""
    octaves = np.log2(lags)
    voiced = costs + search.octave_cost * octaves
    least = search.octave_cost * np.log2(SAMPLE_RATE / search.ceiling)
    unvoiced = np.full((len(lags), 1), search.unvoiced_cost + least)
    own = np.concatenate((voiced, unvoiced), axis=1)
    steps = np.full((own.shape[1], own.shape[1]), search.voicing_cost)
    steps[-1, -1] = 0.0
    came_from = np.zeros(own.shape, dtype=np.intp)
    total = own[0]
    states = np.arange(own.shape[1])
    for frame in range(1, len(own)):
        jump = np.abs(octaves[frame - 1][:, None] - octaves[frame])
        steps[:-1, :-1] = search.jump_cost * jump
        arriving = total[:, None] + steps
        came_from[frame] = arriving.argmin(axis=0)
        total = arriving[came_from[frame], states] + own[frame]
    return _read_back(lags, came_from, int(total.argmin()))


def _read_back(lags: Floats, came_from: NDArray[np.intp], state: int) -> Track:
    track = np.full(len(lags), np.nan)
    for frame in range(len(lags) - 1, -1, -1):
        if state < lags.shape[1]:
            track[frame] = SAMPLE_RATE / lags[frame, state]
        state = int(came_from[frame, state])
    return track
