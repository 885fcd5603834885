from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, wait

import numpy as np
import pytest

from rid_telephony.calls.messages import Party
from rid_telephony.media.messages import Samples
from rid_telephony.speech.load import LoadLimits
from rid_telephony.speech.messages import SpeechSegment, Transcript
from rid_telephony.speech.pool import RecognitionPool, RecognitionShedError
from rid_telephony.speech.recogniser import Capabilities

PATIENCE = 10.0
"""Seconds after which a test gives up; none is spent where all goes well."""


class GatedTranscriber:
    """Recognises one segment for each permit; tells in which order it was asked."""

    def __init__(self, workers: int = 1) -> None:
        self.capabilities = Capabilities("fake", workers, 30.0)
        self.asked: list[int] = []
        self.hurried: list[int] = []
        self.begun = threading.Semaphore(0)
        self._permits = threading.Semaphore(0)

    def allow(self, count: int) -> None:
        self._permits.release(count)

    def transcribe(self, samples: Samples, *, hurried: bool = False) -> Transcript:
        number = int(samples[0])
        self.asked.append(number)
        if hurried:
            self.hurried.append(number)
        self.begun.release()
        assert self._permits.acquire(timeout=PATIENCE)
        if number == 666:
            raise RuntimeError("the model broke")
        return Transcript(text=f"第{number}", confidence=0.9, no_speech=0.0)


def segment(
    number: int,
    party: Party = Party.CUSTOMER,
    *,
    draft: bool = False,
    utterance: str = "",
    end: float = 1.0,
) -> SpeechSegment:
    return SpeechSegment(
        call_id="call",
        utterance_id=utterance or f"call-{number}",
        party=party,
        begin=0.0,
        end=end,
        decided=end + 0.2,
        samples=np.full(100, number, dtype=np.int16),
        speech_seconds=1.0,
        draft=draft,
    )


@pytest.fixture
def transcriber() -> GatedTranscriber:
    return GatedTranscriber()


@pytest.fixture
def make_pool(
    transcriber: GatedTranscriber,
) -> Iterator[Callable[..., RecognitionPool]]:
    pools: list[RecognitionPool] = []

    def make(
        queue_size: int = 8,
        on_shed: Callable[[SpeechSegment], None] | None = None,
        limits: LoadLimits | None = None,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> RecognitionPool:
        pools.append(RecognitionPool(transcriber, queue_size, on_shed, limits, clock))
        return pools[-1]

    yield make
    transcriber.allow(1000)
    for pool in pools:
        assert pool.close(PATIENCE)


def occupy(pool: RecognitionPool, transcriber: GatedTranscriber) -> Future[Transcript]:
    """Keep the only worker busy, so that what follows has to wait in line."""
    future = pool.submit(segment(100, utterance="busy"))
    assert transcriber.begun.acquire(timeout=PATIENCE)
    return future


def text(future: Future[Transcript]) -> str:
    return future.result(PATIENCE).text


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
    told: list[str] = []
    pool = make_pool(2, lambda shed: told.append(shed.utterance_id))
    occupy(pool, transcriber)
    draft = pool.submit(segment(2, draft=True))

    first = pool.submit(segment(3))
    second = pool.submit(segment(4, Party.AGENT))

    assert told == ["call-2"]
    assert isinstance(draft.exception(PATIENCE), RecognitionShedError)
    assert pool.stats.shed_drafts == 1
    transcriber.allow(3)
    assert (text(first), text(second)) == ("第3", "第4")


def test_a_final_is_never_lost_silently(
    make_pool: Callable[..., RecognitionPool], transcriber: GatedTranscriber
) -> None:
    told: list[str] = []
    pool = make_pool(1, lambda shed: told.append(shed.utterance_id))
    occupy(pool, transcriber)
    agent = pool.submit(segment(1, Party.AGENT))
    customer = pool.submit(segment(2))

    assert isinstance(agent.exception(PATIENCE), RecognitionShedError)
    assert told == ["call-1"]
    assert pool.stats.shed_finals == 1
    transcriber.allow(2)
    assert text(customer) == "第2"


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


class Clock:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_draft_that_would_come_late_is_left_out_before_anything_else(
    make_pool: Callable[..., RecognitionPool], transcriber: GatedTranscriber
) -> None:
    """Otherwise the words before the end of speech delay the words that hints are made of."""
    pool = make_pool(limits=LoadLimits(draft_wait=0.5))
    occupy(pool, transcriber)
    first = pool.submit(segment(1, draft=True))
    finals = [pool.submit(segment(number)) for number in (2, 3)]
    late = pool.submit(segment(4, draft=True))

    with pytest.raises(RecognitionShedError):
        late.result(PATIENCE)
    transcriber.allow(4)
    wait([first, *finals], PATIENCE)
    assert sorted(transcriber.asked) == [1, 2, 3, 100]
    assert pool.stats.shed_drafts == 1


def test_what_an_agent_said_long_ago_is_left_out_and_told(
    make_pool: Callable[..., RecognitionPool], transcriber: GatedTranscriber
) -> None:
    clock, told = Clock(), list[SpeechSegment]()
    pool = make_pool(on_shed=told.append, limits=LoadLimits(agent_wait=8.0), clock=clock)
    occupy(pool, transcriber)
    agent = pool.submit(segment(1, Party.AGENT))
    customer = pool.submit(segment(2))
    clock.now = 9.0

    transcriber.allow(2)
    with pytest.raises(RecognitionShedError, match="8 s"):
        agent.result(PATIENCE)
    assert text(customer) == "第2"
    assert [segment.utterance_id for segment in told] == ["call-1"]
    assert pool.stats.shed_finals == 1


def test_a_busy_pool_narrows_the_beam_and_asks_for_no_more_calls(
    make_pool: Callable[..., RecognitionPool], transcriber: GatedTranscriber
) -> None:
    pool = make_pool(queue_size=50, limits=LoadLimits(hurry_wait=1.0, call_wait=2.0))
    occupy(pool, transcriber)
    assert not pool.overloaded
    futures = [pool.submit(segment(number)) for number in range(1, 9)]
    assert pool.overloaded

    transcriber.allow(9)
    wait(futures, PATIENCE)
    assert transcriber.hurried[0] == 1
    assert 8 not in transcriber.hurried
    assert pool.stats.hurried == len(transcriber.hurried)
    assert not pool.overloaded
