"""How much each reader of an utterance counts: chosen where neither had seen the writer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]  # no type information
from sklearn.linear_model import LogisticRegression

from rid_telephony.training.fitting import Array, Readings, sigmoid

_LEAST = 0.02
"""A reader never counts less than this: nothing speaks against it by itself."""


@dataclass(frozen=True, slots=True)
class Mix:
    """Weights of the readers, one for each label."""

    counted: Array
    understood: Array
    offsets: Array

    def single(self, readings: Readings) -> Array:
        """Probabilities of a head of exactly one label, rows x labels."""
        joint = self._joint(log_softmax(readings.counted), log_softmax(readings.understood))
        return np.exp(log_softmax(joint))

    def several(self, readings: Readings) -> Array:
        """Probabilities of a head of any number of labels, rows x labels."""
        return sigmoid(self._joint(readings.counted, readings.understood))

    def _joint(self, counted: Array, understood: Array) -> Array:
        return counted * self.counted + understood * self.understood + self.offsets


def mix_single(readings: Readings, labels: NDArray[np.int64]) -> Mix:
    """Two weights that make the right labels most likely (a temperature for each reader).

    Args:
        readings: Of writers that the readers had not seen.
        labels: Rows x labels, exactly one 1 in a row.
    """
    counted, understood = log_softmax(readings.counted), log_softmax(readings.understood)
    wanted = labels.argmax(axis=1)
    rows = np.arange(len(wanted))

    def loss(weights: Array) -> float:
        joint = log_softmax(counted * weights[0] + understood * weights[1])
        return float(-joint[rows, wanted].mean())

    bounds = [(_LEAST, 5.0)] * 2
    found = minimize(loss, np.array([0.5, 0.5]), bounds=bounds, method="L-BFGS-B").x
    size = labels.shape[1]
    return Mix(np.full(size, found[0]), np.full(size, found[1]), np.zeros(size))


def mix_several(readings: Readings, labels: NDArray[np.int64]) -> Mix:
    """Slopes and offset of each label that make its presence most likely (Platt, 1999)."""
    size = labels.shape[1]
    mix = Mix(np.full(size, 0.5), np.full(size, 0.5), np.zeros(size))
    for column in range(size):
        wanted = labels[:, column]
        if wanted.min() == wanted.max():
            continue
        both = np.stack([readings.counted[:, column], readings.understood[:, column]], axis=1)
        model = LogisticRegression(C=1.0).fit(both, wanted)
        mix.counted[column] = max(float(model.coef_[0, 0]), _LEAST)
        mix.understood[column] = max(float(model.coef_[0, 1]), _LEAST)
        mix.offsets[column] = float(model.intercept_[0])
    return mix


def log_softmax(logits: Array) -> Array:
    """Logarithms of probabilities that sum to 1 in a row."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
