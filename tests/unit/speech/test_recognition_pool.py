"""Segments wait in order, are shed by rank, and every one is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import wait

import pytest
from recognition_kit import PATIENCE, GatedTranscriber, occupy, segment, text

from rid_telephony.calls.messages import Party
from rid_telephony.speech.messages import Transcript
from rid_telephony.speech.pool import RecognitionPool, RecognitionShedError


def test_customers_come_before_agents_and_finals_before_drafts(
    make_pool: Callable[..., RecognitionPool], transcriber: GatedTranscriber
) -> None:
    pool = make_pool()
    occupy(pool, transcriber)
    futures = [
        pool.submit(segment(3, Party.AGENT)),
        pool.submit(segment(2, draft=True)),
        pool.submit(segment(1)),
    ]

    transcriber.allow(4)
    wait(futures, PATIENCE)

    assert transcriber.asked == [100, 1, 2, 3]


def test_an_agents_draft_is_recognised_only_by_who_has_nothing_else_to_do(
    make_pool: Callable[..., RecognitionPool], transcriber: GatedTranscriber
) -> None:
    """Drafts of agents bring no hint sooner; they must not keep a customer waiting."""
    pool = make_pool()
    transcriber.allow(1)
    assert text(pool.submit(segment(1, Party.AGENT, draft=True))) == "第1"
    transcriber.begun.acquire()
    occupy(pool, transcriber)
    late = pool.submit(segment(2, Party.AGENT, draft=True))
    assert late.cancelled()
    transcriber.allow(1)


def test_a_full_line_sheds_drafts_and_says_so(
    make_pool: Callable[..., RecognitionPool], transcriber: GatedTranscriber
) -> None:
    pool = make_pool(2)
    occupy(pool, transcriber)
    draft = pool.submit(segment(2, draft=True))

    first = pool.submit(segment(3))
    second = pool.submit(segment(4, Party.AGENT))

    assert isinstance(draft.exception(PATIENCE), RecognitionShedError)
    assert pool.stats.shed_drafts == 1
    transcriber.allow(3)
    assert (text(first), text(second)) == ("第3", "第4")


def test_a_final_is_never_lost_silently(
    make_pool: Callable[..., RecognitionPool], transcriber: GatedTranscriber
) -> None:
    pool = make_pool(1)
    occupy(pool, transcriber)
    agent = pool.submit(segment(1, Party.AGENT))
    customer = pool.submit(segment(2))

    assert isinstance(agent.exception(PATIENCE), RecognitionShedError)
    assert pool.stats.shed_finals == 1
    transcriber.allow(2)
    assert text(customer) == "第2"


def test_a_crash_of_the_model_fails_one_segment_and_not_the_worker(
    make_pool: Callable[..., RecognitionPool], transcriber: GatedTranscriber
) -> None:
    pool = make_pool()
    transcriber.allow(2)

    broken = pool.submit(segment(666))
    fine = pool.submit(segment(1))

    with pytest.raises(RuntimeError, match="the model broke"):
        broken.result(PATIENCE)
    assert text(fine) == "第1"
    assert pool.stats.failed == 1


def test_a_crash_of_a_draft_does_not_fail_its_final(
    make_pool: Callable[..., RecognitionPool], transcriber: GatedTranscriber
) -> None:
    pool = make_pool()
    transcriber.allow(2)
    draft = segment(666, draft=True, utterance="u")
    with pytest.raises(RuntimeError):
        pool.submit(draft).result(PATIENCE)

    retried = segment(666, utterance="u")
    retried.samples[:] = 1

    assert text(pool.submit(retried)) == "第1"


def test_segments_are_recognised_on_all_workers_at_once() -> None:
    transcriber = GatedTranscriber(workers=3)
    with RecognitionPool(transcriber, 8) as pool:
        futures = [pool.submit(segment(number)) for number in range(1, 4)]
        for _ in futures:
            assert transcriber.begun.acquire(timeout=PATIENCE)
        assert pool.stats.running == 3
        transcriber.allow(3)
        wait(futures, PATIENCE)
    assert {text(future) for future in futures} == {"第1", "第2", "第3"}


def test_closing_cancels_what_waits_and_finishes_what_runs(
    make_pool: Callable[..., RecognitionPool], transcriber: GatedTranscriber
) -> None:
    pool = make_pool()
    running = occupy(pool, transcriber)
    waiting = pool.submit(segment(1))
    transcriber.allow(1)

    assert pool.close(PATIENCE)

    assert text(running) == "第100"
    assert waiting.cancelled()
    with pytest.raises(RuntimeError, match="closed"):
        pool.submit(segment(2))


def test_a_segment_whose_owner_gave_up_is_not_recognised(
    make_pool: Callable[..., RecognitionPool], transcriber: GatedTranscriber
) -> None:
    pool = make_pool()
    occupy(pool, transcriber)
    unwanted = pool.submit(segment(1))
    wanted = pool.submit(segment(2))

    assert unwanted.cancel()
    transcriber.allow(2)
    text(wanted)

    assert transcriber.asked == [100, 2]


def test_a_transcript_can_be_awaited(
    make_pool: Callable[..., RecognitionPool], transcriber: GatedTranscriber
) -> None:
    pool = make_pool()
    transcriber.allow(1)

    async def recognise() -> Transcript:
        return await asyncio.wrap_future(pool.submit(segment(1)))

    assert asyncio.run(recognise()).text == "第1"


def test_the_drafts_remembered_are_bounded(
    make_pool: Callable[..., RecognitionPool], transcriber: GatedTranscriber
) -> None:
    pool = make_pool()
    transcriber.allow(400)
    for number in range(300):
        pool.submit(segment(number, draft=True)).result(PATIENCE)

    assert len(pool._drafts) <= 256
