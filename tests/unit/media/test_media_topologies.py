"""Networks between the parties: proxies, border controllers, load tests, odd captures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from unit.media.callkit import Bridge, Dialog, Phone, Rtp
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


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_capture_that_has_every_packet_twice_is_the_same_call(
    scene: Scene, tmp_path: Path
) -> None:
    """Captures of all interfaces at once see each packet on the bridge and on the port."""
    simple(scene)
    scene.packets += [replace(packet, time=packet.time + 2e-5) for packet in scene.packets]
    (call,), report = play(scene.save(tmp_path / "a.pcap"))
    assert (call.says(CUSTOMER) == over_the_line(C_SPEECH)).all()
    assert (call.says(AGENT) == over_the_line(A_SPEECH)).all()
    assert all(stream.duplicate for stream in report.streams)
    assert report.warnings == ()


def test_calls_that_all_play_the_same_recording_are_not_mixed_up(
    scene: Scene, tmp_path: Path
) -> None:
    """Load tests play one file in every call; the payloads then tell little."""
    for number in range(10):
        bridge = Bridge(
            scene,
            Phone(f"1390000000{number}", f"10.0.1.{number}"),
            Phone(f"100{number}", f"10.0.2.{number}"),
            invite=0.1 * number,
            answer=2.0 + 0.1 * number,
            name=f"n{number}",
            ports=20_000 + 10 * number,
        )
        bridge.connect()
        bridge.customer_says(bridge.answer + 0.1, C_SPEECH)
        bridge.agent_says(bridge.answer + 0.1, A_SPEECH)
        bridge.hang_up(bridge.answer + 5.0)
    calls, report = play(scene.save(tmp_path / "a.pcap"))
    pairs = [(call.leg(CUSTOMER).number[-1], call.leg(AGENT).number[-1]) for call in calls]
    assert pairs == [(str(number), str(number)) for number in range(10)]
    assert report.warnings == ()


def test_calls_that_play_the_same_recording_in_step_are_told_by_signalling(
    scene: Scene, tmp_path: Path
) -> None:
    """Half a millisecond apart, the copy of one call looks like that of the other."""
    for number in range(2):
        bridge = Bridge(
            scene,
            Phone(f"1390000000{number}", f"10.0.1.{number}"),
            Phone(f"100{number}", f"10.0.2.{number}"),
            invite=0.0005 * number,
            answer=2.0 + 0.0005 * number,
            name=f"n{number}",
            ports=20_000 + 10 * number,
        )
        bridge.connect()
        bridge.customer_says(bridge.answer + 0.1, C_SPEECH)
        bridge.agent_says(bridge.answer + 0.1, A_SPEECH)
        bridge.hang_up(bridge.answer + 5.0)
    calls, _ = play(scene.save(tmp_path / "a.pcap"))
    pairs = {(call.leg(CUSTOMER).number[-1], call.leg(AGENT).number[-1]) for call in calls}
    assert pairs == {("0", "0"), ("1", "1")}
    assert len(calls) == 2


def test_a_leg_with_the_same_callers_number_is_not_drawn_into_a_call_that_has_its_agent(
    scene: Scene, tmp_path: Path
) -> None:
    """Many customers call as anonymous; one's call must not swallow the other's."""
    who = Phone("anonymous", "10.0.0.20")
    bridge = Bridge(scene, who, agent())
    bridge.connect()
    bridge.customer_says(2.1, np.zeros(8000, np.int16))
    bridge.agent_says(2.1, np.zeros(8000, np.int16))
    other = Dialog(
        scene, "other", Phone("", PBX, rtp=25_000), agent("1002", "10.0.0.32"), "anonymous"
    )
    other.establish(5.0, 6.0)
    Rtp(scene, other.callee.media, (PBX, 25_000)).talk(6.1, A_SPEECH)
    other.bye(15.0)
    bridge.hang_up(20.0)
    calls, _ = play(scene.save(tmp_path / "a.pcap"))
    assert [call.started.agent for call in calls] == ["1001", "1002"]
    assert (calls[1].says(AGENT) == over_the_line(A_SPEECH)).all()


def test_audio_long_after_a_call_on_its_ports_is_not_that_calls(
    scene: Scene, tmp_path: Path
) -> None:
    bridge = simple(scene)
    Rtp(scene, customer().media, (PBX, bridge.ports), ssrc=0x4242).talk(60.0, speech(2.0, 9))
    calls, _ = play(scene.save(tmp_path / "a.pcap"))
    assert len(calls) == 2
    assert (calls[0].says(CUSTOMER) == over_the_line(C_SPEECH)).all()
    assert calls[0].ended.at == pytest.approx(8.0)


def test_a_border_controller_before_the_pbx_does_not_double_the_call(
    scene: Scene, tmp_path: Path
) -> None:
    """Three dialogs, two B2BUAs, one call."""
    border = "10.0.9.9"
    who, phone = customer(), agent()
    outside, inside = Phone("", border, rtp=30_000), Phone("", border, rtp=30_002)
    near, far = Phone("4001", PBX, rtp=20_000), Phone("", PBX, rtp=20_002)
    legs = [
        Dialog(scene, "one", who, outside, to_user="4001"),
        Dialog(scene, "two", inside, near, from_user="13800138000"),
        Dialog(scene, "three", far, phone, from_user="13800138000"),
    ]
    for number, leg in enumerate(reversed(legs)):
        leg.establish(0.02 - 0.01 * number, 2.0 + 0.01 * number)
    hops = [(who, outside), (inside, near), (far, phone)]
    for number in range(100):
        for speaker, path in ((C_SPEECH, hops), (A_SPEECH, [h[::-1] for h in hops[::-1]])):
            for hop, (sender, receiver) in enumerate(path):
                stream = Rtp(scene, sender.media, receiver.media, ssrc=hop + 1)
                stream.sequence, stream.timestamp = number, number * 160
                piece = speaker[number * 160 : number * 160 + 160]
                stream.talk(2.1 + number * 0.02 + hop * 0.001, piece)
    for number, leg in enumerate(legs):
        leg.bye(8.0 + 0.01 * number)
    (call,), report = play(scene.save(tmp_path / "a.pcap"))
    assert (call.says(CUSTOMER) == over_the_line(C_SPEECH[:16_000])).all()
    assert (call.says(AGENT) == over_the_line(A_SPEECH[:16_000])).all()
    assert [leg.channel for leg in call.started.legs] == ["one", "three"]
    assert report.warnings == ()


def test_a_proxy_that_relays_media_shows_the_same_dialog_twice(
    scene: Scene, tmp_path: Path
) -> None:
    """A proxy keeps Call-ID and tags but rewrites the SDP; the audio passes it unchanged."""
    bridge = Bridge(scene, customer(), agent())
    bridge.connect()
    bridge.customer_says(2.1, C_SPEECH)
    bridge.agent_says(2.1, A_SPEECH)
    bridge.hang_up(8.0)
    proxy = ("10.0.7.7", 5060)
    media = ("10.0.7.7", 40_000)
    mine, pbx = customer(), (PBX, 20_000)
    extra = []
    for packet in scene.packets:
        if packet.source == mine.at:
            body = packet.payload.replace(b"IP4 10.0.0.20", b"IP4 10.0.7.7 ")
            body = body.replace(b"audio 4000 ", b"audio 40000")
            extra.append(replace(packet, source=proxy, time=packet.time + 1e-3, payload=body))
            packet.destination = proxy
        elif packet.source == mine.media or (
            packet.destination == mine.media and packet.source == pbx
        ):
            extra.append(replace(packet, source=media, time=packet.time + 1e-4))
            packet.destination = media
    scene.packets += extra
    (call,), _ = play(scene.save(tmp_path / "a.pcap"))
    assert (call.says(CUSTOMER) == over_the_line(C_SPEECH)).all()
    assert (call.says(AGENT) == over_the_line(A_SPEECH)).all()


def test_audio_that_moves_to_other_ports_by_a_reinvite_is_followed(
    scene: Scene, tmp_path: Path
) -> None:
    bridge = Bridge(scene, customer(), agent())
    bridge.connect()
    bridge.customer_says(2.1, C_SPEECH[:16_000])
    moved = customer(rtp=4444)
    bridge.customer_leg.caller = moved
    bridge.customer_leg.reinvite(5.0, "sendrecv", by="caller")
    second = Rtp(scene, moved.media, (PBX, 20_000), ssrc=0x99)
    second.talk(5.1, C_SPEECH[16_000:], bridge.agent_in)
    bridge.agent_says(2.1, A_SPEECH)
    bridge.hang_up(9.0)
    (call,), _ = play(scene.save(tmp_path / "a.pcap"))
    assert (call.says(CUSTOMER) == over_the_line(C_SPEECH)).all()
    assert call.frames[CUSTOMER][100].at == pytest.approx(5.08, abs=0.01)


def test_music_on_hold_with_a_source_of_its_own_is_not_the_agents(
    scene: Scene, tmp_path: Path
) -> None:
    bridge = Bridge(scene, customer(), agent())
    bridge.connect()
    bridge.agent_says(2.1, A_SPEECH)
    bridge.customer_says(2.1, C_SPEECH)
    bridge.agent_leg.reinvite(7.0, "sendonly", by="callee")
    tune = np.tile(speech(0.5, 77), 6)
    Rtp(scene, (PBX, 20_000), customer().media, ssrc=0xABCD).talk(7.1, tune)
    bridge.agent_leg.reinvite(11.0, "sendrecv", by="callee")
    bridge.hang_up(12.0)
    (call,), report = play(scene.save(tmp_path / "a.pcap"))
    assert (call.says(AGENT) == over_the_line(A_SPEECH)).all()
    assert "relayed_copy" not in codes(report)


def test_noise_that_looks_like_rtp_is_left_alone(scene: Scene, tmp_path: Path) -> None:
    """A quarter of all name server answers begin like RTP."""
    simple(scene)
    rng = np.random.default_rng(3)
    for number in range(3000):
        where = (f"10.9.{number % 200}.1", int(rng.integers(1024, 65_535)))
        noise = b"\x80" + rng.bytes(60)
        scene.udp(number / 400, where, ("10.0.0.53", 53), noise)
    calls, _ = play(scene.save(tmp_path / "a.pcap"), max_calls_per_capture=50)
    assert len(calls) == 1
    assert (calls[0].says(CUSTOMER) == over_the_line(C_SPEECH)).all()


def test_an_agents_leg_ends_the_call_though_the_customers_goes_on(
    scene: Scene, tmp_path: Path
) -> None:
    """After the agent the PBX plays a survey; what the customer says to it is no conversation."""
    bridge = Bridge(scene, customer(), agent())
    bridge.connect()
    bridge.customer_says(2.1, C_SPEECH)
    bridge.agent_leg.bye(7.0, by="callee")
    bridge.customer_out.talk(8.0, speech(2.0, 8))
    bridge.customer_leg.bye(12.0)
    (call,), report = play(scene.save(tmp_path / "a.pcap"))
    assert call.ended.at == pytest.approx(7.0)
    assert call.ended.by is AGENT
    assert (call.says(CUSTOMER) == over_the_line(C_SPEECH)).all()
    counted = next(stream for stream in report.streams if stream.party is CUSTOMER)
    assert counted.skipped == {"after_end": 100}
