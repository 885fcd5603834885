"""Voice activity of one leg: webrtcvad and Silero together, both must agree.

Measured on noisy 8 kHz G.711: webrtcvad alone stays open in noise, Silero alone at 0.5 misses
short answers; the two together at 0.35 beat either (docs/decisions.md).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import webrtcvad
from numpy.typing import NDArray

from rid_telephony.media.messages import SAMPLE_RATE, Samples
from rid_telephony.settings.speech import VadSettings

FRAME_SAMPLES = 160
"""Samples of one decision: 20 ms, the longer of the frames that suit a ptime of 20 ms."""
FRAME_SECONDS = FRAME_SAMPLES / SAMPLE_RATE

SILERO_WINDOW = 256
"""Samples that Silero sees at once at 8 kHz (32 ms)."""
SILERO_CONTEXT = 32
"""Samples of the window before, which Silero 5 and later want in front (4 ms at 8 kHz)."""


class SileroSession(Protocol):
    """What is needed of an ``onnxruntime.InferenceSession``."""

    def run(
        self, output_names: None, input_feed: dict[str, NDArray[np.generic]], /
    ) -> list[NDArray[np.float32]]:
        """Run the model; inputs ``input``, ``state``, ``sr``; outputs probability, state."""


class Detector(Protocol):
    """Tells speech from everything else in one leg's audio."""

    def push(self, samples: Samples) -> list[bool]:
        """Take the next samples; return one decision for each frame now complete."""

    def reset(self) -> None:
        """Forget the past: what follows does not adjoin what came before."""


class SileroStream:
    """Silero over one leg: carries the recurrent state and the context from window to window.

    Args:
        session: The model as :func:`rid_telephony.weights.open_silero` opens it; shared.
    """

    def __init__(self, session: SileroSession) -> None:
        self._session = session
        self._rate = np.array(SAMPLE_RATE, dtype=np.int64)
        self.reset()

    def reset(self) -> None:
        """Return to the state before the first window."""
        self._state = np.zeros((2, 1, 128), dtype=np.float32)
        self._input = np.zeros((1, SILERO_CONTEXT + SILERO_WINDOW), dtype=np.float32)

    def probability(self, window: Samples) -> float:
        """Return 0..1, how likely the window holds speech.

        Args:
            window: int16, exactly :data:`SILERO_WINDOW` samples, following the last window.
        """
        self._input[0, :SILERO_CONTEXT] = self._input[0, -SILERO_CONTEXT:]
        np.multiply(window, np.float32(1 / 32768), out=self._input[0, SILERO_CONTEXT:])
        feed: dict[str, NDArray[np.generic]] = {
            "input": self._input,
            "state": self._state,
            "sr": self._rate,
        }
        found, self._state = self._session.run(None, feed)
        return float(found[0, 0])


class SpeechDetector:
    """The combined detector of one leg: a frame is speech where both models say so.

    A frame is judged with the newest Silero window that is complete when the frame is, so no
    decision waits for audio beyond its own frame, and the decisions do not depend on how the
    audio was cut into packets.

    Args:
        session: The shared Silero session.
        settings: Mode of webrtcvad and threshold of Silero.
    """

    def __init__(self, session: SileroSession, settings: VadSettings) -> None:
        self._webrtc = webrtcvad.Vad(settings.webrtc_mode)
        self._silero = SileroStream(session)
        self._threshold = settings.silero_threshold
        self._probability = 0.0
        self._pending: Samples = np.zeros(0, dtype=np.int16)
        self._frame_at = 0
        self._window_at = 0

    def reset(self) -> None:
        """Forget the past; audio short of a whole frame is kept, so that frames stay aligned."""
        self._silero.reset()
        self._probability = 0.0

    def push(self, samples: Samples) -> list[bool]:
        """Take int16 samples at 8000 Hz; return one decision for each 20 ms now complete."""
        self._pending = np.concatenate((self._pending, samples))
        decisions: list[bool] = []
        while self._frame_at + FRAME_SAMPLES <= len(self._pending):
            decisions.append(self._judge_frame())
        self._drop_used()
        return decisions

    def _judge_frame(self) -> bool:
        end = self._frame_at + FRAME_SAMPLES
        while self._window_at + SILERO_WINDOW <= end:
            window = self._pending[self._window_at : self._window_at + SILERO_WINDOW]
            self._probability = self._silero.probability(window)
            self._window_at += SILERO_WINDOW
        frame = self._pending[self._frame_at : end]
        self._frame_at = end
        if self._probability <= self._threshold:
            return False
        return bool(self._webrtc.is_speech(frame.tobytes(), SAMPLE_RATE))

    def _drop_used(self) -> None:
        used = min(self._frame_at, self._window_at)
        self._pending = self._pending[used:]
        self._frame_at -= used
        self._window_at -= used
