"""The jitter buffer: what it loses, the recogniser never hears; what it shifts, is misaligned."""

from __future__ import annotations

import numpy as np
import pytest
from unit.media.rtpkit import (
    CONCEAL,
    PTIME,
    REORDER,
    Sender,
    audio,
    check_order,
    clean,
    joined,
    run,
)

from rid_telephony.media.jitter import JitterBuffer
from rid_telephony.media.payloads import UNSIGNALLED_PAYLOADS
from rid_telephony.media.playout import AHEAD_SECONDS


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


def test_a_pause_brings_a_fast_clock_back_to_the_arrivals() -> None:
    before = [(5.0 + n * PTIME * 0.99, Sender().packet(n)) for n in range(1000)]
    pause = 5.0
    resumed = Sender(timestamp=Sender().timestamp + round(pause / 0.99 * 8000))
    after = [(at + pause, resumed.packet(1000 + n)) for n, (at, _) in enumerate(before[:50])]
    offset = before[-1][0] + PTIME * 0.99 - 5.0
    out, _ = run(before + [(at + offset, packet) for at, packet in after])
    assert before[-1][0] - out[999].at - PTIME < -0.15
    assert out[1000].at == pytest.approx(after[0][0] + offset - PTIME, abs=0.01)


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


@pytest.mark.parametrize(("reorder", "conceal"), [(0.0, 0.1), (0.2, 0.0), (0.0, 0.0)])
def test_waiting_and_concealing_can_be_turned_off(reorder: float, conceal: float) -> None:
    arrivals = clean(40)
    del arrivals[20]
    buffer = JitterBuffer(UNSIGNALLED_PAYLOADS, reorder, conceal)
    out = [stretch for at, packet in arrivals for stretch in buffer.push(packet, at)]
    out += buffer.flush()
    assert sum(stretch.concealed for stretch in out) == (1 if conceal else 0)
    assert out[-1].at == pytest.approx(5.0 + 38 * PTIME)
