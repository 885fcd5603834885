"""The profile: Relationship, Influence and Demand of one customer in one call.

Every number carries the evidence that moved it. A profile is a snapshot: frozen, complete,
made anew after every utterance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rid_telephony.rid.messages import Evidence, Facts


@dataclass(frozen=True, slots=True)
class Gauge:
    """A number from 0 to 100 with its direction and the evidence behind it.

    Attributes:
        value: 0..100.
        trend: Change over the last few customer utterances, in points.
        evidence: The strongest movers, latest last; bounded.
        start: Value before anything was known of this customer. All moves, listed or not, add
            up to ``value - start``.
    """

    value: float
    trend: float = 0.0
    evidence: tuple[Evidence, ...] = ()
    start: float = 0.0


@dataclass(frozen=True, slots=True)
class Relationship:
    """R, 关系: how near the customer has let the agent come.

    Attributes:
        score: 0..100.
        stage: One of ``STAGES``.
        gate: What the agent may try now: ``greet``, ``probe``, ``present`` or ``close``.
    """

    score: Gauge
    stage: str
    gate: str


@dataclass(frozen=True, slots=True)
class Style:
    """Communication style (PDP), given only with enough evidence behind it.

    Attributes:
        label: One of ``STYLES``, or empty while withheld.
        probability: Of the leading style, 0..1, also while withheld.
        posterior: Every style to its probability.
        evidence: Indicators seen, ``delta`` is the log likelihood ratio for the leading style.
    """

    label: str
    probability: float
    posterior: Mapping[str, float]
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Mood:
    """Emotion now and where it is going.

    Attributes:
        emotion: One of ``EMOTIONS``, smoothed.
        valence: -1..1.
        arousal: 0..1.
        valence_trend: Change of valence over the last utterances.
    """

    emotion: str
    valence: float
    arousal: float
    valence_trend: float
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectionRecord:
    """One kind of objection in this call.

    Attributes:
        label: One of ``OBJECTIONS`` other than ``none``.
        count: How often it was raised.
        status: ``open`` or ``resolved``.
    """

    label: str
    count: int
    status: str
    last_utterance_id: str


@dataclass(frozen=True, slots=True)
class Influence:
    """I, 决策影响: how this customer decides, and what moves the decision now.

    Attributes:
        factors: ``motive``, ``perceived_risk`` 感知风险, ``product_cognition`` 产品认知,
            ``product_involvement`` 产品卷入, each a gauge.
        satisfaction: 满意度.
        trust: 信任度.
        purchase_intent: 购买意愿.
    """

    style: Style
    mood: Mood
    objections: tuple[ObjectionRecord, ...]
    factors: Mapping[str, Gauge]
    satisfaction: Gauge
    trust: Gauge
    purchase_intent: Gauge


@dataclass(frozen=True, slots=True)
class Ranked:
    """A label with a weight 0..1 and its evidence."""

    label: str
    weight: float
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class ProductMatch:
    """How well a product of the catalogue meets the need.

    Attributes:
        product: Catalogue id.
        score: 0..100.
        under: 0..1, the share of the need that it leaves unmet (under-match).
        over: 0..1, how far it goes beyond means or need (over-match).
        suitable: False when its risk level is above the customer's: never suggested.
        reasons: Short Chinese phrases.
    """

    product: str
    name: str
    score: float
    under: float
    over: float
    suitable: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Demand:
    """D, 客户需求: who the customer is and what they need.

    Attributes:
        stratum: Leading tier, empty until there is evidence.
        strata: Every tier to its probability.
        age_stage: One of ``AGE_STAGES`` or empty.
        age_stage_evidence: The fact that it was read from; ``delta`` is 1, it decides alone.
        needs: Ranked, heaviest first.
        products: Best match first.
        facts: All facts of the call so far and of the CRM.
    """

    stratum: str
    strata: Mapping[str, float]
    stratum_evidence: tuple[Evidence, ...]
    age_stage: str
    needs: tuple[Ranked, ...]
    products: tuple[ProductMatch, ...]
    facts: Facts
    age_stage_evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class CustomerState:
    """Where the customer stands, with hysteresis.

    Attributes:
        label: One of ``STATES``.
        since: Seconds on the call's clock.
        complaint_risk: 0..1.
        churn_risk: 0..1.
        evidence: Of the state; evidence of a risk carries its name before the signal, as in
            ``complaint_risk/emotion.angry``, and its ``delta`` is in 0..1.
        starts: Risk name to its value, 0..1, before anything was known of this customer.
    """

    label: str
    since: float
    complaint_risk: float
    churn_risk: float
    evidence: tuple[Evidence, ...] = ()
    starts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AgentConduct:
    """How the agent does so far.

    Attributes:
        talk_share: 0..1 of all speech seconds.
        interruptions: How often the agent came in on the customer.
        rate_sps: Agent's speaking rate, syllables a second, None without audio.
        said: Must-say items done: item id to seconds on the call's clock.
        acts: Agent acts to their counts.
        last_act: The agent's latest act, empty before the first.
    """

    talk_share: float = 0.0
    interruptions: int = 0
    rate_sps: float | None = None
    said: Mapping[str, float] = field(default_factory=dict)
    acts: Mapping[str, int] = field(default_factory=dict)
    last_act: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything known of the customer after an utterance."""

    relationship: Relationship
    influence: Influence
    demand: Demand
    state: CustomerState
    conduct: AgentConduct
    customer_turns: int
    refusals: int
    do_not_call_requests: int
