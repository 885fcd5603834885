"""Recognition with the real Whisper base on labelled calls."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from speech_recordings import Recording, segment_leg

from rid_telephony.calls.messages import Party
from rid_telephony.evaluation.text_error import character_errors, pooled
from rid_telephony.media.messages import Samples
from rid_telephony.speech.load import LoadLimits
from rid_telephony.speech.messages import SpeechResumed, SpeechSegment, Transcript
from rid_telephony.speech.pool import RecognitionPool
from rid_telephony.speech.vad import SileroSession
from rid_telephony.speech.whisper import WhisperTranscriber

SECONDS = 60.0
"""How long a recognition may take on a busy machine before the test gives up."""

PATIENT = LoadLimits(math.inf, math.inf, math.inf, math.inf)
"""The recording comes faster than it was spoken: nothing is to be left out for that."""


def test_customers_are_understood(angry_call: Recording, transcriber: WhisperTranscriber) -> None:
    """Measured 0.18; at 0.3 the classifier would be guessing."""
    errors = [
        character_errors(turn["text"], transcriber.transcribe(angry_call.turn_audio(turn)).text)
        for turn in angry_call.turns_of(Party.CUSTOMER)
    ]

    assert pooled(errors).rate < 0.3


def _noise(kind: str) -> Samples:
    rng = np.random.default_rng(7)
    t = np.arange(16_000) / 8000
    sounds = {
        "room": rng.normal(0, 40, len(t)),
        "loud": rng.normal(0, 2000, len(t)),
        "ringback": 6000 * np.sin(2 * np.pi * 450 * t),
        "dtmf": 5000 * (np.sin(2 * np.pi * 697 * t) + np.sin(2 * np.pi * 1209 * t)),
        "hum": 3000 * np.sin(2 * np.pi * 50 * t),
    }
    return sounds[kind].astype(np.int16)


@pytest.mark.parametrize("kind", ["room", "loud", "ringback", "dtmf", "hum"])
def test_noise_on_the_line_puts_no_words_into_the_customers_mouth(
    kind: str, transcriber: WhisperTranscriber, silero: SileroSession
) -> None:
    samples = _noise(kind)
    recording = Recording("noise", {Party.CUSTOMER: np.tile(samples, 2)}, [])

    segments = [
        event
        for event in segment_leg(recording, Party.CUSTOMER, silero)
        if isinstance(event, SpeechSegment)
    ]

    assert [transcriber.transcribe(segment.samples).text for segment in segments] == [
        "" for _ in segments
    ]


def test_two_threads_get_what_one_would(
    angry_call: Recording, transcriber: WhisperTranscriber
) -> None:
    turns = [angry_call.turn_audio(turn) for turn in angry_call.turns_of(Party.CUSTOMER)[:4]]
    alone = [transcriber.transcribe(samples) for samples in turns]

    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(transcriber.transcribe, turns))

    assert together == alone


def test_a_longer_utterance_than_whisper_hears_is_no_crash(
    angry_call: Recording, transcriber: WhisperTranscriber
) -> None:
    samples = angry_call.channels[Party.AGENT][: 35 * 8000]

    assert isinstance(transcriber.transcribe(samples), Transcript)


def test_the_words_are_there_when_the_hang_over_is_over(
    angry_call: Recording, silero: SileroSession, transcriber: WhisperTranscriber
) -> None:
    """Finals are answered by their drafts' recognition: half the work, none of the wait."""
    events = segment_leg(angry_call, Party.CUSTOMER, silero)
    finals = []
    with RecognitionPool(transcriber, queue_size=64, limits=PATIENT) as pool:
        for event in events:
            if isinstance(event, SpeechResumed):
                pool.cancel(event.utterance_id)
            if isinstance(event, SpeechSegment):
                future = pool.submit(event)
                if not event.draft:
                    finals.append((event, future))
        texts = [future.result(SECONDS).text for _, future in finals]
        stats = pool.stats

    assert all(texts)
    assert stats.reused == len(finals)
    assert (stats.failed, stats.shed_drafts, stats.shed_finals) == (0, 0, 0)
