"""Every labelled choice beside the one that was made: confusion, calibration, worst errors.

Pure. A head is one thing that is decided for an utterance: its objection, its emotion, its act.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rid_telephony.evaluation.metrics import calibration_error, confusion
from rid_telephony.evaluation.records import AgentRecord, CustomerRecord, LabelledRecord
from rid_telephony.rid.messages import (
    AGENT_ACTS,
    CUSTOMER_ACTS,
    EMOTIONS,
    OBJECTIONS,
    AgentSignals,
    Choice,
    CustomerSignals,
)

HEADS = {
    "objection": OBJECTIONS,
    "emotion": EMOTIONS,
    "act": CUSTOMER_ACTS,
    "agent act": AGENT_ACTS,
}
"""Head to its labels. A customer's act counts only where no objection is labelled."""
BINS = 10
_Z = 1.96
"""Normal quantile of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One labelled choice and the one that was made.

    Attributes:
        head: One of :data:`HEADS`.
        context: What the other party had said.
        gold: The label that people gave.
        found: The label that was found.
        confidence: Its calibrated probability, 0..1.
        gold_probability: That of the label people gave.
    """

    head: str
    id: str
    context: str
    text: str
    gold: str
    found: str
    confidence: float
    gold_probability: float

    @property
    def right(self) -> bool:
        """Whether both are the same."""
        return self.gold == self.found


@dataclass(frozen=True, slots=True)
class Bin:
    """Decisions of about the same confidence.

    Attributes:
        low: Lower bound of the confidence; ``high`` is the upper.
        confidence: Mean.
        accuracy: Share of right ones.
        accuracy_low: Lower end of the 95 % interval of the accuracy (Wilson, 1927), as
            ``accuracy_high`` is the upper.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far a head's confidence can be believed.

    Attributes:
        error: Expected calibration error, 0 (calibrated) to 1.
        bins: Those with decisions in them, rising.
    """

    head: str
    count: int
    accuracy: float
    confidence: float
    error: float
    bins: tuple[Bin, ...]


def decisions(
    customers: Iterable[tuple[CustomerRecord, CustomerSignals]],
    agents: Iterable[tuple[AgentRecord, AgentSignals]],
) -> tuple[Decision, ...]:
    """Every choice of every record, in their order."""
    made: list[Decision] = []
    for record, signals in customers:
        made.append(_decision("objection", record, record.objection, signals.objection))
        made.append(_decision("emotion", record, record.emotion, signals.emotion))
        if record.objection == "none":
            made.append(_decision("act", record, record.act, signals.act))
    made += [_decision("agent act", record, record.act, said.act) for record, said in agents]
    return tuple(made)


def confusions(made: Sequence[Decision]) -> dict[str, dict[str, dict[str, int]]]:
    """Head to labelled to found label to how often; heads without decisions are left out."""
    return {
        head: confusion([one.gold for one in own], [one.found for one in own], HEADS[head])
        for head, own in by_head(made).items()
    }


def reliability(made: Sequence[Decision]) -> dict[str, Reliability]:
    """Head to how far its confidence can be believed."""
    return {head: _reliability(head, own) for head, own in by_head(made).items()}


def worst(made: Iterable[Decision], count: int) -> list[Decision]:
    """The wrong decisions of the highest confidence, the surest first."""
    wrong = [one for one in made if not one.right]
    return sorted(wrong, key=lambda one: (-one.confidence, one.head, one.id))[:count]


def by_head(made: Iterable[Decision]) -> dict[str, list[Decision]]:
    """Decisions by head, in the order of :data:`HEADS`; heads without any are left out."""
    found: dict[str, list[Decision]] = {head: [] for head in HEADS}
    for one in made:
        found[one.head].append(one)
    return {head: own for head, own in found.items() if own}


def wilson(right: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, 1927): both ends, 0..1; 0 and 1 of nothing."""
    if not count:
        return 0.0, 1.0
    share, spread = right / count, _Z * _Z / count
    centre = share + spread / 2
    half = math.sqrt(spread * (share * (1 - share) + spread / 4))
    return max(0.0, (centre - half) / (1 + spread)), min(1.0, (centre + half) / (1 + spread))


def _decision(head: str, record: LabelledRecord, gold: str, choice: Choice) -> Decision:
    return Decision(
        head=head,
        id=record.id,
        context=record.context,
        text=record.text,
        gold=gold,
        found=choice.label,
        confidence=choice.confidence,
        gold_probability=choice.probabilities.get(gold, 0.0),
    )


def _reliability(head: str, own: Sequence[Decision]) -> Reliability:
    sure = [one.confidence for one in own]
    right = [one.right for one in own]
    sorted_in: dict[int, list[Decision]] = {}
    for one in own:
        sorted_in.setdefault(min(int(one.confidence * BINS), BINS - 1), []).append(one)
    return Reliability(
        head=head,
        count=len(own),
        accuracy=sum(right) / len(own),
        confidence=sum(sure) / len(own),
        error=calibration_error(sure, right, BINS),
        bins=tuple(_bin(number, sorted_in[number]) for number in sorted(sorted_in)),
    )


def _bin(number: int, inside: Sequence[Decision]) -> Bin:
    right = sum(one.right for one in inside)
    low, high = wilson(right, len(inside))
    return Bin(
        low=number / BINS,
        high=(number + 1) / BINS,
        count=len(inside),
        confidence=sum(one.confidence for one in inside) / len(inside),
        accuracy=right / len(inside),
        accuracy_low=low,
        accuracy_high=high,
    )
