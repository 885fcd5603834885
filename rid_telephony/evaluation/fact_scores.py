"""Scores of extracted facts: every field, or element of a list, is one decision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rid_telephony.evaluation.metrics import LabelScore
from rid_telephony.rid.messages import Facts

LISTS = ("holdings", "liabilities", "family", "event")
LOOSE = ("occupation", "education", "callback_time")
"""Words as said: right where one side contains the other (boundary decision 14)."""
SINGLE = ("age", "age_stage", "income_monthly_cny", "amount_cny", "risk_attitude", *LOOSE)
FIELDS = (*SINGLE, *LISTS)

_STAGES = (
    (25, "youth"),
    (35, "early_career"),
    (50, "midlife"),
    (59, "pre_retirement"),
    (200, "retired"),
)

Pair = tuple[str, Any]


def fact_scores(gold: Sequence[Mapping[str, Any]], found: Sequence[Facts]) -> dict[str, LabelScore]:
    """Score of every field.

    A stage of life is right, and not counted as extra, where it follows from a labelled age; an
    age counts for a labelled stage in the same way (boundary decision 11).

    Args:
        gold: Labelled facts, in the format of the records.
        found: As the detector read them.

    Raises:
        ValueError: The sequences differ in length.
    """
    counts = {field: [0, 0, 0] for field in FIELDS}
    for labelled, facts in zip(gold, found, strict=True):
        _count(list(_labelled(labelled)), list(_found(facts)), counts)
    return {
        field: LabelScore(right, extra, missed) for field, (right, extra, missed) in counts.items()
    }


def stage_of(age: float) -> str:
    """The stage of life that an age belongs to."""
    return next(stage for limit, stage in _STAGES if age <= limit)


def _count(wanted: list[Pair], found: list[Pair], counts: dict[str, list[int]]) -> None:
    open_pairs = list(wanted)
    for pair in found:
        match = next((one for one in open_pairs if _same(one, pair)), None)
        if match is not None:
            open_pairs.remove(match)
            counts[pair[0]][0] += 1
        elif not _follows(pair, wanted):
            counts[pair[0]][1] += 1
    for pair in open_pairs:
        if not _follows(pair, found):
            counts[pair[0]][2] += 1


def _same(one: Pair, other: Pair) -> bool:
    if one[0] != other[0]:
        return False
    if one[0] in LOOSE:
        return str(one[1]) in str(other[1]) or str(other[1]) in str(one[1])
    return bool(one[1] == other[1])


def _follows(pair: Pair, others: Sequence[Pair]) -> bool:
    """Whether a stage follows from an age on the other side."""
    field, value = pair
    if field != "age_stage":
        return False
    return any(name == "age" and stage_of(age) == value for name, age in others)


def _labelled(facts: Mapping[str, Any]) -> Iterable[Pair]:
    for field, value in facts.items():
        if field in LISTS:
            yield from ((field, one) for one in value)
        elif field in SINGLE and value not in (None, ""):
            yield (field, value)


def _found(facts: Facts) -> Iterable[Pair]:
    for field in LISTS:
        yield from ((field, one) for one in getattr(facts, field))
    for field in SINGLE:
        value = getattr(facts, field)
        if value not in (None, ""):
            yield (field, value)
