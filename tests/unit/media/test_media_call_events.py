"""Hold, transfer, failure and the end of calls through a B2BUA."""

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

from rid_telephony.calls.messages import (
    CallHeld,
    CallRetrieved,
    CallTransferred,
    Direction,
    Party,
)


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.mark.parametrize("direction", ["sendonly", "inactive"])
def test_hold_and_retrieve_by_the_agent(scene: Scene, tmp_path: Path, direction: str) -> None:
    bridge = Bridge(scene, customer(), agent())
    bridge.connect()
    bridge.agent_says(2.1, A_SPEECH[:16_000])
    bridge.agent_leg.reinvite(5.0, direction, by="callee")
    bridge.agent_says(5.5, speech(2.0, 66))  # the phone's own music
    bridge.agent_leg.reinvite(20.0, "sendrecv", by="callee")
    bridge.agent_says(20.2, A_SPEECH[16_000:])
    bridge.customer_says(6.0, C_SPEECH)
    bridge.hang_up(25.0, by="agent")
    (call,), report = play(scene.save(tmp_path / "a.pcap"))
    held, retrieved = call.event(CallHeld), call.event(CallRetrieved)
    assert (held.by, retrieved.by) == (AGENT, AGENT)
    assert (held.at, retrieved.at) == (pytest.approx(5.0), pytest.approx(20.0))
    assert (call.says(AGENT) == over_the_line(A_SPEECH)).all()
    assert call.frames[AGENT][100].at == pytest.approx(20.18, abs=0.01)
    assert (call.says(CUSTOMER) == over_the_line(C_SPEECH)).all()
    agents = next(stream for stream in report.streams if stream.party is AGENT)
    assert agents.skipped == {"held": 100}


def test_hold_that_the_pbx_passes_on_is_one_hold_by_the_agent(scene: Scene, tmp_path: Path) -> None:
    bridge = Bridge(scene, customer(), agent())
    bridge.connect()
    bridge.customer_says(2.1, C_SPEECH)
    bridge.agent_leg.reinvite(5.0, "sendonly", by="callee")
    bridge.customer_leg.reinvite(5.01, "sendonly", by="callee")
    bridge.agent_leg.reinvite(8.0, "sendrecv", by="callee")
    bridge.customer_leg.reinvite(8.01, "sendrecv", by="callee")
    bridge.hang_up(10.0)
    (call,), _ = play(scene.save(tmp_path / "a.pcap"))
    assert call.kinds() == [
        "CallStarted",
        "CallAnswered",
        "CallHeld",
        "CallRetrieved",
        "CallEnded",
    ]
    assert call.event(CallRetrieved).at == pytest.approx(8.01)


def test_hold_by_the_customer(scene: Scene, tmp_path: Path) -> None:
    bridge = Bridge(scene, customer(), agent())
    bridge.connect()
    bridge.customer_leg.reinvite(5.0, "sendonly", by="caller")
    bridge.hang_up(8.0)
    (call,), _ = play(scene.save(tmp_path / "a.pcap"))
    assert call.event(CallHeld).by is CUSTOMER


def transferred(scene: Scene, *, refer: bool, silent: bool = False) -> None:
    """Agent 1001 talks until 6, agent 1002 from 9 on."""
    bridge = Bridge(scene, customer(), agent())
    bridge.connect()
    say = (lambda samples: samples * 0) if silent else (lambda samples: samples)
    bridge.customer_out.talk(2.1, say(speech(3.0, 1)), bridge.agent_in)
    bridge.agent_says(2.1, say(speech(3.0, 2)))
    if refer:
        bridge.agent_leg.cseq += 1
        bridge.agent_leg.request(
            5.9, "REFER", by="callee", extra="Refer-To: <sip:1002@10.0.0.1>\r\n"
        )
    bridge.agent_leg.bye(6.0, by="callee" if refer else "caller")
    second = agent("1002", "10.0.0.32")
    near = Phone("", PBX, rtp=20_004)
    third = Dialog(scene, "x-3", near, second, from_user="13800138000")
    third.establish(6.1, 9.0)
    to_second = Rtp(scene, near.media, second.media, ssrc=0x55)
    from_second = Rtp(scene, second.media, near.media, ssrc=0x66)
    bridge.customer_in.ssrc = 0x77
    bridge.customer_out.talk(9.1, say(speech(3.0, 3)), to_second)
    from_second.talk(9.1, say(speech(3.0, 4)), bridge.customer_in)
    bridge.customer_leg.bye(14.0)
    third.bye(14.01)


