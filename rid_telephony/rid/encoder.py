"""The text encoder: an utterance and what it answers go in, logits of every head come out.

A transformer (12 layers, width 384) that began as multilingual-e5-small and was taught the labels
of this project; the pieces of text it knows were cut down to what Mandarin needs. How it was made
stands in the model's card.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rid_telephony.calls.messages import Party
from rid_telephony.rid.session import Session

MAX_TEXT = 64
"""Pieces of an utterance that are read, from its beginning; 64 pieces are about 100 characters."""
MAX_CONTEXT = 32
"""Pieces of the context that are read, up to its end."""
BEGIN, PAD, END = 0, 1, 2
"""Ids that frame the texts, as in XLM-RoBERTa."""
PARTS = 4
"""What a piece belongs to: 0 customer's words, 1 what the customer answers, 2 and 3 the agent's."""

Logits = NDArray[np.float32]


class PieceIds(Protocol):
    """What is needed of ``tokenizers.Tokenizer``."""

    def encode(self, sequence: str, *, add_special_tokens: bool) -> Encoded:
        """Cut a text into pieces."""


class Encoded(Protocol):
    """What is needed of ``tokenizers.Encoding``."""

    @property
    def ids(self) -> list[int]:
        """Ids of the pieces."""


@dataclass(frozen=True, slots=True)
class Passage:
    """What the encoder reads.

    Attributes:
        text: An utterance, normalised (:func:`rid_telephony.rid.text.hear`).
        context: The other party's last utterance; empty if there was none.
        party: Who says ``text``.
    """

    text: str
    context: str
    party: Party


class TextEncoder:
    """Runs the graph. Stateless but for the session; may be shared by threads.

    Args:
        session: The graph: inputs ``ids``, ``mask`` and ``parts`` (int64, N x T), one output for
            each head (float32 logits, N x labels).
        pieces: Cuts a text into pieces.
    """

    def __init__(self, session: Session, pieces: PieceIds) -> None:
        self._session = session
        self._pieces = pieces

    def logits(self, passages: Sequence[Passage], names: Sequence[str]) -> list[Logits]:
        """Logits of some heads, each N x labels."""
        ids, mask, parts = padded([self.frame(one) for one in passages])
        given = {"ids": ids, "mask": mask, "parts": parts}
        return [np.asarray(one) for one in self._session.run(list(names), given)]

    def frame(self, passage: Passage) -> tuple[list[int], list[int]]:
        """Ids and parts of one passage: begin, text, end, and where there is one context, end."""
        text = self._cut(passage.text)[:MAX_TEXT]
        context = self._cut(passage.context)[-MAX_CONTEXT:]
        own = 0 if passage.party is Party.CUSTOMER else 2
        ids = [BEGIN, *text, END]
        parts = [own] * len(ids)
        if context:
            ids += [*context, END]
            parts += [own + 1] * (len(context) + 1)
        return ids, parts

    def _cut(self, text: str) -> list[int]:
        return self._pieces.encode(text, add_special_tokens=False).ids if text else []


def padded(
    frames: Sequence[tuple[Sequence[int], Sequence[int]]], width: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Ids, mask and parts of several passages as arrays N x T.

    Args:
        frames: Ids and parts of each.
        width: T; that of the longest where 0.
    """
    width = width or max(len(ids) for ids, _ in frames)
    ids = np.full((len(frames), width), PAD, np.int64)
    mask = np.zeros_like(ids)
    parts = np.zeros_like(ids)
    for row, (one, belongs) in enumerate(frames):
        ids[row, : len(one)] = one
        mask[row, : len(one)] = 1
        parts[row, : len(one)] = belongs
    return ids, mask, parts
