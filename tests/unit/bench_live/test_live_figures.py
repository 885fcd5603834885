"""Figures of `bench live`: a wrong sum here is a promise to the customer that does not hold."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from rid_telephony.bench.live.figures import Figures, Placed, Seen, round_figures
from rid_telephony.bench.live.material import Turn
from rid_telephony.calls.messages import Party

ZERO = 1_700_000_000.0
CUSTOMER, AGENT = Party.CUSTOMER, Party.AGENT


class _Feed:
    """Events of one call whose clock begins at ``ZERO``."""

    def __init__(self, agent: str = "3001", subject: str = "call-1") -> None:
        self.seen: list[Seen] = []
        self._agent, self._subject = agent, subject
        self.add(0.1, "call.started", parties=[], direction="inbound", customer_id="")

    def add(self, at: float, kind: str, **data: Any) -> None:
        when = datetime.fromtimestamp(ZERO + at, UTC).isoformat()
        event = {
            "type": kind,
            "subject": self._subject,
            "agent": self._agent,
            "time": when,
            "data": {"at_ms": round(1000 * at), **data},
        }
        self.seen.append(Seen(ZERO + at + 0.01, event))

    def utterance(
        self, name: str, begin: float, end: float, at: float, who: Party = CUSTOMER
    ) -> None:
        self.add(
            at,
            "utterance.final",
            utterance_id=name,
            role=who,
            begin_ms=round(1000 * begin),
            end_ms=round(1000 * end),
        )

    def hint(self, at: float, line: str, *evidence: str) -> None:
        self.add(at, "hint.offered", line=line, evidence=list(evidence))


def _placed(
    turns: list[tuple[Party, float, float]],
    messages: list[tuple[float, str]] | None = None,
    agent: str = "3001",
) -> Placed:
    return Placed(
        agent=agent,
        begin=ZERO,
        end=ZERO + 60,
        turns=tuple(Turn(who, ZERO + begin, ZERO + end) for who, begin, end in turns),
        messages=tuple((ZERO + at, text) for at, text in messages or []),
        rtp_lost=1,
        rtp_gap=0.03,
    )


def _figures(placed: Placed, feed: _Feed) -> Figures:
    return round_figures([placed], feed.seen)


def test_the_delay_runs_from_the_true_end_of_speech_to_the_arrival_at_the_softphone() -> None:
    feed = _Feed()
    feed.utterance("u1", 9.9, 12.2, 12.5)
    feed.hint(12.5, "先认同", "u1")
    figures = _figures(_placed([(CUSTOMER, 10.0, 12.0)], [(12.7, "【异议】先认同\n话术")]), feed)
    assert figures.to_message.count == 1
    assert figures.to_message.p50 == pytest.approx(0.7, abs=1e-3)
    assert figures.to_final.p50 == pytest.approx(0.51, abs=1e-3)
    assert (figures.late, figures.undelivered, figures.lost) == (0, 0, 0)


def test_an_utterance_that_ends_at_a_pause_within_a_turn_is_measured_from_its_own_end() -> None:
    feed = _Feed()
    feed.utterance("u1", 10.0, 12.0, 12.5)
    feed.hint(12.5, "line", "u1")
    figures = _figures(_placed([(CUSTOMER, 10.0, 18.0)], [(12.6, "line")]), feed)
    assert figures.to_message.p50 == pytest.approx(0.6, abs=1e-3)


def test_a_hint_that_reached_no_softphone_is_undelivered_and_one_message_serves_one_hint() -> None:
    feed = _Feed()
    feed.utterance("u1", 10.0, 12.0, 12.5)
    feed.hint(12.5, "same", "u1")
    feed.hint(12.5, "same", "u1")
    figures = _figures(_placed([(CUSTOMER, 10.0, 12.0)], [(12.6, "same")]), feed)
    assert (figures.hints, figures.to_message.count, figures.undelivered) == (2, 1, 1)


def test_a_hint_that_waited_for_its_moment_does_not_count_as_slow() -> None:
    feed = _Feed()
    feed.utterance("u1", 10.0, 12.0, 12.5)
    feed.utterance("u2", 20.0, 22.0, 22.5)
    feed.hint(22.5, "line", "u1")
    figures = _figures(_placed([(CUSTOMER, 10.0, 12.0)], [(22.6, "line")]), feed)
    assert (figures.deferred, figures.late, figures.to_message.count) == (1, 0, 0)


def test_a_late_hint_is_counted_and_saturates() -> None:
    feed = _Feed()
    feed.utterance("u1", 10.0, 12.0, 13.4)
    feed.hint(13.4, "line", "u1")
    figures = _figures(_placed([(CUSTOMER, 10.0, 12.0)], [(13.5, "line")]), feed)
    assert figures.late == 1
    assert figures.saturated


def test_a_turn_that_no_utterance_of_its_speaker_covers_is_lost() -> None:
    feed = _Feed()
    feed.utterance("u1", 10.0, 12.0, 12.5, AGENT)
    turns = [(AGENT, 10.0, 12.0), (CUSTOMER, 10.5, 11.5)]
    figures = _figures(_placed(turns), feed)
    assert (figures.expected, figures.finals, figures.lost) == (2, 1, 1)


def test_what_was_shed_or_dropped_is_summed_and_saturates() -> None:
    feed = _Feed()
    feed.add(3.0, "analysis.degraded", reason="queue_full", count=2)
    feed.add(4.0, "analysis.degraded", reason="queue_full", count=3)
    feed.add(9.0, "analysis.completed", dropped=5)
    figures = _figures(_placed([]), feed)
    assert figures.shed == {"queue_full": 5}
    assert figures.dropped == 5
    assert figures.saturated


def test_calls_are_told_apart_by_their_agent_and_a_call_that_the_feed_lacks_is_not_analysed() -> (
    None
):
    first, second = _Feed("3001", "a"), _Feed("3002", "b")
    second.utterance("u1", 10.0, 12.0, 12.5)
    turns = [(CUSTOMER, 10.0, 12.0)]
    placed = [_placed(turns, agent=agent) for agent in ("3001", "3002", "3003")]
    figures = round_figures(placed, [*first.seen, *second.seen])
    assert (figures.calls, figures.analysed, figures.lost) == (3, 2, 2)
    assert figures.rtp_lost == 3


def test_the_agent_may_be_named_by_the_parties_of_the_call_alone() -> None:
    feed = _Feed(agent="")
    feed.seen[0].event["data"]["parties"] = [{"role": "agent", "number": "3001", "name": ""}]
    assert _figures(_placed([]), feed).analysed == 1


def test_a_round_without_anything_seen_is_all_lost_not_an_error() -> None:
    figures = round_figures([_placed([(CUSTOMER, 1.0, 2.0)])], [])
    assert (figures.analysed, figures.lost, figures.to_message.p95) == (0, 1, None)
