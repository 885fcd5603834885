"""What is understood of one call: an utterance goes in, signals, profile and advice come out.

Text or speech, live or recorded: every way into the product passes here. No I/O, no clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from rid_telephony.calls.context import combined
from rid_telephony.calls.messages import CustomerContext, Party
from rid_telephony.rid.messages import Signals
from rid_telephony.rid.profile.messages import Profile
from rid_telephony.speech.messages import Utterance
from rid_telephony.strategy.messages import Advice, CallSummary, HintVerdict


class Detector(Protocol):
    """Finds the signals of one utterance."""

    def detect(
        self, utterance: Utterance, context: str, customer_risk_level: int | None = None
    ) -> Signals:
        """Signals of ``utterance``; ``context`` is what the other party said last."""


class Tracker(Protocol):
    """Keeps the profile of one call."""

    @property
    def profile(self) -> Profile:
        """The profile as it stands."""

    def hear(self, utterance: Utterance, signals: Signals) -> Profile:
        """The profile after one more utterance."""

    def learn(self, context: CustomerContext) -> Profile:
        """The profile with what the bank tells during the call."""


class Coach(Protocol):
    """Decides what the agent is told."""

    def consider(
        self, utterance: Utterance, signals: Signals, profile: Profile, now: float
    ) -> tuple[Advice, ...]:
        """Advice after an utterance."""

    def tick(self, now: float) -> tuple[Advice, ...]:
        """Advice that time alone brings: expiries, deadlines."""

    def learn(self, context: CustomerContext, profile: Profile) -> None:
        """Take in all that the bank knows now."""

    def judge(self, hint_id: str, verdict: HintVerdict, now: float) -> None:
        """Learn what the agent thinks of a hint."""

    def finish(self, now: float) -> tuple[Advice, ...]:
        """Expires what is still shown; the call is over."""

    def summarise(self, profile: Profile, now: float) -> CallSummary:
        """The summary of the whole call."""


class Guide(Protocol):
    """Makes the tracker and the coach of a new call."""

    def tracker(self, context: CustomerContext) -> Tracker:
        """A profile that starts from what the bank knows."""

    def coach(self, call_id: str, context: CustomerContext) -> Coach:
        """A coach with nothing said yet."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What one utterance brought.

    Attributes:
        before: The profile before it.
        after: The profile with it.
    """

    utterance: Utterance
    signals: Signals
    before: Profile
    after: Profile
    advice: tuple[Advice, ...]


class CallAnalyst:
    """Understands one call, utterance by utterance.

    Args:
        call_id: The call.
        context: What the bank knew before it.
        detector: Shared by all calls.
        guide: Makes this call's tracker and coach.
    """

    def __init__(
        self, call_id: str, context: CustomerContext, detector: Detector, guide: Guide
    ) -> None:
        self._detector = detector
        self._context = context
        self._tracker = guide.tracker(context)
        self._coach = guide.coach(call_id, context)
        self._last_text = {Party.AGENT: "", Party.CUSTOMER: ""}
        self._finished = False

    @property
    def profile(self) -> Profile:
        """The profile as it stands."""
        return self._tracker.profile

    def hear(self, utterance: Utterance, now: float) -> Heard:
        """Take in one utterance; ``now`` is seconds on the call's clock, never before its end."""
        context = self._last_text[utterance.party.other]
        signals = self._detector.detect(utterance, context, self._context.risk_level)
        self._last_text[utterance.party] = utterance.text
        before = self._tracker.profile
        after = self._tracker.hear(utterance, signals)
        advice = self._coach.consider(utterance, signals, after, now)
        return Heard(utterance, signals, before, after, advice)

    def learn(self, context: CustomerContext) -> tuple[Profile, Profile]:
        """Take in what the bank tells during the call; the profile before and after."""
        self._context = combined(self._context, context)
        before, after = self._tracker.profile, self._tracker.learn(context)
        self._coach.learn(self._context, after)
        return before, after

    def judge(self, hint_id: str, verdict: HintVerdict, now: float) -> None:
        """Let the coach learn what the agent thinks of a hint."""
        self._coach.judge(hint_id, verdict, now)

    def tick(self, now: float) -> tuple[Advice, ...]:
        """Advice that time alone brings."""
        return () if self._finished else self._coach.tick(now)

    def finish(self, now: float) -> tuple[tuple[Advice, ...], CallSummary]:
        """Close the call: what expires, and the summary. Call it once."""
        self._finished = True
        return self._coach.finish(now), self._coach.summarise(self._tracker.profile, now)
