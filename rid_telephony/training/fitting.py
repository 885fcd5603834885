"""Fits the heads: linear models on the features, judged on writers that they never saw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp  # type: ignore[import-untyped]  # no type information
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from rid_telephony.training.dataset import Examples, Vocabulary

Array = NDArray[np.float64]

STRENGTH = 10.0
"""Inverse of the L2 penalty (scikit-learn's ``C``)."""
COPY_WEIGHT = 0.5
"""What a noisy copy counts beside its original."""
_ITERATIONS = 200
_TOLERANCE = 1e-3
_SURE = 12.0


@dataclass(frozen=True, slots=True)
class Linear:
    """Logits = features x weights + bias.

    Attributes:
        weights: features x labels.
        bias: labels.
    """

    weights: Array
    bias: Array

    def logits(self, features: sp.csr_matrix) -> Array:
        """Rows x labels."""
        return np.asarray(features @ self.weights + self.bias)


@dataclass(frozen=True, slots=True)
class Readings:
    """Logits of both readers for utterances of writers that neither had seen.

    Attributes:
        counted: Rows x labels, of the linear model on features.
        understood: Rows x labels, of the text encoder.
    """

    counted: Array
    understood: Array


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What the readers say of the writers held out.

    Attributes:
        rows: Which samples; ``original`` has one row for each.
        original: The utterances as they were written.
        heard: Their copies that a recogniser wrote.
        heard_owner: The sample of each of those.
    """

    rows: NDArray[np.int64]
    original: Readings
    heard: Readings
    heard_owner: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Understood:
    """The encoder's logits of one head for the writers held out.

    Attributes:
        original: One row for each of their samples.
        heard: One row for each copy of these that a recogniser wrote.
    """

    original: Array
    heard: Array


@dataclass(frozen=True, slots=True)
class Matrices:
    """A party's examples as matrices."""

    original: sp.csr_matrix
    copies: sp.csr_matrix
    examples: Examples

    @classmethod
    def of(cls, examples: Examples, vocabulary: Vocabulary) -> Matrices:
        """Look the features up."""
        return cls(
            vocabulary.matrix(examples.original), vocabulary.matrix(examples.copies), examples
        )


Fit = Callable[[sp.csr_matrix, NDArray[np.int64], Array], Linear]
"""Features, labels, sample weights to a model."""


def fit_one(features: sp.csr_matrix, labels: NDArray[np.int64], weights: Array) -> Linear:
    """One label out of several, each label counting alike.

    Args:
        features: Rows x features.
        labels: rows x labels, 1 where the label applies; exactly one in a row.
        weights: Of the rows.
    """
    model = _regression("balanced").fit(features, labels.argmax(axis=1), weights)
    linear = Linear(
        np.zeros((features.shape[1], labels.shape[1])), np.full(labels.shape[1], -_SURE)
    )
    if len(model.classes_) == 2:
        linear.weights[:, model.classes_[1]] = model.coef_[0]
        linear.bias[model.classes_] = [0.0, model.intercept_[0]]
        return linear
    linear.weights[:, model.classes_] = model.coef_.T
    linear.bias[model.classes_] = model.intercept_
    return linear


def fit_any(features: sp.csr_matrix, labels: NDArray[np.int64], weights: Array) -> Linear:
    """Any number of labels, each judged for itself."""
    linear = Linear(
        np.zeros((features.shape[1], labels.shape[1])), np.full(labels.shape[1], -_SURE)
    )
    for column in range(labels.shape[1]):
        wanted = labels[:, column]
        if wanted.min() == wanted.max():
            continue
        model = _regression("balanced").fit(features, wanted, weights)
        linear.weights[:, column] = model.coef_[0]
        linear.bias[column] = model.intercept_[0]
    return linear


def fit_all(fit: Fit, data: Matrices, labels: NDArray[np.int64]) -> Linear:
    """A model of every sample and copy: the one that is shipped."""
    rows = np.ones(len(labels), np.bool_)
    return _fit_rows(fit, data, labels, rows)


def hold_out(
    fit: Fit, data: Matrices, labels: NDArray[np.int64], understood: Understood
) -> HeldOut:
    """What a model that saw nothing of the writers held out says of them."""
    held = data.examples.held
    copies = np.flatnonzero(data.examples.heard & held[data.examples.owner])
    model = _fit_rows(fit, data, labels, ~held)
    return HeldOut(
        rows=np.flatnonzero(held),
        original=Readings(model.logits(data.original[held]), understood.original),
        heard=Readings(model.logits(data.copies[copies]), understood.heard),
        heard_owner=data.examples.owner[copies],
    )


def softmax(logits: Array) -> Array:
    """Rows that sum to 1."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def sigmoid(logits: Array) -> Array:
    """Each value for itself, 0..1."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -60, 60))))


def indicator(labels: Sequence[str], chosen: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    """Rows x labels, 1 where the label is among the row's chosen ones."""
    return np.array([[int(label in one) for label in labels] for one in chosen], np.int64)


def _fit_rows(
    fit: Fit, data: Matrices, labels: NDArray[np.int64], rows: NDArray[np.bool_]
) -> Linear:
    owner = data.examples.owner
    copies = rows[owner]
    features = sp.vstack([data.original[rows], data.copies[copies]]).tocsr()
    wanted = np.concatenate([labels[rows], labels[owner[copies]]])
    weights = np.concatenate([np.ones(rows.sum()), np.full(copies.sum(), COPY_WEIGHT)])
    return fit(features, wanted, weights)


def _regression(class_weight: str) -> LogisticRegression:
    return LogisticRegression(
        C=STRENGTH, class_weight=class_weight, max_iter=_ITERATIONS, tol=_TOLERANCE
    )
