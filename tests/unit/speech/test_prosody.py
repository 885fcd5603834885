from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rid_telephony.calls.messages import Party
from rid_telephony.settings.speech import ProsodySettings
from rid_telephony.speech.baseline import Baseline, RunningMedian
from rid_telephony.speech.floor import Floor
from rid_telephony.speech.messages import (
    Prosody,
    SpeechDropped,
    SpeechSegment,
    SpeechStarted,
    Utterance,
)
from rid_telephony.speech.prosody import active_level
from rid_telephony.speech.voices import VoiceMeter

SETTINGS = ProsodySettings()


def said(
    begin: float,
    end: float,
    party: Party = Party.CUSTOMER,
    *,
    number: int = 1,
    gain: float = 1.0,
    pitch: float = 150.0,
    pauses: float = 0.0,
) -> SpeechSegment:
    t = np.arange(round((end - begin) * 8000)) / 8000
    wave = sum(np.sin(2 * np.pi * pitch * n * t) / n for n in range(3, 20))
    return SpeechSegment(
        call_id="call",
        utterance_id=f"{party}-{number}",
        party=party,
        begin=begin,
        end=end,
        decided=end + 0.5,
        samples=np.asarray(4000 * gain * wave, dtype=np.int16),
        speech_seconds=end - begin - pauses,
        pause_seconds=pauses,
    )


def started(begin: float, party: Party, number: int = 1) -> SpeechStarted:
    return SpeechStarted("call", f"{party}-{number}", party, begin, begin + 0.1)


def measure(meter: VoiceMeter, segment: SpeechSegment, text: str = "好") -> Prosody:
    meter.observe(segment)
    return meter.measure(segment, text)


def test_loudness_leaves_the_pauses_out() -> None:
    """Otherwise whoever pauses more would seem to speak more softly."""
    t = np.arange(8000) / 8000
    tone = np.asarray(10000 * np.sin(2 * np.pi * 400 * t), dtype=np.int16)
    hush = np.random.default_rng(1).normal(0, 10, 24000).astype(np.int16)

    level = active_level(np.concatenate((hush, tone, hush)))

    assert level == pytest.approx(20 * np.log10(10000 / 32768 / np.sqrt(2)), abs=0.2)


@pytest.mark.parametrize("count", [0, 100, 8000])
def test_digital_silence_has_no_loudness(count: int) -> None:
    assert active_level(np.zeros(count, dtype=np.int16)) is None


def test_rate_is_syllables_a_second_of_speech_without_pauses() -> None:
    prosody = measure(VoiceMeter(SETTINGS), said(0, 3, pauses=1.0), "今天天气很好啊")

    assert prosody.rate_sps == pytest.approx(3.5)
    assert prosody.pause_ratio == pytest.approx(1 / 3)


def test_without_words_there_is_no_rate() -> None:
    assert measure(VoiceMeter(SETTINGS), said(0, 2), "").rate_sps is None


def test_deltas_wait_until_the_speaker_is_known() -> None:
    meter = VoiceMeter(SETTINGS)

    first = measure(meter, said(0, 2))
    second = measure(meter, said(3, 5.5, number=2))
    third = measure(meter, said(6, 8, number=3))

    assert first.pitch_delta_st is first.loudness_delta_db is first.rate_delta is None
    assert second.loudness_delta_db is None
    assert third.loudness_delta_db == pytest.approx(0.0, abs=0.2)


def test_a_raised_voice_shows_against_the_speakers_own_baseline() -> None:
    meter = VoiceMeter(SETTINGS)
    for number in range(5):
        measure(meter, said(number * 3, number * 3 + 2, number=number), "我再想想")

    loud = measure(meter, said(20, 22, number=9, gain=2.0, pitch=200.0), "我说了不要再打来")

    assert loud.loudness_delta_db == pytest.approx(6.0, abs=0.3)
    assert loud.pitch_delta_st == pytest.approx(12 * np.log2(200 / 150), abs=0.2)
    assert loud.rate_delta == pytest.approx(2.0, rel=0.01)


def test_the_parties_have_baselines_of_their_own() -> None:
    meter = VoiceMeter(SETTINGS)
    for number in range(4):
        measure(meter, said(number * 6, number * 6 + 2, number=number))
        measure(meter, said(number * 6 + 3, number * 6 + 5, Party.AGENT, number=number, gain=4.0))

    customer = measure(meter, said(40, 42, number=9))

    assert customer.loudness_delta_db == pytest.approx(0.0, abs=0.2)


