"""The conditions of a rule, as a playbook writes them."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from rid_telephony.datafile import DataModel
from rid_telephony.strategy import vocabulary as vocab


class Range(DataModel):
    """Between two numbers, both included."""

    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("give min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self

    def holds(self, value: float | None) -> bool:
        """Whether the value is known and in the range."""
        if value is None:
            return False
        above = self.min is None or value >= self.min
        return above and (self.max is None or value <= self.max)


class When(DataModel):
    """Conditions; all that are given must hold. A list holds where one of its entries does.

    Conditions on labels are weighed: the probability of the labels listed is the confidence of
    the condition. The others hold or do not.
    """

    # This utterance, the customer's.
    objection: tuple[vocab.Objection, ...] | None = None
    emotion: tuple[vocab.Emotion, ...] | None = None
    act: tuple[vocab.CustomerAct, ...] | None = None
    topics: tuple[vocab.Topic, ...] | None = None
    facts: tuple[vocab.Fact, ...] | None = None
    """Said in this utterance, such as ``age`` or ``family.child``."""
    arousal: Range | None = None
    """How excited the customer is, 0..1, words and voice fused."""

    # This utterance, the agent's.
    agent_act: tuple[vocab.AgentAct, ...] | None = None
    violation: tuple[vocab.Violation, ...] | None = None
    pace: Range | None = None
    """The agent's speaking rate as a ratio to the customer's usual one."""

    # This utterance, whoever speaks.
    mentions: tuple[vocab.WordList, ...] | None = None
    seconds: Range | None = None
    """Its length."""
    interrupts: bool | None = None
    """The speaker came in while the other was speaking."""

    # Just before this utterance.
    last_objection: tuple[vocab.Objection, ...] | None = None
    last_emotion: tuple[vocab.Emotion, ...] | None = None
    last_act: tuple[vocab.CustomerAct, ...] | None = None
    last_agent_act: tuple[vocab.AgentAct, ...] | None = None
    last_violation: tuple[vocab.Violation, ...] | None = None
    """In the agent's last utterance, this one included."""

    # The call so far.
    times: Range | None = None
    """How often the customer's latest kind of objection was raised."""
    raised: tuple[vocab.Objection, ...] | None = None
    """Objections raised at any time."""
    resolved: tuple[vocab.Objection, ...] | None = None
    """Objections raised and resolved since."""
    heard: tuple[vocab.WordList, ...] | None = None
    """Word lists that the customer used at any time."""
    told: tuple[vocab.WordList, ...] | None = None
    """Word lists that the agent used at any time."""
    subject: tuple[vocab.WordList, ...] | None = None
    """What the agent talks of, one of the playbook's subjects."""
    agent_did: tuple[vocab.AgentAct, ...] | None = None
    """Agent acts at any time before this utterance, or in it."""
    turns: Range | None = None
    """Customer utterances."""
    refusals: Range | None = None
    refused: bool | None = None
    """The customer refused and has not come back to the subject."""
    no_contact: bool | None = None
    """The customer does not want to be called, said now or known to the bank."""
    no_contact_requests: Range | None = None
    """How often that was said in this call."""
    pushes: Range | None = None
    """How often the agent sold on after a refusal."""
    purchase_signals: Range | None = None
    angry: bool | None = None
    """The anger has not passed."""
    angry_turns: Range | None = None
    angry_seconds: Range | None = None
    violations: Range | None = None
    """Compliance findings so far."""
    uncorrected: bool | None = None
    """A claim that breaks a rule and that the agent has not taken back."""
    said: tuple[vocab.Item, ...] | None = None
    """Must-say items done; all of those listed."""
    unsaid: tuple[vocab.Item, ...] | None = None
    """Must-say items not done; any of those listed."""
    overdue: tuple[vocab.Item, ...] | None = None
    """Must-say items past their deadline."""
    talk_share: Range | None = None
    """The agent's share of all speech, 0..1."""
    interruptions: Range | None = None

    # The profile.
    style: tuple[vocab.Style, ...] | None = None
    stage: tuple[vocab.Stage, ...] | None = None
    state: tuple[vocab.State, ...] | None = None
    needs: tuple[vocab.Need, ...] | None = None
    """One of these is among the customer's leading needs."""
    known: tuple[vocab.Fact, ...] | None = None
    """One of these is known, from the call or from the bank."""
    unknown: tuple[vocab.Fact, ...] | None = None
    """None of these is known."""
    gauges: dict[vocab.GaugeName, Range] | None = Field(default=None, min_length=1)
    complaint_risk: Range | None = None
    churn_risk: Range | None = None
    age: Range | None = None
    """Years, as said or as the bank knows."""
    risk_level_known: bool | None = None
    """The bank knows the customer's risk level (C1 to C5)."""
    has_product: bool | None = None
    """A suitable product matches well enough to be named."""


ONLY_AFTER_CUSTOMER = frozenset({"objection", "emotion", "act", "topics", "facts", "arousal"})
"""Conditions that only a customer's utterance can meet."""
ONLY_AFTER_AGENT = frozenset({"agent_act", "violation", "pace"})
"""Conditions that only an agent's utterance can meet."""
ONLY_AFTER_SPEECH = frozenset({"mentions", "seconds", "interrupts"})
"""Conditions that time alone cannot meet."""


def impossible(when: When, trigger: str) -> frozenset[str]:
    """Conditions that can never hold at a trigger: a slip of whoever wrote the rule."""
    cannot = {
        "customer": ONLY_AFTER_AGENT,
        "agent": ONLY_AFTER_CUSTOMER,
        "clock": ONLY_AFTER_CUSTOMER | ONLY_AFTER_AGENT | ONLY_AFTER_SPEECH,
    }[trigger]
    return cannot & when.model_fields_set
