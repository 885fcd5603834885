"""Detection and endpointing with the real models on labelled calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from speech_recordings import Recording, segment_leg

from rid_telephony.calls.messages import Party
from rid_telephony.settings.speech import ProsodySettings
from rid_telephony.speech.messages import SpeechEvent, SpeechSegment
from rid_telephony.speech.vad import SileroSession
from rid_telephony.speech.voices import VoiceMeter


def finals(events: list[SpeechEvent]) -> list[SpeechSegment]:
    return [event for event in events if isinstance(event, SpeechSegment) and not event.draft]


def overlap(segment: SpeechSegment, turn: dict[str, Any]) -> float:
    return float(min(segment.end, turn["end"]) - max(segment.begin, turn["begin"]))


@pytest.mark.parametrize("party", list(Party))
def test_every_turn_is_found_and_nothing_else(
    recording: Recording, silero: SileroSession, party: Party
) -> None:
    turns = recording.turns_of(party)
    segments = finals(segment_leg(recording, party, silero))

    for turn in turns:
        heard = sum(max(0.0, overlap(segment, turn)) for segment in segments)
        assert heard > 0.5 * (turn["end"] - turn["begin"]), turn["text"]
    for segment in segments:
        assert any(overlap(segment, turn) > 0.1 for turn in turns), segment.begin
    assert len(segments) <= len(turns) + 2


@pytest.mark.parametrize("party", list(Party))
def test_the_end_of_a_turn_is_known_soon_after_it(
    recording: Recording, silero: SileroSession, party: Party
) -> None:
    segments = finals(segment_leg(recording, party, silero))
    delays = []
    for turn in recording.turns_of(party):
        last = max((s for s in segments if overlap(s, turn) > 0.1), key=lambda s: s.end)
        delays.append(last.decided - turn["end"])

    assert np.median(delays) < 0.6
    assert np.quantile(delays, 0.9) < 0.7


def test_every_final_that_was_not_cut_off_has_a_draft_with_its_audio(
    recording: Recording, silero: SileroSession
) -> None:
    events = segment_leg(recording, Party.CUSTOMER, silero)
    drafts = {
        (event.utterance_id, event.samples.tobytes())
        for event in events
        if isinstance(event, SpeechSegment) and event.draft
    }

    for final in finals(events):
        assert (final.utterance_id, final.samples.tobytes()) in drafts


def test_prosody_of_a_real_call_is_plausible_and_finds_the_anger(
    angry_call: Recording, silero: SileroSession
) -> None:
    """The recording's angry turns are 4.6 dB louder and 12 % faster than the others."""
    meter = VoiceMeter(ProsodySettings())
    deltas: dict[bool, list[float]] = {True: [], False: []}
    turns = angry_call.turns_of(Party.CUSTOMER)
    for segment in finals(segment_leg(angry_call, Party.CUSTOMER, silero)):
        turn = max(turns, key=lambda turn: overlap(segment, turn))
        meter.observe(segment)
        prosody = meter.measure(segment, turn["text"])

        assert prosody.pitch_hz is not None
        assert 120 < prosody.pitch_hz < 400  # a woman's voice
        assert prosody.loudness_db == pytest.approx(-22, abs=5)
        if overlap(segment, turn) > 0.9 * (turn["end"] - turn["begin"]):
            assert prosody.rate_sps == pytest.approx(5.5, abs=2.5)
        if prosody.loudness_delta_db is not None:
            deltas[turn["emotion"] == "angry"].append(prosody.loudness_delta_db)

    assert max(deltas[True]) > 2.5
