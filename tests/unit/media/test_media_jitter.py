"""The jitter buffer: what it loses, the recogniser never hears; what it shifts, is misaligned."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rid_telephony.media.g711 import G711Law, decode_g711
from rid_telephony.media.jitter import JitterBuffer
from rid_telephony.media.payloads import UNSIGNALLED_PAYLOADS
from rid_telephony.media.playout import AHEAD_SECONDS, Stretch
from rid_telephony.media.rtp import RtpPacket

PTIME = 0.02
REORDER = 0.2
CONCEAL = 0.1


@dataclass
class Sender:
    """Makes packets whose payload tells their number; timestamps and sequence wrap early."""

    sequence: int = 65_530
    timestamp: int = 0xFFFF_FFFF - 800
    ssrc: int = 1

    def packet(self, number: int, kind: int = 0, size: int = 160) -> RtpPacket:
        payload = np.random.default_rng(number).integers(0, 256, size, np.uint8).tobytes()
        return RtpPacket(
            kind,
            False,
            (self.sequence + number) % 65_536,
            (self.timestamp + number * 160) % (1 << 32),
            self.ssrc,
            payload,
        )


def audio(packet: RtpPacket) -> np.ndarray:
    return decode_g711(G711Law.PCMU, packet.payload)


def run(arrivals: list[tuple[float, RtpPacket]]) -> tuple[list[Stretch], JitterBuffer]:
    buffer = JitterBuffer(UNSIGNALLED_PAYLOADS, REORDER, CONCEAL)
    out: list[Stretch] = []
    for arrival, packet in arrivals:
        out += buffer.push(packet, arrival)
    return out + buffer.flush(), buffer


def clean(count: int, sender: Sender | None = None) -> list[tuple[float, RtpPacket]]:
    sender = sender or Sender()
    return [(5.0 + number * PTIME, sender.packet(number)) for number in range(count)]


def joined(stretches: list[Stretch]) -> np.ndarray:
    return np.concatenate([stretch.samples for stretch in stretches])


def check_order(stretches: list[Stretch]) -> None:
    for before, after in pairwise(stretches):
        assert after.at >= before.at + len(before.samples) / 8000 - 1e-9


def test_a_clean_stream_comes_out_whole_and_in_place() -> None:
    arrivals = clean(300)
    out, buffer = run(arrivals)
    assert (joined(out) == np.concatenate([audio(packet) for _, packet in arrivals])).all()
    assert out[0].at == pytest.approx(5.0 - PTIME)
    assert out[-1].at == pytest.approx(5.0 + 298 * PTIME)
    assert buffer.counters.lost == buffer.counters.duplicate == buffer.counters.playout.gaps == 0


def test_audio_flows_once_the_first_packets_are_in_order() -> None:
    """A live fork must not wait: after the start each packet comes out as it goes in."""
    buffer = JitterBuffer(UNSIGNALLED_PAYLOADS, REORDER, CONCEAL)
    sizes = [len(buffer.push(packet, at)) for at, packet in clean(50)]
    assert sizes[15:] == [1] * 35


def test_a_lost_packet_is_concealed_not_skipped() -> None:
    arrivals = clean(40)
    del arrivals[20]
    out, buffer = run(arrivals)
    concealed = [stretch for stretch in out if stretch.concealed]
    assert [len(stretch.samples) for stretch in concealed] == [160]
    assert concealed[0].at == pytest.approx(5.0 + 19 * PTIME)
    assert np.abs(concealed[0].samples).max() > 0
    assert buffer.counters.lost == 1
    assert buffer.counters.playout.concealed_seconds == pytest.approx(PTIME)


def test_a_long_loss_is_a_gap_and_later_audio_keeps_its_place() -> None:
    arrivals = clean(60)
    del arrivals[20:30]
    out, buffer = run(arrivals)
    assert not any(stretch.concealed for stretch in out)
    assert buffer.counters.playout.gaps == 1
    assert buffer.counters.lost == 10
    assert out[-1].at == pytest.approx(5.0 + 58 * PTIME)


def test_a_packet_after_its_time_is_late_not_played() -> None:
    arrivals = clean(60)
    late = arrivals.pop(20)[1]
    out, buffer = run([*arrivals, (7.0, late)])
    assert buffer.counters.late == 1
    assert buffer.counters.duplicate == 0
    check_order(out)


def test_a_hold_whose_timestamps_stand_still_shifts_nothing() -> None:
    """Phones stop sending on hold; counting samples would move all later speech forward."""
    sender = Sender()
    before = [(5.0 + n * PTIME, sender.packet(n)) for n in range(50)]
    after = [(36.0 + n * PTIME, sender.packet(50 + n)) for n in range(50)]
    out, buffer = run(before + after)
    assert out[50].at == pytest.approx(36.0 - PTIME)
    assert buffer.counters.playout.resynchronised == 1
    assert len(out) == 100


def test_a_hold_whose_timestamps_go_on_shifts_nothing() -> None:
    sender = Sender()
    before = [(5.0 + n * PTIME, sender.packet(n)) for n in range(50)]
    resumed = Sender(sender.sequence, sender.timestamp + 30 * 8000)
    after = [(36.0 + n * PTIME, resumed.packet(50 + n)) for n in range(50)]
    out, buffer = run(before + after)
    assert out[50].at == pytest.approx(36.0 - PTIME)
    assert buffer.counters.lost == 0


def test_a_network_stall_that_ends_in_a_burst_shifts_nothing() -> None:
    arrivals = clean(200)
    stalled = [(max(at, 8.0) if at > 7.0 else at, packet) for at, packet in arrivals]
    out, buffer = run(stalled)
    assert (joined(out) == joined(run(arrivals)[0])).all()
    assert out[150].at == pytest.approx(5.0 + 149 * PTIME, abs=1e-6)
    assert buffer.counters.playout.resynchronised == 0


def test_a_timestamp_jump_is_overruled_by_arrival() -> None:
    sender = Sender()
    jumped = Sender(sender.sequence, sender.timestamp + 10**8)
    arrivals = [(5.0 + n * PTIME, (sender if n < 50 else jumped).packet(n)) for n in range(100)]
    out, buffer = run(arrivals)
    assert buffer.counters.playout.timestamp_jumps == 1
    assert len(joined(out)) == 16_000
    assert out[-1].at == pytest.approx(5.0 + 98 * PTIME, abs=0.05)


def test_timestamps_that_stand_still_do_not_stop_the_audio() -> None:
    """Some senders never advance the timestamp: their speech must come through all the same."""
    packets = [Sender().packet(n)._replace(timestamp=99) for n in range(100)]
    out, _ = run([(5.0 + n * PTIME, packet) for n, packet in enumerate(packets)])
    assert len(joined(out)) == 16_000
    check_order(out)
    assert out[-1].at == pytest.approx(5.0 + 98 * PTIME, abs=0.1)


def test_a_slow_clock_is_followed() -> None:
    """A phone whose clock is 0.5 % slow is 1.5 s behind after 5 minutes."""
    count = 15_000
    arrivals = [(5.0 + n * PTIME * 1.005, Sender().packet(n)) for n in range(count)]
    out, _ = run(arrivals)
    behind = arrivals[-1][0] - out[-1].at - PTIME
    assert 0 <= behind < 0.4
    assert len(out) == count


def test_a_fast_clock_is_followed_within_half_a_second() -> None:
    count = 15_000
    arrivals = [(5.0 + n * PTIME * 0.995, Sender().packet(n)) for n in range(count)]
    out, buffer = run(arrivals)
    ahead = out[-1].at + PTIME - arrivals[-1][0]
    assert ahead <= AHEAD_SECONDS + 2 * PTIME
    assert buffer.counters.playout.dropped_ahead + len(out) == count


def test_a_new_source_takes_over_and_loses_nothing() -> None:
    """After a transfer the PBX sends with a new SSRC, sequence and timestamp."""
    first = clean(50)
    other = Sender(sequence=4711, timestamp=1, ssrc=2)
    second = [(6.0 + n * PTIME, other.packet(n + 100)) for n in range(50)]
    out, buffer = run(first + second)
    assert buffer.counters.source_changes == 1
    assert len(out) == 100
    assert (joined(out[50:]) == np.concatenate([audio(packet) for _, packet in second])).all()
    assert out[50].at == pytest.approx(6.0 - PTIME)


def test_a_stray_packet_of_a_foreign_source_is_left_out() -> None:
    arrivals = clean(50)
    foreign = Sender(sequence=9, ssrc=77).packet(999)
    out, buffer = run([*arrivals[:20], (5.4, foreign), *arrivals[20:]])
    assert buffer.counters.stray == 1
    assert buffer.counters.source_changes == 0
    assert (joined(out) == joined(run(arrivals)[0])).all()


def test_a_sequence_restart_of_the_same_source_is_followed() -> None:
    first = clean(50)
    again = Sender(sequence=20_000, timestamp=5)
    out, buffer = run(first + [(6.0 + n * PTIME, again.packet(n)) for n in range(50)])
    assert buffer.counters.restarts == 1
    assert len(out) == 100
    assert buffer.counters.lost == 0


def test_dtmf_comfort_noise_and_foreign_codecs_are_skipped_by_kind_and_are_no_loss() -> None:
    sender = Sender()
    kinds = {10: 101, 11: 101, 20: 13, 30: 18, 40: 99}
    arrivals = [
        (5.0 + n * PTIME, sender.packet(n, kinds.get(n, 0), 160 if n not in kinds else 4))
        for n in range(60)
    ]
    out, buffer = run(arrivals)
    assert len(out) == 55
    assert buffer.counters.lost == 0
    assert buffer.counters.skipped == {
        "dtmf": 2,
        "comfort_noise": 1,
        "unsupported_codec": 1,
        "unknown_payload_type": 1,
    }


def test_an_empty_or_monstrous_packet_is_counted() -> None:
    sender = Sender()
    arrivals = clean(20, sender)
    arrivals[5] = (5.1, sender.packet(5, size=0))
    arrivals[6] = (5.12, sender.packet(6, size=9000))
    _, buffer = run(arrivals)
    assert buffer.counters.skipped == {"bad_length": 2}


def test_what_waits_is_given_up_by_time_alone() -> None:
    """A party that stops after a loss is heard at once, not when it speaks again."""
    buffer = JitterBuffer(UNSIGNALLED_PAYLOADS, REORDER, CONCEAL)
    arrivals = clean(30)
    for at, packet in arrivals[:25] + arrivals[26:]:
        buffer.push(packet, at)
    assert buffer.waiting
    assert buffer.poll(arrivals[-1][0] + 0.05) == []
    assert len(buffer.poll(arrivals[-1][0] + REORDER)) == 5
    assert not buffer.waiting


def test_memory_is_bounded_when_the_missing_packet_never_comes() -> None:
    buffer = JitterBuffer(UNSIGNALLED_PAYLOADS, 1e9, CONCEAL)
    sender = Sender()
    count = 0
    for number in range(2000):
        if number != 1:
            count += len(buffer.push(sender.packet(number), number * PTIME))
    assert count > 1400


@st.composite
def disturbed(draw: st.DrawFn) -> list[tuple[float, int]]:
    """A stream of which packets are delayed within the window, lost, and doubled."""
    count = draw(st.integers(5, 120))
    delays = draw(st.lists(st.floats(0, REORDER * 0.9), min_size=count, max_size=count))
    lost = draw(st.sets(st.integers(0, count - 1), max_size=count // 4))
    double = draw(st.sets(st.integers(0, count - 1), max_size=count // 4))
    sent = [(5.0 + n * PTIME + delay, n) for n, delay in enumerate(delays) if n not in lost]
    sent += [(at + 0.05, n) for at, n in sent if n in double]
    return sorted(sent)


@settings(max_examples=150, deadline=None)
@given(disturbed())
def test_reordering_duplicates_and_loss_change_nothing_but_concealed_stretches(
    sent: list[tuple[float, int]],
) -> None:
    sender = Sender()
    out, buffer = run([(at, sender.packet(n)) for at, n in sent])
    heard = [stretch.samples for stretch in out if not stretch.concealed]
    kept = sorted({n for _, n in sent})
    wanted = [audio(sender.packet(n)) for n in kept]
    assert len(heard) == len(wanted)
    assert all((got == want).all() for got, want in zip(heard, wanted, strict=True))
    check_order(out)
    counters = buffer.counters
    assert counters.duplicate == len(sent) - len(kept)
    assert counters.late == 0
    missing = (kept[-1] - kept[0] + 1 - len(kept)) if kept else 0
    assert counters.lost == missing
    for stretch, number in zip(
        (stretch for stretch in out if not stretch.concealed), kept, strict=True
    ):
        assert abs(stretch.at - (5.0 + (number - 1) * PTIME)) <= REORDER + PTIME


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0, 3),
            st.integers(0, 65_535),
            st.integers(0, (1 << 32) - 1),
            st.integers(1, 3),
            st.sampled_from([0, 8, 13, 101, 77]),
            st.integers(0, 400),
        ),
        max_size=80,
    )
)
def test_any_packets_at_all_give_audio_in_order(
    packets: list[tuple[float, int, int, int, int, int]],
) -> None:
    buffer = JitterBuffer(UNSIGNALLED_PAYLOADS, REORDER, CONCEAL)
    now, out = 0.0, []
    for pause, sequence, timestamp, ssrc, kind, size in packets:
        now += pause
        out += buffer.push(RtpPacket(kind, False, sequence, timestamp, ssrc, b"\1" * size), now)
    out += buffer.flush()
    check_order(out)
    assert not buffer.waiting
