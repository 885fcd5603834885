"""A call as the server tells it: the answer of ``/v1/calls`` and ``/v1/calls/{id}``.

Parts that are the data of an event, unchanged, are typed as such; their schemas are those of
the event types.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from rid_telephony.cti.events import Model
from rid_telephony.explain.messages import Source

Stage = Literal["started", "talking", "held", "ended"]
EventJson = dict[str, Any]
"""Data of an event."""


class HintLine(Model):
    """The hint that is shown now."""

    hint_id: str
    strategy: str
    priority: int
    line: str
    at_ms: int
    expires_ms: int


class AlertLine(Model):
    """The gravest alert so far; of equally grave ones the latest."""

    type: Literal["compliance.alert", "supervisor.alert"]
    kind: str
    """Label of the finding, or kind of the supervisor's alert."""
    severity: str
    """Of a finding; ``critical`` for an alert of the supervisor."""
    reason: str
    """The supervisor's reason, or the agent's words."""
    at_ms: int

    @property
    def gravity(self) -> tuple[int, int]:
        """Orders alerts: by severity, then by time."""
        return _SEVERITIES.get(self.severity, 0), self.at_ms


_SEVERITIES = {"critical": 2, "major": 1}


class CallHeadline(Model):
    """One line of a wallboard."""

    call_id: str
    tenant: str
    agent: str
    """Who talks, or talked last."""
    queue: str
    customer_id: str
    direction: str
    state: Stage
    started_at: datetime
    at_ms: int
    """Of its latest event, on the call's clock."""
    duration_ms: int | None
    """None while it goes on."""
    cause: str
    """Why it ended; empty while it goes on."""
    cursor: int
    """Of its latest event: subscribe after this to go on from here."""
    relationship: float | None
    """0..100; null until it is known, or not to be seen."""
    relationship_trend: float | None
    stage: str
    style: str
    """Empty while it is withheld."""
    emotion: str
    valence: float | None
    purchase_intent: float | None
    customer_state: str
    complaint_risk: float | None
    churn_risk: float | None
    hint: HintLine | None
    alert: AlertLine | None
    alerts: int
    """Alerts so far, of both kinds."""
    outcome: str
    """From the summary; empty before it."""


class Verdict(Model):
    """What somebody said of a hint."""

    verdict: str
    by: str
    note: str
    at_ms: int


class HintRecord(Model):
    """A hint and what became of it."""

    hint: EventJson
    """Data of ``hint.offered``."""
    fate: str
    """``live``; the last of ``used``, ``useful``, ``wrong``, ``dismissed``; else why it expired."""
    displayed_ms: int | None
    ended_ms: int | None
    """When it expired or was dismissed."""
    ended: str
    """``ttl``, ``replaced``, ``overtaken``, ``call_ended``, ``wrong``, ``dismissed`` or empty."""
    verdicts: list[Verdict]


class Turn(Model):
    """An utterance."""

    utterance_id: str
    role: Literal["agent", "customer"]
    begin_ms: int
    end_ms: int
    text: str
    confidence: float
    final: bool
    """False while the words may still change."""
    prosody: EventJson | None
    signals: EventJson | None
    """Data of ``signals.detected``."""


class EvidencePiece(Model):
    """Why a figure of the profile moved."""

    utterance_id: str
    """Empty where no utterance did it."""
    quote: str
    signal: str
    delta: float
    source: Source


class Happening(Model):
    """Something that happened to the call itself."""

    type: str
    data: EventJson


class ProfileView(Model):
    """The profile as it stands: data of the latest event of each part, null before the first."""

    relationship: EventJson | None
    influence: EventJson | None
    demand: EventJson | None
    state: EventJson | None


class AnalysisView(Model):
    """How the analysis of the call goes."""

    state: Literal["none", "running", "completed", "failed"]
    recogniser: str
    classifier: str
    playbook: str
    troubles: list[EventJson]
    """Data of ``analysis.degraded`` and ``analysis.failed``."""


class CallView(CallHeadline):
    """All of a call."""

    parties: list[EventJson]
    happenings: list[Happening]
    """Answers, holds, transfers, the end; in order."""
    analysis: AnalysisView
    profile: ProfileView
    transcript: list[Turn]
    hints: list[HintRecord]
    findings: list[EventJson]
    """Data of ``compliance.alert``."""
    supervisor_alerts: list[EventJson]
    """Data of ``supervisor.alert``."""
    evidence: dict[str, list[EvidencePiece]]
    """Figure to every move that was told of it, in order: ``relationship``, ``style``, ``mood``,
    ``satisfaction``, ``trust``, ``purchase_intent``, the factors, ``stratum``, ``age_stage``,
    ``need.<label>``, ``state``, ``complaint_risk``, ``churn_risk``."""
    curves: dict[str, list[tuple[int, float]]]
    """Figure to its values over time, ``[at_ms, value]``: ``relationship``, ``valence``,
    ``satisfaction``, ``trust``, ``purchase_intent``, ``complaint_risk``, ``churn_risk``."""
    summary: EventJson | None
    """Data of ``call.summary``."""
    left_out: dict[str, int]
    """List to how many of its oldest entries are not shown: a very long call."""
