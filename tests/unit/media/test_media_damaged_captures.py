"""Damaged captures: a clear error or a call, never a traceback, never for ever."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path
from random import Random

import dpkt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.media.capturekit import Scene
from unit.media.playkit import play, simple

from rid_telephony.errors import InputError

CAPTURES = Path(__file__).parents[3] / "fixtures" / "captures"
SOURCES = [
    "freeswitch/sip_rtp_eavesdrop_fork_pcmu.pcap",
    "asterisk/sip_rtp_pcmu_baresip_agent.pcap",
    "hold_dtmf_dd01_pcmu.pcap",
    "two_calls.pcap",
]
LENIENT = settings(
    max_examples=80,
    deadline=5000,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@lru_cache
def records(name: str) -> list[tuple[float, bytes]]:
    """A real capture made short: all of its SIP, and some of the RTP around it."""
    with (CAPTURES / name).open("rb") as stream:
        every = [(float(time), frame) for time, frame in dpkt.pcap.Reader(stream)]
    near = set(range(60))
    for number, (_, frame) in enumerate(every):
        if b"Call-ID" in frame:
            near.update(range(number - 12, number + 13))
    return [record for number, record in enumerate(every) if number in near]


@lru_cache
def content(name: str, kind: str) -> bytes:
    out = io.BytesIO()
    module = dpkt.pcap if kind == "pcap" else dpkt.pcapng
    writer = module.Writer(out)
    for time, frame in records(name):
        writer.writepkt(frame, ts=time)
    return out.getvalue()


def survives(path: Path, data: bytes) -> None:
    """``play`` checks one start and one end of each call, order, and overlaps."""
    path.write_bytes(data)
    try:
        play(path)
    except InputError as error:
        assert str(path) in str(error)


@LENIENT
@given(st.sampled_from(SOURCES), st.sampled_from(["pcap", "pcapng"]), st.floats(0, 1))
def test_a_capture_cut_anywhere(tmp_path: Path, name: str, kind: str, part: float) -> None:
    data = content(name, kind)
    survives(tmp_path / "a", data[: round(part * len(data))])


@LENIENT
@given(st.sampled_from(SOURCES), st.sampled_from(["pcap", "pcapng"]), st.data())
def test_a_capture_with_bytes_changed_anywhere(
    tmp_path: Path, name: str, kind: str, data: st.DataObject
) -> None:
    damaged = bytearray(content(name, kind))
    places = st.integers(0, len(damaged) - 1)
    for place, value in data.draw(
        st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=40)
    ):
        damaged[place] = value
    survives(tmp_path / "a", bytes(damaged))


@LENIENT
@given(st.sampled_from(SOURCES), st.integers(0, 2**32), st.sampled_from([0.01, 0.1, 0.5]))
def test_a_capture_whose_packets_are_damaged_shuffled_lost_and_doubled(
    tmp_path: Path, name: str, seed: int, rate: float
) -> None:
    """The container is whole, so that the damage reaches SIP, SDP, RTP and the pairing."""
    kept = records(name)
    draw = Random(seed).random  # noqa: S311  no secret
    frames = []
    for time, frame in kept:
        changed = bytearray(frame)
        if draw() < rate:
            for _ in range(1 + int(draw() * 6)):
                changed[int(draw() * len(changed))] = int(draw() * 256)
        if draw() < 0.05:
            time += 10 ** (draw() * 9) - 1000  # noqa: PLW2901  this record's own time
        frames += [(max(time, 0.0), bytes(changed))] * int(draw() * 2.2)
    if seed % 2:
        frames.sort()
    out = io.BytesIO()
    writer = dpkt.pcap.Writer(out)
    for time, frame in frames:
        writer.writepkt(frame, ts=min(time, 4e9))
    survives(tmp_path / "a", out.getvalue())


@LENIENT
@given(
    st.sampled_from([b"", b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\x3c\x4d", b"\x0a\x0d\x0d\x0a"]),
    st.binary(max_size=600),
)
def test_any_bytes_at_all(tmp_path: Path, begin: bytes, data: bytes) -> None:
    survives(tmp_path / "a", begin + data)


def test_a_call_whose_every_sdp_is_unreadable_is_still_a_call(tmp_path: Path) -> None:
    scene = Scene()
    simple(scene)
    for packet in scene.packets:
        packet.payload = packet.payload.replace(b"m=audio ", b"m=audio x")
    calls, report = play(scene.save(tmp_path / "a.pcap"))
    assert calls
    assert "sdp_unreadable" in {warning.code for warning in report.warnings}


def test_a_thousand_dialogs_without_media_take_no_long_time(tmp_path: Path) -> None:
    scene = Scene()
    template = Scene()
    simple(template)
    invite = next(p for p in template.ordered() if p.payload.startswith(b"INVITE"))
    for number in range(3000):
        payload = invite.payload.replace(b"x-1", b"y%d" % number)
        scene.udp(number / 1000, invite.source, invite.destination, payload)
    path = scene.save(tmp_path / "a.pcap")
    calls, report = play(path, max_calls_per_capture=200)
    assert len(calls) == 200
    codes = {warning.code for warning in report.warnings}
    assert {"too_many_calls", "dialogs_left_out"} <= codes
