"""The corpus as features: a vocabulary with weights, and sparse matrices."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp  # type: ignore[import-untyped]  # no type information
from numpy.typing import NDArray

from rid_telephony.errors import InputError
from rid_telephony.evaluation.records import AgentRecord, CustomerRecord
from rid_telephony.rid.features import features
from rid_telephony.rid.lexicon import Cues
from rid_telephony.rid.text import TermRepair, hear
from rid_telephony.training.corpus import RecordT, Sample
from rid_telephony.training.noise import HomophoneNoise

FEATURES_PER_NAME = 3
"""A feature must occur in this many utterances to be kept."""
_FEWEST_WRITERS = 2
_SPARSE_GROUPS = "cpx"
_SHORT_LIST_WEIGHT = 0.6
_IDF_SCALE = 5.0

Weighted = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Examples:
    """Utterances of one party as features.

    Attributes:
        original: One row of features for each sample.
        copies: Rows made from samples: by homophone noise, or as a recogniser heard them.
        owner: For each copy the index of its sample.
        heard: For each copy whether a recogniser wrote it (True) or noise did.
        writer: Of each sample.
        held: True for the samples of the writers that are held out.
    """

    original: tuple[Weighted, ...]
    copies: tuple[Weighted, ...]
    owner: NDArray[np.int64]
    heard: NDArray[np.bool_]
    writer: tuple[str, ...]
    held: NDArray[np.bool_]


class Vocabulary:
    """Which features count, and how much: those seen often enough, rare ones weighing more.

    The weight (inverse document frequency for n-grams, a constant for cues and shape) is taken
    into the model's rows, so that nothing of it is needed at run time.
    """

    def __init__(self, examples: Sequence[Examples]) -> None:
        counts: Counter[str] = Counter()
        for one in examples:
            counts.update(name for row in one.original for name in row)
        total = sum(len(one.original) for one in examples)
        kept = sorted(name for name, count in counts.items() if count >= FEATURES_PER_NAME)
        self.names: tuple[str, ...] = tuple(kept)
        self._columns = {name: column for column, name in enumerate(kept)}
        self.scale: NDArray[np.float64] = np.array(
            [_weight(name, counts[name], total) for name in kept]
        )

    def matrix(self, rows: Sequence[Weighted]) -> sp.csr_matrix:
        """Rows of scaled features, len(rows) x len(names)."""
        data: list[float] = []
        columns: list[int] = []
        starts = [0]
        for row in rows:
            for name, weight in row.items():
                column = self._columns.get(name)
                if column is not None:
                    columns.append(column)
                    data.append(weight * self.scale[column])
            starts.append(len(columns))
        return sp.csr_matrix((data, columns, starts), shape=(len(rows), len(self.names)))


def _weight(name: str, count: int, total: int) -> float:
    if name[1] not in _SPARSE_GROUPS:
        return _SHORT_LIST_WEIGHT
    return (math.log((1 + total) / (1 + count)) + 1) / _IDF_SCALE


def held_out_writers(writers: Iterable[str]) -> list[str]:
    """Every third writer in alphabetical order; the last one where there are fewer than three.

    Raises:
        InputError: There is one writer only.
    """
    names = sorted(set(writers))
    if len(names) < _FEWEST_WRITERS:
        raise InputError(
            "The corpus needs two writers of each party: one is held out to judge the model.",
            "Name files after their writers, such as a1.jsonl and b1.jsonl.",
        )
    return names[2::3] or names[-1:]


@dataclass(frozen=True, slots=True)
class Listener:
    """What turns text into features, and text into noise."""

    repair: TermRepair
    cues: Cues

    def features(self, record: CustomerRecord | AgentRecord, text: str) -> Weighted:
        """Features of a record whose words are ``text``."""
        party = "customer" if isinstance(record, CustomerRecord) else "agent"
        context = hear(record.context, self.repair)
        return features(hear(text, self.repair), context, self.cues, party)


def examples(
    samples: Sequence[Sample[RecordT]],
    recognised: Mapping[str, Sequence[str]],
    listener: Listener,
    noise: HomophoneNoise,
    seed: int,
    writers: Sequence[str],
) -> Examples:
    """Features of the samples, of a noisy copy of each, and of what a recogniser made of them.

    Args:
        samples: Labelled utterances.
        recognised: Record id to texts that a recogniser wrote when it heard the utterance.
        listener: Text to features.
        noise: Makes the noisy copies.
        seed: Of the noise.
        writers: Of each sample; every third of them is held out.
    """
    source = random.Random(seed)  # noqa: S311 - noise for training, not for secrets
    copies: list[Weighted] = []
    owner: list[int] = []
    heard: list[bool] = []
    for index, sample in enumerate(samples):
        written = [(noise.copy(sample.record.text, source), False)]
        written += [(text, True) for text in recognised.get(sample.record.id, ())]
        for text, by_recogniser in written:
            copies.append(listener.features(sample.record, text))
            owner.append(index)
            heard.append(by_recogniser)
    return Examples(
        original=tuple(listener.features(one.record, one.record.text) for one in samples),
        copies=tuple(copies),
        owner=np.array(owner, np.int64),
        heard=np.array(heard, np.bool_),
        writer=tuple(writers),
        held=np.isin(list(writers), held_out_writers(writers)),
    )
