"""The signal classifier: an utterance in, calibrated probabilities of every label out.

Two readers vote. One counts: an ONNX graph of one gather and one sum, in which every feature has a
row of weights, one column for each label. The other understands: a text encoder
(:mod:`rid_telephony.rid.encoder`). Each head says how much each reader counts; the weights were
chosen on writers that neither had seen, so that what comes out is calibrated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from rid_telephony.rid.encoder import Passage, TextEncoder
from rid_telephony.rid.features import FORMAT
from rid_telephony.rid.messages import Choice
from rid_telephony.rid.session import Session

MAX_FEATURES = 4096
"""Features of one utterance that are looked up; an utterance of 400 characters has fewer."""

Row = NDArray[np.float32]
"""Numbers of one head, in the order of its labels."""


def log_softmax(logits: Row) -> Row:
    """Logarithms of probabilities that sum to 1 along the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)), np.float32)


class Head(BaseModel):
    """One output of the graph.

    Attributes:
        name: ``party.signal``, the name of the output.
        kind: ``one`` for exactly one label, ``any`` for any number of them.
        labels: In the order of the output's columns.
        abstain: ``one``: a label other than the fallback needs this probability.
        fallback: ``one``: the label that is given below it.
        thresholds: ``any``: the probability from which each label counts.
        counted: Weight of the counting reader's logits; one for each label.
        understood: Weight of the encoder's logits; one for each label.
        offsets: Added to them; one for each label.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: Literal["one", "any"]
    labels: tuple[str, ...]
    abstain: float = Field(default=0.0, ge=0, le=1)
    fallback: str = ""
    thresholds: dict[str, float] = {}
    counted: tuple[float, ...]
    understood: tuple[float, ...]
    offsets: tuple[float, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if any(len(each) != len(self.labels) for each in self._weights):
            raise ValueError(f"{self.name} needs a weight of each reader for every label")
        if self.kind == "one" and self.fallback not in self.labels:
            raise ValueError(f"the fallback of {self.name} must be one of its labels")
        if self.kind == "any" and set(self.thresholds) != set(self.labels):
            raise ValueError(f"{self.name} needs a threshold for every label")
        return self

    @property
    def _weights(self) -> tuple[tuple[float, ...], ...]:
        return (self.counted, self.understood, self.offsets)

    def probabilities(self, counted: Row, understood: Row) -> Row:
        """What the two readers say together.

        Args:
            counted: Logits of the counting reader, N x labels.
            understood: Logits of the encoder, N x labels.

        Returns:
            N x labels: softmax for ``one``, sigmoid for ``any``.
        """
        if self.kind == "one":
            counted, understood = log_softmax(counted), log_softmax(understood)
        weights = [np.asarray(each, np.float32) for each in self._weights]
        joint = counted * weights[0] + understood * weights[1] + weights[2]
        if self.kind == "one":
            return np.exp(log_softmax(joint))
        return np.asarray(1 / (1 + np.exp(-np.clip(joint, -60, 60))), np.float32)


class ClassifierConfig(BaseModel):
    """``config.json`` beside the graph."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    feature_format: int
    features: int
    """Lines of the vocabulary that belongs to the graph."""
    lexicon: dict[str, str]
    """Lexicon file to the SHA-256 of its bytes: the features depend on them."""
    heads: tuple[Head, ...]

    @model_validator(mode="after")
    def _same_features(self) -> Self:
        if self.feature_format != FORMAT:
            raise ValueError(f"made for feature format {self.feature_format}, not {FORMAT}")
        return self


class SignalClassifier:
    """Runs the graph. Stateless but for the session; a session may be shared by threads.

    Args:
        session: The counting graph: inputs ``ids`` (int64, N x K, 0 pads) and ``weights``
            (float32, N x K), one output for each head (float32 logits, N x labels).
        config: Its heads.
        vocabulary: Feature names; the position counted from 1 is the id.
        encoder: The other reader.
    """

    def __init__(
        self,
        session: Session,
        config: ClassifierConfig,
        vocabulary: Sequence[str],
        encoder: TextEncoder,
    ) -> None:
        self._session = session
        self._encoder = encoder
        self._ids = {name: number for number, name in enumerate(vocabulary, 1)}
        self.version = config.version
        self.heads: Mapping[str, Head] = {head.name: head for head in config.heads}

    def probabilities(
        self,
        features: Sequence[Mapping[str, float]],
        passages: Sequence[Passage],
        names: Sequence[str],
    ) -> list[dict[str, Row]]:
        """Probabilities of some heads for several utterances.

        Args:
            features: Of each utterance.
            passages: The same utterances as text.
            names: Heads that are asked for.

        Returns:
            For each utterance head name to a row of probabilities in the order of its labels.
        """
        if not features:
            return []
        ids, weights = self._batch(features)
        counted = self._session.run(list(names), {"ids": ids, "weights": weights})
        understood = self._encoder.logits(passages, names)
        found = {
            name: self.heads[name].probabilities(one, other)
            for name, one, other in zip(names, counted, understood, strict=True)
        }
        return [{name: rows[row] for name, rows in found.items()} for row in range(len(features))]

    def choice(self, name: str, row: Row) -> Choice:
        """The label of a head of kind ``one``; the fallback where none is probable enough."""
        head = self.heads[name]
        total = float(row.sum()) or 1.0
        listed = {
            label: float(value) / total for label, value in zip(head.labels, row, strict=True)
        }
        best = max(listed, key=lambda label: listed[label])
        return Choice(best if listed[best] >= head.abstain else head.fallback, listed)

    def each(self, name: str, row: Row) -> dict[str, float]:
        """Probability of each label of a head of kind ``any``."""
        return {
            label: float(value) for label, value in zip(self.heads[name].labels, row, strict=True)
        }

    def _batch(
        self, features: Sequence[Mapping[str, float]]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        known = [
            [(self._ids[name], weight) for name, weight in one.items() if name in self._ids]
            for one in features
        ]
        width = min(max(1, *(len(one) for one in known)), MAX_FEATURES)
        ids = np.zeros((len(known), width), np.int64)
        weights = np.zeros((len(known), width), np.float32)
        for row, one in enumerate(known):
            for column, (number, weight) in enumerate(one[:width]):
                ids[row, column] = number
                weights[row, column] = weight
        return ids, weights
