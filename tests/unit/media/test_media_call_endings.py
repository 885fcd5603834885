"""Calls that are not answered, fail, or end in every possible way."""

from __future__ import annotations

from pathlib import Path

import pytest
from unit.media.callkit import Bridge, Dialog, Phone, Rtp, sdp
from unit.media.capturekit import PBX, Scene
from unit.media.playkit import (
    C_SPEECH,
    CUSTOMER,
    agent,
    customer,
    play,
    simple,
)

from rid_telephony.calls.messages import (
    Direction,
    Party,
)


@pytest.fixture
def scene() -> Scene:
    return Scene()


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
