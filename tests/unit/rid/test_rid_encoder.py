"""What the encoder is given: a text cut wrongly is understood wrongly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rid_books import Letters

from rid_telephony.calls.messages import Party
from rid_telephony.rid.encoder import (
    BEGIN,
    END,
    MAX_CONTEXT,
    MAX_TEXT,
    PAD,
    Passage,
    TextEncoder,
    padded,
)


class Answers:
    """A graph that counts its rows."""

    def __init__(self) -> None:
        self.given: Mapping[str, Any] = {}

    def run(self, output_names: Sequence[str] | None, input_feed: Mapping[str, Any]) -> list[Any]:
        self.given = input_feed
        return [np.zeros((len(input_feed["ids"]), 2), np.float32) for _ in output_names or ()]


def encoder(session: Answers | None = None) -> TextEncoder:
    return TextEncoder(session or Answers(), Letters())


def test_an_utterance_stands_first_and_what_it_answers_behind_it() -> None:
    ids, parts = encoder().frame(Passage("ab", "c", Party.CUSTOMER))
    assert ids == [BEGIN, ord("a"), ord("b"), END, ord("c"), END]
    assert parts == [0, 0, 0, 0, 1, 1]


def test_the_parties_are_told_apart_by_the_parts() -> None:
    assert set(encoder().frame(Passage("ab", "c", Party.AGENT))[1]) == {2, 3}


def test_without_a_context_there_is_no_second_part() -> None:
    ids, parts = encoder().frame(Passage("ab", "", Party.CUSTOMER))
    assert len(ids) == 4
    assert set(parts) == {0}


def test_an_empty_utterance_is_still_a_row() -> None:
    assert encoder().frame(Passage("", "", Party.CUSTOMER))[0] == [BEGIN, END]


def test_a_flood_of_words_is_cut_to_what_the_network_can_read() -> None:
    """Beginning of the utterance, end of the context: that is where the meaning is."""
    text = "".join(chr(100 + number) for number in range(500))
    ids, parts = encoder().frame(Passage(text, text, Party.CUSTOMER))
    assert len(ids) == len(parts) == MAX_TEXT + MAX_CONTEXT + 3
    assert ids[1] == 100
    assert ids[-2] == 599


def test_shorter_rows_are_padded_and_masked() -> None:
    ids, mask, parts = padded([([0, 5, 2], [0, 0, 0]), ([0, 2], [2, 2])])
    assert ids.tolist() == [[0, 5, 2], [0, 2, PAD]]
    assert mask.tolist() == [[1, 1, 1], [1, 1, 0]]
    assert parts.tolist() == [[0, 0, 0], [2, 2, 0]]


def test_every_head_that_was_asked_for_answers_for_every_passage() -> None:
    session = Answers()
    found = encoder(session).logits([Passage("a", "", Party.AGENT)] * 3, ["x", "y"])
    assert [one.shape for one in found] == [(3, 2), (3, 2)]
    assert set(session.given) == {"ids", "mask", "parts"}
