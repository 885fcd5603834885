from __future__ import annotations

import pytest

from rid_telephony.speech.rejection import is_loop, is_prompt_leak, rejection

PROMPT = "以下是普通话的句子。"


@pytest.mark.parametrize(
    "text",
    [
        "谢谢谢谢谢谢谢谢谢谢谢谢",
        "我不知道我不知道我不知道我不知道",
        "这是一个，这是一个，这是一个，这是一个，",
    ],
)
def test_a_decoder_caught_in_a_loop_is_noticed(text: str) -> None:
    assert is_loop(text)


@pytest.mark.parametrize(
    "text",
    [
        "对对对对对",
        "没事没事没事",
        "不用了不用了，真不用了",
        "嗯嗯嗯嗯嗯",
        "一百一百地买",
        "等等等等",
    ],
)
def test_people_who_repeat_themselves_are_heard(text: str) -> None:
    """Insisting customers say things twice; dropping that would drop the refusal."""
    assert not is_loop(text)


@pytest.mark.parametrize(
    "text", ["以下是普通话的句子。", "普通话", "以下是普通话的句子。以下是普通话的句子。", "句子"]
)
def test_words_of_the_prompt_are_not_the_speakers(text: str) -> None:
    assert is_prompt_leak(text, PROMPT)


@pytest.mark.parametrize("text", ["是", "的", "我普通话不好", "以下是我的意见", ""])
def test_words_that_only_share_characters_with_the_prompt_are_kept(text: str) -> None:
    assert not is_prompt_leak(text, PROMPT)


def test_without_a_prompt_nothing_leaks() -> None:
    assert not is_prompt_leak("普通话", "")


@pytest.mark.parametrize(
    ("text", "no_speech", "reason"),
    [
        ("我不需要", 0.1, ""),
        ("我不需要", 0.45, ""),
        ("我不需要", 0.46, "no_speech"),
        ("。", 0.1, "empty"),
        ("", 0.9, "empty"),
        ("普通话的句子", 0.1, "prompt_leak"),
        ("好" * 12, 0.1, "loop"),
    ],
)
def test_each_rejection_names_its_reason(text: str, no_speech: float, reason: str) -> None:
    assert rejection(text, no_speech, PROMPT, 0.45) == reason
