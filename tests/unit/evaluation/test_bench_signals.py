"""``bench signals`` times every utterance, by a clock that the test holds."""

from __future__ import annotations

from itertools import count
from typing import cast

import pytest

from rid_telephony.bench.signals import measure_signals
from rid_telephony.calls.messages import Party
from rid_telephony.rid.signals import Request, SignalDetector
from rid_telephony.speech.messages import Utterance


class Idle:
    """A detector that is done at once."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def detect_many(self, requests: list[Request]) -> list[object]:
        self.sizes.append(len(requests))
        return []


def test_every_utterance_is_timed_alone_and_then_all_together() -> None:
    idle, ticks = Idle(), count()
    one = Request(Utterance("c", "u", Party.CUSTOMER, 0.0, 1.0, "好"))
    report = measure_signals(cast(SignalDetector, idle), [one] * 5, lambda: next(ticks) / 1000)
    assert report.alone.count == 5
    assert report.alone.p95 == pytest.approx(0.001)
    assert report.together == pytest.approx(0.001 / 5)
    assert idle.sizes[-1] == 5
