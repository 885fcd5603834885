"""Figures of received RTP: "the caller is never harmed" is read from them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.bench.phone.report import RtpReport, measure, unwrapped


def _measured(
    sequences: list[int],
    *,
    arrivals: list[float] | None = None,
    sources: list[int] | None = None,
) -> RtpReport:
    numbers = np.array(sequences, np.int64)
    return measure(
        np.array(arrivals if arrivals is not None else 0.02 * np.arange(len(numbers))),
        numbers,
        np.array([number * 160 % 2**32 for number in sequences], np.int64),
        np.array(sources or [7] * len(sequences), np.int64),
    )


def test_nothing_received_is_a_report_of_nothing() -> None:
    report = _measured([])
    assert (report.packets, report.lost, report.first, report.seconds) == (0, 0, None, 0.0)


def test_loss_is_counted_over_the_wrap_of_sequence_numbers() -> None:
    report = _measured([65533, 65534, 1, 2])
    assert (report.packets, report.lost, report.reordered) == (4, 2, 0)


def test_a_packet_that_comes_late_is_reordered_and_not_lost() -> None:
    report = _measured([1, 2, 4, 3, 5])
    assert (report.lost, report.reordered, report.duplicates) == (0, 1, 0)


def test_a_packet_that_comes_twice_is_a_duplicate() -> None:
    report = _measured([1, 2, 2, 3])
    assert (report.lost, report.duplicates) == (0, 1)


def test_a_new_source_begins_its_own_count() -> None:
    report = _measured([10, 11, 40000, 40001], sources=[1, 1, 2, 2])
    assert (report.lost, report.sources) == (0, 2)


def test_gaps_are_listed_with_their_times() -> None:
    report = _measured([1, 2, 3, 4], arrivals=[0.0, 0.02, 0.52, 0.54])
    assert report.longest_gap == pytest.approx(0.5)
    assert report.gaps == ((0.02, 0.52),)


def test_an_even_stream_has_no_jitter_and_an_uneven_one_has_that_of_the_standard() -> None:
    assert _measured([1, 2, 3, 4]).jitter == pytest.approx(0.0)
    # One packet 16 ms late: J = 16/16 after it, then J += (16 - J)/16 (RFC 3550, 6.4.1).
    uneven = _measured([1, 2, 3], arrivals=[0.0, 0.036, 0.04])
    assert uneven.jitter == pytest.approx(0.001 + (0.016 - 0.001) / 16)


@given(
    st.integers(0, 65535),
    st.lists(st.booleans(), min_size=2, max_size=300).filter(lambda kept: kept[0] and kept[-1]),
)
def test_what_arrived_and_what_was_lost_is_what_was_sent(first: int, kept: list[bool]) -> None:
    arrived = [(first + n) % 65536 for n, keep in enumerate(kept) if keep]
    report = _measured(arrived)
    assert report.packets + report.lost == len(kept)


@given(st.lists(st.integers(-30_000, 30_000), min_size=1, max_size=50), st.integers(0, 65535))
def test_unwrapping_restores_a_counter_up_to_its_start(steps: list[int], first: int) -> None:
    whole = first + np.concatenate([[0], np.cumsum(steps)]).astype(np.int64)
    assert np.array_equal(unwrapped(whole % 65536, 16), whole)
