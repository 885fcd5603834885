"""SIP in pieces: IP fragments and TCP segments, put together within bounds."""

from __future__ import annotations

import struct
from collections import Counter
from pathlib import Path

import dpkt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.media.capturekit import Packet, Scene, ethernet, write_pcap
from unit.media.playkit import C_SPEECH, CUSTOMER, codes, over_the_line, play, simple

from rid_telephony.media.capture.fragments import MAX_PACKETS, Reassembler
from rid_telephony.media.capture.network import Datagram, Fragment, endpoint, parse_ip
from rid_telephony.media.capture.tcp import MAX_AHEAD, SipOverTcp

HERE, THERE = b"\x0a\0\0\1\x13\xc4", b"\x0a\0\0\2\x13\xc4"


def fragmented(packet: Packet, size: int) -> list[bytes]:
    """The IP packet in pieces of ``size`` bytes, a multiple of 8."""
    whole = packet.ip()
    head, body = bytearray(whole[:20]), whole[20:]
    pieces = []
    for offset in range(0, len(body), size):
        piece = body[offset : offset + size]
        more = 0x2000 if offset + size < len(body) else 0
        struct.pack_into("!HHH", head, 2, 20 + len(piece), 77, more | offset // 8)
        pieces.append(bytes(head) + piece)
    return pieces


def test_a_fragmented_invite_is_put_together(tmp_path: Path) -> None:
    """INVITEs with many codecs are longer than a frame; without them there is no call."""
    scene = Scene()
    simple(scene)
    frames = []
    for packet in scene.ordered():
        pieces = fragmented(packet, 200) if b"INVITE sip" in packet.payload else [packet.ip()]
        order = reversed(pieces) if len(pieces) > 1 else pieces
        frames += [(packet.time, ethernet(piece)) for piece in order]
    path = tmp_path / "a.pcap"
    path.write_bytes(write_pcap(frames, 1))
    (call,), report = play(path)
    assert (call.says(CUSTOMER) == over_the_line(C_SPEECH)).all()
    assert report.warnings == ()


def test_fragments_that_never_meet_are_dropped_within_the_bound() -> None:
    counts: Counter[str] = Counter()
    reassembler = Reassembler(counts)
    for number in range(1000):
        piece = Fragment(struct.pack("!I", number), 8, True, 17, b"1234", b"5678", b"x" * 8)
        assert reassembler.add(piece) is None
    assert counts["fragments_dropped"] == 1000 - MAX_PACKETS
    reassembler.close()
    assert counts["fragments_dropped"] == 1000


def test_ipv6_fragments_and_option_headers_are_read() -> None:
    packet = Packet(0.0, ("2001:db8::1", 5060), ("2001:db8::2", 5060), b"x" * 64).ip()
    udp = packet[40:]
    options = bytes([44, 0]) + b"\0" * 6
    pieces = []
    for offset, more in ((0, 1), (40, 0)):
        body = udp[offset : 40 if more else None]
        inner = options + struct.pack("!BBHI", 17, 0, offset | more, 9) + body
        head = struct.pack("!IHBB", 0x60000000, len(inner), 0, 64) + packet[8:40]
        pieces.append(parse_ip(head + inner, 0))
    reassembler = Reassembler(Counter())
    assert isinstance(pieces[0], Fragment)
    assert isinstance(pieces[1], Fragment)
    assert reassembler.add(pieces[1]) is None
    whole = reassembler.add(pieces[0])
    assert whole == Datagram(
        17, endpoint("2001:db8::1", 5060), endpoint("2001:db8::2", 5060), b"x" * 64
    )


@given(st.binary(max_size=120))
def test_any_bytes_are_a_packet_or_are_counted(data: bytes) -> None:
    assert isinstance(parse_ip(data, 0), Datagram | Fragment | str)


def segment(sequence: int, data: bytes) -> bytes:
    return struct.pack("!HHIIBBHHH", 5060, 5060, sequence % (1 << 32), 0, 0x50, 0, 0, 0, 0) + data


def message(number: int, body: bytes = b"") -> bytes:
    return b"BYE sip:x SIP/2.0\r\nCall-ID: %d\r\nl: %d\r\n\r\n%s" % (number, len(body), body)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_messages_come_out_of_tcp_however_it_is_cut_and_shuffled(data: st.DataObject) -> None:
    messages = [message(n, b"body" * n) for n in range(6)]
    stream = b"\r\n\r\n".join(messages)
    cuts = sorted(data.draw(st.sets(st.integers(20, len(stream) - 1), max_size=12)))
    base = (1 << 32) - 100
    pieces = [
        (base + begin, stream[begin:end])
        for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
    ]
    first, *rest = pieces
    shuffled = [first, *data.draw(st.permutations(rest)), *data.draw(st.permutations(pieces))]
    reader = SipOverTcp(65_535, Counter())
    found = []
    for sequence, piece in shuffled:
        found += reader.add(HERE, THERE, segment(sequence, piece))
    assert found == messages


def test_a_hole_in_tcp_costs_the_messages_in_it_and_no_more() -> None:
    counts: Counter[str] = Counter()
    reader = SipOverTcp(65_535, counts)
    found = list(reader.add(HERE, THERE, segment(0, message(0))))
    place = 1000
    for number in range(1, MAX_AHEAD + 3):
        data = message(number)
        found += reader.add(HERE, THERE, segment(place, data))
        place += len(data)
    assert found == [message(n) for n in range(MAX_AHEAD + 3)]
    assert counts["sip_tcp_lost"] == 1


def test_a_length_beyond_the_bound_is_not_waited_for() -> None:
    counts: Counter[str] = Counter()
    reader = SipOverTcp(1000, counts)
    head = b"BYE sip:x SIP/2.0\r\nContent-Length: 9999999\r\n\r\n"
    assert list(reader.add(HERE, THERE, segment(0, head))) == []
    assert counts["sip_too_long"] == 1


def test_a_call_signalled_over_tcp_is_read(tmp_path: Path) -> None:
    scene = Scene()
    simple(scene)
    sent: Counter[tuple[object, object]] = Counter()
    for packet in scene.ordered():
        if b"Call-ID" in packet.payload:
            way = (packet.source, packet.destination)
            packet.protocol = dpkt.ip.IP_PROTO_TCP
            data, packet.payload = packet.payload, segment(sent[way], packet.payload)
            sent[way] += len(data)
    (call,), report = play(scene.save(tmp_path / "a.pcap"))
    assert (call.says(CUSTOMER) == over_the_line(C_SPEECH)).all()
    assert call.ended.cause == "normal"
    assert report.warnings == ()


def test_sip_over_tls_is_said(tmp_path: Path) -> None:
    scene = Scene()
    simple(scene)
    for packet in scene.packets:
        if b"Call-ID" in packet.payload:
            packet.protocol = dpkt.ip.IP_PROTO_TCP
            packet.payload = struct.pack("!HH", 5061, 40_000) + segment(0, b"\x16\3\1xyz")[4:]
    _, report = play(scene.save(tmp_path / "a.pcap"))
    assert {"sip_over_tls", "no_signalling"} <= codes(report)


@pytest.mark.parametrize("text", ["", "pbx.example", "300.1.1.1", "10.0.0.1x"])
def test_an_address_that_is_none_gives_no_endpoint(text: str) -> None:
    assert endpoint(text, 4000) is None