@pytest.mark.parametrize(
    ("refer", "silent"), [(True, False), (False, False), (True, True), (False, True)]
)
def test_a_blind_transfer_is_one_call_with_two_agents(
    scene: Scene, tmp_path: Path, refer: bool, silent: bool
) -> None:
    transferred(scene, refer=refer, silent=silent)
    (call,), _ = play(scene.save(tmp_path / "a.pcap"))
    moved = call.event(CallTransferred)
    assert moved.at == pytest.approx(9.0, abs=0.01)
    assert (moved.to.number, moved.to.channel) == ("1002", "x-3")
    assert call.started.agent == "1001"
    assert call.ended.at == pytest.approx(14.0)
    if not silent:
        wanted = np.concatenate([over_the_line(speech(3.0, seed)) for seed in (2, 4)])
        assert (call.says(AGENT) == wanted).all()
        assert call.frames[AGENT][150].at == pytest.approx(9.08, abs=0.01)


def test_an_attended_transfer_leaves_the_consultation_out(scene: Scene, tmp_path: Path) -> None:
    """What two agents say to each other about a customer is not part of the customer's call."""
    bridge = Bridge(scene, customer(), agent())
    bridge.connect()
    bridge.customer_says(2.1, speech(3.0, 1))
    bridge.agent_says(2.1, speech(3.0, 2))
    bridge.agent_leg.reinvite(6.0, "sendonly", by="callee")
    first, second = agent(rtp=4100), agent("1002", "10.0.0.32")
    consult = Bridge(scene, first, second, invite=6.5, answer=8.0, name="cons", ports=20_100)
    consult.connect()
    consult.customer_says(8.1, speech(3.0, 3))
    consult.agent_says(8.1, speech(3.0, 4))
    bridge.agent_leg.bye(12.0, by="callee")
    consult.customer_leg.bye(12.0)
    to_second = consult.agent_in
    bridge.customer_out.talk(12.1, speech(3.0, 5), to_second)
    consult.agent_out.talk(12.1, speech(3.0, 6), bridge.customer_in)
    bridge.customer_leg.bye(16.0)
    consult.agent_leg.bye(16.01)
    (call,), report = play(scene.save(tmp_path / "a.pcap"))
    assert call.event(CallTransferred).at == pytest.approx(12.0, abs=0.01)
    assert call.event(CallTransferred).to.number == "1002"
    wanted = np.concatenate([over_the_line(speech(3.0, seed)) for seed in (2, 6)])
    assert (call.says(AGENT) == wanted).all()
    assert "consultation_left_out" in codes(report)
    retrieved = call.event(CallRetrieved)
    assert retrieved.at == pytest.approx(12.0, abs=0.01)


def test_the_agent_who_did_not_answer_is_not_the_agent(scene: Scene, tmp_path: Path) -> None:
    bridge = Bridge(scene, customer(), agent(), answer=6.0)
    busy = Dialog(
        scene, "busy", Phone("", PBX), agent("1009", "10.0.0.39"), from_user="13800138000"
    )
    busy.request(0.1, "INVITE", sdp((PBX, 20_500)))
    busy.response(1.0, "486 Busy Here", "INVITE")
    busy.request(1.01, "ACK")
    bridge.connect()
    bridge.customer_says(6.1, C_SPEECH)
    bridge.hang_up(12.0)
    (call,), _ = play(scene.save(tmp_path / "a.pcap"))
    assert call.started.agent == "1001"


