"""What the strategy stage says to people: hints, alerts, the summary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from rid_telephony.rid.messages import Finding
from rid_telephony.rid.profile.messages import Profile

STRATEGIES = (
    "soothe_first",
    "apologize_and_stop",
    "respect_and_exit",
    "verify_identity",
    "give_evidence",
    "social_proof",
    "reciprocity",
    "clarify_concern",
    "compare_alternatives",
    "reframe_value",
    "lower_commitment",
    "offer_material",
    "schedule_callback",
    "involve_family",
    "narrow_choice",
    "probe_need",
    "build_rapport",
    "slow_down",
    "be_brief",
    "show_details",
    "mirror_warmth",
    "disclose_risk",
    "check_suitability",
    "match_product",
    "advance_close",
    "do_not_push",
    "escalate_supervisor",
    "stop_violation",
)
"""Strategy ids of ``labels.md``; a playbook may use no other."""


HintVerdict = Literal["displayed", "used", "useful", "wrong", "dismissed"]
"""What an agent, or the screen for them, says of a hint."""
UNWANTED: tuple[HintVerdict, ...] = ("wrong", "dismissed")
"""Verdicts that take a hint away."""


class Priority(IntEnum):
    """Lower is more urgent: 警示 合规 异议 机会 指导 信息."""

    ALERT = 1
    COMPLIANCE = 2
    OBJECTION = 3
    OPPORTUNITY = 4
    GUIDANCE = 5
    INFORMATION = 6


@dataclass(frozen=True, slots=True)
class Hint:
    """One short line for the agent, with what is behind it.

    Attributes:
        hint_id: Unique in the installation.
        strategy: One of :data:`STRATEGIES`.
        line: At most 24 characters, what to do.
        script: One to three sentences to say, in the customer's style; may be empty.
        reason: Why, quoting the evidence.
        cause: What it answers, a stable id such as ``objection.doubt``.
        confidence: 0..1.
        offered_at: Seconds on the call's clock.
        ttl: Seconds that it stays worth showing.
        evidence: Ids of the utterances behind it.
        rule: Id of the playbook's rule that proposed it.
    """

    hint_id: str
    strategy: str
    priority: Priority
    line: str
    script: str
    reason: str
    cause: str
    confidence: float
    offered_at: float
    ttl: float
    evidence: tuple[str, ...]
    rule: str = ""

    @property
    def expires_at(self) -> float:
        """Seconds on the call's clock after which it is stale."""
        return self.offered_at + self.ttl


@dataclass(frozen=True, slots=True)
class HintOffered:
    """A hint is to be shown now."""

    hint: Hint


@dataclass(frozen=True, slots=True)
class HintExpired:
    """A hint that was offered is no longer worth showing.

    Attributes:
        reason: ``ttl``, ``replaced``, ``overtaken`` (its cause is gone) or ``call_ended``.
    """

    hint_id: str
    at: float
    reason: str


@dataclass(frozen=True, slots=True)
class ComplianceAlert:
    """The agent said what must not be said, or left out what must be."""

    utterance_id: str
    at: float
    finding: Finding


@dataclass(frozen=True, slots=True)
class SupervisorAlert:
    """A supervisor should look at this call.

    Attributes:
        kind: ``anger``, ``complaint_threat``, ``do_not_call`` or ``violation``.
        reason: In the language of the playbook, quoting the evidence.
    """

    kind: str
    at: float
    reason: str
    evidence: tuple[str, ...]


Advice = HintOffered | HintExpired | ComplianceAlert | SupervisorAlert


@dataclass(frozen=True, slots=True)
class CallSummary:
    """After the call: what it was, how it went, what to do next.

    Attributes:
        outcome: ``purchase``, ``appointment``, ``callback``, ``interested_no_commitment``,
            ``refused``, ``complaint`` or ``hung_up``.
        complaint_risk: ``low``, ``medium`` or ``high``.
        churn_risk: ``low``, ``medium`` or ``high``.
        talk_share: Agent's share of speech, 0..1.
        follow_up: ``callback_time``, ``promised_material``, ``appointment`` to their words.
        hints: Strategy to how often it was offered.
        send_survey: Whether a satisfaction survey should be sent.
        coaching_note: For the agent, in the playbook's language.
    """

    profile: Profile
    outcome: str
    complaint_risk: str
    churn_risk: str
    talk_share: float
    duration: float
    findings: tuple[ComplianceAlert, ...]
    hints: Mapping[str, int]
    follow_up: Mapping[str, str]
    send_survey: bool
    coaching_note: str
