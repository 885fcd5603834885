"""A fork's audio lies where it was spoken, however it arrived."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate, pairwise

import numpy as np
import pytest
from fork_recordings import FORKS, audiosocket_reads
from hypothesis import given, settings
from hypothesis import strategies as st

from rid_telephony.calls.messages import Party
from rid_telephony.media.audiosocketframes import AUDIO_RATES, FrameReader
from rid_telephony.media.forktime import AHEAD_SECONDS, ForkTime
from rid_telephony.media.messages import AudioFrame, Samples

PTIME, SIZE, ORIGIN = 0.02, 160, 1000.0
Arrivals = list[tuple[Samples, float]]


def numbered(number: int, size: int = SIZE) -> Samples:
    return np.full(size, number % 30_000, np.int16)


def arrivals(spoken: Iterable[float], delays: Iterable[float]) -> Arrivals:
    """Packets by the end of what they carry, each delayed; TCP keeps them in order."""
    came = accumulate((at + delay for at, delay in zip(spoken, delays, strict=True)), max)
    return [(numbered(number), ORIGIN + at) for number, at in enumerate(came)]


def steady(count: int, begin: float = 1.0) -> list[float]:
    return [begin + (number + 1) * PTIME for number in range(count)]


def run(items: Arrivals, clock: ForkTime | None = None) -> list[AudioFrame]:
    clock = clock or ForkTime("c", Party.CUSTOMER, ORIGIN)
    frames = [frame for samples, arrival in items for frame in clock.place(samples, arrival)]
    frames += clock.flush()
    for before, after in pairwise(frames):
        assert after.at >= before.end - 1e-6, "frames overlap or go back"
    return frames


def joined(frames: list[AudioFrame]) -> Samples:
    return np.concatenate([frame.samples for frame in frames])


def gaps(frames: list[AudioFrame]) -> list[float]:
    found = [after.at - before.end for before, after in pairwise(frames)]
    return [gap for gap in found if gap > 1e-6]


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 900), st.floats(0, 1.5)), min_size=1, max_size=150))
def test_whatever_arrives_frames_keep_order_and_no_sample_is_lost_or_doubled(
    chunks: list[tuple[int, float]],
) -> None:
    at, items = ORIGIN, []
    for number, (size, pause) in enumerate(chunks):
        at += pause
        items.append((numbered(number, size), at))
    clock = ForkTime("c", Party.AGENT, ORIGIN)
    frames = run(items, clock)
    given_out = sum(len(frame.samples) for frame in frames)
    assert given_out + clock.counters.ahead_samples == sum(size for size, _ in chunks)
    if not clock.counters.ahead_samples and frames:
        assert np.array_equal(joined(frames), np.concatenate([samples for samples, _ in items]))


@settings(max_examples=150)
@given(st.lists(st.floats(0, 0.08), min_size=50, max_size=400))
def test_jitter_makes_no_gap_and_speech_lies_within_the_jitter_of_its_place(
    delays: list[float],
) -> None:
    spoken = steady(len(delays))
    frames = run(arrivals(spoken, delays))
    assert sum(gaps(frames)) <= 0.06  # a slow clock that is none may be followed, gently
    for frame, end in zip(frames, spoken, strict=True):
        assert -0.001 <= frame.end - end <= 0.081


@settings(max_examples=100)
@given(st.floats(0.05, 8.0), st.integers(20, 150), st.floats(0, 0.1))
def test_a_stall_made_good_by_a_burst_is_no_gap_and_moves_nothing(
    stall: float, begin: int, trickle: float
) -> None:
    """A false gap would cut an utterance in two, and shift all that follows."""
    spoken = steady(begin + round(stall / PTIME) + 100)
    wakes = spoken[begin] + stall
    ready = [max(at, wakes) if n >= begin else at for n, at in enumerate(spoken)]
    late = [n for n, at in enumerate(ready) if at > spoken[n]]
    for place, number in enumerate(late):  # the burst itself takes a moment
        ready[number] = max(spoken[number], wakes + trickle * place / len(late))
    frames = run([(numbered(n), ORIGIN + at) for n, at in enumerate(ready)])
    assert gaps(frames) == []
    assert frames[-1].end == pytest.approx(spoken[-1], abs=0.001)


@settings(max_examples=100)
@given(st.floats(0.4, 30.0), st.lists(st.floats(0, 0.05), min_size=60, max_size=60))
def test_a_pause_of_the_stream_is_a_gap_of_its_length(pause: float, delays: list[float]) -> None:
    """Hold sends nothing; by counting bytes all later speech would be early by the hold."""
    spoken = [*steady(60), *steady(60, 1.0 + 60 * PTIME + pause)]
    items = arrivals(spoken, [*delays, *delays])
    frames = run(items)
    assert len(gaps(frames)) >= 1
    assert max(gaps(frames)) == pytest.approx(pause, abs=0.08)
    for frame, end in zip(frames[-30:], spoken[-30:], strict=True):
        assert -0.001 <= frame.end - end <= 0.081


@pytest.mark.parametrize("ppm", [-200, 50, 200, 1000])
def test_a_slow_or_fast_clock_is_followed_without_a_jump(ppm: int) -> None:
    """Ten minutes of a sender whose crystal is off."""
    true = [1.0 + (n + 1) * PTIME * (1 + ppm * 1e-6) for n in range(30_000)]
    jitter = np.random.default_rng(1).uniform(0, 0.01, len(true))
    clock = ForkTime("c", Party.CUSTOMER, ORIGIN)
    frames = run(arrivals(true, jitter), clock)
    assert clock.counters.steps == clock.counters.gaps == clock.counters.ahead_samples == 0
    assert max(gaps(frames), default=0.0) < 0.0051
    error = [frame.end - end for frame, end in zip(frames, true, strict=True)]
    assert min(error) > -0.035
    assert max(error) < (0.14 if ppm < 0 else 0.02)  # 200 ppm of 600 s is 0.12 s ahead


def test_a_clock_far_too_fast_is_stopped_at_a_bound_and_counted() -> None:
    clock = ForkTime("c", Party.CUSTOMER, ORIGIN)
    frames = run([(numbered(n), ORIGIN + n * PTIME / 2) for n in range(1000)], clock)
    assert clock.counters.ahead_samples > 0
    assert frames[-1].end <= 1000 * PTIME / 2 + AHEAD_SECONDS + 0.1


def test_a_longer_way_through_the_network_moves_the_position_once() -> None:
    spoken = steady(600)
    delays = [0.0] * 300 + [0.15] * 300
    clock = ForkTime("c", Party.CUSTOMER, ORIGIN)
    frames = run(arrivals(spoken, delays), clock)
    assert clock.counters.steps == 1
    assert gaps(frames) == [pytest.approx(0.15, abs=0.001)]


def test_a_new_fork_after_a_broken_one_lies_at_its_own_time() -> None:
    """A fork that was lost for a second must not shift what is said afterwards."""
    clock = ForkTime("c", Party.CUSTOMER, ORIGIN)
    run(arrivals(steady(50), [0.0] * 50), clock)
    frames = run(arrivals(steady(50, begin=3.0), [0.0] * 50), clock)
    assert frames[0].at == pytest.approx(3.0, abs=0.001)


def test_a_beginning_in_a_burst_is_placed_by_its_least_delayed_packet() -> None:
    spoken = steady(30)
    late = [max(at, 1.5) for at in spoken[:25]] + spoken[25:]
    frames = run([(numbered(n), ORIGIN + at) for n, at in enumerate(late)])
    assert frames[0].at == pytest.approx(1.0, abs=0.001)
    assert gaps(frames) == []


@pytest.mark.parametrize("name", FORKS)
def test_the_forks_of_a_real_asterisk_have_no_gap_and_lie_at_their_arrival(name: str) -> None:
    clock, reader = ForkTime("c", Party.CUSTOMER, 0.0), FrameReader()
    frames, sent, arrival = [], 0, 0.0
    for arrival, data in audiosocket_reads(name):
        for frame in reader.feed(data):
            if frame.kind in AUDIO_RATES:
                samples = np.frombuffer(frame.payload, "<i2")
                sent += len(samples)
                frames += clock.place(samples, arrival)
    assert sum(len(frame.samples) for frame in frames) == sent
    assert sum(gaps(frames)) < 0.011
    assert frames[-1].end == pytest.approx(arrival, abs=0.045)
