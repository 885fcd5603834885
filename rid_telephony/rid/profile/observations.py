"""Observations: what was noticed in one utterance, in the words that the data files use.

Every weight of the profile's data files belongs to a signal id such as ``objection.doubt`` or
``cue.story``. An observation is a signal id that was seen, how sure that is, and the words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rid_telephony.rid.messages import (
    AGENT_ACTS,
    COMPLIANCE_LABELS,
    CUSTOMER_ACTS,
    EMOTIONS,
    OBJECTIONS,
    TOPICS,
)

HOLDINGS = ("deposit", "wealth_product", "fund", "stock", "insurance", "gold", "property")
LIABILITIES = ("mortgage", "car_loan", "business_loan", "consumer_loan")
FAMILY = ("spouse", "child", "elderly_parents")
ATTITUDES = ("averse", "moderate", "seeking")
EVENTS = (
    "deposit_maturing",
    "bonus",
    "buying_house",
    "child_school",
    "retirement_soon",
    "business_turnover",
    "medical",
)
FACT_FIELDS = (
    "age",
    "age_stage",
    "occupation",
    "education",
    "income_monthly_cny",
    "amount_cny",
    "risk_attitude",
    "callback_time",
)
VOICES = (
    "quick_reply",
    "long_silence",
    "fast",
    "slow",
    "loud",
    "soft",
    "lively",
    "flat",
    "interrupts",
)
HISTORY = ("refused_again", "objected_again", "anger_again", "forward")
CRM_FIELDS = ("tenure", "past_calls", "holdings", "do_not_call")


@dataclass(frozen=True, slots=True)
class Observation:
    """A signal that was seen.

    Attributes:
        signal: Its id; see :func:`known_signals`.
        strength: 0..1, the probability behind it or the share of its full size.
        quote: The words it was seen in, or the CRM field; bounded.
        leading: True for the most probable label of its group, sure enough to act on.
    """

    signal: str
    strength: float
    quote: str
    leading: bool = False


def known_signals(cues: Iterable[str]) -> frozenset[str]:
    """Every signal id that a data file may weigh.

    Args:
        cues: Names of the cues of ``cues.yaml``.
    """
    families: Mapping[str, Iterable[str]] = {
        "objection": OBJECTIONS[1:],
        "emotion": EMOTIONS[1:],
        "act": CUSTOMER_ACTS,
        "topic": TOPICS,
        "fact": (*FACT_FIELDS, "new"),
        "holding": HOLDINGS,
        "liability": LIABILITIES,
        "family": FAMILY,
        "event": EVENTS,
        "attitude": ATTITUDES,
        "cue": cues,
        "length": ("long", "short"),
        "voice": VOICES,
        "history": (*HISTORY, *(f"resolved.{label}" for label in OBJECTIONS[1:])),
        "agent.act": AGENT_ACTS,
        "agent.violation": ("any", *COMPLIANCE_LABELS),
        "agent": ("offer_after_refusal", "interrupts"),
        "crm": CRM_FIELDS,
    }
    return frozenset(f"{family}.{name}" for family, names in families.items() for name in names)


def leading(observations: Iterable[Observation], signal: str) -> bool:
    """Whether a signal was seen as the leading label of its group."""
    return any(one.leading and one.signal == signal for one in observations)


def strength(observations: Iterable[Observation], signal: str) -> float:
    """Strength of a signal, 0 when it was not seen."""
    return max((one.strength for one in observations if one.signal == signal), default=0.0)
