"""A model that recognises when it is told to, and segments for it."""

from __future__ import annotations

import threading
from concurrent.futures import Future

import numpy as np

from rid_telephony.calls.messages import Party
from rid_telephony.media.messages import Samples
from rid_telephony.speech.messages import SpeechSegment, Transcript
from rid_telephony.speech.pool import RecognitionPool
from rid_telephony.speech.recogniser import Capabilities

PATIENCE = 10.0
"""Seconds after which a test gives up; none is spent where all goes well."""


class GatedTranscriber:
    """Recognises one segment for each permit; tells in which order it was asked."""

    def __init__(self, workers: int = 1) -> None:
        self.capabilities = Capabilities("fake", workers, 30.0)
        self.asked: list[int] = []
        self.hurried: list[int] = []
        self.begun = threading.Semaphore(0)
        self._permits = threading.Semaphore(0)

    def allow(self, count: int) -> None:
        self._permits.release(count)

    def transcribe(self, samples: Samples, *, hurried: bool = False) -> Transcript:
        number = int(samples[0])
        self.asked.append(number)
        if hurried:
            self.hurried.append(number)
        self.begun.release()
        assert self._permits.acquire(timeout=PATIENCE)
        if number == 666:
            raise RuntimeError("the model broke")
        return Transcript(text=f"第{number}", confidence=0.9, no_speech=0.0)


def segment(
    number: int,
    party: Party = Party.CUSTOMER,
    *,
    draft: bool = False,
    utterance: str = "",
    end: float = 1.0,
) -> SpeechSegment:
    return SpeechSegment(
        call_id="call",
        utterance_id=utterance or f"call-{number}",
        party=party,
        begin=0.0,
        end=end,
        decided=end + 0.2,
        samples=np.full(100, number, dtype=np.int16),
        speech_seconds=1.0,
        draft=draft,
    )


def occupy(pool: RecognitionPool, transcriber: GatedTranscriber) -> Future[Transcript]:
    """Keep the only worker busy, so that what follows has to wait in line."""
    future = pool.submit(segment(100, utterance="busy"))
    assert transcriber.begun.acquire(timeout=PATIENCE)
    return future


def text(future: Future[Transcript]) -> str:
    return future.result(PATIENCE).text
