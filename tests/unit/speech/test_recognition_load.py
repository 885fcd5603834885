"""What is left out when more is said than can be recognised in time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import wait

import pytest
from recognition_kit import PATIENCE, GatedTranscriber, occupy, segment, text

from rid_telephony.calls.messages import Party
from rid_telephony.speech.load import LoadLimits
from rid_telephony.speech.pool import RecognitionPool, RecognitionShedError


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
    clock = Clock()
    pool = make_pool(limits=LoadLimits(agent_wait=8.0), clock=clock)
    occupy(pool, transcriber)
    agent = pool.submit(segment(1, Party.AGENT))
    customer = pool.submit(segment(2))
    clock.now = 9.0

    transcriber.allow(2)
    with pytest.raises(RecognitionShedError, match="8 s"):
        agent.result(PATIENCE)
    assert text(customer) == "第2"
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
