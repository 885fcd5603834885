"""The capture's clock: a wild timestamp must not stop a replay, a pause must not vanish."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.media.capture.clock import MAX_IDLE_SECONDS, TOLERANCE_SECONDS, SteadyClock

START = 1_790_000_000.0


def steady(times: list[float]) -> tuple[list[float], SteadyClock]:
    clock = SteadyClock()
    return [time for time, _, _ in clock.steady([(time, 1, b"") for time in times])], clock


def test_time_is_counted_from_the_first_packet() -> None:
    times, clock = steady([START, START + 0.5, START + 100.0])
    assert times == pytest.approx([0.0, 0.5, 100.0])
    assert clock.steps == 0
    assert clock.wall_clock(100.0).timestamp() == pytest.approx(START + 100.0)


def test_packets_of_two_interfaces_may_be_a_little_out_of_order() -> None:
    times, clock = steady([START + 1.0, START + 0.99, START + 1.01])
    assert times == pytest.approx([0.0, -0.01, 0.01])
    assert clock.steps == 0


def test_one_wild_timestamp_is_ignored() -> None:
    times, clock = steady([START, START + 0.02, START + 1e9, START + 0.06, 5.0, START + 0.1])
    assert times == pytest.approx([0.0, 0.02, 0.02, 0.06, 0.06, 0.1])
    assert clock.steps == 0


def test_a_first_packet_with_a_wild_timestamp_is_ignored() -> None:
    times, clock = steady([START + 1e9, START, START + 0.02])
    assert times == pytest.approx([0.0, 0.0, 0.02])
    assert clock.wall_clock(0.0).timestamp() == pytest.approx(START)


def test_a_clock_that_is_set_back_goes_on_and_keeps_the_wall_clock() -> None:
    times, clock = steady([START, START + 1.0, START - 3600.0, START - 3599.5])
    assert times == pytest.approx([0.0, 1.0, 1.0, 1.5])
    assert clock.steps == 1
    assert clock.wall_clock(0.5).timestamp() == pytest.approx(START + 0.5)
    assert clock.wall_clock(1.5).timestamp() == pytest.approx(START - 3599.5)


def test_a_night_between_two_joined_captures_takes_no_time() -> None:
    """A paced replay would else wait until the morning."""
    night = 2 * MAX_IDLE_SECONDS
    times, clock = steady([START, START + 1.0, START + night, START + night + 1.0])
    assert times == pytest.approx([0.0, 1.0, 1.0, 2.0])
    assert clock.wall_clock(2.0).timestamp() == pytest.approx(START + night + 1.0)


@given(st.lists(st.floats(-1e20, 1e20), max_size=40))
def test_any_times_become_steady(values: list[float]) -> None:
    times, clock = steady(values)
    latest = 0.0
    for time in times:
        assert latest - TOLERANCE_SECONDS - 1e-3 <= time <= latest + MAX_IDLE_SECONDS + 1e-3
        latest = max(latest, time)
        clock.wall_clock(time)
