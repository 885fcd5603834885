"""Character error of recognised text: substitutions, deletions, insertions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from rid_telephony.speech.text import letters_of, normalise


@dataclass(frozen=True, slots=True)
class CharacterErrors:
    """Edit operations that turn the reference into the hypothesis.

    Attributes:
        substitutions: Characters replaced.
        deletions: Characters of the reference that are missing.
        insertions: Characters that the reference does not have.
        reference_length: Characters of the reference.
    """

    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    reference_length: int = 0

    @property
    def errors(self) -> int:
        """All operations together."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float:
        """Character error rate; may exceed 1. Zero where nothing was said and nothing heard."""
        if self.reference_length == 0:
            return float(self.errors > 0)
        return self.errors / self.reference_length

    def __add__(self, other: CharacterErrors) -> CharacterErrors:
        return CharacterErrors(
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
            self.reference_length + other.reference_length,
        )


def character_errors(reference: str, hypothesis: str) -> CharacterErrors:
    """Count the character errors of a hypothesis.

    Both texts are first brought into the normal form of :mod:`rid_telephony.speech.text`
    (simplified, numbers as spoken), then stripped of punctuation and spaces and lower-cased:
    300万 and 三百万 are equal, and so are 三百，万 and 三百万. Minimum edit distance; among
    equally short alignments substitutions are preferred.
    """
    expected = letters_of(normalise(reference))
    found = letters_of(normalise(hypothesis))
    costs = _edit_costs(expected, found)
    return _trace(expected, found, costs)


def pooled(errors: Iterable[CharacterErrors]) -> CharacterErrors:
    """Add up the errors of many utterances, so that long ones weigh more."""
    return sum(errors, CharacterErrors())


def _edit_costs(expected: str, found: str) -> np.ndarray:
    """Return Levenshtein's table: ``[i, j]`` turns ``expected[:i]`` into ``found[:j]``."""
    costs = np.zeros((len(expected) + 1, len(found) + 1), dtype=np.int32)
    costs[:, 0] = np.arange(len(expected) + 1)
    costs[0, :] = np.arange(len(found) + 1)
    letters = np.array(list(found))
    columns = np.arange(1, len(found) + 1)
    for row, letter in enumerate(expected, start=1):
        above = costs[row - 1]
        best = np.minimum(above[:-1] + (letters != letter), above[1:] + 1)
        # Insertions run along the row: cost[j] = min over k <= j of best[k] + (j - k).
        best = np.minimum.accumulate(np.concatenate(([row], best - columns)))[1:] + columns
        costs[row, 1:] = best
    return costs


def _trace(expected: str, found: str, costs: np.ndarray) -> CharacterErrors:
    row, column = len(expected), len(found)
    substitutions = deletions = insertions = 0
    while row or column:
        cost = costs[row, column]
        if row and column:
            differs = expected[row - 1] != found[column - 1]
            if cost == costs[row - 1, column - 1] + differs:
                substitutions += differs
                row, column = row - 1, column - 1
                continue
        if row and cost == costs[row - 1, column] + 1:
            deletions += 1
            row -= 1
        else:
            insertions += 1
            column -= 1
    return CharacterErrors(substitutions, deletions, insertions, len(expected))