def test_after_a_transfer_the_new_agent_is_measured_afresh() -> None:
    meter = VoiceMeter(SETTINGS)
    for number in range(4):
        measure(meter, said(number * 3, number * 3 + 2, Party.AGENT, number=number))

    meter.change_speaker(Party.AGENT)

    assert measure(meter, said(20, 22, Party.AGENT, number=9)).pitch_delta_st is None


def test_an_utterance_is_completed_with_its_prosody() -> None:
    meter, segment = VoiceMeter(SETTINGS), said(0, 2)
    meter.observe(segment)

    done = meter.complete(
        segment, Utterance("call", segment.utterance_id, Party.CUSTOMER, 0, 2, "今天天气")
    )

    assert done.text == "今天天气"
    assert done.prosody is not None
    assert done.prosody.rate_sps == pytest.approx(2.0)


def test_the_response_gap_is_from_the_others_end() -> None:
    floor = Floor(SETTINGS)
    floor.hear(said(0, 2, Party.AGENT))
    answer = said(2.8, 4)
    floor.hear(answer)

    assert floor.relate(answer).response_gap == pytest.approx(0.8)


def test_coming_in_early_is_a_negative_gap() -> None:
    floor = Floor(SETTINGS)
    floor.hear(said(0, 2, Party.AGENT))
    answer = said(1.8, 4)

    turn = floor.relate(answer)

    assert turn.response_gap == pytest.approx(-0.2)
    assert turn.overlap == pytest.approx(0.2)
    assert not turn.interrupted


def test_who_opens_the_call_or_goes_on_answers_nobody() -> None:
    floor = Floor(SETTINGS)
    first = said(0, 2)
    floor.hear(first)
    assert floor.relate(first).response_gap is None

    floor.hear(said(3, 4, Party.AGENT))
    answer, more = said(4.5, 5, number=2), said(6, 7, number=3)
    floor.hear(answer)
    floor.hear(more)
    assert floor.relate(more).response_gap is None


def test_cutting_in_on_a_speaker_who_goes_on_is_an_interruption() -> None:
    floor = Floor(SETTINGS)
    floor.hear(started(0, Party.AGENT))
    cut_in = said(3, 5)

    turn = floor.relate(cut_in)

    assert turn.interrupted
    assert turn.overlap == pytest.approx(2.0)


def test_two_who_begin_at_once_do_not_interrupt_each_other() -> None:
    floor = Floor(SETTINGS)
    floor.hear(said(0, 3, Party.AGENT))

    assert not floor.relate(said(0.3, 2)).interrupted


def test_a_noise_taken_back_overlaps_nothing() -> None:
    floor = Floor(SETTINGS)
    floor.hear(started(0, Party.AGENT))
    floor.hear(SpeechDropped("call", f"{Party.AGENT}-1", Party.AGENT, 0.7))

    assert floor.relate(said(1, 2)).overlap == 0.0


def test_the_floor_remembers_a_bounded_number_of_turns() -> None:
    floor = Floor(SETTINGS)
    for number in range(1000):
        floor.hear(started(float(number), Party.AGENT, number))

    assert len(floor._turns[Party.AGENT]) <= 64


def test_one_odd_utterance_does_not_move_the_baseline() -> None:
    baseline = Baseline(memory=8, min_seconds=4)
    for _ in range(6):
        baseline.difference(100.0, 2.0)
    baseline.difference(200.0, 2.0)

    assert baseline.difference(100.0, 2.0) == 0.0


def test_a_lasting_change_becomes_the_new_usual() -> None:
    baseline = Baseline(memory=8, min_seconds=4)
    for _ in range(20):
        baseline.difference(100.0, 2.0)
    for _ in range(12):
        baseline.difference(120.0, 2.0)

    assert baseline.difference(120.0, 2.0) == 0.0


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(0.1, 25)), min_size=1, max_size=100))
def test_the_median_is_one_of_the_newest_values(values: list[tuple[float, float]]) -> None:
    running = RunningMedian(memory=8)
    for value, seconds in values:
        running.learn(value, seconds)

    assert running.median() in [value for value, _ in values[-32:]]
