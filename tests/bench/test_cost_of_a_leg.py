"""Prints what a leg costs before recognition, as ratios of one run; asserts no time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from rid_telephony.bench.media import measure_media
from rid_telephony.calls.messages import Party
from rid_telephony.media.source import open_recording
from rid_telephony.rid.loading import load_signal_detector
from rid_telephony.settings import Settings
from rid_telephony.speech.messages import Utterance
from rid_telephony.speech.segmenter import LegSegmenter
from rid_telephony.speech.vad import SpeechDetector
from rid_telephony.weights import open_silero

CAPTURE = Path(__file__).parents[2] / "fixtures" / "captures" / "two_calls.pcap"


@pytest.mark.bench
def test_media_and_endpointing_take_a_small_part_of_real_time() -> None:
    settings = Settings()
    silero = open_silero()
    report = measure_media(
        open_recording(CAPTURE, settings.media).items(),
        lambda: SpeechDetector(silero, settings.speech.vad),
        lambda call_id, party, detector: LegSegmenter(
            call_id, party, detector, settings.speech.endpointing
        ),
    )
    print(
        f"\nCPU per leg and second: reading {report.reading:.2f} ms, voice activity "
        f"{report.detecting:.2f} ms, endpointing {report.endpointing:.2f} ms; "
        f"{1000 / report.total:.0f} legs per core"
    )
    assert report.legs == 4


@pytest.mark.bench
def test_signals_of_an_utterance_take_milliseconds() -> None:
    detector = load_signal_detector(Settings().rid)
    said = Utterance("c", "u", Party.CUSTOMER, 0, 1, "收益听着还行，可锁三年也太久了")
    detector.detect(said, "三年期")
    begin = time.process_time()
    for _ in range(100):
        signals = detector.detect(said, "三年期")
    spent = time.process_time() - begin
    print(f"\nCPU per utterance: {spent * 10:.2f} ms")
    assert signals is not None
