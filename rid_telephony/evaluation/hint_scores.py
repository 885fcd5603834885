"""Scores hints against labelled dialogues: were the expected ones offered, the wrong ones not?

No I/O. A hint counts for a customer turn when it is offered after that turn and before the
customer speaks again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_FIVE_MINUTES = 300.0


@dataclass(frozen=True, slots=True)
class HintTurn:
    """One customer turn.

    Attributes:
        offered: Strategies offered for it, in order.
        expected: Strategies that a good coach would accept here; may be empty.
        wrong: Strategies that would be wrong here.
        tense: The customer is angry or refuses: nothing wrong may be offered at all.
    """

    offered: tuple[str, ...]
    expected: frozenset[str] = frozenset()
    wrong: frozenset[str] = frozenset()
    tense: bool = False


@dataclass(frozen=True, slots=True)
class HintCall:
    """One call.

    Attributes:
        turns: Customer turns in order.
        seconds: Length of the call.
    """

    turns: tuple[HintTurn, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class HintScores:
    """Sums over calls, and the rates made of them.

    Attributes:
        asked: Turns with expected strategies.
        hit: Of these, turns with one of them offered within the turn or the next.
        offered: Hints offered.
        wrong: Of these, hints that were wrong for their turn.
        tense_wrong: Wrong hints on turns where the customer is angry or refuses.
        seconds: Length of all calls.
    """

    asked: int
    hit: int
    offered: int
    wrong: int
    tense_wrong: int
    seconds: float

    @property
    def hit_rate(self) -> float:
        """Share of turns with expectations that were met, 0..1; 0 without such turns."""
        return self.hit / self.asked if self.asked else 0.0

    @property
    def wrong_rate(self) -> float:
        """Share of hints that were wrong for their turn, 0..1; 0 without hints."""
        return self.wrong / self.offered if self.offered else 0.0

    @property
    def per_five_minutes(self) -> float:
        """Hints in five minutes of call; 0 without any time."""
        return self.offered * _FIVE_MINUTES / self.seconds if self.seconds > 0 else 0.0


def score_hints(calls: Iterable[HintCall]) -> HintScores:
    """Score calls together, every turn with the same weight."""
    asked = hit = offered = wrong = tense_wrong = 0
    seconds = 0.0
    for call in calls:
        seconds += call.seconds
        for index, turn in enumerate(call.turns):
            offered += len(turn.offered)
            mistakes = sum(strategy in turn.wrong for strategy in turn.offered)
            wrong += mistakes
            tense_wrong += mistakes if turn.tense else 0
            if turn.expected:
                asked += 1
                hit += _met(call.turns, index)
    return HintScores(asked, hit, offered, wrong, tense_wrong, seconds)


def _met(turns: Sequence[HintTurn], index: int) -> bool:
    near = turns[index : index + 2]
    return any(strategy in turns[index].expected for turn in near for strategy in turn.offered)
