from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rid_telephony.calls.messages import Party
from rid_telephony.media.messages import AudioFrame, Samples
from rid_telephony.settings.speech import EndpointingSettings
from rid_telephony.speech.endpointing import Completeness
from rid_telephony.speech.messages import (
    SpeechDropped,
    SpeechEvent,
    SpeechResumed,
    SpeechSegment,
    SpeechStarted,
)
from rid_telephony.speech.segmenter import LegSegmenter
from rid_telephony.speech.vad import FRAME_SAMPLES

LOUD = 1000


class LoudnessDetector:
    """Stands in for the models: a frame is speech where its first sample is loud."""

    def __init__(self) -> None:
        self._pending = np.zeros(0, dtype=np.int16)
        self.resets = 0

    def push(self, samples: Samples) -> list[bool]:
        self._pending = np.concatenate((self._pending, samples))
        whole = len(self._pending) // FRAME_SAMPLES
        starts = self._pending[: whole * FRAME_SAMPLES : FRAME_SAMPLES]
        self._pending = self._pending[whole * FRAME_SAMPLES :]
        return [bool(sample >= LOUD) for sample in starts]

    def reset(self) -> None:
        self.resets += 1


def audio(*parts: tuple[float, bool]) -> Samples:
    """Seconds of speech or silence; every sample differs, so that cuts can be told apart."""
    flags = np.concatenate([np.full(round(seconds * 8000), speech) for seconds, speech in parts])
    counting = np.arange(len(flags)) % 500
    return np.where(flags, LOUD + counting, counting).astype(np.int16)


def segmenter(party: Party = Party.CUSTOMER, **values: float) -> LegSegmenter:
    return LegSegmenter(
        "call-1",
        party,
        LoudnessDetector(),
        EndpointingSettings(**{"speculate_after": 0.2, **values}),
    )


def packets(samples: Samples, at: float = 0.0, size: int = 160) -> list[AudioFrame]:
    return [
        AudioFrame("call-1", Party.CUSTOMER, at + start / 8000, samples[start : start + size])
        for start in range(0, len(samples), size)
    ]


def feed(leg: LegSegmenter, frames: list[AudioFrame]) -> list[SpeechEvent]:
    return [event for frame in frames for event in leg.push(frame)]


def finals(events: list[SpeechEvent]) -> list[SpeechSegment]:
    return [event for event in events if isinstance(event, SpeechSegment) and not event.draft]


def drafts(events: list[SpeechEvent]) -> list[SpeechSegment]:
    return [event for event in events if isinstance(event, SpeechSegment) and event.draft]


def test_an_utterance_has_its_times_on_the_calls_clock() -> None:
    leg = segmenter()

    (final,) = finals(feed(leg, packets(audio((1, False), (2, True), (1, False)), at=10.0)))

    assert final.begin == pytest.approx(11.0)
    assert final.end == pytest.approx(13.0)
    assert final.decided == pytest.approx(13.5)
    assert final.speech_seconds == pytest.approx(2.0)
    assert final.utterance_id == "call-1-c-0001"


def test_an_utterance_carries_its_pre_roll_and_some_silence_after() -> None:
    """A word's first consonant lies before the detector opens; without it words are misheard."""
    samples = audio((1, False), (2, True), (1, False))

    (final,) = finals(feed(segmenter(), packets(samples)))

    np.testing.assert_array_equal(final.samples, samples[round(0.7 * 8000) : round(3.2 * 8000)])


def test_a_draft_and_its_final_share_id_and_samples() -> None:
    events = feed(segmenter(), packets(audio((1, True), (1, False))))

    (draft,), (final,) = drafts(events), finals(events)
    assert draft.utterance_id == final.utterance_id
    assert draft.decided == pytest.approx(1.2)
    np.testing.assert_array_equal(draft.samples, final.samples)


def test_a_speaker_who_goes_on_is_announced_before_the_next_draft() -> None:
    events = feed(segmenter(), packets(audio((1, True), (0.3, False), (1, True), (1, False))))

    kinds = [type(event) for event in events]
    assert kinds == [
        SpeechStarted,
        SpeechSegment,
        SpeechResumed,
        SpeechSegment,
        SpeechSegment,
    ]
    (final,) = finals(events)
    assert final.end == pytest.approx(2.3)
    assert final.pause_seconds == pytest.approx(0.3)


def test_utterances_are_counted_for_each_leg() -> None:
    agent = segmenter(Party.AGENT)

    found = finals(feed(agent, packets(audio((1, True), (1, False), (1, True), (1, False)))))

    assert [final.utterance_id for final in found] == ["call-1-a-0001", "call-1-a-0002"]


def test_what_began_as_speech_but_was_a_click_is_taken_back() -> None:
    events = feed(segmenter(), packets(audio((1, False), (0.08, True), (1, False))))

    assert [type(event) for event in events] == [SpeechStarted, SpeechDropped]


def test_a_hold_without_audio_is_silence_and_keeps_the_time() -> None:
    """The agent's stream stops on hold: counting bytes would put all that follows too early."""
    leg = segmenter()
    before = packets(audio((1, True)))
    after = packets(audio((0.5, False), (1, True), (1, False)), at=61.0)

    first, second = finals(feed(leg, before + after))

    assert (first.begin, first.end) == (pytest.approx(0.0), pytest.approx(1.0))
    assert first.decided == pytest.approx(1.5)
    assert second.begin == pytest.approx(61.5, abs=0.02)
    assert second.end == pytest.approx(62.5, abs=0.02)


