"""Capture files of every make, whole and broken."""

from __future__ import annotations

import gzip
import io
import os
import struct
from pathlib import Path

import dpkt
import pytest
from unit.media.callkit import Bridge
from unit.media.capturekit import START, Packet, Scene, ethernet, write_pcap
from unit.media.playkit import (
    AGENT,
    C_SPEECH,
    CUSTOMER,
    Heard,
    agent,
    codes,
    customer,
    over_the_line,
    play,
    simple,
)

from rid_telephony.errors import InputError
from rid_telephony.media.source import open_recording
from rid_telephony.settings.media import MediaSettings


@pytest.fixture
def packets() -> list[Packet]:
    scene = Scene()
    simple(scene)
    return scene.ordered()


def check(path: Path) -> set[str]:
    (call,), report = play(path)
    assert (call.says(CUSTOMER) == over_the_line(C_SPEECH)).all()
    assert call.ended.cause == "normal"
    return codes(report)


def vlan(packet: bytes) -> bytes:
    frame = ethernet(packet)
    return frame[:12] + b"\x88\xa8\0\7\x81\0\0\5" + frame[12:]


LINKS = {
    "ethernet": (1, ethernet),
    "vlan": (1, vlan),
    "raw": (101, lambda ip: ip),
    "raw as OpenBSD numbers it": (14, lambda ip: ip),
    "ipv4": (228, lambda ip: ip),
    "loopback, little endian": (0, lambda ip: b"\2\0\0\0" + ip),
    "loopback, network order": (108, lambda ip: b"\0\0\0\2" + ip),
    "linux cooked": (113, lambda ip: b"\0\0\0\1\0\6" + b"\1" * 8 + b"\x08\0" + ip),
    "linux cooked 2": (276, lambda ip: b"\x08\0\0\0" + b"\0" * 16 + ip),
}


@pytest.mark.parametrize("name", LINKS)
def test_every_link_type_is_read(name: str, packets: list[Packet], tmp_path: Path) -> None:
    link, wrap = LINKS[name]
    path = tmp_path / "a.pcap"
    path.write_bytes(write_pcap([(p.time, wrap(p.ip())) for p in packets], link))
    assert check(path) == set()


def test_ipv6_is_read(tmp_path: Path) -> None:
    scene = Scene()
    phones = customer(), agent()
    phones[0].host, phones[1].host = "2001:db8::20", "2001:db8::30"
    bridge = Bridge(scene, *phones, pbx="2001:db8::1")
    bridge.connect()
    bridge.customer_says(2.1, C_SPEECH)
    bridge.hang_up(8.0)
    check(scene.save(tmp_path / "a.pcap"))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("tick", [10**6, 10**9])
def test_pcap_of_both_byte_orders_and_resolutions(
    packets: list[Packet], tmp_path: Path, order: str, tick: int
) -> None:
    magic = 0xA1B2C3D4 if tick == 10**6 else 0xA1B23C4D
    data = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65_535, 1)
    for packet in packets:
        frame = ethernet(packet.ip())
        time = START + packet.time
        fraction = round(time % 1 * tick) % tick
        data += struct.pack(order + "IIII", int(time), fraction, len(frame), len(frame)) + frame
    path = tmp_path / "a.pcap"
    path.write_bytes(data)
    assert check(path) == set()


def test_pcapng_written_by_another_program(packets: list[Packet], tmp_path: Path) -> None:
    out = io.BytesIO()
    writer = dpkt.pcapng.Writer(out)
    for packet in packets:
        writer.writepkt(ethernet(packet.ip()), ts=START + packet.time)
    path = tmp_path / "a.pcapng"
    path.write_bytes(out.getvalue())
    assert check(path) == set()


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += b"\0" * (-len(body) % 4)
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(link: int, resolution: int, order: str = "<") -> bytes:
    name = struct.pack(order + "HH4s", 2, 3, b"lo0\0")
    option = name + struct.pack(order + "HHB3xHH", 9, 1, resolution, 0, 0)
    return block(1, struct.pack(order + "HHI", link, 0, 0) + option, order)


def enhanced(number: int, ticks: int, data: bytes, order: str = "<") -> bytes:
    high, low = ticks >> 32, ticks & 0xFFFFFFFF
    comment = struct.pack(order + "HH4sHH", 1, 3, b"\xff\xfe\xfd\0", 0, 0)  # not UTF-8
    padded = data + b"\0" * (-len(data) % 4)
    head = struct.pack(order + "IIIII", number, high, low, len(data), len(data))
    return block(6, head + padded + comment, order)


def test_pcapng_of_two_interfaces_and_two_sections(packets: list[Packet], tmp_path: Path) -> None:
    """mergecap joins the captures of both legs: different link types, clocks, byte orders."""
    half = len(packets) // 2
    data = section() + interface(1, 9) + block(5, b"\0" * 40) + interface(101, 0x80 | 20)
    for packet in packets[:half]:
        time = START + packet.time
        if packet.source[0] < "10.0.0.2":
            data += enhanced(0, round(time * 10**9), ethernet(packet.ip()))
        else:
            data += enhanced(1, round(time * 2**20), packet.ip())
    data += section(">") + interface(1, 6, ">")
    for packet in packets[half:]:
        ticks = round((START + packet.time) * 10**6)
        data += enhanced(0, ticks, ethernet(packet.ip()), ">")
    path = tmp_path / "a.pcapng"
    path.write_bytes(data)
    assert check(path) == set()


