"""One call's voice on the feed: puts what happens into events, and only what changed."""

from __future__ import annotations

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
)

RISK_STEP = 0.1
"""A complaint or churn risk that moves by this much is worth an event."""


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
        self._state: CustomerState | None = None

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
                self._channel.agent = event.agent or event.to.number or event.to.channel
                self._publish("call.transferred", self._translate.call.transferred(event))
            case calls.CallEnded():
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
            self._profile(heard.before, heard.after, now)
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

    def summary(self, summary: CallSummary, now: float) -> None:
        """``call.summary``."""
        self._publish("call.summary", self._translate.strategy.summary(summary, now))

    def _profile(self, before: Profile, after: Profile, now: float) -> None:
        if before.relationship != after.relationship:
            data = self._translate.rid.relationship(after, now)
            self._publish("rid.relationship.updated", data)
        if before.influence != after.influence:
            self._publish("rid.influence.updated", self._translate.rid.influence(after, now))
        if before.demand != after.demand:
            self._publish("rid.demand.updated", self._translate.rid.demand(after, now))
        told = self._state or before.state
        if _differs(told, after.state):
            self._state = after.state
            self._publish(
                "customer.state.changed",
                self._translate.rid.state(after.state, told.label, now),
            )

    def _publish(self, event_type: str, data: events.EventData) -> None:
        self._feed.publish(self._channel, event_type, data)


def _differs(told: CustomerState, now: CustomerState) -> bool:
    return (
        told.label != now.label
        or abs(told.complaint_risk - now.complaint_risk) >= RISK_STEP
        or abs(told.churn_risk - now.churn_risk) >= RISK_STEP
    )
