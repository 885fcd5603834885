"""One call from start to end: whatever happens, one start, one end, nothing lost in silence."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rid_telephony.calls.messages import (
    CallAnswered,
    CallEnded,
    CallHeld,
    CallRetrieved,
    CallStarted,
    Direction,
    Leg,
    Party,
)
from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.cti.feed import Feed
from rid_telephony.cti.translate import Translator
from rid_telephony.media.messages import AudioFrame, Samples, SourceItem
from rid_telephony.pipeline.analyst import CallAnalyst
from rid_telephony.pipeline.parts import Labels, SessionParts, Trace
from rid_telephony.pipeline.publisher import CallPublisher
from rid_telephony.pipeline.session import CallSession
from rid_telephony.pipeline.switchboard import Switchboard
from rid_telephony.settings.speech import EndpointingSettings, ProsodySettings
from rid_telephony.speech.endpointing import Completeness
from rid_telephony.speech.messages import SpeechSegment, Transcript, Utterance
from rid_telephony.speech.segmenter import LegSegmenter
from rid_telephony.speech.voices import VoiceMeter

START = datetime(2026, 11, 22, tzinfo=UTC)
LOUD = np.full(160, 8000, dtype=np.int16)
QUIET = np.zeros(160, dtype=np.int16)


class LoudIsSpeech:
    """A detector that a test can steer."""

    def push(self, samples: Samples) -> list[bool]:
        return [bool(np.abs(frame).max() > 1000) for frame in samples.reshape(-1, 160)]

    def reset(self) -> None:
        return None


@dataclass
class Recogniser:
    """Answers at once, unless it is told to fail or to keep everyone waiting."""

    fail: bool = False
    stall: bool = False
    given: list[SpeechSegment] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    waiting: list[Future[Transcript]] = field(default_factory=list)

    def submit(self, segment: SpeechSegment) -> Future[Transcript]:
        self.given.append(segment)
        future: Future[Transcript] = Future()
        if self.stall:
            self.waiting.append(future)
        elif self.fail:
            future.set_exception(RuntimeError("the model broke"))
        else:
            future.set_result(Transcript("我再想想", 0.9, 0.0))
        return future

    def cancel(self, utterance_id: str) -> None:
        self.cancelled.append(utterance_id)


@dataclass
class Analyst:
    """Records what it hears; may break."""

    break_at: int = 0
    heard: list[Utterance] = field(default_factory=list)
    finished: int = 0

    def hear(self, utterance: Utterance, now: float) -> Utterance:
        assert now >= utterance.end
        self.heard.append(utterance)
        if len(self.heard) == self.break_at:
            raise ValueError("a bug")
        return utterance

    def tick(self, now: float) -> tuple[()]:
        return ()

    def finish(self, now: float) -> tuple[tuple[()], str]:
        self.finished += 1
        return (), "summary"


class Publisher(CallPublisher):
    """The real publisher, but for the two messages whose content the fake analyst lacks."""

    def heard(self, heard: Any, now: float) -> None:
        self.utterances += 1
        self._publish("utterance.final", self._translate.speech.final(heard, now))

    def summary(self, summary: Any, now: float) -> None:
        assert summary == "summary"


class Judge:
    def judge(self, text: str) -> Completeness:
        return Completeness.UNKNOWN


@dataclass
class Bench:
    """A switchboard whose calls are made of the parts above."""

    recogniser: Recogniser = field(default_factory=Recogniser)
    analyst: Analyst = field(default_factory=Analyst)
    events: list[CloudEvent] = field(default_factory=list)
    traces: list[Trace] = field(default_factory=list)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.feed = Feed("/test")
        self.feed.listen(self.events.append)
        self.board = Switchboard(self._make, lambda: self.now)

    def _make(self, started: CallStarted, clock: Callable[[], float]) -> CallSession:
        channel = self.feed.open_call(started.call_id, started.started_at)
        parts = SessionParts(
            analyst=cast(CallAnalyst, self.analyst),
            publisher=Publisher(self.feed, channel, Translator()),
            segmenters={
                party: LegSegmenter(started.call_id, party, LoudIsSpeech(), EndpointingSettings())
                for party in Party
            },
            voices=VoiceMeter(ProsodySettings()),
            judge=Judge(),
            recogniser=self.recogniser,
            deliver=lambda action: action(),
            on_trace=self.traces.append,
        )
        return CallSession(started, parts, clock, Labels("model", "classifier", "playbook"))

    def play(self, *items: SourceItem) -> None:
        for item in items:
            self.now = max(self.now, item.end if isinstance(item, AudioFrame) else item.at)
            self.board.accept(item)

    def types(self) -> list[str]:
        return [event.type for event in self.events]


def started(call_id: str = "c1") -> CallStarted:
    legs = (Leg(Party.AGENT, "a", "1001"), Leg(Party.CUSTOMER, "b", "13900000001", "王小明"))
    return CallStarted(call_id, START, Direction.OUTBOUND, legs)


def speech(
    begin: float, end: float, party: Party = Party.CUSTOMER, samples: Samples = LOUD
) -> list[AudioFrame]:
    count = round((end - begin) / 0.02)
    return [AudioFrame("c1", party, begin + n * 0.02, samples) for n in range(count)]


def silence(begin: float, end: float, party: Party = Party.CUSTOMER) -> list[AudioFrame]:
    return speech(begin, end, party, QUIET)


def test_an_utterance_travels_from_audio_to_the_feed_and_the_call_ends_in_order() -> None:
    bench = Bench()
    bench.play(started(), CallAnswered("c1", 0.5))
    bench.play(*silence(0.5, 1.0), *speech(1.0, 2.0), *silence(2.0, 3.0))
    bench.play(CallEnded("c1", 3.0, "normal", Party.CUSTOMER))
    assert bench.types() == [
        "call.started",
        "analysis.started",
        "call.answered",
        "utterance.partial",
        "utterance.final",
        "analysis.degraded",
        "analysis.completed",
        "call.ended",
    ]
    final = bench.events[4].data
    assert (final["role"], final["text"]) == ("customer", "我再想想")
    assert final["begin_ms"] == pytest.approx(1000, abs=40)
    assert final["end_ms"] == pytest.approx(2000, abs=40)
    assert bench.events[5].data["reason"] == "no_audio", "the agent's leg was never heard"
    assert bench.board.calls == 0


def test_words_that_were_ready_before_the_end_was_decided_cost_no_time_after_it() -> None:
    bench = Bench()
    bench.play(started(), *speech(0.0, 1.0), *silence(1.0, 2.0))
    (trace,) = bench.traces
    assert trace.speech_end == pytest.approx(1.0, abs=0.03)
    assert trace.decided - trace.speech_end == pytest.approx(0.5, abs=0.05)
    assert trace.recognised == pytest.approx(trace.decided, abs=0.03)


def test_a_speaker_who_goes_on_after_a_pause_makes_one_utterance_not_two() -> None:
    bench = Bench()
    bench.play(started(), *speech(0, 1.0), *silence(1.0, 1.3), *speech(1.3, 2.0))
    bench.play(*silence(2.0, 3.0))
    assert bench.types().count("utterance.final") == 1
    assert len(bench.recogniser.cancelled) == 1


def test_what_is_said_on_hold_is_not_analysed() -> None:
    bench = Bench()
    bench.play(started(), CallHeld("c1", 1.0, Party.AGENT), *speech(1.0, 3.0))
    bench.play(CallRetrieved("c1", 3.0, Party.AGENT), *silence(3.0, 5.0))
    assert "utterance.final" not in bench.types()
    assert bench.recogniser.given == []


def test_an_utterance_cut_by_the_end_of_the_call_is_not_lost() -> None:
    bench = Bench()
    bench.play(started(), *speech(0, 1.0), CallEnded("c1", 1.0, "normal"))
    assert "utterance.final" in bench.types()
    assert bench.types()[-1] == "call.ended"


def test_the_end_waits_for_the_last_words() -> None:
    bench = Bench(recogniser=Recogniser(stall=True))
    bench.play(started(), *speech(0, 1.0), CallEnded("c1", 1.0, "normal"))
    assert "call.ended" not in bench.types()
    bench.recogniser.waiting[-1].set_result(Transcript("好的", 0.9, 0.0))
    assert bench.types()[-3:] == ["analysis.degraded", "analysis.completed", "call.ended"]
    assert "utterance.final" in bench.types()
    assert bench.board.calls == 0


def test_words_that_never_come_are_counted_and_the_call_still_ends() -> None:
    bench = Bench(recogniser=Recogniser(stall=True))
    bench.play(started(), *speech(0, 1.0), CallEnded("c1", 1.0, "normal"))
    bench.board.close()
    completed = next(event for event in bench.events if event.type == "analysis.completed")
    assert completed.data["dropped"] == 1
    assert bench.types()[-1] == "call.ended"
    bench.recogniser.waiting[-1].set_result(Transcript("太晚", 0.9, 0.0))
    assert bench.types()[-1] == "call.ended", "a late answer must not speak after the end"


def test_a_recogniser_that_breaks_is_said_and_the_call_goes_on() -> None:
    bench = Bench(recogniser=Recogniser(fail=True))
    bench.play(started(), *speech(0, 1.0), *silence(1.0, 2.0), CallEnded("c1", 2.0, "normal"))
    reasons = [event.data["reason"] for event in bench.events if event.type == "analysis.degraded"]
    assert "recognition_failed" in reasons
    assert bench.types()[-2:] == ["analysis.completed", "call.ended"]


def test_a_bug_in_one_call_ends_its_analysis_and_not_the_others() -> None:
    bench = Bench(analyst=Analyst(break_at=1))
    bench.play(started("c2"), started(), *speech(0, 1.0), *silence(1.0, 2.0))
    failed = [event for event in bench.events if event.type == "analysis.failed"]
    assert [event.subject for event in failed] == ["c1"]
    bench.play(CallEnded("c2", 3.0, "normal"))
    assert [event.subject for event in bench.events if event.type == "call.ended"] == ["c1", "c2"]


def test_lost_packets_are_said_since_words_may_be_missing() -> None:
    bench = Bench()
    lost = [replace(frame, concealed=True) for frame in speech(0.5, 0.54)]
    bench.play(started(), *speech(0, 0.5), *lost, CallEnded("c1", 1.0, "normal"))
    told = {
        event.data["reason"]: event.data["count"]
        for event in bench.events
        if event.type == "analysis.degraded"
    }
    assert told["packet_loss"] == 2


def test_items_of_a_call_that_never_started_are_dropped_and_counted() -> None:
    bench = Bench()
    bench.play(*speech(0, 0.1))
    assert bench.events == []
    assert bench.board.strays == 5


_moves = st.lists(
    st.sampled_from(["speech", "silence", "hold", "retrieve", "end", "break", "start"]),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(moves=_moves, stall=st.booleans())
def test_whatever_happens_a_call_has_one_start_and_one_end(moves: list[str], stall: bool) -> None:
    bench = Bench(recogniser=Recogniser(stall=stall))
    bench.play(started())
    now = 0.0
    for move in moves:
        now += 0.6
        if move in ("speech", "silence"):
            bench.play(*speech(now, now + 0.6, samples=LOUD if move == "speech" else QUIET))
        elif move == "hold":
            bench.play(CallHeld("c1", now, Party.AGENT))
        elif move == "retrieve":
            bench.play(CallRetrieved("c1", now, Party.AGENT))
        elif move == "end":
            bench.play(CallEnded("c1", now, "normal"))
        elif move == "start":
            bench.play(started("c1" if now < 2 else "c3"))
        else:
            bench.analyst.break_at = len(bench.analyst.heard) + 1
    bench.board.close()
    mine = [event for event in bench.events if event.subject == "c1"]
    kinds = [event.type for event in mine]
    starts = kinds.count("call.started")
    assert kinds.count("call.ended") == starts
    assert kinds.count("analysis.started") == starts
    assert kinds.count("analysis.completed") + kinds.count("analysis.failed") == starts


def test_what_is_said_after_the_end_is_not_waited_for() -> None:
    """When we stop, people talk on: the call would stay open as long as they do."""
    bench = Bench(Recogniser(stall=True))
    bench.play(started(), CallAnswered("c1", 0.0), *speech(0.0, 1.0))
    bench.board.end_all("lost")
    finals = len([segment for segment in bench.recogniser.given if not segment.draft])
    bench.play(*speech(1.0, 3.0), *silence(3.0, 5.0))
    assert len([s for s in bench.recogniser.given if not s.draft]) == finals == 1
    for future in bench.recogniser.waiting:
        future.set_result(Transcript("好", 0.9, 0.0))
    assert bench.types()[-1] == "call.ended"
    assert bench.board.calls == 0
