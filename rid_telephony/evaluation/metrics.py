"""Scores of labels against labels: pure numbers, no data formats.

Definitions follow the usual ones (scikit-learn's ``f1_score`` with ``zero_division=0``; expected
calibration error of Guo et al., 2017, with equally wide bins).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LabelScore:
    """How well one label was found.

    Attributes:
        right: Found and there.
        extra: Found, but not there.
        missed: There, but not found.
    """

    right: int
    extra: int
    missed: int

    @property
    def precision(self) -> float:
        """Share of the finds that are right; 0 where nothing was found."""
        return self.right / (self.right + self.extra) if self.right + self.extra else 0.0

    @property
    def recall(self) -> float:
        """Share of what is there that was found; 0 where nothing is there."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 where both are."""
        total = 2 * self.right + self.extra + self.missed
        return 2 * self.right / total if total else 0.0


def label_scores(
    gold: Sequence[Collection[str]], found: Sequence[Collection[str]], labels: Sequence[str]
) -> dict[str, LabelScore]:
    """Score of every label over records that may have any number of them.

    Raises:
        ValueError: The sequences differ in length.
    """
    pairs = [(set(one), set(other)) for one, other in zip(gold, found, strict=True)]
    return {
        label: LabelScore(
            right=sum(label in one and label in other for one, other in pairs),
            extra=sum(label not in one and label in other for one, other in pairs),
            missed=sum(label in one and label not in other for one, other in pairs),
        )
        for label in labels
    }


def macro_f1(gold: Sequence[str], found: Sequence[str], labels: Sequence[str]) -> float:
    """Mean F1 of the labels that occur on either side; 0 if none does.

    Raises:
        ValueError: The sequences differ in length.
    """
    scores = label_scores([[one] for one in gold], [[one] for one in found], labels)
    present = [one.f1 for one in scores.values() if one.right + one.extra + one.missed]
    return sum(present) / len(present) if present else 0.0


def micro_f1(
    gold: Sequence[Collection[str]], found: Sequence[Collection[str]], labels: Sequence[str]
) -> float:
    """F1 over all decisions of all labels together.

    Raises:
        ValueError: The sequences differ in length.
    """
    return total(label_scores(gold, found, labels)).f1


def total(scores: Mapping[str, LabelScore]) -> LabelScore:
    """All labels' counts added up."""
    return LabelScore(
        right=sum(one.right for one in scores.values()),
        extra=sum(one.extra for one in scores.values()),
        missed=sum(one.missed for one in scores.values()),
    )


def confusion(
    gold: Sequence[str], found: Sequence[str], labels: Sequence[str]
) -> dict[str, dict[str, int]]:
    """True label to found label to how often.

    Raises:
        ValueError: The sequences differ in length.
    """
    table = {label: dict.fromkeys(labels, 0) for label in labels}
    for one, other in zip(gold, found, strict=True):
        table[one][other] += 1
    return table


def calibration_error(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Expected calibration error: how far confidence and accuracy are apart, weighed by bin.

    Args:
        confidences: Of each decision, 0..1.
        right: Whether it was right.
        bins: Equally wide ones.

    Returns:
        0 (calibrated) to 1; 0 for no decisions.

    Raises:
        ValueError: The sequences differ in length.
    """
    sums: dict[int, tuple[int, float, int]] = {}
    for confidence, hit in zip(confidences, right, strict=True):
        number = min(int(confidence * bins), bins - 1)
        count, added, hits = sums.get(number, (0, 0.0, 0))
        sums[number] = (count + 1, added + confidence, hits + hit)
    gaps = (abs(added - hits) for _, added, hits in sums.values())
    return sum(gaps) / len(confidences) if confidences else 0.0
