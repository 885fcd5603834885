"""A target that asks for time gets it, within reason."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.cti.sinks.retries import LONGEST_RETRY_AFTER, retry_after

pytestmark = pytest.mark.unit
NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30),
        (" 5 ", 5),
        ("0", 0),
        ("99999999999999999999", LONGEST_RETRY_AFTER),
        ("Sun, 22 Nov 2026 12:01:00 GMT", 60),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0),
        ("Sun, 22 Nov 2099 12:00:00 GMT", LONGEST_RETRY_AFTER),
        ("", 0),
        ("-5", 0),
        ("soon", 0),
        ("٣", 0),
    ],
)
def test_seconds_and_dates_are_understood_and_bounded(header: str, seconds: float) -> None:
    assert retry_after(header, NOW) == seconds


@given(st.text())
def test_no_header_breaks_the_sender(header: str) -> None:
    assert 0 <= retry_after(header, NOW) <= LONGEST_RETRY_AFTER
