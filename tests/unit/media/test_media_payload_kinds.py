"""What is in the packets: codecs, DTMF, comfort noise, RTCP, encryption, silence."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from unit.media.callkit import Bridge, Dialog, Rtp, sdp
from unit.media.capturekit import Scene, speech
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

from rid_telephony.calls.messages import Party
from rid_telephony.media.g711 import G711Law, encode_g711
from rid_telephony.media.payloads import PayloadKind, payload_format
from rid_telephony.media.report import RecordingReport, StreamReport


@pytest.fixture
def scene() -> Scene:
    return Scene()


def stream(report: RecordingReport, party: Party) -> StreamReport:
    return next(found for found in report.streams if found.party is party)


def solo(scene: Scene, payloads: str, extra: str = "") -> tuple[Dialog, Rtp, Rtp]:
    dialog = Dialog(scene, "solo", customer(), agent())
    dialog.establish(0.0, 2.0, payloads, extra=extra)
    dialog.bye(10.0)
    return (
        dialog,
        Rtp(scene, customer().media, agent().media, ssrc=1),
        Rtp(scene, agent().media, customer().media, ssrc=2),
    )


def test_dtmf_comfort_noise_and_rtcp_are_skipped_and_counted(scene: Scene, tmp_path: Path) -> None:
    _, there, back = solo(scene, "0 13 101")
    until = there.talk(2.1, C_SPEECH[:8000])
    for _ in range(5):
        there.send(until, 101, b"\1\x0a\0\xa0", step=0)
    there.send(until, 13, b"\x40")
    report_packet = struct.pack("!BBHI", 0x80, 200, 6, 1) + b"\0" * 20
    scene.udp(3.0, customer().media, agent().media, report_packet)
    scene.udp(3.1, ("10.0.0.20", 4001), ("10.0.0.31", 4001), report_packet)
    there.talk(until + 0.02, C_SPEECH[8000:])
    back.talk(2.1, A_SPEECH)
    (call,), report = play(scene.save(tmp_path / "a.pcap"))
    assert (call.says(CUSTOMER) == over_the_line(C_SPEECH)).all()
    counted = stream(report, CUSTOMER)
    assert counted.skipped == {"dtmf": 5, "comfort_noise": 1, "not_rtp": 1}
    assert counted.lost == 0
    assert report.counts["rtcp"] == 2


def test_g711_on_a_dynamic_payload_type_is_read_as_the_sdp_says(
    scene: Scene, tmp_path: Path
) -> None:
    _, there, back = solo(scene, "97 101", "a=rtpmap:97 PCMA/8000\r\n")
    for begin in range(0, len(C_SPEECH), 160):
        piece = encode_g711(G711Law.PCMA, C_SPEECH[begin : begin + 160])
        there.send(2.1 + begin / 8000, 97, piece)
    back.talk(2.1, A_SPEECH)
    (call,), _ = play(scene.save(tmp_path / "a.pcap"))
    assert (call.says(CUSTOMER) == over_the_line(C_SPEECH, G711Law.PCMA)).all()


def test_a_dynamic_payload_type_means_what_its_receiver_says(scene: Scene, tmp_path: Path) -> None:
    """RFC 3264, 5.1: each side may number its codecs differently."""
    dialog = Dialog(scene, "solo", customer(), agent())
    offer = sdp(customer().media, "97", extra="a=rtpmap:97 PCMU/8000\r\n")
    answer = sdp(agent().media, "97", extra="a=rtpmap:97 PCMA/8000\r\n")
    dialog.request(0.0, "INVITE", offer)
    dialog.response(2.0, "200 OK", "INVITE", answer)
    there = Rtp(scene, customer().media, agent().media, ssrc=1)
    back = Rtp(scene, agent().media, customer().media, ssrc=2)
    for begin in range(0, 16_000, 160):
        piece = C_SPEECH[begin : begin + 160]
        there.send(2.1 + begin / 8000, 97, encode_g711(G711Law.PCMA, piece))
        back.send(2.1 + begin / 8000, 97, encode_g711(G711Law.PCMU, piece))
    (call,), _ = play(scene.save(tmp_path / "a.pcap"))
    assert (call.says(CUSTOMER) == over_the_line(C_SPEECH[:16_000], G711Law.PCMA)).all()
    assert (call.says(AGENT) == over_the_line(C_SPEECH[:16_000], G711Law.PCMU)).all()


def test_another_codec_is_said_and_the_other_leg_goes_on(scene: Scene, tmp_path: Path) -> None:
    _, there, back = solo(scene, "18 0 101", "a=rtpmap:18 G729/8000\r\n")
    for number in range(100):
        there.send(2.1 + number * 0.02, 18, bytes(20))
    back.talk(2.1, A_SPEECH)
    (call,), report = play(scene.save(tmp_path / "a.pcap"))
    assert call.frames[CUSTOMER] == []
    assert (call.says(AGENT) == over_the_line(A_SPEECH)).all()
    assert stream(report, CUSTOMER).skipped == {"unsupported_codec": 100}
    warning = next(found for found in report.warnings if found.code == "unsupported_codec")
    assert "G729" in warning.message


def test_encrypted_audio_is_not_played_as_noise(scene: Scene, tmp_path: Path) -> None:
    crypto = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc\r\n"
    _, there, back = solo(scene, "0 101", crypto)
    there.talk(2.1, C_SPEECH)
    back.talk(2.1, A_SPEECH)
    (call,), report = play(scene.save(tmp_path / "a.pcap"))
    assert call.frames == {AGENT: [], CUSTOMER: []}
    assert "encrypted_audio" in codes(report)


def test_encryption_that_was_offered_but_not_taken_is_none(scene: Scene, tmp_path: Path) -> None:
    """Best-effort SRTP: the offer has a key, the answer has not, and both send in the clear."""
    dialog = Dialog(scene, "solo", customer(), agent())
    crypto = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc\r\n"
    offer = sdp(customer().media, extra=crypto).replace("SAVP", "AVP")
    dialog.request(0.0, "INVITE", offer)
    dialog.response(2.0, "200 OK", "INVITE", sdp(agent().media))
    Rtp(scene, customer().media, agent().media, ssrc=1).talk(2.1, C_SPEECH)
    Rtp(scene, agent().media, customer().media, ssrc=2).talk(2.1, A_SPEECH)
    (call,), _ = play(scene.save(tmp_path / "a.pcap"))
    assert (call.says(CUSTOMER) == over_the_line(C_SPEECH)).all()
    assert (call.says(AGENT) == over_the_line(A_SPEECH)).all()


def test_a_silent_leg_is_said(scene: Scene, tmp_path: Path) -> None:
    bridge = Bridge(scene, customer(), agent())
    bridge.connect()
    bridge.customer_says(2.1, C_SPEECH)
    bridge.agent_says(2.1, np.zeros(16_000, np.int16))
    bridge.hang_up(8.0)
    (call,), report = play(scene.save(tmp_path / "a.pcap"))
    assert len(call.says(AGENT)) == 16_000
    assert [warning.code for warning in report.warnings] == ["silent_leg"]
    assert "agent" in report.warnings[0].message


def test_lost_duplicate_and_reordered_packets_are_counted(scene: Scene, tmp_path: Path) -> None:
    _, there, back = solo(scene, "0 101")
    there.talk(2.1, C_SPEECH)
    back.talk(2.1, A_SPEECH)
    mine = [packet for packet in scene.packets if packet.source == customer().media]
    scene.packets.remove(mine[50])
    mine[60].time += 0.05
    scene.udp(mine[70].time + 0.01, mine[70].source, mine[70].destination, mine[70].payload)
    (call,), report = play(scene.save(tmp_path / "a.pcap"))
    counted = stream(report, CUSTOMER)
    assert (counted.lost, counted.reordered, counted.duplicate) == (1, 1, 1)
    assert counted.concealed_seconds == pytest.approx(0.02)
    concealed = [frame for frame in call.frames[CUSTOMER] if frame.concealed]
    assert [frame.at for frame in concealed] == [pytest.approx(2.08 + 50 * 0.02, abs=1e-3)]


def test_half_an_rtp_packet_is_counted_and_the_rest_goes_on(scene: Scene, tmp_path: Path) -> None:
    _, there, back = solo(scene, "0 101")
    there.talk(2.1, C_SPEECH)
    back.talk(2.1, A_SPEECH)
    broken = struct.pack("!BBHI", 0x8F, 0, 1, 1)
    scene.udp(3.0, customer().media, agent().media, broken)
    (call,), report = play(scene.save(tmp_path / "a.pcap"))
    assert (call.says(CUSTOMER) == over_the_line(C_SPEECH)).all()
    assert stream(report, CUSTOMER).skipped == {"malformed": 1}
    assert "rtp_malformed" in codes(report)


def test_other_packet_lengths_than_20_ms_are_no_matter(scene: Scene, tmp_path: Path) -> None:
    _, there, back = solo(scene, "0 101")
    samples = speech(3.0, 3)
    for begin in range(0, len(samples), 480):
        piece = encode_g711(G711Law.PCMU, samples[begin : begin + 480])
        there.send(2.1 + begin / 8000, 0, piece, step=480)
    back.talk(2.1, A_SPEECH)
    (call,), _ = play(scene.save(tmp_path / "a.pcap"))
    assert (call.says(CUSTOMER) == over_the_line(samples)).all()


@pytest.mark.parametrize(
    ("name", "rate", "kind"),
    [
        ("pcmu", 8000, PayloadKind.PCMU),
        ("PCMA", 8000, PayloadKind.PCMA),
        ("PCMA", 16_000, PayloadKind.UNSUPPORTED),
        ("telephone-event", 8000, PayloadKind.DTMF),
        ("CN", 8000, PayloadKind.COMFORT_NOISE),
        ("opus", 48_000, PayloadKind.UNSUPPORTED),
    ],
)
def test_encodings_are_told_apart_by_name_and_rate(name: str, rate: int, kind: PayloadKind) -> None:
    assert payload_format(name, rate).kind is kind