def test_a_customer_who_gives_up_in_the_queue_has_a_call_that_was_not_answered(
    scene: Scene, tmp_path: Path
) -> None:
    near = Phone("4001", PBX, rtp=20_000)
    waiting = Dialog(scene, "w", customer(), near)
    waiting.establish(0.0, 0.1)
    ringing = Dialog(scene, "r", Phone("", PBX), agent(), from_user="13800138000")
    ringing.request(1.0, "INVITE", sdp((PBX, 20_500)))
    ringing.response(1.1, "180 Ringing", "INVITE")
    Rtp(scene, customer().media, near.media).talk(0.2, C_SPEECH)
    waiting.bye(10.0)
    ringing.request(10.01, "CANCEL")
    ringing.response(10.02, "487 Request Terminated", "INVITE")
    (call,), _ = play(scene.save(tmp_path / "a.pcap"))
    assert call.kinds() == ["CallStarted", "CallEnded"]
    assert (call.ended.cause, call.ended.by) == ("cancelled", CUSTOMER)


@pytest.mark.parametrize(
    ("status", "cause", "by"),
    [
        ("486 Busy Here", "busy", CUSTOMER),
        ("603 Decline", "rejected", CUSTOMER),
        ("480 Temporarily Unavailable", "no_answer", None),
        ("404 Not Found", "failed", None),
    ],
)
def test_a_call_that_fails_says_why(
    scene: Scene, tmp_path: Path, status: str, cause: str, by: Party | None
) -> None:
    near, far = Phone("13800138000", PBX, rtp=20_000), Phone("", PBX, rtp=20_002)
    first = Dialog(scene, "f", agent(), near)
    first.request(0.0, "INVITE", sdp(agent().media))
    second = Dialog(scene, "s", far, customer(), from_user="1001")
    second.request(0.1, "INVITE", sdp(far.media))
    second.response(3.0, status, "INVITE")
    first.response(3.01, status, "INVITE")
    (call,), _ = play(scene.save(tmp_path / "a.pcap"))
    assert call.kinds() == ["CallStarted", "CallEnded"]
    assert (call.ended.cause, call.ended.by) == (cause, by)
    assert call.started.direction is Direction.OUTBOUND


def test_a_challenge_is_not_the_end(scene: Scene, tmp_path: Path) -> None:
    """Every phone is asked for its password first; the call must not be lost for it."""
    bridge = Bridge(scene, customer(), agent())
    bridge.first.request(-0.2, "INVITE", sdp(customer().media))
    bridge.first.response(-0.1, "407 Proxy Authentication Required", "INVITE")
    bridge.first.request(-0.05, "ACK")
    bridge.first.cseq = 2
    bridge.connect()
    bridge.customer_says(2.1, C_SPEECH)
    bridge.hang_up(8.0)
    (call,), _ = play(scene.save(tmp_path / "a.pcap"))
    assert "CallAnswered" in call.kinds()
    assert call.ended.cause == "normal"


def test_repeated_messages_change_nothing(scene: Scene, tmp_path: Path) -> None:
    bridge = Bridge(scene, customer(), agent())
    bridge.connect()
    bridge.agent_leg.reinvite(5.0, "sendonly", by="callee")
    bridge.agent_leg.reinvite(6.0, "sendrecv", by="callee")
    bridge.hang_up(8.0)
    sip = [packet for packet in scene.packets if b"Call-ID" in packet.payload]
    for packet in sip:
        scene.udp(packet.time + 0.5, packet.source, packet.destination, packet.payload)
    (call,), _ = play(scene.save(tmp_path / "a.pcap"))
    assert call.kinds().count("CallHeld") == call.kinds().count("CallRetrieved") == 1
    assert call.ended.at == pytest.approx(8.0)


def test_a_capture_that_stops_ends_the_call_where_it_stops(scene: Scene, tmp_path: Path) -> None:
    bridge = simple(scene)
    scene.packets = [packet for packet in scene.packets if packet.time < bridge.answer + 4.0]
    (call,), _ = play(scene.save(tmp_path / "a.pcap"))
    assert (call.ended.cause, call.ended.by) == ("capture_ended", None)
    assert call.ended.at == pytest.approx(bridge.answer + 4.0, abs=0.05)
