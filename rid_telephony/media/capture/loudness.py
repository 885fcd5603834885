"""A bounded trace of how loud a G.711 stream is, to recognise it after transcoding."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rid_telephony.media.g711 import G711Law, decode_g711

BIN_SECONDS = 0.04
WINDOW_BINS = 100
"""Bins of one window: 4 s."""
MAX_WINDOWS = 32
SILENCE = 48
"""A level below this is silence: mean magnitude 63, or -54 dB of full scale."""
_STRIDE = 5
"""One sample in so many is looked at: 32 of a packet's 160 give its level well enough."""
_STATIC_LAWS = {0: G711Law.PCMU, 8: G711Law.PCMA}


def _levels(law: G711Law) -> bytes:
    """Each code's magnitude on a logarithmic scale, 0 to 120, the same for both laws."""
    magnitude = np.abs(decode_g711(law, bytes(range(256))).astype(np.float64))
    return bytes((np.log2(1.0 + magnitude) * 8.0).astype(np.uint8))


_LEVELS = {number: _levels(law) for number, law in _STATIC_LAWS.items()}


class LoudnessTrace:
    """Level of a stream in bins of 40 ms, in windows of 4 s that all streams share.

    When there are too many windows, every other one is dropped and left out from then on; as
    windows are numbered from the start of the capture, any two streams keep common ones.
    """

    __slots__ = ("_every", "_windows", "loudest")

    def __init__(self) -> None:
        self.loudest = 0
        self._windows: dict[int, bytearray] = {}
        self._every = 1

    def add(self, time: float, payload_type: int, payload: bytes) -> None:
        """Take a packet at its steady time; other codecs than G.711 leave no trace."""
        table = _LEVELS.get(payload_type)
        if table is None or not payload:
            return
        place = int(time / BIN_SECONDS)
        window, bin_ = divmod(place, WINDOW_BINS)
        if window % self._every:
            return
        picked = payload[::_STRIDE].translate(table)
        level = sum(picked) // len(picked)
        self.loudest = max(self.loudest, level)
        bins = self._windows.get(window)
        if bins is None:
            bins = self._windows[window] = bytearray(WINDOW_BINS)
            self._thin()
        bins[bin_] = max(bins[bin_], level)

    def window(self, number: int) -> NDArray[np.float64]:
        """Levels above silence of one window, shape (WINDOW_BINS,); zeros where there is none."""
        bins = self._windows.get(number, bytes(WINDOW_BINS))
        levels = np.frombuffer(bytes(bins), np.uint8).astype(np.float64)
        return np.maximum(levels - SILENCE, 0.0)

    @property
    def windows(self) -> frozenset[int]:
        """Numbers of the windows kept."""
        return frozenset(self._windows)

    def _thin(self) -> None:
        while len(self._windows) > MAX_WINDOWS:
            self._every *= 2
            self._windows = {
                number: bins for number, bins in self._windows.items() if not number % self._every
            }


def resemblance(one: LoudnessTrace, other: LoudnessTrace, max_lag_seconds: float) -> float:
    """How alike two streams' loudness runs over their common windows.

    Args:
        one: The stream that would be the original.
        other: The stream that would be its relayed copy, later by at most ``max_lag_seconds``.
        max_lag_seconds: Longest delay tried.

    Returns:
        Pearson correlation at the best delay, -1..1; 0.0 where either is silent, or nothing is
        common.
    """
    common = sorted(one.windows & other.windows)
    lags = round(max_lag_seconds / BIN_SECONDS)
    if not common:
        return 0.0
    first = np.stack([one.window(number) for number in common])
    second = np.stack([other.window(number) for number in common])
    best = 0.0
    for lag in range(lags + 1):
        size = WINDOW_BINS - lag
        a, b = first[:, :size].ravel(), second[:, lag:].ravel()
        a, b = a - a.mean(), b - b.mean()
        scale = float(np.sqrt((a @ a) * (b @ b)))
        best = max(best, float(a @ b) / scale if scale > 1e-6 else 0.0)
    return best
