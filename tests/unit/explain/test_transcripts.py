"""A transcript typed by a person is read as it was meant, or its line is named."""

from __future__ import annotations

import pytest

from rid_telephony.calls.messages import Party
from rid_telephony.cli.transcripts import read_transcript
from rid_telephony.errors import InputError


def test_speakers_are_known_by_either_language_and_times_are_read_over() -> None:
    text = "# a call\n坐席：您好\n\n[0:05] 客户: 没兴趣：真的\nAgent: 好\n1:02:03 customer：再见\n"
    turns = [(turn.party, turn.text) for turn in read_transcript(text, "t.txt")]
    assert turns == [
        (Party.AGENT, "您好"),
        (Party.CUSTOMER, "没兴趣：真的"),
        (Party.AGENT, "好"),
        (Party.CUSTOMER, "再见"),
    ]


@pytest.mark.parametrize("line", ["没有说话人", "老王：你好", "：你好", "客户：" + "好" * 4001])
def test_a_line_that_is_no_turn_is_named(line: str) -> None:
    with pytest.raises(InputError, match=r"t\.txt, line 2"):
        read_transcript(f"坐席：您好\n{line}\n", "t.txt")


def test_more_turns_than_a_call_has_are_refused() -> None:
    with pytest.raises(InputError, match="turns"):
        read_transcript("客户：好\n" * 5001, "t.txt")
