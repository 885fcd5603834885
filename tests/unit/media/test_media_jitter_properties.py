"""The jitter buffer against every order, loss and repetition that a network can make."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.media.rtpkit import (
    CONCEAL,
    PTIME,
    REORDER,
    Sender,
    audio,
    check_order,
    run,
)

from rid_telephony.media.jitter import JitterBuffer
from rid_telephony.media.payloads import UNSIGNALLED_PAYLOADS
from rid_telephony.media.rtp import RtpPacket


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
