"""From held-out logits to a head: calibration, thresholds, and the figures of the card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
from rid_telephony.training.fitting import (
    Array,
    HeldOut,
    Linear,
    platt,
    sigmoid,
    softmax,
    temperature,
)

NEVER = 1.0
"""A threshold that no probability passes in practice."""
_GRID = tuple(round(0.05 * step, 2) for step in range(3, 17))
_ALONE_GRID = tuple(round(0.02 * step, 2) for step in range(42, 50))
_ALONE_PRECISION = 0.9
_FEWEST_FINDS = 3
_PRIOR_RECORDS = 20.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What a head did on writers that it had not seen.

    Attributes:
        score: Macro-F1 (``one``) or micro-F1 (``any``) over all samples.
        by_writer: The same for each writer held out.
        by_label: F1 of each label.
        heard: The score on texts that a recogniser wrote; None without such texts.
        heard_count: How many.
        error_before: Expected calibration error before calibration.
        error_after: And after it.
    """

    score: float
    by_writer: Mapping[str, float]
    by_label: Mapping[str, float]
    heard: float | None
    heard_count: int
    error_before: float
    error_after: float


@dataclass(frozen=True, slots=True)
class Trained:
    """A head ready for export.

    Attributes:
        model: Weights with the calibration taken in.
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
    """Calibrate a head of exactly one label."""
    divisor = temperature(held_out.original, truth.wanted)
    scored = Linear(model.weights / divisor, model.bias / divisor)
    after = softmax(held_out.original / divisor)
    head = Head(name=name, kind="one", labels=truth.labels, fallback=fallback)
    figures = _figures_one(truth, after, softmax(held_out.original), held_out)
    return Trained(head, scored, figures)


def finish_any(
    name: str,
    truth: Truth,
    model: Linear,
    held_out: HeldOut,
    rules: Array,
    rule_weight: float,
) -> Trained:
    """Calibrate a head of any number of labels and choose a threshold for each.

    Args:
        name: Of the head.
        truth: What is right.
        model: Fitted on everything.
        held_out: Logits on unseen writers: they calibrate and judge.
        rules: Samples x labels, the rules' confidence, joined as at run time.
        rule_weight: Share of the rules.
    """
    slopes, offsets = platt(held_out.original, truth.wanted)
    after = sigmoid(held_out.original * slopes + offsets)
    joined = rule_weight * rules + (1 - rule_weight) * after
    thresholds = _thresholds(joined, truth)
    head = Head(name=name, kind="any", labels=truth.labels, thresholds=thresholds)
    calibrated = Linear(model.weights * slopes, model.bias * slopes + offsets)
    figures = _figures_any(truth, joined, after, sigmoid(held_out.original), thresholds)
    return Trained(head, calibrated, figures)


def alone_thresholds(
    trained: Trained, truth: Truth, held_out: HeldOut, minimum: float
) -> dict[str, float]:
    """From which probability a label may be raised without any rule behind it.

    The lowest one from ``minimum`` on at which nine of ten finds on unseen batches are right;
    :data:`NEVER` where there is none or too few finds to tell.
    """
    slopes, offsets = platt(held_out.original, truth.wanted)
    after = sigmoid(held_out.original * slopes + offsets)
    chosen = dict.fromkeys(truth.labels, NEVER)
    for column, label in enumerate(trained.head.labels):
        for threshold in (one for one in _ALONE_GRID if one >= minimum):
            found = after[:, column] >= threshold
            right = int(truth.wanted[found, column].sum())
            if found.sum() >= _FEWEST_FINDS and right >= _ALONE_PRECISION * found.sum():
                chosen[label] = threshold
                break
    return chosen


def _thresholds(joined: Array, truth: Truth) -> dict[str, float]:
    """The best threshold of each label, drawn towards the best common one where it is rare."""
    common = max(_GRID, key=lambda each: _micro(joined, truth, each))
    chosen = {}
    for column, label in enumerate(truth.labels):
        own = max(_GRID, key=lambda each: _column_f1(joined[:, column], truth, column, each))
        count = float(truth.wanted[:, column].sum())
        share = count / (count + _PRIOR_RECORDS)
        chosen[label] = round(share * own + (1 - share) * common, 3)
    return chosen


def _micro(joined: Array, truth: Truth, threshold: float) -> float:
    return _f1(joined >= threshold, truth.wanted)


def _column_f1(values: Array, truth: Truth, column: int, threshold: float) -> float:
    return _f1(values >= threshold, truth.wanted[:, column])


def _f1(found: NDArray[np.bool_], wanted: NDArray[np.int64]) -> float:
    right = float((found & (wanted == 1)).sum())
    return 2 * right / max(float(found.sum() + wanted.sum()), 1.0)


def _figures_one(truth: Truth, after: Array, before: Array, held_out: HeldOut) -> Figures:
    counted = truth.counted()
    gold = _names(truth.labels, truth.wanted)
    found = _names(truth.labels, after)
    labels = sorted({gold[row] for row in np.flatnonzero(counted)})

    def score(rows: NDArray[np.int64]) -> float:
        return macro_f1([gold[row] for row in rows], [found[row] for row in rows], labels)

    rows = np.flatnonzero(counted)
    heard = _names(truth.labels, held_out.heard)
    pairs = [
        (gold[owner], one)
        for owner, one in zip(held_out.heard_owner, heard, strict=True)
        if counted[owner]
    ]
    scores = label_scores([[gold[row]] for row in rows], [[found[row]] for row in rows], labels)
    return Figures(
        score=score(rows),
        by_writer={
            writer: score(np.flatnonzero(counted & (np.array(truth.writers) == writer)))
            for writer in sorted(set(truth.writers))
        },
        by_label={label: one.f1 for label, one in scores.items()},
        heard=macro_f1([one for one, _ in pairs], [other for _, other in pairs], labels)
        if pairs
        else None,
        heard_count=len(pairs),
        error_before=_error(before, truth),
        error_after=_error(after, truth),
    )


def _figures_any(
    truth: Truth, joined: Array, after: Array, before: Array, thresholds: Mapping[str, float]
) -> Figures:
    limits = np.array([thresholds[label] for label in truth.labels])
    gold = _sets(truth.labels, truth.wanted == 1)
    found = _sets(truth.labels, joined >= limits)
    writers = np.array(truth.writers)
    return Figures(
        score=total(label_scores(gold, found, truth.labels)).f1,
        by_writer={
            writer: micro_f1(
                [gold[row] for row in np.flatnonzero(writers == writer)],
                [found[row] for row in np.flatnonzero(writers == writer)],
                truth.labels,
            )
            for writer in sorted(set(truth.writers))
        },
        by_label={label: one.f1 for label, one in label_scores(gold, found, truth.labels).items()},
        heard=None,
        heard_count=0,
        error_before=_error_any(before, truth),
        error_after=_error_any(after, truth),
    )


def _error(probabilities: Array, truth: Truth) -> float:
    right = probabilities.argmax(axis=1) == truth.wanted.argmax(axis=1)
    return calibration_error(probabilities.max(axis=1).tolist(), right.tolist())


def _error_any(probabilities: Array, truth: Truth) -> float:
    return calibration_error(probabilities.ravel().tolist(), (truth.wanted == 1).ravel().tolist())


def _names(labels: Sequence[str], rows: NDArray[np.generic]) -> list[str]:
    return [labels[int(column)] for column in np.asarray(rows).argmax(axis=1)] if len(rows) else []


def _sets(labels: Sequence[str], rows: NDArray[np.bool_]) -> list[list[str]]:
    return [[labels[int(column)] for column in np.flatnonzero(row)] for row in rows]
