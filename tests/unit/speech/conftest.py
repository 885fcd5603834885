"""The pool that all tests of recognition share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from recognition_kit import PATIENCE, GatedTranscriber

from rid_telephony.speech.load import LoadLimits
from rid_telephony.speech.pool import RecognitionPool


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
        limits: LoadLimits | None = None,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> RecognitionPool:
        pools.append(RecognitionPool(transcriber, queue_size, limits, clock))
        return pools[-1]

    yield make
    transcriber.allow(1000)
    for pool in pools:
        assert pool.close(PATIENCE)
