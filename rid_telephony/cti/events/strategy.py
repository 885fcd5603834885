"""Events of hints, alerts and the summary."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rid_telephony.cti.events.base import EventData, Level, Probability
from rid_telephony.cti.events.rid import FindingData, ObjectionData


class HintOffered(EventData):
    """A hint to show now; it replaces the one before it."""

    hint_id: str
    strategy: str
    priority: int = Field(ge=1, le=6)
    """1 alert, 2 compliance, 3 objection, 4 opportunity, 5 guidance, 6 information."""
    line: str
    """At most 24 characters."""
    script: str
    reason: str
    cause: str
    confidence: Probability
    expires_ms: int
    evidence: list[str]
    """Ids of the utterances behind it."""
    rule: str = ""
    """The playbook's rule that proposed it."""


class HintTouched(EventData):
    """Somebody, or time, did something to a hint."""

    hint_id: str
    reason: str
    """For ``hint.expired``: ``ttl``, ``replaced``, ``overtaken`` or ``call_ended``; else what was
    said of it: ``displayed``; ``used`` or ``useful`` (accepted); ``wrong`` or ``dismissed``."""
    by: str
    """Who: an agent's name or softphone, empty for the engine."""
    note: str = ""
    """What they wrote to it."""


class ComplianceAlert(EventData):
    """The agent said what must not be said, or left out what must be."""

    utterance_id: str
    finding: FindingData


class SupervisorAlert(EventData):
    """A supervisor should look at this call."""

    kind: Literal["anger", "complaint_threat", "do_not_call", "violation"]
    reason: str
    evidence: list[str]


class CallSummary(EventData):
    """After the call."""

    outcome: Literal[
        "purchase",
        "appointment",
        "callback",
        "interested_no_commitment",
        "refused",
        "complaint",
        "hung_up",
    ]
    duration_ms: int
    talk_share: float
    """The agent's share of all speech, 0..1."""
    relationship: float
    stage: str
    style: str
    satisfaction: float
    trust: float
    purchase_intent: float
    complaint_risk: Level
    churn_risk: Level
    needs: list[str]
    objections: list[ObjectionData]
    findings: list[ComplianceAlert]
    hints: dict[str, int]
    """Strategy to how often it was offered."""
    follow_up: dict[str, str]
    send_survey: bool
    coaching_note: str


class FeedGap(EventData):
    """Events were lost for one consumer; nothing is lost silently."""

    from_cursor: int
    to_cursor: int
    dropped: int
    reason: str
