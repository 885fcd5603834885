"""Hints, alerts and the summary to event data."""

from __future__ import annotations

from typing import Any, cast

from rid_telephony.cti import events
from rid_telephony.cti.translate.base import MaskingTranslator, milliseconds, objection
from rid_telephony.strategy import messages as strategy


class StrategyTranslator(MaskingTranslator):
    """``hint.*``, ``*.alert`` and ``call.summary`` events."""

    def hint(self, hint: strategy.Hint) -> events.HintOffered:
        """``hint.offered``."""
        return events.HintOffered(
            at_ms=milliseconds(hint.offered_at),
            hint_id=hint.hint_id,
            strategy=hint.strategy,
            priority=int(hint.priority),
            line=self.text(hint.line),
            script=self.text(hint.script),
            reason=self.text(hint.reason),
            cause=hint.cause,
            confidence=round(hint.confidence, 4),
            expires_ms=milliseconds(hint.expires_at),
            evidence=list(hint.evidence),
            rule=hint.rule,
        )

    def touched(
        self, hint_id: str, verdict: strategy.HintVerdict, by: str, note: str, at: float
    ) -> events.HintTouched:
        """``hint.displayed``, ``hint.accepted``, ``hint.dismissed``."""
        return events.HintTouched(
            at_ms=milliseconds(at), hint_id=hint_id, reason=verdict, by=by, note=self.text(note)
        )

    def compliance(self, alert: strategy.ComplianceAlert) -> events.ComplianceAlert:
        """``compliance.alert``."""
        return events.ComplianceAlert(
            at_ms=milliseconds(alert.at),
            utterance_id=alert.utterance_id,
            finding=self.finding(alert.finding),
        )

    def supervisor(self, alert: strategy.SupervisorAlert) -> events.SupervisorAlert:
        """``supervisor.alert``."""
        return events.SupervisorAlert(
            at_ms=milliseconds(alert.at),
            kind=cast(Any, alert.kind),
            reason=self.text(alert.reason),
            evidence=list(alert.evidence),
        )

    def summary(self, summary: strategy.CallSummary, at: float) -> events.CallSummary:
        """``call.summary``."""
        influence = summary.profile.influence
        return events.CallSummary(
            at_ms=milliseconds(at),
            outcome=cast(Any, summary.outcome),
            duration_ms=milliseconds(summary.duration),
            talk_share=round(summary.talk_share, 3),
            relationship=round(summary.profile.relationship.score.value, 1),
            stage=summary.profile.relationship.stage,
            style=influence.style.label,
            satisfaction=round(influence.satisfaction.value, 1),
            trust=round(influence.trust.value, 1),
            purchase_intent=round(influence.purchase_intent.value, 1),
            complaint_risk=cast(Any, summary.complaint_risk),
            churn_risk=cast(Any, summary.churn_risk),
            needs=[need.label for need in summary.profile.demand.needs],
            objections=[objection(record) for record in influence.objections],
            findings=[self.compliance(alert) for alert in summary.findings],
            hints=dict(summary.hints),
            follow_up={key: self.text(value) for key, value in summary.follow_up.items()},
            send_survey=summary.send_survey,
            coaching_note=self.text(summary.coaching_note),
        )
