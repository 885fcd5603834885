"""What the agent said and must not have said: findings to alerts."""

from __future__ import annotations

from rid_telephony.rid.messages import AgentSignals, Finding
from rid_telephony.rid.profile.messages import Profile
from rid_telephony.speech.messages import Utterance
from rid_telephony.strategy import suitability
from rid_telephony.strategy.messages import ComplianceAlert


def findings_of(
    utterance: Utterance,
    signals: AgentSignals,
    profile: Profile,
    risk_level: int | None,
    min_confidence: float,
    unsuitable_wording: str,
) -> tuple[Finding, ...]:
    """Findings of an agent utterance that are believed, one for each label.

    Those of the detector, and a product above the customer's risk level that was named and
    that the detector did not notice.
    """
    strongest: dict[str, Finding] = {}
    for item in sorted(signals.findings, key=lambda each: -each.confidence):
        if item.confidence >= min_confidence:
            strongest.setdefault(item.label, item)
    named = suitability.unsuitable_in(utterance.text, profile, risk_level)
    if named is not None:
        wrong = suitability.finding(named, utterance.text, unsuitable_wording)
        strongest.setdefault(wrong.label, wrong)
    return tuple(strongest.values())


def alerts(
    findings: tuple[Finding, ...], utterance_id: str, now: float
) -> tuple[ComplianceAlert, ...]:
    """One alert for each finding."""
    return tuple(ComplianceAlert(utterance_id, now, item) for item in findings)
