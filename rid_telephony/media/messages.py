"""Audio as it leaves the media stage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rid_telephony.calls.messages import CallEvent, Party

SAMPLE_RATE = 8000
"""Samples a second of all audio between the stages: the G.711 line's own rate."""

Samples = NDArray[np.int16]
"""Mono PCM, int16, at :data:`SAMPLE_RATE`."""


@dataclass(frozen=True, slots=True)
class AudioFrame:
    """A stretch of one party's audio, usually one packet (ptime 20 ms, 160 samples).

    Frames of one party come in order of ``at`` and do not overlap; between two frames there
    may be a gap (nothing was sent: hold, discontinuous transmission), which is silence.

    Attributes:
        call_id: The call it belongs to.
        party: Who speaks.
        at: Seconds on the call's clock at which the first sample was captured.
        samples: int16 mono at 8000 Hz, at least one sample.
        concealed: True where packets were lost and these samples stand in for them.
    """

    call_id: str
    party: Party
    at: float
    samples: Samples
    concealed: bool = False

    @property
    def end(self) -> float:
        """Seconds on the call's clock just after the last sample."""
        return self.at + len(self.samples) / SAMPLE_RATE


SourceItem = CallEvent | AudioFrame
"""What every media source yields, in order of arrival for each call."""
