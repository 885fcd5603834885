"""What a session is put together from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from rid_telephony.calls.messages import Party
from rid_telephony.pipeline.analyst import CallAnalyst
from rid_telephony.pipeline.publisher import CallPublisher
from rid_telephony.speech.endpointing import Completeness
from rid_telephony.speech.messages import SpeechSegment, Transcript
from rid_telephony.speech.segmenter import LegSegmenter
from rid_telephony.speech.voices import VoiceMeter


class Recogniser(Protocol):
    """Turns segments into words, somewhere else."""

    def submit(self, segment: SpeechSegment) -> Future[Transcript]:
        """Queue a segment; the future fails where it could not be recognised."""

    def cancel(self, utterance_id: str) -> None:
        """Give up the draft of an utterance: the speaker went on."""


class Judge(Protocol):
    """Tells whether the words so far are a whole sentence."""

    def judge(self, text: str) -> Completeness:
        """Judge the words so far."""


@dataclass(frozen=True, slots=True)
class Labels:
    """What the analysis is made with, for the record: models and playbook by name."""

    recogniser: str = ""
    classifier: str = ""
    playbook: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """When each stage was done with an utterance, in seconds on the call's clock.

    Attributes:
        speech_end: The speaker's last sound.
        decided: Endpointing called it an utterance.
        recognised: The words were there.
        advised: Signals, profile and hints were on the feed.
        hints: How many hints it brought.
    """

    utterance_id: str
    party: Party
    speech_end: float
    decided: float
    recognised: float
    advised: float
    hints: int


@dataclass(frozen=True, slots=True)
class SessionParts:
    """What a session is put together from.

    Attributes:
        deliver: Runs a callable in the session's own thread; recognitions come back by it.
        on_trace: Told of every utterance's timing; for measurements.
    """

    analyst: CallAnalyst
    publisher: CallPublisher
    segmenters: Mapping[Party, LegSegmenter]
    voices: VoiceMeter
    judge: Judge
    recogniser: Recogniser
    deliver: Callable[[Callable[[], None]], None]
    on_trace: Callable[[Trace], None] | None = None
