"""Examples for the encoder: what to read, what is right, and how it is written this time."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rid_telephony.rid.encoder import Passage, TextEncoder, padded

WIDTHS = (16, 24, 32, 48, 64, 100)
"""Batches are padded to one of these, so that the network is compiled six times only."""
HEARD_SHARE = 0.35
"""How often a text is read as a recogniser wrote it, where that is known."""
NOISY_SHARE = 0.2
"""How often it is read with other characters of the same sound."""
UNMARKED_SHARE = 0.4
"""How often it loses its punctuation."""
ALONE_SHARE = 0.15
"""How often its context is hidden."""

_MARKS = str.maketrans("", "", "，。？！、")

Ints = NDArray[np.int64]
Targets = Mapping[str, NDArray[np.float32]]
"""Head to labels; all zero where the head does not apply."""


@dataclass(frozen=True, slots=True)
class Example:
    """One utterance to learn from.

    Attributes:
        passage: As it was written.
        noisy: As other characters of the same sound, several times.
        heard: As a recogniser wrote it.
        targets: What is right.
    """

    passage: Passage
    noisy: tuple[str, ...]
    heard: tuple[str, ...]
    targets: Targets


@dataclass(frozen=True, slots=True)
class Batch:
    """Examples of about the same length, padded.

    Attributes:
        rows: Which examples; the arrays may have more rows, which are padding.
    """

    ids: Ints
    mask: Ints
    parts: Ints
    rows: tuple[int, ...]


def batches(
    frames: Sequence[tuple[list[int], list[int]]], size: int, order: Sequence[int]
) -> Iterator[Batch]:
    """Batches of ``size`` rows, each of examples that fit one of :data:`WIDTHS`."""
    waiting: dict[int, list[int]] = {width: [] for width in WIDTHS}
    for number in order:
        width = next(one for one in WIDTHS if len(frames[number][0]) <= one)
        waiting[width].append(number)
        if len(waiting[width]) == size:
            yield _batch(frames, waiting[width], width, size)
            waiting[width] = []
    for width, rest in waiting.items():
        if rest:
            yield _batch(frames, rest, width, size)


def variant(example: Example, source: random.Random) -> Passage:
    """The example as it is read this time."""
    text, passage = example.passage.text, example.passage
    if example.heard and source.random() < HEARD_SHARE:
        text = source.choice(example.heard)
    elif example.noisy and source.random() < NOISY_SHARE:
        text = source.choice(example.noisy)
    if source.random() < UNMARKED_SHARE:
        text = text.translate(_MARKS) or text
    context = "" if source.random() < ALONE_SHARE else passage.context
    return Passage(text, context, passage.party)


def frames_of(
    encoder: TextEncoder, passages: Sequence[Passage]
) -> list[tuple[list[int], list[int]]]:
    """Ids and parts of passages."""
    return [encoder.frame(one) for one in passages]


def stacked(examples: Sequence[Example], rows: Sequence[int], size: int) -> dict[str, np.ndarray]:
    """Targets of some examples, padded with zero rows to ``size``."""
    found: dict[str, np.ndarray] = {}
    for name, labels in examples[0].targets.items():
        found[name] = np.zeros((size, len(labels)), np.float32)
        for row, number in enumerate(rows):
            found[name][row] = examples[number].targets[name]
    return found


def _batch(
    frames: Sequence[tuple[list[int], list[int]]], rows: Sequence[int], width: int, size: int
) -> Batch:
    given = [frames[row] for row in rows] + [frames[rows[0]]] * (size - len(rows))
    ids, mask, parts = padded(given, width)
    return Batch(ids, mask, parts, tuple(rows))
