"""Fingerprints of streams: small whatever the length, alike only for the same audio."""

from __future__ import annotations

import numpy as np
import pytest
from unit.media.capturekit import speech

from rid_telephony.media.capture.loudness import (
    MAX_WINDOWS,
    SILENCE,
    WINDOW_BINS,
    LoudnessTrace,
    resemblance,
)
from rid_telephony.media.capture.streams import MAX_SKETCH, Sketch
from rid_telephony.media.g711 import G711Law, decode_g711, encode_g711
from rid_telephony.media.messages import Samples


def payload(number: int) -> bytes:
    return np.random.default_rng(number).bytes(160)


def test_a_short_stream_has_payloads_in_common_with_a_long_one_that_relays_it() -> None:
    long, short = Sketch(), Sketch()
    for number in range(60_000):
        long.add(number * 0.02, payload(number))
        if 50_000 <= number < 59_000:
            short.add(number * 0.02 + 0.001, payload(number))
    common = long.times.keys() & short.times.keys()
    assert len(long.times) <= MAX_SKETCH
    assert len(common) >= 3
    delays = [short.times[code] - long.times[code] for code in common]
    assert delays == pytest.approx([0.001] * len(common))


def test_a_packet_captured_twice_still_counts_and_a_tone_that_repeats_does_not() -> None:
    twice, tone = Sketch(), Sketch()
    for number in range(100):
        for delay in (0.0, 0.0001):
            twice.add(number * 0.02 + delay, payload(number))
        tone.add(number * 0.02, payload(number % 4))
    assert len(twice.times) > 10
    assert len(tone.times) == 0


def test_silence_and_short_packets_are_no_fingerprints() -> None:
    sketch = Sketch()
    for number in range(2000):
        sketch.add(number * 0.02, bytes((255, 254, number % 256)) * 50)
        sketch.add(number * 0.02, payload(number)[:20])
    assert sketch.times == {}


def trace(samples: Samples, law: G711Law, begin: float = 0.0) -> LoudnessTrace:
    found = LoudnessTrace()
    number = 0 if law is G711Law.PCMU else 8
    for place in range(0, len(samples) - 159, 160):
        piece = encode_g711(law, samples[place : place + 160])
        found.add(begin + place / 8000, number, piece)
    return found


def test_a_transcoded_copy_resembles_its_original_and_another_voice_does_not() -> None:
    voice, other = speech(12.0, 1), speech(12.0, 2)
    original = trace(voice, G711Law.PCMU)
    heard = decode_g711(G711Law.PCMU, encode_g711(G711Law.PCMU, voice))
    copy = trace((heard * 0.7).astype(np.int16), G711Law.PCMA, begin=0.12)
    assert resemblance(original, copy, 0.4) > 0.9
    assert resemblance(original, trace(other, G711Law.PCMA), 0.4) < 0.7


def test_silence_resembles_nothing() -> None:
    silent = trace(np.zeros(80_000, np.int16), G711Law.PCMU)
    assert silent.loudest < SILENCE
    assert resemblance(silent, silent, 0.4) == 0.0
    assert resemblance(silent, LoudnessTrace(), 0.4) == 0.0


def test_a_trace_is_bounded_and_any_two_keep_common_windows() -> None:
    loud = encode_g711(G711Law.PCMU, speech(0.02, 3))
    long, late = LoudnessTrace(), LoudnessTrace()
    for number in range(0, 200_000, 10):
        long.add(number * 0.02, 0, loud)
        if number > 150_000:
            late.add(number * 0.02, 0, loud)
    assert len(long.windows) <= MAX_WINDOWS
    assert len(long.windows & late.windows) >= 3
    assert long.window(min(long.windows)).shape == (WINDOW_BINS,)
