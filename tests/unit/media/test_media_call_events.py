"""Hold and transfer in calls through a B2BUA."""

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
)

from rid_telephony.calls.messages import (
    CallHeld,
    CallRetrieved,
    CallTransferred,
)
from rid_telephony.media.messages import AudioFrame
from rid_telephony.media.source import open_recording
from rid_telephony.settings.media import MediaSettings


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


def test_a_hold_offered_in_the_answer_is_a_hold(scene: Scene, tmp_path: Path) -> None:
    """A re-INVITE without SDP: the 200 makes the offer, and the ACK answers it."""
    bridge = Bridge(scene, customer(), agent())
    bridge.connect()
    leg = bridge.agent_leg
    for time, direction, answer in ((5.0, "sendonly", "recvonly"), (7.0, "sendrecv", "sendrecv")):
        leg.cseq += 1
        leg.request(time, "INVITE", by="caller")
        leg.response(time + 0.01, "200 OK", "INVITE", sdp(agent().media, direction=direction))
        leg.request(time + 0.02, "ACK", sdp((PBX, 20_002), direction=answer))
    bridge.hang_up(10.0)
    (call,), _ = play(scene.save(tmp_path / "a.pcap"))
    held, retrieved = call.event(CallHeld), call.event(CallRetrieved)
    assert (held.by, held.at) == (AGENT, pytest.approx(5.01))
    assert (retrieved.by, retrieved.at) == (AGENT, pytest.approx(7.01))


def test_a_hold_told_only_by_the_answer_of_an_ack_is_a_hold(scene: Scene, tmp_path: Path) -> None:
    bridge = Bridge(scene, customer(), agent())
    bridge.connect()
    leg = bridge.agent_leg
    leg.cseq += 1
    leg.request(5.0, "INVITE", by="callee")
    leg.response(5.01, "200 OK", "INVITE", sdp((PBX, 20_002)), by="caller")
    leg.request(5.02, "ACK", sdp(agent().media, direction="sendonly"), by="callee")
    bridge.hang_up(10.0)
    (call,), _ = play(scene.save(tmp_path / "a.pcap"))
    assert call.event(CallHeld).by is AGENT


def test_what_was_said_just_before_a_hold_is_heard(scene: Scene, tmp_path: Path) -> None:
    """Packets that wait for a lost one when the hold comes were spoken before it."""
    bridge = Bridge(scene, customer(), agent())
    bridge.connect()
    bridge.agent_says(2.1, A_SPEECH)
    mine = [packet for packet in scene.packets if packet.source == agent().media]
    scene.packets.remove(mine[-4])
    bridge.agent_leg.reinvite(mine[-1].time + 0.01, "sendonly", by="callee")
    bridge.hang_up(10.0)
    (call,), _ = play(scene.save(tmp_path / "a.pcap"))
    assert sum(not frame.concealed for frame in call.frames[AGENT]) == len(mine) - 1
    assert call.frames[AGENT][-1].end == pytest.approx(mine[-1].time, abs=0.01)


def test_the_last_words_before_a_pause_come_while_the_other_speaks(
    scene: Scene, tmp_path: Path
) -> None:
    """Held back until the agent speaks again, they would be recognised far too late."""
    bridge = Bridge(scene, customer(), agent())
    bridge.connect()
    bridge.agent_says(2.1, A_SPEECH)
    mine = [packet for packet in scene.packets if packet.source == agent().media]
    scene.packets.remove(mine[-4])
    bridge.customer_says(2.1, speech(8.0, 3))
    bridge.hang_up(12.0)
    recording = open_recording(scene.save(tmp_path / "a.pcap"), MediaSettings())
    arrivals = [
        arrival
        for arrival, item in recording.items()
        if isinstance(item, AudioFrame) and item.party is AGENT
    ]
    assert arrivals[-1] < mine[-1].time + 0.3


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
