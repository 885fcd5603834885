"""Captures with less than a whole call: one leg, one direction, or no signalling at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from unit.media.callkit import Bridge, Dialog, Phone, Rtp, sdp
from unit.media.capturekit import PBX, Scene, speech
from unit.media.playkit import (
    A_SPEECH,
    AGENT,
    C_SPEECH,
    CUSTOMER,
    agent,
    codes,
    customer,
    over_the_line,
    play,
    simple,
)

from rid_telephony.calls.messages import CallHeld, Direction
from rid_telephony.errors import InputError, SettingsError


@pytest.fixture
def scene() -> Scene:
    return Scene()


def at_the_phone(scene: Scene, caller: Phone, callee: Phone) -> Dialog:
    """A call captured at one phone: both directions, one dialog."""
    dialog = Dialog(scene, "solo", caller, callee)
    dialog.establish(0.0, 2.0)
    Rtp(scene, caller.media, callee.media, ssrc=1).talk(2.1, C_SPEECH)
    Rtp(scene, callee.media, caller.media, ssrc=2).talk(3.0, A_SPEECH)
    dialog.bye(8.0, by="callee")
    return dialog


def test_one_leg_has_both_parties_in_its_two_directions(scene: Scene, tmp_path: Path) -> None:
    at_the_phone(scene, customer(), agent())
    (call,), report = play(scene.save(tmp_path / "a.pcap"))
    assert (call.says(CUSTOMER) == over_the_line(C_SPEECH)).all()
    assert (call.says(AGENT) == over_the_line(A_SPEECH)).all()
    assert (call.ended.cause, call.ended.by) == ("normal", AGENT)
    assert codes(report) == {"one_leg_only"}


def test_without_a_pattern_that_tells_the_callee_is_the_agent_and_it_is_said(
    scene: Scene, tmp_path: Path
) -> None:
    at_the_phone(scene, Phone("13800138000", "10.0.0.2"), Phone("4008001234", "10.0.0.3"))
    (call,), report = play(scene.save(tmp_path / "a.pcap"))
    assert call.leg(AGENT).number == "4008001234"
    assert codes(report) == {"one_leg_only", "role_guessed"}


def test_the_pattern_finds_the_agent_who_calls(scene: Scene, tmp_path: Path) -> None:
    at_the_phone(scene, agent(), customer())
    (call,), report = play(scene.save(tmp_path / "a.pcap"))
    assert call.started.direction is Direction.OUTBOUND
    assert (call.says(AGENT) == over_the_line(C_SPEECH)).all()
    assert "role_guessed" not in codes(report)


@pytest.mark.parametrize(
    "number", ["+86 138-0013-8000", "8613800138000", "10.0.0.2", "10.0.0.2:4000"]
)
def test_the_agents_number_overrides_the_pattern(scene: Scene, tmp_path: Path, number: str) -> None:
    """The user says who the agent is: number however written, or RTP address."""
    at_the_phone(scene, Phone("+8613800138000", "10.0.0.2"), Phone("1001", "10.0.0.3"))
    (call,), report = play(scene.save(tmp_path / "a.pcap"), agent_number=number)
    assert call.leg(AGENT).number == "+8613800138000"
    assert "role_guessed" not in codes(report)


def test_two_parties_that_both_look_like_agents_are_no_obstacle(
    scene: Scene, tmp_path: Path
) -> None:
    at_the_phone(scene, Phone("1001", "10.0.0.2"), Phone("1002", "10.0.0.3"))
    (call,), report = play(scene.save(tmp_path / "a.pcap"), agent_number="nobody")
    assert call.started.agent == "1002"
    assert "role_guessed" in codes(report)


def test_a_pattern_that_is_no_pattern_is_a_clear_error(scene: Scene, tmp_path: Path) -> None:
    at_the_phone(scene, customer(), agent())
    with pytest.raises(SettingsError, match="agent_pattern"):
        play(scene.save(tmp_path / "a.pcap"), agent_pattern="(")


def test_a_direction_that_was_not_captured_is_said(scene: Scene, tmp_path: Path) -> None:
    at_the_phone(scene, customer(), agent())
    scene.packets = [p for p in scene.packets if p.source != agent().media]
    (call,), report = play(scene.save(tmp_path / "a.pcap"))
    assert (call.says(CUSTOMER) == over_the_line(C_SPEECH)).all()
    assert call.frames[AGENT] == []
    assert "no_audio" in codes(report)


def test_signalling_without_any_audio_is_a_call_without_audio(scene: Scene, tmp_path: Path) -> None:
    bridge = Bridge(scene, customer(), agent())
    bridge.connect()
    bridge.hang_up(8.0)
    (call,), report = play(scene.save(tmp_path / "a.pcap"))
    assert call.kinds() == ["CallStarted", "CallAnswered", "CallEnded"]
    assert codes(report) == {"no_audio"}


def test_early_media_is_no_conversation(scene: Scene, tmp_path: Path) -> None:
    """Ringback and announcements before the answer are not what the agent says."""
    dialog = Dialog(scene, "early", customer(), agent())
    dialog.request(0.0, "INVITE", sdp(customer().media))
    dialog.response(0.1, "183 Session Progress", "INVITE", sdp(agent().media))
    sender = Rtp(scene, agent().media, customer().media)
    until = sender.talk(0.2, speech(1.0, 9))
    dialog.response(2.0, "200 OK", "INVITE", sdp(agent().media))
    dialog.established = True
    sender.timestamp += round((2.1 - until) * 8000)
    sender.talk(2.1, A_SPEECH)
    dialog.bye(8.0)
    (call,), report = play(scene.save(tmp_path / "a.pcap"))
    assert (call.says(AGENT) == over_the_line(A_SPEECH)).all()
    agents = next(stream for stream in report.streams if stream.party is AGENT)
    assert agents.skipped == {"before_answer": 50}


def without_sip(scene: Scene) -> None:
    scene.packets = [p for p in scene.packets if b"Call-ID" not in p.payload]


def test_rtp_alone_is_a_call_whose_parties_are_guessed(scene: Scene, tmp_path: Path) -> None:
    at_the_phone(scene, customer(), agent())
    without_sip(scene)
    (call,), report = play(scene.save(tmp_path / "a.pcap"))
    assert (call.says(CUSTOMER) == over_the_line(C_SPEECH)).all()
    assert (call.says(AGENT) == over_the_line(A_SPEECH)).all()
    assert call.started.direction is Direction.UNKNOWN
    assert call.ended.cause == "capture_ended"
    assert {"no_signalling", "role_guessed"} <= codes(report)


def test_rtp_alone_takes_the_agents_address(scene: Scene, tmp_path: Path) -> None:
    at_the_phone(scene, customer(), agent())
    without_sip(scene)
    (call,), _ = play(scene.save(tmp_path / "a.pcap"), agent_number="10.0.0.20")
    assert (call.says(AGENT) == over_the_line(C_SPEECH)).all()


def test_bridged_rtp_without_sip_is_paired_by_what_is_relayed(scene: Scene, tmp_path: Path) -> None:
    for number in range(2):
        bridge = Bridge(
            scene,
            Phone("c", f"10.0.1.{number}"),
            Phone("a", f"10.0.2.{number}"),
            name=f"{number}",
            ports=20_000 + 10 * number,
        )
        bridge.customer_says(2.0 + number / 10, speech(3.0, number))
        bridge.agent_says(3.0, speech(3.0, 10 + number))
    calls, report = play(scene.save(tmp_path / "a.pcap"))
    assert len(calls) == 2
    for number, call in enumerate(calls):
        assert (call.says(CUSTOMER) == over_the_line(speech(3.0, number))).all()
        assert (call.says(AGENT) == over_the_line(speech(3.0, 10 + number))).all()
    assert "no_signalling" in codes(report)


def test_silent_bridged_rtp_without_sip_is_paired_if_it_is_the_only_pair(
    scene: Scene, tmp_path: Path
) -> None:
    bridge = Bridge(scene, Phone("c", "10.0.1.1"), Phone("a", "10.0.2.1"))
    bridge.customer_says(2.0, np.zeros(8000, np.int16))
    bridge.agent_says(2.0, np.zeros(8000, np.int16))
    calls, report = play(scene.save(tmp_path / "a.pcap"))
    assert len(calls) == 1
    assert "pairing_guessed" in codes(report)


def test_rtp_on_the_same_ports_after_a_pause_is_another_call(scene: Scene, tmp_path: Path) -> None:
    for begin, ssrc in ((0.0, 1), (60.0, 3)):
        Rtp(scene, ("10.0.0.2", 5000), ("10.0.0.3", 6000), ssrc=ssrc).talk(begin, C_SPEECH)
        Rtp(scene, ("10.0.0.3", 6000), ("10.0.0.2", 5000), ssrc=ssrc + 1).talk(begin, A_SPEECH)
    calls, _ = play(scene.save(tmp_path / "a.pcap"))
    assert len(calls) == 2
    assert len({call.started.call_id for call in calls}) == 2


def test_one_way_rtp_between_two_addresses_is_one_session(scene: Scene, tmp_path: Path) -> None:
    """Some phones send from another port than they listen on."""
    Rtp(scene, ("10.0.0.2", 5000), ("10.0.0.3", 6000), ssrc=1).talk(0.0, C_SPEECH)
    Rtp(scene, ("10.0.0.3", 7000), ("10.0.0.2", 8000), ssrc=2).talk(0.5, A_SPEECH)
    (call,), _ = play(scene.save(tmp_path / "a.pcap"))
    assert (call.says(CUSTOMER) == over_the_line(C_SPEECH)).all()
    assert (call.says(AGENT) == over_the_line(A_SPEECH)).all()


def test_a_capture_that_begins_in_the_middle_of_a_call_is_used(
    scene: Scene, tmp_path: Path
) -> None:
    bridge = simple(scene)
    scene.packets = [p for p in scene.packets if p.time > bridge.answer + 1.0]
    (call,), report = play(scene.save(tmp_path / "a.pcap"))
    assert (call.says(AGENT) == over_the_line(A_SPEECH)).all()
    assert {"no_signalling", "dialogs_without_beginning"} <= codes(report)


def test_a_hold_in_a_capture_that_begins_in_the_middle_is_seen(
    scene: Scene, tmp_path: Path
) -> None:
    bridge = Bridge(scene, customer(), agent())
    bridge.connect()
    bridge.customer_says(2.1, C_SPEECH)
    bridge.agent_says(2.1, A_SPEECH)
    bridge.agent_leg.reinvite(4.0, "sendonly", by="callee")
    bridge.hang_up(8.0)
    scene.packets = [p for p in scene.packets if p.time > 3.0]
    calls, _ = play(scene.save(tmp_path / "a.pcap"))
    held = [call for call in calls if "CallHeld" in call.kinds()]
    assert [call.event(CallHeld).by for call in held] == [AGENT]


def test_the_legs_that_the_pbx_makes_for_this_product_are_no_calls(
    scene: Scene, tmp_path: Path
) -> None:
    simple(scene)
    fork = Dialog(
        scene,
        "fork",
        Phone("", PBX, rtp=29_000),
        Phone("asr", "10.0.9.9"),
        headers="X-RID-UUID: 1\r\n",
    )
    fork.establish(2.5, 2.6)
    Rtp(scene, (PBX, 29_000), fork.callee.media, ssrc=5).talk(2.7, C_SPEECH)
    fork.bye(8.0)
    calls, report = play(scene.save(tmp_path / "a.pcap"))
    assert len(calls) == 1
    assert report.warnings == ()


@pytest.mark.parametrize("joined", [0.5, 2.6])
def test_a_supervisor_who_listens_in_is_not_the_agent(
    scene: Scene, tmp_path: Path, joined: float
) -> None:
    """Nor is a recorder that hears the customer before the agent does."""
    bridge = Bridge(scene, customer(), agent())
    bridge.connect()
    listener = Phone("1900", "10.0.0.77")
    tap = Dialog(scene, "tap", Phone("", PBX, rtp=29_000), listener, from_user="spy")
    tap.establish(joined - 0.1, joined)
    bridge.customer_says(3.0, C_SPEECH)
    bridge.agent_says(3.0, A_SPEECH)
    Rtp(scene, (PBX, 29_000), listener.media, ssrc=5).talk(3.002, C_SPEECH)
    bridge.hang_up(20.0)
    tap.bye(20.1)
    (call,), report = play(scene.save(tmp_path / "a.pcap"))
    assert "CallTransferred" not in call.kinds()
    assert call.started.agent == "1001"
    assert (call.says(AGENT) == over_the_line(A_SPEECH)).all()
    assert "extra_leg" in codes(report)


def test_a_file_without_a_call_is_a_clear_error(scene: Scene, tmp_path: Path) -> None:
    scene.udp(0.0, ("10.0.0.1", 53), ("10.0.0.2", 4444), b"\x81\x80 a name server's answer")
    with pytest.raises(InputError, match="no call"):
        play(scene.save(tmp_path / "a.pcap"))


def test_calls_beyond_the_limit_are_counted_and_said(scene: Scene, tmp_path: Path) -> None:
    for number in range(5):
        dialog = Dialog(scene, f"c{number}", customer(), agent(rtp=4000 + 2 * number))
        dialog.establish(number * 10.0, number * 10.0 + 1)
        dialog.bye(number * 10.0 + 5)
    calls, report = play(scene.save(tmp_path / "a.pcap"), max_calls_per_capture=3)
    assert len(calls) == 3
    assert "too_many_calls" in codes(report)
