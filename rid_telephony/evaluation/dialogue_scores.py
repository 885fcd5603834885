"""Scores of profiles against labelled dialogues.

Pure: views of calls in, numbers out. Both sides are given as :class:`CallView`, in the units of
the labels (``docs/rid-model.md``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

INDICES = ("satisfaction", "trust", "purchase_intent")
RISKS = ("complaint_risk", "churn_risk")


@dataclass(frozen=True, slots=True)
class CallView:
    """A call as labelled, or as profiled.

    Attributes:
        relationship: 0..100 after every customer turn.
        style: Empty while withheld.
        stratum: Empty while unknown.
        age_stage: Empty while unknown.
        needs: Ranked, heaviest first.
        satisfaction: 0..100 at the end, as are the next two.
        complaint_risk: ``low``, ``medium`` or ``high``, as is ``churn_risk``.
    """

    relationship: tuple[float, ...]
    style: str
    stratum: str
    age_stage: str
    needs: tuple[str, ...]
    satisfaction: float
    trust: float
    purchase_intent: float
    complaint_risk: str
    churn_risk: str


@dataclass(frozen=True, slots=True)
class DialogueScores:
    """Scores over several calls; a share or mean of nothing is None.

    Attributes:
        calls: How many.
        spearman: Mean over calls of the rank correlation of the relationship within the call.
        spearman_calls: Calls in which it is defined (labels or profile not constant).
        relationship_mae: Mean absolute error of the relationship over all customer turns.
        style_top1: Share of right styles among those given.
        style_coverage: Share of calls with a style.
        stratum_accuracy: Share of right tiers among all calls; a withheld one is wrong.
        age_stage_accuracy: As above.
        needs_overlap: Mean share of the labelled needs among as many of the heaviest.
        mae: Index name to mean absolute error.
        risk_agreement: Risk name to the share of calls with the same level.
    """

    calls: int
    spearman: float | None
    spearman_calls: int
    relationship_mae: float | None
    style_top1: float | None
    style_coverage: float | None
    stratum_accuracy: float | None
    age_stage_accuracy: float | None
    needs_overlap: float | None
    mae: dict[str, float | None]
    risk_agreement: dict[str, float | None]


def score_dialogues(pairs: Sequence[tuple[CallView, CallView]]) -> DialogueScores:
    """Score calls.

    Args:
        pairs: Labelled and profiled view of each call.

    Raises:
        ValueError: The two views of a call differ in the number of customer turns.
    """
    correlations = [spearman(gold.relationship, given.relationship) for gold, given in pairs]
    defined = [value for value in correlations if value is not None]
    given_styles = [(gold.style, given.style) for gold, given in pairs if given.style]
    return DialogueScores(
        calls=len(pairs),
        spearman=mean(defined),
        spearman_calls=len(defined),
        relationship_mae=mean(
            abs(wanted - got)
            for gold, given in pairs
            for wanted, got in zip(gold.relationship, given.relationship, strict=True)
        ),
        style_top1=mean(float(wanted == got) for wanted, got in given_styles),
        style_coverage=len(given_styles) / len(pairs) if pairs else None,
        stratum_accuracy=_accuracy(pairs, lambda call: call.stratum),
        age_stage_accuracy=_accuracy(pairs, lambda call: call.age_stage),
        needs_overlap=mean(needs_overlap(gold.needs, given.needs) for gold, given in pairs),
        mae={
            name: mean(abs(getattr(gold, name) - getattr(given, name)) for gold, given in pairs)
            for name in INDICES
        },
        risk_agreement={
            name: mean(float(getattr(gold, name) == getattr(given, name)) for gold, given in pairs)
            for name in RISKS
        },
    )


def spearman(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Spearman's rank correlation, ties on their mean rank.

    Returns:
        -1..1; None where it is not defined: fewer than two values, or a constant side.

    Raises:
        ValueError: The sides differ in length.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} values on one side, {len(second)} on the other")
    if len(first) < 2:
        return None
    one, other = ranks(first), ranks(second)
    centre = (len(first) + 1) / 2
    product = sum((a - centre) * (b - centre) for a, b in zip(one, other, strict=True))
    squares = sum((a - centre) ** 2 for a in one) * sum((b - centre) ** 2 for b in other)
    return product / math.sqrt(squares) if squares else None


def ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1, equal values sharing their mean rank."""
    order = sorted(range(len(values)), key=lambda index: values[index])
    ranked = [0.0] * len(values)
    begin = 0
    while begin < len(order):
        end = begin
        while end < len(order) and values[order[end]] == values[order[begin]]:
            end += 1
        for index in order[begin:end]:
            ranked[index] = (begin + 1 + end) / 2
        begin = end
    return ranked


def needs_overlap(wanted: Sequence[str], given: Sequence[str]) -> float:
    """Share of the wanted needs among as many of the heaviest given; 1 where none is wanted."""
    if not wanted:
        return 1.0
    return len(set(wanted) & set(given[: len(wanted)])) / len(set(wanted))


def mean(values: Iterable[float]) -> float | None:
    """Arithmetic mean; None of nothing."""
    listed = list(values)
    return sum(listed) / len(listed) if listed else None


def _accuracy(
    pairs: Sequence[tuple[CallView, CallView]], of: Callable[[CallView], str]
) -> float | None:
    return mean(float(of(gold) == of(given)) for gold, given in pairs)
