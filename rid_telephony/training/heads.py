"""From held-out logits to a head: weights of the readers, thresholds, figures of the card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rid_telephony.evaluation.metrics import (
    calibration_error,
    label_scores,
    macro_f1,
    micro_f1,
    total,
)
from rid_telephony.rid.classifier import Head
from rid_telephony.training.fitting import Array, HeldOut, Linear, sigmoid, softmax
from rid_telephony.training.mixing import Mix, mix_several, mix_single

NEVER = 1.0
"""A threshold that no probability passes in practice."""
_GRID = tuple(round(0.05 * step, 2) for step in range(3, 17))
_ALONE_GRID = (*(round(0.02 * step, 2) for step in range(42, 50)), 0.985, 0.99, 0.995, 0.997, 0.999)
_ALONE_PRECISION = 0.9
_FEWEST_FINDS = 3
_PRIOR_RECORDS = 20.0
_EVEN = 0.5


@dataclass(frozen=True, slots=True)
class Figures:
    """What a head did on writers that it had not seen.

    Attributes:
        score: Macro-F1 (``one``) or micro-F1 (``any``) over all samples.
        by_writer: The same for each writer held out.
        by_label: F1 of each label.
        heard: The score on texts that a recogniser wrote; None without such texts.
        heard_count: How many.
        alone: The score of each reader by itself: the counting one, the encoder.
        error: Expected calibration error.
        error_before: That of the encoder by itself, not calibrated.
    """

    score: float
    by_writer: Mapping[str, float]
    by_label: Mapping[str, float]
    heard: float | None
    heard_count: int
    alone: tuple[float, float]
    error: float
    error_before: float


@dataclass(frozen=True, slots=True)
class Trained:
    """A head ready for export.

    Attributes:
        model: Weights of the counting reader.
    """

    head: Head
    model: Linear
    figures: Figures


@dataclass(frozen=True, slots=True)
class Truth:
    """What is right for one head.

    Attributes:
        labels: All labels of the head.
        wanted: Samples x labels, 1 where a label applies.
        writers: Of each sample.
        scored: Samples that count for the score (acts are scored where no objection is).
    """

    labels: tuple[str, ...]
    wanted: NDArray[np.int64]
    writers: tuple[str, ...]
    scored: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))

    def counted(self) -> NDArray[np.bool_]:
        """Mask of the samples that count; all where none was given."""
        return self.scored if len(self.scored) else np.ones(len(self.wanted), np.bool_)


def finish_one(name: str, fallback: str, truth: Truth, model: Linear, held_out: HeldOut) -> Trained:
    """Choose how much each reader counts in a head of exactly one label."""
    mix = mix_single(held_out.original, truth.wanted[held_out.rows])
    head = _head(name, "one", truth.labels, mix, fallback=fallback)
    return Trained(head, model, _figures_one(truth, mix, held_out))


def finish_any(
    name: str,
    truth: Truth,
    model: Linear,
    held_out: HeldOut,
    rules: Array,
    rule_weight: float,
) -> Trained:
    """Choose how much each reader counts for each label, and from which probability it is given.

    Args:
        name: Of the head.
        truth: What is right.
        model: Fitted on everything.
        held_out: Logits on unseen writers: they calibrate and judge.
        rules: Samples x labels, the rules' confidence, joined as at run time.
        rule_weight: Share of the rules.
    """
    wanted = truth.wanted[held_out.rows]
    mix = mix_several(held_out.original, wanted)
    after = mix.several(held_out.original)
    joined = rule_weight * rules[held_out.rows] + (1 - rule_weight) * after
    thresholds = _thresholds(joined, truth.labels, wanted)
    head = _head(name, "any", truth.labels, mix, thresholds=thresholds)
    figures = _figures_any(truth, joined, after, held_out, thresholds)
    return Trained(head, model, figures)


def _head(
    name: str,
    kind: Literal["one", "any"],
    labels: tuple[str, ...],
    mix: Mix,
    *,
    fallback: str = "",
    thresholds: dict[str, float] | None = None,
) -> Head:
    return Head(
        name=name,
        kind=kind,
        labels=labels,
        fallback=fallback,
        thresholds=thresholds or {},
        counted=_rounded(mix.counted),
        understood=_rounded(mix.understood),
        offsets=_rounded(mix.offsets),
    )


def _rounded(values: Array) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values)


def alone_thresholds(
    trained: Trained, truth: Truth, held_out: HeldOut, minimum: float
) -> dict[str, float]:
    """From which probability a label may be raised without any rule behind it.

    The lowest one from ``minimum`` on at which nine of ten finds on unseen batches are right;
    :data:`NEVER` where there is none or too few finds to tell.
    """
    wanted = truth.wanted[held_out.rows]
    after = mix_several(held_out.original, wanted).several(held_out.original)
    chosen = dict.fromkeys(truth.labels, NEVER)
    for column, label in enumerate(trained.head.labels):
        for threshold in (one for one in _ALONE_GRID if one >= minimum):
            found = after[:, column] >= threshold
            right = int(wanted[found, column].sum())
            if found.sum() >= _FEWEST_FINDS and right >= _ALONE_PRECISION * found.sum():
                chosen[label] = threshold
                break
    return chosen


def _thresholds(
    joined: Array, labels: Sequence[str], wanted: NDArray[np.int64]
) -> dict[str, float]:
    """The best threshold of each label, drawn towards the best common one where it is rare."""
    common = max(_GRID, key=lambda each: _f1(joined >= each, wanted))
    chosen = {}
    for column, label in enumerate(labels):
        own = max(_GRID, key=lambda each: _column_f1(joined, wanted, column, each))
        count = float(wanted[:, column].sum())
        share = count / (count + _PRIOR_RECORDS)
        chosen[label] = round(share * own + (1 - share) * common, 3)
    return chosen


def _column_f1(joined: Array, wanted: NDArray[np.int64], column: int, threshold: float) -> float:
    return _f1(joined[:, column] >= threshold, wanted[:, column])


def _f1(found: NDArray[np.bool_], wanted: NDArray[np.int64]) -> float:
    right = float((found & (wanted == 1)).sum())
    return 2 * right / max(float(found.sum() + wanted.sum()), 1.0)


def _figures_one(truth: Truth, mix: Mix, held_out: HeldOut) -> Figures:
    rows = held_out.rows
    counted = truth.counted()
    wanted, scored = truth.wanted[rows], np.flatnonzero(counted[rows])
    gold = _names(truth.labels, wanted)
    labels = sorted({gold[row] for row in scored})

    def score(found: Sequence[str], chosen: NDArray[np.int64]) -> float:
        return macro_f1([gold[row] for row in chosen], [found[row] for row in chosen], labels)

    after = mix.single(held_out.original)
    found = _names(truth.labels, after)
    heard = _names(truth.labels, mix.single(held_out.heard))
    names = _names(truth.labels, truth.wanted)
    pairs = [
        (names[owner], one)
        for owner, one in zip(held_out.heard_owner, heard, strict=True)
        if counted[owner]
    ]
    scores = label_scores([[gold[row]] for row in scored], [[found[row]] for row in scored], labels)
    readers = (held_out.original.counted, held_out.original.understood)
    return Figures(
        score=score(found, scored),
        by_writer={
            writer: score(
                found, np.array([row for row in scored if truth.writers[rows[row]] == writer])
            )
            for writer in sorted({truth.writers[row] for row in rows})
        },
        by_label={label: one.f1 for label, one in scores.items()},
        heard=macro_f1([one for one, _ in pairs], [other for _, other in pairs], labels)
        if pairs
        else None,
        heard_count=len(pairs),
        alone=(
            score(_names(truth.labels, readers[0]), scored),
            score(_names(truth.labels, readers[1]), scored),
        ),
        error=_error(after, wanted),
        error_before=_error(softmax(readers[1]), wanted),
    )


def _figures_any(
    truth: Truth,
    joined: Array,
    after: Array,
    held_out: HeldOut,
    thresholds: Mapping[str, float],
) -> Figures:
    rows = held_out.rows
    wanted = truth.wanted[rows]
    limits = np.array([thresholds[label] for label in truth.labels])
    gold = _sets(truth.labels, wanted == 1)
    found = _sets(truth.labels, joined >= limits)
    writers = np.array(truth.writers)[rows]
    readers = (sigmoid(held_out.original.counted), sigmoid(held_out.original.understood))

    def alone(probabilities: Array) -> float:
        return micro_f1(gold, _sets(truth.labels, probabilities >= _EVEN), truth.labels)

    return Figures(
        score=total(label_scores(gold, found, truth.labels)).f1,
        by_writer={
            writer: micro_f1(
                [gold[row] for row in np.flatnonzero(writers == writer)],
                [found[row] for row in np.flatnonzero(writers == writer)],
                truth.labels,
            )
            for writer in sorted(set(writers.tolist()))
        },
        by_label={label: one.f1 for label, one in label_scores(gold, found, truth.labels).items()},
        heard=None,
        heard_count=0,
        alone=(alone(readers[0]), alone(readers[1])),
        error=_error_any(after, wanted),
        error_before=_error_any(readers[1], wanted),
    )


def _error(probabilities: Array, wanted: NDArray[np.int64]) -> float:
    right = probabilities.argmax(axis=1) == wanted.argmax(axis=1)
    return calibration_error(probabilities.max(axis=1).tolist(), right.tolist())


def _error_any(probabilities: Array, wanted: NDArray[np.int64]) -> float:
    return calibration_error(probabilities.ravel().tolist(), (wanted == 1).ravel().tolist())


def _names(labels: Sequence[str], rows: NDArray[np.generic]) -> list[str]:
    return [labels[int(column)] for column in np.asarray(rows).argmax(axis=1)] if len(rows) else []


def _sets(labels: Sequence[str], rows: NDArray[np.bool_]) -> list[list[str]]:
    return [[labels[int(column)] for column in np.flatnonzero(row)] for row in rows]
