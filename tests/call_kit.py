"""Calls whose words and signals a test decides; profile, coach, feed and control are real."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np
from profile_replay import agent_signals, customer_signals

from rid_telephony.app import RidGuide
from rid_telephony.calls.messages import (
    CallAnswered,
    CallEnded,
    CallEvent,
    CallStarted,
    CustomerContext,
    Direction,
    Leg,
    Party,
)
from rid_telephony.cti.callboard import CallBoard
from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.cti.feed import EventLog, Feed
from rid_telephony.cti.translate import Translator
from rid_telephony.media.messages import AudioFrame, Samples
from rid_telephony.pipeline.analyst import CallAnalyst
from rid_telephony.pipeline.control import CallControl
from rid_telephony.pipeline.parts import Labels, Recogniser, SessionParts
from rid_telephony.pipeline.publisher import CallPublisher
from rid_telephony.pipeline.replay import Deliver
from rid_telephony.pipeline.session import CallSession
from rid_telephony.pipeline.switchboard import SessionMaker, Switchboard
from rid_telephony.rid.messages import Signals
from rid_telephony.settings.rid import RidSettings
from rid_telephony.settings.server import ServerSettings
from rid_telephony.settings.speech import EndpointingSettings, ProsodySettings
from rid_telephony.settings.strategy import StrategySettings
from rid_telephony.speech.endpointing import Completeness
from rid_telephony.speech.messages import SpeechSegment, Transcript, Utterance
from rid_telephony.speech.segmenter import LegSegmenter
from rid_telephony.speech.voices import VoiceMeter

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LOUD = np.full(160, 8000, dtype=np.int16)
QUIET = np.zeros(160, dtype=np.int16)
FRAME = 0.02


@cache
def guide() -> RidGuide:
    """Shipped profile data and playbook."""
    return RidGuide(RidSettings(), StrategySettings(), lambda _: ())


class LoudIsSpeech:
    """A voice activity detector that a test can steer."""

    def push(self, samples: Samples) -> list[bool]:
        return [bool(np.abs(frame).max() > 1000) for frame in samples.reshape(-1, 160)]

    def reset(self) -> None:
        return None


class Judge:
    def judge(self, text: str) -> Completeness:
        return Completeness.UNKNOWN


@dataclass
class Words:
    """A recogniser and a detector that say what they were told."""

    text: str = ""
    signals: Signals | None = None
    risk_levels: list[int | None] = field(default_factory=list)

    def submit(self, segment: SpeechSegment) -> Future[Transcript]:
        done: Future[Transcript] = Future()
        done.set_result(Transcript(self.text, 0.95, 0.0))
        return done

    def cancel(self, utterance_id: str) -> None:
        return None

    def detect(
        self, utterance: Utterance, context: str, customer_risk_level: int | None = None
    ) -> Signals:
        self.risk_levels.append(customer_risk_level)
        if isinstance(self.signals, Exception):
            raise self.signals
        assert self.signals is not None
        return self.signals


@dataclass
class Floor:
    """A switchboard with calls, the control of them, and the feed that they go to."""

    log: EventLog | None = None
    settings: ServerSettings = field(default_factory=ServerSettings)
    events: list[CloudEvent] = field(default_factory=list)
    now: float = 100.0
    coaching: RidGuide = field(default_factory=guide)

    def __post_init__(self) -> None:
        self.words = Words()
        self.feed = Feed("/test", self.log)
        self.control = CallControl(self.settings, lambda: self.now)
        self.board = CallBoard()
        for listener in (self.control.listener, self.board.listener, self.events.append):
            self.feed.listen(listener)
        make = self.control.watching(self._factory)(self.words, lambda action: action())
        self.switchboard = Switchboard(make, lambda: self.now)

    def start(
        self, call_id: str = "c1", context: CustomerContext | None = None, **fields: Any
    ) -> None:
        """A call begins and is answered."""
        legs = (
            Leg(Party.AGENT, f"{call_id}-a", "1001"),
            Leg(Party.CUSTOMER, f"{call_id}-b", "13900000001", "王小明"),
        )
        started = CallStarted(
            call_id,
            START,
            Direction.OUTBOUND,
            legs,
            context=context or CustomerContext(),
            **{"agent": "1001", **fields},
        )
        self.do(started)
        self.do(CallAnswered(call_id, 0.0))

    def do(self, event: CallEvent) -> None:
        """Something happens to a call."""
        self.switchboard.accept(event)

    def customer(self, text: str, call_id: str = "c1", **signals: Any) -> list[CloudEvent]:
        """The customer says something; ``signals`` as for ``customer_signals``."""
        return self.say(Party.CUSTOMER, text, customer_signals(**signals), call_id)

    def agent(self, text: str, act: str = "present", call_id: str = "c1") -> list[CloudEvent]:
        """The agent says something."""
        return self.say(Party.AGENT, text, agent_signals(act), call_id)

    def say(
        self, party: Party, text: str, signals: Any, call_id: str, seconds: float = 2.0
    ) -> list[CloudEvent]:
        """Some seconds of speech and a pause; returns the events that it brought."""
        self.words.text, self.words.signals = text, signals
        before = len(self.events)
        origin = self._origin(call_id)
        speech = round(seconds / FRAME)
        for count in range(speech + 80):
            frame = AudioFrame(call_id, party, self.now - origin, LOUD if count < speech else QUIET)
            self.now += FRAME
            self.switchboard.accept(frame)
        return self.events[before:]

    def end(self, call_id: str = "c1") -> None:
        """They hang up."""
        self.do(CallEnded(call_id, self.now - self._origin(call_id), "normal", Party.CUSTOMER))

    def doubted(self, call_id: str = "c1") -> str:
        """The customer doubts what the agent says; the id of the hint that it brings."""
        self.agent("我们这款产品很稳健", call_id=call_id)
        doubt = {"objection": "doubt", "act": "objection"}
        brought = self.customer("真的假的，我不信", call_id, **doubt)
        return str(next(one.data["hint_id"] for one in brought if one.type == "hint.offered"))

    def types(self, prefix: str = "") -> list[str]:
        """Types of all events so far."""
        return [event.type for event in self.events if event.type.startswith(prefix)]

    def last(self, event_type: str) -> CloudEvent:
        """The latest event of a type."""
        return next(one for one in reversed(self.events) if one.type == event_type)

    def _origin(self, call_id: str) -> float:
        return self._origins[call_id]

    def _factory(self, recogniser: Recogniser, deliver: Deliver) -> SessionMaker:
        self._origins: dict[str, float] = {}

        def make(started: CallStarted, clock: Callable[[], float]) -> CallSession:
            self._origins[started.call_id] = self.now
            channel = self.feed.open_call(
                started.call_id, started.started_at, tenant=started.tenant, agent=started.agent
            )
            parts = SessionParts(
                analyst=CallAnalyst(started.call_id, started.context, self.words, self.coaching),
                publisher=CallPublisher(self.feed, channel, Translator()),
                segmenters={
                    party: LegSegmenter(
                        started.call_id, party, LoudIsSpeech(), EndpointingSettings()
                    )
                    for party in Party
                },
                voices=VoiceMeter(ProsodySettings()),
                judge=Judge(),
                recogniser=recogniser,
                deliver=deliver,
            )
            return CallSession(started, parts, clock, Labels("model", "classifier", "playbook"))

        return make
