"""One call's voice on the feed: puts what happens into events, and only what changed."""

from __future__ import annotations

from collections.abc import Mapping

from rid_telephony.calls import messages as calls
from rid_telephony.cti import events
from rid_telephony.cti.feed import CallChannel, Feed
from rid_telephony.cti.translate import Translator, milliseconds
from rid_telephony.pipeline.analyst import Heard
from rid_telephony.rid.messages import CustomerSignals
from rid_telephony.rid.profile.messages import CustomerState, Profile
from rid_telephony.speech.messages import Utterance
from rid_telephony.strategy.messages import (
    Advice,
    CallSummary,
    ComplianceAlert,
    HintExpired,
    HintOffered,
    HintVerdict,
)

RISK_STEP = 0.1
"""A complaint or churn risk that moves by this much is worth an event."""
ROUNDING = 0.0005
"""Smallest difference of a risk that the feed can tell; worth an event when the call is over."""

TOUCHES: Mapping[HintVerdict, str] = {
    "displayed": "hint.displayed",
    "used": "hint.accepted",
    "useful": "hint.accepted",
    "wrong": "hint.dismissed",
    "dismissed": "hint.dismissed",
}
"""What is said of a hint to the event that tells it."""


class CallPublisher:
    """Publishes one call.

    Args:
        feed: Where to.
        channel: The call's place on the feed.
        translator: Makes the data, masked as configured.
    """

    def __init__(self, feed: Feed, channel: CallChannel, translator: Translator) -> None:
        self._feed = feed
        self._channel = channel
        self._translate = translator
        self.utterances = 0
        self.hints = 0
        self._told: Profile | None = None
        self._state: CustomerState | None = None

    @property
    def owner(self) -> tuple[str, str]:
        """Tenant and agent of the call, as they are now."""
        return self._channel.tenant, self._channel.agent

    def call(self, event: calls.CallEvent) -> None:
        """``call.*`` ; the end comes after the summary."""
        at_ms = milliseconds(event.at)
        match event:
            case calls.CallStarted():
                self._publish("call.started", self._translate.call.started(event))
            case calls.CallAnswered():
                self._publish("call.answered", events.CallAnswered(at_ms=at_ms))
            case calls.CallHeld():
                self._publish("call.held", events.CallHeld(at_ms=at_ms, by=event.by.value))
            case calls.CallRetrieved():
                data = events.CallRetrieved(at_ms=at_ms, by=event.by.value)
                self._publish("call.retrieved", data)
            case calls.CallTransferred():
                left = self._channel.agent
                self._channel.agent = event.agent or event.to.number or event.to.channel
                self._publish("call.transferred", self._translate.call.transferred(event, left))
            case calls.CallEnded():
                self._told = self._state = None
                self._publish(
                    "call.ended",
                    events.CallEnded(
                        at_ms=at_ms,
                        cause=event.cause,
                        by=event.by.value if event.by else None,
                        duration_ms=at_ms,
                    ),
                )

    def analysis_started(self, at: float, recogniser: str, classifier: str, playbook: str) -> None:
        """``analysis.started``."""
        self._publish(
            "analysis.started",
            events.AnalysisStarted(
                at_ms=milliseconds(at),
                recogniser=recogniser,
                classifier=classifier,
                playbook=playbook,
            ),
        )

    def degraded(self, at: float, reason: str, detail: str, count: int = 1) -> None:
        """``analysis.degraded``."""
        self._publish(
            "analysis.degraded",
            events.AnalysisDegraded(
                at_ms=milliseconds(at), reason=reason, detail=detail, count=count
            ),
        )

    def completed(self, at: float, dropped: int) -> None:
        """``analysis.completed``."""
        self._publish(
            "analysis.completed",
            events.AnalysisCompleted(
                at_ms=milliseconds(at),
                utterances=self.utterances,
                hints=self.hints,
                dropped=dropped,
            ),
        )

    def failed(self, at: float, code: str, message: str) -> None:
        """``analysis.failed``."""
        data = events.AnalysisFailed(at_ms=milliseconds(at), code=code, message=message)
        self._publish("analysis.failed", data)

    def partial(self, utterance: Utterance, now: float) -> None:
        """``utterance.partial``."""
        self._publish("utterance.partial", self._translate.speech.partial(utterance, now))

    def heard(self, heard: Heard, now: float) -> None:
        """The words, the signals, what moved in the profile, and the advice."""
        self.utterances += 1
        utterance = heard.utterance
        self._publish("utterance.final", self._translate.speech.final(utterance, now))
        self._publish(
            "signals.detected", self._translate.rid.signals(utterance, heard.signals, now)
        )
        if isinstance(heard.signals, CustomerSignals):
            self._profile(heard.after, now)
            self._customer_state(self._state or heard.before.state, heard.after.state, now)
        self.advice(heard.advice)

    def advice(self, advice: tuple[Advice, ...]) -> None:
        """Hints offered and expired, and alerts."""
        for item in advice:
            if isinstance(item, HintOffered):
                self.hints += 1
                self._publish("hint.offered", self._translate.strategy.hint(item.hint))
            elif isinstance(item, HintExpired):
                data = events.HintTouched(
                    at_ms=milliseconds(item.at),
                    hint_id=item.hint_id,
                    reason=item.reason,
                    by="",
                )
                self._publish("hint.expired", data)
            elif isinstance(item, ComplianceAlert):
                self._publish("compliance.alert", self._translate.strategy.compliance(item))
            else:
                self._publish("supervisor.alert", self._translate.strategy.supervisor(item))

    def learned(self, before: Profile, after: Profile, now: float) -> None:
        """What the bank told during the call, as far as it moved the profile."""
        self._profile(after, now)
        self._customer_state(self._state or before.state, after.state, now)

    def touched(self, hint_id: str, verdict: HintVerdict, by: str, note: str, now: float) -> None:
        """``hint.displayed``, ``hint.accepted`` or ``hint.dismissed``; also after the call."""
        data = self._translate.strategy.touched(hint_id, verdict, by, note, now)
        self._publish(TOUCHES[verdict], data)

    def summary(self, summary: CallSummary, now: float) -> None:
        """``call.summary``, after what the last words moved in the profile that it sums up."""
        if self.utterances:
            self._profile(summary.profile, now)
            self._last_state(summary.profile.state, now)
        self._publish("call.summary", self._translate.strategy.summary(summary, now))

    def _profile(self, now_is: Profile, now: float) -> None:
        told, self._told = self._told, now_is
        if told is None or told.relationship != now_is.relationship:
            data = self._translate.rid.relationship(now_is, now)
            self._publish("rid.relationship.updated", data)
        if told is None or told.influence != now_is.influence:
            self._publish("rid.influence.updated", self._translate.rid.influence(now_is, now))
        if told is None or told.demand != now_is.demand:
            self._publish("rid.demand.updated", self._translate.rid.demand(now_is, now))

    def _customer_state(self, told: CustomerState, state: CustomerState, now: float) -> None:
        if _differs(told, state, RISK_STEP):
            self._tell_state(told.label, state, now)

    def _last_state(self, state: CustomerState, now: float) -> None:
        if self._state is None or _differs(self._state, state, ROUNDING):
            self._tell_state(self._state.label if self._state else state.label, state, now)

    def _tell_state(self, previous: str, state: CustomerState, now: float) -> None:
        self._state = state
        data = self._translate.rid.state(state, previous, now)
        self._publish("customer.state.changed", data)

    def _publish(self, event_type: str, data: events.EventData) -> None:
        self._feed.publish(self._channel, event_type, data)


def _differs(told: CustomerState, now: CustomerState, step: float) -> bool:
    return (
        told.label != now.label
        or abs(told.complaint_risk - now.complaint_risk) >= step
        or abs(told.churn_risk - now.churn_risk) >= step
    )
