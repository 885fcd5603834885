"""Calls through a B2BUA, packet by packet: whose audio is whose, and nothing is mixed up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from unit.media.callkit import Bridge, Dialog, Phone, Rtp, sdp
from unit.media.capturekit import PBX, START, Scene, speech
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
    CallAnswered,
    Direction,
    Leg,
)
from rid_telephony.media.g711 import G711Law


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_an_inbound_call_gives_each_partys_own_audio(scene: Scene, tmp_path: Path) -> None:
    bridge = simple(scene)
    (call,), report = play(scene.save(tmp_path / "a.pcap"))
    assert call.kinds() == ["CallStarted", "CallAnswered", "CallEnded"]
    assert (call.says(CUSTOMER) == over_the_line(C_SPEECH)).all()
    assert (call.says(AGENT) == over_the_line(A_SPEECH)).all()
    assert call.started.direction is Direction.INBOUND
    assert call.started.started_at.timestamp() == pytest.approx(START, abs=1e-3)
    assert call.leg(CUSTOMER) == Leg(CUSTOMER, "x-1", "13800138000", "张女士")
    assert (call.leg(AGENT).number, call.started.agent) == ("1001", "1001")
    assert call.event(CallAnswered).at == pytest.approx(bridge.answer + 0.002, abs=1e-3)
    assert call.frames[CUSTOMER][0].at == pytest.approx(bridge.answer + 0.08, abs=1e-3)
    assert call.frames[AGENT][0].at == pytest.approx(bridge.answer + 1.98, abs=1e-3)
    assert call.ended.at == pytest.approx(bridge.answer + 6.0, abs=1e-3)
    assert (call.ended.cause, call.ended.by) == ("normal", CUSTOMER)
    assert report.warnings == ()


def test_an_outbound_call_knows_the_customer_by_the_number_dialled(
    scene: Scene, tmp_path: Path
) -> None:
    simple(scene, inbound=False)
    (call,), report = play(scene.save(tmp_path / "a.pcap"))
    assert call.started.direction is Direction.OUTBOUND
    assert call.leg(CUSTOMER).number == "13800138000"
    assert call.leg(CUSTOMER).channel == "x-2"
    assert (call.says(AGENT) == over_the_line(A_SPEECH)).all()
    assert report.warnings == ()


def test_a_replay_of_the_same_file_has_the_same_ids(scene: Scene, tmp_path: Path) -> None:
    simple(scene)
    path = scene.save(tmp_path / "a.pcap")
    ids = {play(path)[0][0].started.call_id for _ in range(2)}
    assert len(ids) == 1


def test_transcoded_legs_are_paired_by_loudness(scene: Scene, tmp_path: Path) -> None:
    """Two calls at once whose legs differ in codec: swapped, customers' words go to strangers."""
    laws = (G711Law.PCMA, G711Law.PCMU)
    for number, seed in ((0, 10), (1, 20)):
        phones = (
            Phone("unknown", f"10.0.0.{40 + number}"),
            Phone(f"100{number}", f"10.0.0.{50 + number}"),
        )
        bridge = Bridge(scene, *phones, laws=laws, name=f"call{number}", ports=20_000 + 10 * number)
        bridge.connect()
        bridge.customer_says(3.0, speech(8.0, seed))
        bridge.agent_says(5.0, speech(8.0, seed + 1))
        bridge.hang_up(14.0)
    calls, _ = play(scene.save(tmp_path / "a.pcap"))
    assert len(calls) == 2
    for call in calls:
        seed = 10 if call.started.agent == "1000" else 20
        assert (call.says(CUSTOMER) == over_the_line(speech(8.0, seed), G711Law.PCMA)).all()
        assert (call.says(AGENT) == over_the_line(speech(8.0, seed + 1))).all()


def test_silent_legs_are_paired_by_signalling_alone(scene: Scene, tmp_path: Path) -> None:
    for number in (0, 1):
        bridge = Bridge(
            scene,
            Phone(f"1390000000{number}", f"10.0.0.{40 + number}"),
            Phone(f"100{number}", f"10.0.0.{50 + number}"),
            invite=0.1 * number,
            name=f"call{number}",
            ports=20_000 + 10 * number,
        )
        bridge.connect()
        bridge.customer_says(3.0, np.zeros(16_000, np.int16))
        bridge.agent_says(3.0, np.zeros(16_000, np.int16))
        bridge.hang_up(6.0 + 3 * number)
    calls, report = play(scene.save(tmp_path / "a.pcap"))
    pairs = {(call.leg(CUSTOMER).number, call.leg(AGENT).number) for call in calls}
    assert pairs == {("13900000000", "1000"), ("13900000001", "1001")}
    assert codes(report) == {"silent_leg"}


def test_one_of_many_calls_at_once_is_not_mixed_with_another(scene: Scene, tmp_path: Path) -> None:
    for number in range(12):
        bridge = Bridge(
            scene,
            Phone(f"139000000{number:02}", "10.0.0.99", rtp=6000 + 2 * number),  # one trunk
            Phone(f"10{number:02}", f"10.0.1.{number}"),
            invite=0.2 * number,
            answer=2.0 + 0.2 * number,
            inbound=number % 2 == 0,
            name=f"c{number:02}",
            ports=20_000 + 10 * number,
        )
        bridge.connect()
        bridge.customer_says(5.0, speech(3.0, 100 + number))
        bridge.agent_says(6.0, speech(3.0, 200 + number))
        bridge.hang_up(10.0 + 0.1 * number, by="agent" if number % 3 else "customer")
    calls, report = play(scene.save(tmp_path / "a.pcap"))
    assert len(calls) == 12
    for call in calls:
        number = int(call.leg(AGENT).number[-2:])
        assert call.leg(CUSTOMER).number == f"139000000{number:02}"
        assert (call.says(CUSTOMER) == over_the_line(speech(3.0, 100 + number))).all()
        assert (call.says(AGENT) == over_the_line(speech(3.0, 200 + number))).all()
        assert call.ended.by is (AGENT if number % 3 else CUSTOMER)
    assert report.warnings == ()


