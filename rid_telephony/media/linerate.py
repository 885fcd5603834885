"""Brings a live stream to the line's rate, piece by piece."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from rid_telephony.media.messages import SAMPLE_RATE, Samples


class LineRate:
    """Resampler of one live stream, with its state kept from piece to piece.

    soxr's ordinary stream works in blocks of about 100 ms; its variable-rate engine, used here
    at a fixed ratio, gives out every piece at once, but for the last 15 to 30 ms. Audio already
    at 8000 Hz passes untouched.

    Args:
        rate: Hz of what is pushed.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._pushed = self._given = 0
        self._resampler: soxr.ResampleStream | None = None
        if rate != SAMPLE_RATE:
            self._resampler = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="int16", vr=True)

    @property
    def delay(self) -> float:
        """Seconds of what was pushed that have not been given out yet."""
        return self._pushed / self.rate - self._given / SAMPLE_RATE

    def push(self, samples: NDArray[np.int16]) -> Samples:
        """Convert the next piece: int16 in, int16 at 8000 Hz out, possibly none yet."""
        if self._resampler is None:
            return samples
        converted: Samples = self._resampler.resample_chunk(samples)
        self._pushed += len(samples)
        self._given += len(converted)
        return converted
