"""The newest audio of one leg, kept while an utterance may still want it."""

from __future__ import annotations

import numpy as np

from rid_telephony.media.messages import Samples

_BYTES = 2


class AudioHistory:
    """A window on a stream of int16 samples, addressed by position since the stream's start."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._start = 0

    @property
    def end(self) -> int:
        """Position after the newest sample."""
        return self._start + len(self._bytes) // _BYTES

    def append(self, samples: Samples) -> None:
        """Add samples at the end."""
        self._bytes += samples.tobytes()

    def skip(self, samples: int) -> None:
        """Move on over samples that nobody will want; everything kept is forgotten."""
        self._start = self.end + samples
        self._bytes.clear()

    def forget_before(self, position: int) -> None:
        """Let go of everything before a position."""
        surplus = min(position, self.end) - self._start
        if surplus > 0:
            del self._bytes[: surplus * _BYTES]
            self._start += surplus

    def cut(self, begin: int, end: int) -> Samples:
        """Return a copy of ``[begin, end)``, as far as it is still kept."""
        first = max(begin - self._start, 0) * _BYTES
        last = max(end - self._start, 0) * _BYTES
        return np.frombuffer(bytes(self._bytes[first:last]), dtype=np.int16)