def test_ports_used_again_by_the_next_call_belong_to_the_next_call(
    scene: Scene, tmp_path: Path
) -> None:
    for number in range(2):
        bridge = Bridge(
            scene,
            Phone(f"1390000000{number}", "10.0.0.20"),
            agent(),
            invite=10.0 * number,
            answer=2.0 + 10.0 * number,
            name=f"n{number}",
        )
        bridge.connect()
        bridge.customer_says(bridge.answer + 0.1, speech(2.0, number))
        bridge.agent_says(bridge.answer + 2.0, speech(2.0, 5 + number))
        bridge.hang_up(bridge.answer + 6.0)
    calls, _ = play(scene.save(tmp_path / "a.pcap"))
    assert [call.leg(CUSTOMER).number for call in calls] == ["13900000000", "13900000001"]
    for number, call in enumerate(calls):
        assert (call.says(CUSTOMER) == over_the_line(speech(2.0, number))).all()
        assert (call.says(AGENT) == over_the_line(speech(2.0, 5 + number))).all()


def test_phones_that_talk_directly_are_still_one_call(scene: Scene, tmp_path: Path) -> None:
    """With direct media no packet passes the PBX; its SDP names the other phone."""
    one, two = customer(), agent()
    first = Dialog(scene, "d1", one, Phone("4001", PBX), to_user="4001")
    second = Dialog(scene, "d2", Phone("", PBX), two, from_user="13800138000")
    second.request(0.1, "INVITE", sdp(one.media))
    second.response(2.0, "200 OK", "INVITE", sdp(two.media))
    first.request(0.0, "INVITE", sdp(one.media))
    first.response(2.01, "200 OK", "INVITE", sdp(two.media))
    first.established = second.established = True
    Rtp(scene, one.media, two.media, ssrc=1).talk(2.1, C_SPEECH)
    Rtp(scene, two.media, one.media, ssrc=2).talk(2.1, A_SPEECH)
    first.bye(8.0)
    second.bye(8.01)
    (call,), _ = play(scene.save(tmp_path / "a.pcap"))
    assert (call.says(CUSTOMER) == over_the_line(C_SPEECH)).all()
    assert (call.says(AGENT) == over_the_line(A_SPEECH)).all()
    assert len(call.started.legs) == 2


def test_a_phone_behind_a_nat_is_found_by_where_it_sends(scene: Scene, tmp_path: Path) -> None:
    """Its SDP names an address that never shows."""
    bridge = Bridge(scene, customer(), agent())
    bridge.connect()
    bridge.customer_out.source = ("203.0.113.9", 31_000)
    bridge.customer_in.destination = ("203.0.113.9", 31_000)
    bridge.customer_says(2.1, C_SPEECH)
    bridge.agent_says(2.1, A_SPEECH)
    bridge.hang_up(8.0)
    (call,), report = play(scene.save(tmp_path / "a.pcap"))
    assert (call.says(CUSTOMER) == over_the_line(C_SPEECH)).all()
    assert "203.0.113.9:31000" in next(s.source for s in report.streams if s.party is CUSTOMER)


def test_where_the_own_audio_is_missing_the_relayed_copy_is_used_and_said_so(
    scene: Scene, tmp_path: Path
) -> None:
    simple(scene)
    scene.packets = [
        packet
        for packet in scene.packets
        if packet.source != customer().media and packet.destination != customer().media
    ]
    (call,), report = play(scene.save(tmp_path / "a.pcap"))
    assert (call.says(CUSTOMER) == over_the_line(C_SPEECH)).all()
    assert codes(report) == {"relayed_copy"}


def test_an_agent_whose_line_stands_serves_one_customer_after_the_other(
    scene: Scene, tmp_path: Path
) -> None:
    """Predictive diallers keep the agent's leg up and bridge customers to it in turn."""
    line = Phone("", PBX, rtp=21_000)
    phone = agent()
    standing = Dialog(scene, "line", line, phone, from_user="dialer")
    standing.establish(0.0, 1.0)
    agent_out = Rtp(scene, phone.media, line.media, ssrc=9)
    agent_in = Rtp(scene, line.media, phone.media, ssrc=8)
    for number in range(2):
        begin = 10.0 + 20.0 * number
        who = Phone(f"1370000000{number}", "10.0.0.20", rtp=7000 + number * 2)
        near = Phone("", PBX, rtp=22_000 + number * 2)
        call = Dialog(scene, f"cust{number}", near, who, from_user="dialer")
        call.establish(begin, begin + 2.0)
        Rtp(scene, who.media, near.media, ssrc=20 + number).talk(
            begin + 2.1, speech(3.0, 30 + number), agent_in
        )
        agent_out.talk(
            begin + 6.0, speech(3.0, 40 + number), Rtp(scene, near.media, who.media, ssrc=1)
        )
        call.bye(begin + 12.0, by="callee")
    calls, _ = play(scene.save(tmp_path / "a.pcap"))
    assert [call.leg(CUSTOMER).number for call in calls] == ["13700000000", "13700000001"]
    for number, call in enumerate(calls):
        assert call.started.agent == "1001"
        assert call.started.direction is Direction.OUTBOUND
        assert (call.says(CUSTOMER) == over_the_line(speech(3.0, 30 + number))).all()
        assert (call.says(AGENT) == over_the_line(speech(3.0, 40 + number))).all()
        assert call.ended.at == pytest.approx(12.0, abs=0.01)
