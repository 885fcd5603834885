"""The real models, opened once for all tests of the speech stage."""

from __future__ import annotations

import pytest
from speech_recordings import Recording, read

from rid_telephony.settings.speech import RecognitionSettings
from rid_telephony.speech.vad import SileroSession
from rid_telephony.speech.whisper import WhisperTranscriber
from rid_telephony.weights import load_whisper, open_silero


@pytest.fixture(scope="session", params=["dd01", "dd02"])
def recording(request: pytest.FixtureRequest) -> Recording:
    return read(request.param)


@pytest.fixture(scope="session")
def angry_call() -> Recording:
    return read("dd02")


@pytest.fixture(scope="session")
def silero() -> SileroSession:
    return open_silero()


@pytest.fixture(scope="session")
def transcriber() -> WhisperTranscriber:
    settings = RecognitionSettings(workers=2)
    return WhisperTranscriber(load_whisper(settings), settings, workers=2)
