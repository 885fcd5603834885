from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rid_telephony.evaluation.text_error import CharacterErrors, character_errors, pooled


@pytest.mark.parametrize(
    ("reference", "hypothesis", "counts"),
    [
        ("好的", "好的", (0, 0, 0)),
        ("我不需要", "我需要", (0, 1, 0)),
        ("我需要", "我不需要", (0, 0, 1)),
        ("存单到期", "存丹到期", (1, 0, 0)),
        ("好的，我知道了。", "好的我知道了", (0, 0, 0)),
        ("三百万", "300万", (0, 0, 0)),
        ("R2的", "r2的", (0, 0, 0)),
        ("", "嗯", (0, 0, 1)),
        ("嗯", "", (0, 1, 0)),
        ("", "", (0, 0, 0)),
    ],
)
def test_errors_are_counted_by_kind(
    reference: str, hypothesis: str, counts: tuple[int, int, int]
) -> None:
    found = character_errors(reference, hypothesis)

    assert (found.substitutions, found.deletions, found.insertions) == counts


def test_long_utterances_weigh_more_in_the_pool() -> None:
    total = pooled([CharacterErrors(1, 0, 0, 2), CharacterErrors(0, 0, 0, 8)])

    assert total.rate == pytest.approx(0.1)


def test_words_over_silence_are_an_error() -> None:
    assert character_errors("", "谢谢观看").rate == 1.0
    assert character_errors("", "").rate == 0.0


texts = st.text("好的我不需要存单", max_size=12)


@settings(deadline=None)
@given(texts, texts)
def test_the_counts_add_up(reference: str, hypothesis: str) -> None:
    found = character_errors(reference, hypothesis)

    kept = found.reference_length - found.deletions - found.substitutions
    assert kept >= 0
    assert kept + found.substitutions + found.insertions == len(hypothesis)
    assert found.errors == _distance(reference, hypothesis)


def _distance(left: str, right: str) -> int:
    """Levenshtein's distance by the textbook."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        previous, row[0] = row[0], i
        for j, b in enumerate(right, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]
