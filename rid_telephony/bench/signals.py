"""Milliseconds that one utterance's signals take, one by one, as in a call."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rid_telephony.bench.figures import Spread, spread
from rid_telephony.rid.signals import Request, SignalDetector

WARM_UP = 20
"""Utterances before the measurement: the first ones fill caches."""


@dataclass(frozen=True, slots=True)
class SignalsReport:
    """Seconds for each utterance.

    Attributes:
        alone: One utterance after the other.
        together: All in one go, seconds for each.
    """

    alone: Spread
    together: float


def measure_signals(
    detector: SignalDetector,
    requests: Sequence[Request],
    clock: Callable[[], float] = time.perf_counter,
) -> SignalsReport:
    """Time the detector on utterances."""
    for one in requests[:WARM_UP]:
        detector.detect_many([one])
    seconds = []
    for one in requests:
        begin = clock()
        detector.detect_many([one])
        seconds.append(clock() - begin)
    begin = clock()
    detector.detect_many(requests)
    return SignalsReport(spread(seconds), (clock() - begin) / max(len(requests), 1))
