from __future__ import annotations

from pathlib import Path

import pytest

from rid_telephony.errors import DataError
from rid_telephony.speech.completeness import load_judge
from rid_telephony.speech.endpointing import Completeness

JUDGE = load_judge()


@pytest.mark.parametrize("text", ["好的。", "不需要", "你们是骗子吗？", "那我再考虑考虑", "挂了"])
def test_whole_sentences_are_answered_sooner(text: str) -> None:
    assert JUDGE.judge(text) is Completeness.COMPLETE


@pytest.mark.parametrize("text", ["我不买，因为", "到期以后的话", "我觉得", "利率低，而且", "我跟"])
def test_a_speaker_in_the_middle_of_a_sentence_is_waited_for(text: str) -> None:
    assert JUDGE.judge(text) is Completeness.INCOMPLETE


@pytest.mark.parametrize("text", ["", "。", "利率三点五", "嗯"])
def test_where_the_lists_say_nothing_the_usual_hang_over_holds(text: str) -> None:
    assert JUDGE.judge(text) is Completeness.UNKNOWN


def test_the_longer_ending_wins(tmp_path: Path) -> None:
    path = tmp_path / "ends.yaml"
    path.write_text(
        "whole: []\ncomplete_endings: [看看]\nincomplete_endings: [看, 想看看]\n", "utf-8"
    )
    judge = load_judge(path)

    assert judge.judge("我看看") is Completeness.COMPLETE
    assert judge.judge("我想看看") is Completeness.INCOMPLETE


def test_a_broken_list_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "ends.yaml"
    path.write_text("whole: []\n", "utf-8")

    with pytest.raises(DataError, match=r"ends\.yaml"):
        load_judge(path)