def opened(path: Path, data: bytes) -> tuple[list[Heard], set[str]]:
    path.write_bytes(data)
    calls, report = play(path)
    return calls, codes(report)


@pytest.mark.parametrize("kind", ["pcap", "pcapng"])
def test_a_truncated_capture_is_analysed_as_far_as_it_goes_and_said_so(
    packets: list[Packet], tmp_path: Path, kind: str
) -> None:
    if kind == "pcap":
        data = write_pcap([(p.time, ethernet(p.ip())) for p in packets], 1)
    else:
        data = section() + interface(1, 6)
        for packet in packets:
            ticks = round((START + packet.time) * 10**6)
            data += enhanced(0, ticks, ethernet(packet.ip()))
    (call,), found = opened(tmp_path / "a", data[: len(data) * 2 // 3 + 1])
    assert found == {"truncated_capture"}
    assert call.ended.cause == "capture_ended"
    said = call.says(CUSTOMER)
    assert len(said) > 8000
    assert (said == over_the_line(C_SPEECH)[: len(said)]).all()


@pytest.mark.parametrize("size", [0xFFFFFFFF, 262_145, 1 << 30])
def test_a_bogus_length_stops_the_reading_and_takes_no_memory(
    packets: list[Packet], tmp_path: Path, size: int
) -> None:
    good = write_pcap([(p.time, ethernet(p.ip())) for p in packets], 1)
    bad = struct.pack("<IIII", int(START) + 9, 0, size, size) + b"\0" * 1000
    _, found = opened(tmp_path / "a", good + bad)
    assert found == {"damaged_capture"}


@pytest.mark.parametrize("length", [0, 4, 13, 0xFFFFFFF0])
def test_a_bogus_block_length_stops_the_reading(
    packets: list[Packet], tmp_path: Path, length: int
) -> None:
    data = section() + interface(1, 6)
    for packet in packets:
        data += enhanced(0, round((START + packet.time) * 10**6), ethernet(packet.ip()))
    _, found = opened(tmp_path / "a", data + struct.pack("<II", 6, length) + b"\0" * 100)
    assert found == {"damaged_capture"}


def test_packets_cut_by_a_snap_length_are_counted_and_said(
    packets: list[Packet], tmp_path: Path
) -> None:
    frames = [
        (p.time, ethernet(p.ip())[: 9999 if b"Call-ID" in p.payload else 96]) for p in packets
    ]
    (call,), found = opened(tmp_path / "a", write_pcap(frames, 1))
    assert found == {"cut_short", "no_audio"}
    assert call.frames[AGENT] == []


def test_a_clock_that_is_set_back_or_wild_moves_nothing(
    packets: list[Packet], tmp_path: Path
) -> None:
    """One packet of the year 2100 must not make a paced replay wait for ever."""
    frames = []
    for number, packet in enumerate(packets):
        shift = -7200.0 if number > len(packets) // 2 else 0.0
        wild = 2.3e9 if number in (0, 100) else 0.0
        frames.append((packet.time + shift + wild, ethernet(packet.ip())))
    (call,), found = opened(tmp_path / "a", write_pcap(frames, 1))
    assert (call.says(CUSTOMER) == over_the_line(C_SPEECH)).all()
    assert call.ended.at == pytest.approx(8.0, abs=0.1)
    assert found == {"capture_clock_step"}


def test_an_unknown_link_type_is_a_clear_error(packets: list[Packet], tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(write_pcap([(p.time, p.ip()) for p in packets], 105))
    with pytest.raises(InputError, match=r"IEEE 802\.11"):
        play(path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"GIF89a not at all", "Cannot read"),
        (gzip.compress(b"\xd4\xc3\xb2\xa1" + b"\0" * 100), "compressed"),
        (b"\xd4\xc3\xb2\xa1", "no call"),
        (b"\x0a\x0d\x0d\x0a", "no call"),
        (b"\xd4\xc3\xb2\xa1" + b"\0" * 20, "no call"),
    ],
)
def test_a_foreign_or_empty_file_is_a_clear_error(
    tmp_path: Path, data: bytes, message: str
) -> None:
    path = tmp_path / "a"
    path.write_bytes(data)
    with pytest.raises(InputError, match=message):
        open_recording(path, MediaSettings())


def test_what_is_no_file_is_a_clear_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "missing", tmp_path / "pipe"):
        with pytest.raises(InputError):
            open_recording(path, MediaSettings())


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"\xd4\xc3\xb2\xa1" + b"\0" * 100)
    settings = MediaSettings(max_capture_bytes=50)
    with pytest.raises(InputError, match="at most 50"):
        open_recording(path, settings)


def test_items_are_read_once(packets: list[Packet], tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(write_pcap([(p.time, ethernet(p.ip())) for p in packets], 1))
    recording = open_recording(path, MediaSettings())
    assert len(list(recording.items())) > 100
    assert recording.duration == pytest.approx(8.0, abs=0.1)
    with pytest.raises(InputError, match="once"):
        next(recording.items())
