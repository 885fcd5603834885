"""Events of signals and of the profile."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rid_telephony.cti.events.base import EventData, Model, Probability, Role


class ChoiceData(Model):
    """One label out of several with its calibrated probability and that of the others."""

    label: str
    probability: Probability
    probabilities: dict[str, Probability]


class FindingData(Model):
    """A compliance finding in an agent's utterance."""

    rule: str
    label: str
    severity: Literal["critical", "major", "minor"]
    confidence: Probability
    quote: str
    begin: int
    """First character of the quote in the utterance; 0 with ``end`` 0 for an omission."""
    end: int
    safe_wording: str
    reference: str
    """The regulation, as the bank filled it in; may be empty."""


class SignalsDetected(EventData):
    """Signals of one utterance; fields that do not fit its role are null."""

    utterance_id: str
    role: Role
    objection: ChoiceData | None
    emotion: ChoiceData | None
    act: ChoiceData
    topics: dict[str, Probability]
    facts: dict[str, object]
    valence: float | None
    """-1..1."""
    arousal: float | None
    """0..1."""
    findings: list[FindingData]


class EvidenceData(Model):
    """Why a number moved."""

    utterance_id: str
    """Empty for what the CRM knew."""
    quote: str
    signal: str
    delta: float


class GaugeData(Model):
    """A number from 0 to 100, its recent change, and why."""

    value: float
    trend: float
    evidence: list[EvidenceData]
    """The strongest moves. All moves, listed or not, add up to ``value`` less ``start``."""
    start: float = 0.0
    """Its value before anything was known of this customer."""


class RelationshipUpdated(EventData):
    """R: the relationship moved."""

    score: GaugeData
    stage: Literal["stranger", "contact", "rapport", "trust", "partner"]
    gate: Literal["greet", "probe", "present", "close"]
    """What the agent may try next."""


class StyleData(Model):
    """Communication style; ``label`` is empty while the evidence is too thin."""

    label: str
    probability: Probability
    posterior: dict[str, Probability]
    evidence: list[EvidenceData]


class MoodData(Model):
    """Emotion now, and where it goes."""

    emotion: str
    valence: float
    arousal: float
    valence_trend: float
    evidence: list[EvidenceData] = Field(default_factory=list)
    """Utterances that were not neutral; ``delta`` is the move of valence."""


class ObjectionData(Model):
    """One kind of objection in this call."""

    label: str
    count: int
    status: Literal["open", "resolved"]
    last_utterance_id: str


class InfluenceUpdated(EventData):
    """I: style, mood, objections, factors and indices moved."""

    style: StyleData
    mood: MoodData
    objections: list[ObjectionData]
    factors: dict[str, GaugeData]
    satisfaction: GaugeData
    trust: GaugeData
    purchase_intent: GaugeData


class RankedData(Model):
    """A label with its weight."""

    label: str
    weight: float
    evidence: list[EvidenceData]


class ProductData(Model):
    """How a product of the catalogue meets the need."""

    product: str
    name: str
    score: float
    under: float
    over: float
    suitable: bool
    reasons: list[str]


class DemandUpdated(EventData):
    """D: stratum, age stage, needs and products moved."""

    stratum: str
    strata: dict[str, Probability]
    stratum_evidence: list[EvidenceData]
    age_stage: str
    needs: list[RankedData]
    products: list[ProductData]
    facts: dict[str, object]
    age_stage_evidence: list[EvidenceData] = Field(default_factory=list)
    """The fact that the age stage was read from."""


class CustomerStateChanged(EventData):
    """The customer's state, or a risk, changed."""

    state: Literal["engaged", "neutral", "hesitant", "resistant", "dissatisfied", "angry"]
    previous: str
    complaint_risk: Probability
    churn_risk: Probability
    evidence: list[EvidenceData]
    starts: dict[str, Probability] = Field(default_factory=dict)
    """Risk to its value before anything was known of this customer."""