def test_a_short_gap_stays_inside_the_utterance() -> None:
    leg = segmenter()

    (final,) = finals(
        feed(leg, packets(audio((1, True))) + packets(audio((1, True), (1, False)), at=1.2))
    )

    assert final.end == pytest.approx(2.2, abs=0.02)
    assert len(final.samples) == pytest.approx(2.4 * 8000, abs=320)


def test_a_stream_that_stops_sending_ends_its_utterance_without_another_frame() -> None:
    """With discontinuous transmission the last words would wait for the speaker's next ones."""
    leg = segmenter()
    feed(leg, packets(audio((1, True))))

    assert leg.advance(1.4) == []
    (final,) = finals(leg.advance(1.6))

    assert final.end == pytest.approx(1.0)


def test_what_the_network_held_up_and_then_brings_in_a_burst_is_not_lost() -> None:
    """A stall of the line between the PBX and us would swallow the customer's words."""
    leg = segmenter()
    speech = packets(audio((3, True), (1, False)))
    first = feed(leg, speech[:50]) + leg.advance(2.9)
    rest = feed(leg, speech[50:])

    before, after = finals(first), finals(rest)
    assert [final.end for final in before] == [pytest.approx(1.0)]
    assert [final.end for final in after] == [pytest.approx(3.0, abs=0.02)]
    assert after[0].begin == pytest.approx(1.0, abs=0.1)
    assert leg.overlapping_samples == 0


def test_time_passing_before_any_audio_does_nothing() -> None:
    assert segmenter().advance(100.0) == []


def test_audio_whose_time_is_past_is_dropped_and_counted() -> None:
    leg = segmenter()
    feed(leg, packets(audio((1, False))))

    leg.push(AudioFrame("call-1", Party.CUSTOMER, 0.5, audio((0.6, True))))

    assert leg.overlapping_samples == 4000


def test_jitter_in_time_stamps_is_no_gap() -> None:
    leg = segmenter()
    jittered = [
        AudioFrame(frame.call_id, frame.party, frame.at + 0.02 * (number % 3), frame.samples)
        for number, frame in enumerate(packets(audio((1, True), (1, False))))
    ]

    (final,) = finals(feed(leg, jittered))

    assert final.end == pytest.approx(1.0)
    assert leg.overlapping_samples == 0


def test_the_words_so_far_shorten_the_wait() -> None:
    leg = segmenter()
    feed(leg, packets(audio((1, True), (0.24, False))))
    assert leg.speaking == "call-1-c-0001"

    leg.judge_words("call-1-c-0001", Completeness.COMPLETE)
    (final,) = finals(feed(leg, packets(audio((1, False)), at=1.24)))

    assert final.decided == pytest.approx(1.36)


def test_words_of_an_utterance_that_is_over_change_nothing() -> None:
    leg = segmenter()
    feed(leg, packets(audio((1, True), (1, False), (1, True), (0.24, False))))

    leg.judge_words("call-1-c-0001", Completeness.COMPLETE)
    (final,) = finals(feed(leg, packets(audio((1, False)), at=3.24)))

    assert final.decided == pytest.approx(3.5)


def test_the_end_of_the_call_ends_the_utterance() -> None:
    leg = segmenter()
    feed(leg, packets(audio((1, True))))

    (final,) = finals(leg.flush())

    assert final.end == pytest.approx(1.0)
    assert leg.speaking is None
    assert leg.flush() == []


def test_a_whole_file_in_one_frame_gives_the_same_as_packets() -> None:
    samples = audio((1, False), (2, True), (1, False), (3, True), (1, False))
    whole = AudioFrame("call-1", Party.CUSTOMER, 0.0, samples)

    one = finals(segmenter().push(whole))
    many = finals(feed(segmenter(), packets(samples)))

    assert [(s.begin, s.end, s.decided) for s in one] == [(s.begin, s.end, s.decided) for s in many]
    for left, right in zip(one, many, strict=True):
        np.testing.assert_array_equal(left.samples, right.samples)


def test_memory_does_not_grow_with_the_call() -> None:
    leg = segmenter(max_utterance=5.0, soft_limit=4.0)
    for second in range(60):
        leg.push(AudioFrame("call-1", Party.CUSTOMER, float(second), audio((1, True))))

    assert len(leg._history._bytes) <= (5 + 1 + 1) * 16000


parts = st.lists(st.tuples(st.integers(1, 60), st.booleans()), min_size=1, max_size=8)


@settings(deadline=None)
@given(parts, st.lists(st.integers(20, 900), min_size=1, max_size=8))
def test_packet_sizes_do_not_change_the_utterances(
    runs: list[tuple[int, bool]], sizes: list[int]
) -> None:
    samples = audio(*((count * 0.02, speech) for count, speech in runs))
    uneven: list[AudioFrame] = []
    position = 0
    for size in itertools.cycle(sizes):
        if position >= len(samples):
            break
        uneven += [AudioFrame("call-1", Party.CUSTOMER, position / 8000, samples[position:][:size])]
        position += size

    left, right = segmenter(), segmenter()
    expected = feed(left, packets(samples)) + left.flush()
    found = feed(right, uneven) + right.flush()

    assert [_shape(event) for event in found] == [_shape(event) for event in expected]


def _shape(event: SpeechEvent) -> tuple[object, ...]:
    audio_bytes = event.samples.tobytes() if isinstance(event, SpeechSegment) else b""
    return type(event), event.utterance_id, round(event.decided, 6), audio_bytes
