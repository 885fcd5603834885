"""What the RID stage says of an utterance: signals, each with its probability and evidence.

Labels are those of ``data/labels.yaml``; Chinese names of them stand there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

OBJECTIONS = (
    "none",
    "polite_refusal",
    "accusation",
    "doubt",
    "not_now",
    "hesitation",
    "product_objection",
)
"""无异议 委婉拒绝 指责抗拒 怀疑否定 暂时不考虑 犹豫拖延 产品异议."""

EMOTIONS = ("neutral", "pleased", "anxious", "impatient", "angry", "disappointed")
"""平静 愉快 焦虑 不耐烦 愤怒 失望."""

CUSTOMER_ACTS = (
    "question",
    "purchase_signal",
    "agree",
    "inform",
    "objection",
    "complaint",
    "backchannel",
    "smalltalk",
    "closing",
)
"""提问 购买信号 同意 告知 异议 抱怨 应答 闲聊 结束."""

AGENT_ACTS = (
    "greeting",
    "identify",
    "open_question",
    "closed_question",
    "present",
    "empathy",
    "apology",
    "risk_disclosure",
    "handle_objection",
    "propose",
    "smalltalk",
    "closing",
)

TOPICS = (
    "yield",
    "risk",
    "term",
    "liquidity",
    "threshold",
    "fee",
    "identity",
    "process",
    "privacy",
    "service",
    "family",
    "work",
    "housing",
    "health",
    "education",
    "retirement",
    "market",
)
"""收益 风险 期限 赎回 起购 费用 身份 流程 隐私 服务 家庭 工作 房产 健康 教育 养老 行情."""

COMPLIANCE_LABELS = (
    "guarantee",
    "deposit_confusion",
    "exaggeration",
    "pressure",
    "unsuitable",
    "privacy_breach",
    "disparagement",
    "no_consent",
    "insider",
    "past_as_future",
)

AGE_STAGES = ("youth", "early_career", "midlife", "pre_retirement", "retired")
STYLES = ("tiger", "peacock", "koala", "owl", "chameleon")
"""老虎 孔雀 考拉 猫头鹰 变色龙 (PDP)."""
STAGES = ("stranger", "contact", "rapport", "trust", "partner")
"""陌生 接触 建立 信任 伙伴."""
STRATA = ("upper", "upper_middle", "middle", "lower_middle", "lower")
NEEDS = (
    "preservation",
    "growth",
    "liquidity",
    "protection",
    "education",
    "housing",
    "retirement",
    "inheritance",
)
"""保值 增值 流动性 保障 教育金 购房 养老 传承."""
STATES = ("engaged", "neutral", "hesitant", "resistant", "dissatisfied", "angry")
"""投入 平常 犹豫 抗拒 不满 愤怒."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One label out of several, with the calibrated probability of each.

    Attributes:
        label: The most probable label.
        probabilities: Every label to its probability; they sum to 1.
    """

    label: str
    probabilities: Mapping[str, float]

    @property
    def confidence(self) -> float:
        """Probability of :attr:`label`, 0..1."""
        return self.probabilities.get(self.label, 0.0)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a customer said about themselves; see ``labels.md``, boundary decisions 11 to 15.

    Attributes:
        age: Years, when a number was said.
        age_stage: One of :data:`AGE_STAGES`, when a stage was said in words.
        income_monthly_cny: Yuan a month.
        amount_cny: Yuan named as investable.
        callback_time: The words as said.
        quotes: Field name to the words that it was read from.
    """

    age: int | None = None
    age_stage: str = ""
    occupation: str = ""
    education: str = ""
    income_monthly_cny: float | None = None
    holdings: tuple[str, ...] = ()
    amount_cny: float | None = None
    liabilities: tuple[str, ...] = ()
    family: tuple[str, ...] = ()
    risk_attitude: str = ""
    callback_time: str = ""
    event: tuple[str, ...] = ()
    quotes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that an agent must not have said, or should have said by now.

    Attributes:
        rule: Id of the rule in the rule file, or ``model`` for the classifier alone.
        label: One of :data:`COMPLIANCE_LABELS`.
        severity: ``critical``, ``major`` or ``minor``.
        confidence: 0..1.
        quote: The offending words.
        span: Begin and end of the quote in the utterance, in characters.
        safe_wording: What to say instead, in Chinese.
        reference: The regulation, filled in by the bank; may be empty.
    """

    rule: str
    label: str
    severity: str
    confidence: float
    quote: str
    span: tuple[int, int]
    safe_wording: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class CustomerSignals:
    """Signals of one customer utterance.

    Attributes:
        topics: Topic to probability, those above their thresholds.
        valence: -1..1, words and voice fused.
        arousal: 0..1, words and voice fused.
    """

    objection: Choice
    emotion: Choice
    act: Choice
    topics: Mapping[str, float]
    facts: Facts
    valence: float
    arousal: float


@dataclass(frozen=True, slots=True)
class AgentSignals:
    """Signals of one agent utterance."""

    act: Choice
    findings: tuple[Finding, ...]


Signals = CustomerSignals | AgentSignals


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a number of the profile moved.

    Attributes:
        utterance_id: The utterance; empty for CRM context.
        quote: Its words, or the CRM field.
        signal: What was seen in it, a stable id such as ``objection.doubt``.
        delta: How far it moved the number, in the number's own unit.
    """

    utterance_id: str
    quote: str
    signal: str
    delta: float
