"""Captures of real PBXs: each party's audio is the right one, at the right time."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from unit.media.playkit import AGENT, CUSTOMER, Heard, codes, play

from rid_telephony.calls.messages import CallAnswered, CallHeld, CallRetrieved, Direction, Party
from rid_telephony.errors import InputError
from rid_telephony.media.messages import Samples
from rid_telephony.media.report import RecordingReport
from rid_telephony.media.source import open_recording
from rid_telephony.settings.media import MediaSettings

CAPTURES = Path(__file__).parents[3] / "fixtures" / "captures"


@lru_cache
def played(name: str) -> tuple[list[Heard], RecordingReport]:
    return play(CAPTURES / name)


def on_clock(call: Heard, party: Party) -> Samples:
    """A party's audio on the call's clock, silence where there is none."""
    frames = call.frames[party]
    whole = np.zeros(round(frames[-1].end * 8000) + 1, np.int16)
    for frame in frames:
        begin = round(frame.at * 8000)
        whole[begin : begin + len(frame.samples)] = frame.samples
    return whole


def find(reference: Samples, audio: Samples) -> tuple[float, float]:
    """Where the reference sounds in the audio, seconds, and how alike it is there, 0..1."""
    x, y = reference.astype(float), audio.astype(float)
    size = 1 << (len(x) + len(y)).bit_length()
    dot = np.fft.irfft(np.fft.rfft(y, size) * np.conj(np.fft.rfft(x, size)), size)
    dot = dot[: len(y) - len(x) + 1]
    energy = np.concatenate([[0.0], np.cumsum(y * y)])
    score = dot / np.sqrt((energy[len(x) :] - energy[: -len(x)] + 1.0) * (x @ x))
    best = int(np.argmax(score))
    return best / 8000, float(score[best])


def reference(name: str) -> Samples:
    samples, rate = soundfile.read(CAPTURES / name, dtype="int16")
    assert rate == 8000
    return samples


ASTERISK = ("asterisk/c_en_8k.wav", "asterisk/a_en_8k.wav")
ASTERISK_ZH = ("asterisk/c_zh_8k.wav", "asterisk/a_zh_8k.wav")
FREESWITCH = ("freeswitch/c1_8k.wav", "freeswitch/a1_8k.wav")
FREESWITCH_ZH = ("freeswitch/zh1_8k.wav", "freeswitch/a1_8k.wav")
SPEAKERS = [
    # capture, files of customer and agent, when they begin after the answer, least likeness
    ("asterisk/sip_rtp_pcmu_en.pcap", ASTERISK, (1.0, 10.5), 0.6),
    ("asterisk/sip_rtp_pcma_zh.pcap", ASTERISK_ZH, (1.0, 6.0), 0.99),
    ("asterisk/sip_rtp_pcmu_baresip_agent.pcap", ASTERISK, (1.0, 0.0), 0.99),
    ("freeswitch/sip_rtp_pcmu_en.pcap", FREESWITCH, (0.55, None), 0.99),
    ("freeswitch/sip_rtp_pcma_zh.pcap", FREESWITCH_ZH, (0.55, None), 0.99),
    ("freeswitch/sip_rtp_eavesdrop_fork_pcmu.pcap", FREESWITCH, (None, None), 0.99),
]


@pytest.mark.parametrize(("name", "files", "begins", "likeness"), SPEAKERS)
def test_each_party_says_what_it_said(
    name: str,
    files: tuple[str, str],
    begins: tuple[float | None, float | None],
    likeness: float,
) -> None:
    (call,), report = played(name)
    answered = call.event(CallAnswered).at
    for party, file, begin in zip((CUSTOMER, AGENT), files, begins, strict=True):
        words = reference(file)[8000:28_000]  # from 1.0 to 3.5 s: heard in every capture
        place, found = find(words, on_clock(call, party))
        assert found > likeness
        if begin is not None:
            assert place - answered - 1.0 == pytest.approx(begin, abs=0.06)
        assert find(words, on_clock(call, party.other))[1] < 0.3
    assert call.started.direction is Direction.INBOUND
    assert call.ended.cause == "normal"
    assert call.ended.by is CUSTOMER
    assert codes(report) <= {"role_guessed"}


def test_asterisks_customer_and_agent_are_told_by_the_pattern() -> None:
    (call,), report = played("asterisk/sip_rtp_pcma_zh.pcap")
    assert (call.leg(CUSTOMER).number, call.started.agent) == ("custalaw", "1005")
    assert report.warnings == ()
    assert report.counts["rtcp"] > 0
    assert [stream.lost for stream in report.streams] == [0, 0]


TRUTHS = ["outbound_dd08_pcma", "hold_dtmf_dd01_pcmu", "two_calls"]
Truth = dict[str, Any]


def cases() -> list[tuple[str, int]]:
    return [(name, 0) for name in TRUTHS] + [("two_calls", 1)]


def zero_of(truth: Truth) -> float:
    """The call's second 0 on the capture's clock: its first INVITE."""
    return min(truth[party]["invite"] for party in Party)


def truth_and_call(name: str, number: int) -> tuple[Truth, Heard]:
    truth = json.loads((CAPTURES / f"{name}.json").read_text(encoding="utf-8"))
    calls, _ = played(f"{name}.pcap")
    assert len(calls) == len(truth["calls"])
    return truth["calls"][number], calls[number]


@pytest.mark.parametrize(("name", "number"), cases())
def test_parties_and_times_are_those_of_the_ground_truth(name: str, number: int) -> None:
    truth, call = truth_and_call(name, number)
    for party in Party:
        leg = call.leg(party)
        assert leg.number == truth[party]["number"]
        assert leg.name == truth[party]["display_name"]
        assert leg.channel == truth[party]["call_id"]
    zero = zero_of(truth)
    assert call.started.direction is Direction.OUTBOUND
    both = max(truth[party]["answered"] for party in Party)
    assert call.event(CallAnswered).at + zero == pytest.approx(both, abs=0.002)
    assert (call.ended.cause, call.ended.by) == ("normal", truth["bye"]["by"])
    bye = truth["answered"] + truth["bye"]["time"]
    assert call.ended.at + zero == pytest.approx(bye, abs=0.002)


@pytest.mark.parametrize(("name", "number"), cases()[1:])
def test_every_turn_is_heard_from_its_speaker_at_its_time(name: str, number: int) -> None:
    """Also after a hold, when the phone did not send for five seconds."""
    truth, call = truth_and_call(name, number)
    dialogue, rate = soundfile.read(
        CAPTURES.parent / "audio" / f"{truth['dialogue']}.flac", dtype="int16"
    )
    assert rate == 8000
    audio = {party: on_clock(call, party) for party in Party}
    offset = truth["answered"] - zero_of(truth)
    for turn in truth["turns"]:
        source = json.loads(
            (CAPTURES.parent / "audio" / f"{truth['dialogue']}.json").read_text(encoding="utf-8")
        )
        line = next(found for found in source["turns"] if found["text"] == turn["text"])
        piece = dialogue[round(line["begin"] * 8000) : round(line["end"] * 8000), line["channel"]]
        party = Party(turn["party"])
        place, likeness = find(piece, audio[party])
        assert likeness > 0.99
        # A packet's audio is placed before its arrival, where the truth has it after: 20 ms.
        assert place == pytest.approx(turn["begin"] + offset, abs=0.05)


def test_the_hold_is_the_agents_and_its_music_is_nobodys() -> None:
    truth, call = truth_and_call("hold_dtmf_dd01_pcmu", 0)
    hold = truth["hold"][0]
    offset = truth["answered"] - zero_of(truth)
    held, retrieved = call.event(CallHeld), call.event(CallRetrieved)
    assert (held.by, retrieved.by) == (AGENT, AGENT)
    assert held.at - offset == pytest.approx(hold["begin"], abs=0.01)
    assert retrieved.at - offset == pytest.approx(hold["end"], abs=0.01)
    silent = [f for f in call.frames[AGENT] if held.at + 0.02 < f.at < retrieved.at - 0.02]
    assert silent == []
    assert any(held.at < frame.at < retrieved.at for frame in call.frames[CUSTOMER])


def test_dtmf_is_counted_and_not_heard() -> None:
    _, report = played("hold_dtmf_dd01_pcmu.pcap")
    customer = next(stream for stream in report.streams if stream.party is CUSTOMER)
    assert customer.skipped == {"dtmf": 24}
    assert customer.lost == 0


@pytest.mark.parametrize("name", TRUTHS)
def test_clean_captures_raise_no_warning_and_lose_nothing(name: str) -> None:
    truth = json.loads((CAPTURES / f"{name}.json").read_text(encoding="utf-8"))
    _, report = played(f"{name}.pcap")
    assert report.warnings == ()
    assert report.packets == truth["packets"]
    assert sum(stream.lost + stream.late + stream.duplicate for stream in report.streams) == 0


def test_the_fork_legs_of_freeswitch_are_no_part_of_the_call() -> None:
    calls, _ = played("freeswitch/sip_rtp_eavesdrop_fork_pcmu.pcap")
    assert len(calls) == 1
    assert calls[0].kinds() == ["CallStarted", "CallAnswered", "CallEnded"]
    assert calls[0].started.agent == "1000"


def test_an_agents_number_that_names_nobody_is_said() -> None:
    """A typo in the number would otherwise leave the roles to a guess, unnoticed."""
    path = CAPTURES / "hold_dtmf_dd01_pcmu.pcap"
    typo = open_recording(path, MediaSettings(), agent_number="999999")
    assert "agent_number_unknown" in {warning.code for warning in typo.report().warnings}
    right = open_recording(path, MediaSettings(), agent_number="1001")
    assert "agent_number_unknown" not in {warning.code for warning in right.report().warnings}


def test_an_option_that_means_nothing_for_a_file_is_refused() -> None:
    with pytest.raises(InputError, match="is a capture"):
        open_recording(CAPTURES / "hold_dtmf_dd01_pcmu.pcap", MediaSettings(), agent_channel=0)
    with pytest.raises(InputError, match="is an audio file"):
        audio = sorted((CAPTURES.parent / "audio").glob("*.flac"))[0]
        open_recording(audio, MediaSettings(), agent_number="1001")
