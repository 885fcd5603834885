"""What a recogniser is to the rest: samples in, transcript out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from rid_telephony.media.messages import Samples
from rid_telephony.speech.messages import Transcript


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a recogniser can do.

    Attributes:
        model: Name for logs and reports.
        workers: Calls of ``transcribe`` that run at once with profit.
        max_seconds: Longest audio that is heard to its end.
    """

    model: str
    workers: int
    max_seconds: float


class Transcriber(Protocol):
    """Turns the audio of one utterance into words. Safe to call from several threads."""

    @property
    def capabilities(self) -> Capabilities:
        """What this recogniser can do."""

    def transcribe(self, samples: Samples, *, hurried: bool = False) -> Transcript:
        """Recognise one utterance.

        Args:
            samples: int16 mono 8000 Hz; what exceeds ``max_seconds`` is not heard.
            hurried: Others wait: rather a little worse than late.
        """
