"""Texts for the PBX: a line break or half a character would break its protocol."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.pbx.writeback_text import (
    MAX_DISPLAY_BYTES,
    MAX_MESSAGE_BYTES,
    MAX_VALUE_BYTES,
    bounded,
    display,
    message,
    one_line,
    value,
)

ANY_TEXT = st.text(st.characters(), max_size=500) | st.text("保本收益\r\n\0a", max_size=800)


@given(ANY_TEXT, st.integers(3, 60))
def test_a_bounded_text_is_the_beginning_of_the_text_and_fits(text: str, size: int) -> None:
    text = one_line(text)
    cut = bounded(text, size)
    assert len(cut.encode()) <= size
    assert cut == text or (cut.endswith("…") and text.startswith(cut[:-1]))


@given(ANY_TEXT)
def test_nothing_that_leaves_can_end_a_line_of_the_protocol(text: str) -> None:
    for made, size in ((value(text), MAX_VALUE_BYTES), (display(text), MAX_DISPLAY_BYTES)):
        assert not set(made) & set("\r\n\0")
        assert made.splitlines() in ([made], [])
        assert len(made.encode("utf-8")) <= size


@given(ANY_TEXT, ANY_TEXT)
def test_a_message_has_at_most_two_lines_and_fits(line: str, script: str) -> None:
    text = message(line, script)
    assert text.count("\n") <= 1
    assert "\r" not in text
    assert len(text.encode("utf-8")) <= MAX_MESSAGE_BYTES


def test_a_cut_never_splits_a_character() -> None:
    """A split character shows as garbage on the softphone."""
    assert bounded("保本保收益", 10) == "保本…"
    assert bounded("保本保收益", 15) == "保本保收益"


@pytest.mark.parametrize(
    ("line", "script", "text"),
    [
        ("先给证据", "您可以先看。", "先给证据\n您可以先看。"),
        ("先给证据", "", "先给证据"),
        ("先给\r\n证据", "a\nb", "先给 证据\na b"),
    ],
)
def test_the_agent_sees_what_to_do_above_what_to_say(line: str, script: str, text: str) -> None:
    assert message(line, script) == text
