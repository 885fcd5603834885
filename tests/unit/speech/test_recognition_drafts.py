"""A draft's words are used again where its audio is the final's, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError

import pytest
from recognition_kit import PATIENCE, GatedTranscriber, occupy, segment, text

from rid_telephony.speech.pool import RecognitionPool


def test_a_finished_draft_answers_its_final_without_recognising_again(
    make_pool: Callable[..., RecognitionPool], transcriber: GatedTranscriber
) -> None:
    """This is what hides the recognition behind the hang-over."""
    pool = make_pool()
    transcriber.allow(1)
    draft = pool.submit(segment(1, draft=True, utterance="u"))
    assert text(draft) == "第1"

    final = pool.submit(segment(1, utterance="u"))

    assert final.done()
    assert text(final) == "第1"
    assert transcriber.asked == [1]
    assert pool.stats.reused == 1


def test_a_running_draft_answers_its_final(
    make_pool: Callable[..., RecognitionPool], transcriber: GatedTranscriber
) -> None:
    pool = make_pool()
    draft = pool.submit(segment(1, draft=True, utterance="u"))
    assert transcriber.begun.acquire(timeout=PATIENCE)

    final = pool.submit(segment(1, utterance="u"))
    transcriber.allow(1)

    assert (text(draft), text(final)) == ("第1", "第1")
    assert transcriber.asked == [1]


def test_a_waiting_draft_becomes_its_final_and_moves_up(
    make_pool: Callable[..., RecognitionPool], transcriber: GatedTranscriber
) -> None:
    pool = make_pool()
    occupy(pool, transcriber)
    draft = pool.submit(segment(1, draft=True, utterance="u"))
    other = pool.submit(segment(2, draft=True))
    final = pool.submit(segment(1, utterance="u"))

    transcriber.allow(3)

    assert (text(draft), text(final), text(other)) == ("第1", "第1", "第2")
    assert transcriber.asked == [100, 1, 2]


def test_a_draft_overtaken_by_a_longer_final_is_cancelled(
    make_pool: Callable[..., RecognitionPool], transcriber: GatedTranscriber
) -> None:
    pool = make_pool()
    occupy(pool, transcriber)
    draft = pool.submit(segment(1, draft=True, utterance="u", end=1.0))

    final = pool.submit(segment(2, utterance="u", end=2.0))
    transcriber.allow(2)

    with pytest.raises(CancelledError):
        draft.result(PATIENCE)
    assert text(final) == "第2"
    assert pool.stats.cancelled == 1


def test_words_of_a_draft_are_not_reused_once_the_speaker_went_on(
    make_pool: Callable[..., RecognitionPool], transcriber: GatedTranscriber
) -> None:
    pool = make_pool()
    transcriber.allow(2)
    text(pool.submit(segment(1, draft=True, utterance="u", end=1.0)))

    final = pool.submit(segment(2, utterance="u", end=2.0))

    assert text(final) == "第2"


def test_a_speaker_who_goes_on_takes_the_waiting_draft_back(
    make_pool: Callable[..., RecognitionPool], transcriber: GatedTranscriber
) -> None:
    pool = make_pool()
    busy = occupy(pool, transcriber)
    draft = pool.submit(segment(1, draft=True, utterance="u"))

    pool.cancel("u")
    transcriber.allow(1)
    text(busy)

    assert draft.cancelled()
    assert transcriber.asked == [100]
