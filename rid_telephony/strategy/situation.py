"""Everything that a rule may look at, at one moment of a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rid_telephony.calls.messages import CustomerContext
from rid_telephony.rid.messages import AgentSignals, CustomerSignals, Finding
from rid_telephony.rid.profile.messages import Gauge, ProductMatch, Profile
from rid_telephony.speech.messages import Utterance
from rid_telephony.strategy.memory import CallMemory


@dataclass(frozen=True, slots=True)
class Situation:
    """A moment of a call.

    Attributes:
        trigger: One of ``vocabulary.TRIGGERS``.
        now: Seconds on the call's clock.
        utterance: The latest.
        customer: Its signals where the customer just spoke.
        agent: Its signals where the agent just spoke.
        findings: Its compliance findings that are believed.
        overdue: Must-say items past their deadline and still not said, with their names.
        said: Must-say items done.
        product: The suitable product to name, None where none matches well.
    """

    trigger: str
    now: float
    utterance: Utterance
    customer: CustomerSignals | None
    agent: AgentSignals | None
    findings: tuple[Finding, ...]
    profile: Profile
    context: CustomerContext
    memory: CallMemory
    overdue: Mapping[str, str]
    said: frozenset[str]
    product: ProductMatch | None

    @property
    def last_customer(self) -> CustomerSignals | None:
        """The customer's last signals before this utterance."""
        after_customer = self.trigger == "customer"
        return self.memory.previous if after_customer else self.memory.latest

    @property
    def last_agent_act(self) -> str:
        """The agent's last act before this utterance, or empty."""
        after_agent = self.trigger == "agent"
        return self.memory.previous_agent_act if after_agent else self.memory.latest_agent_act

    @property
    def latest_objection(self) -> str:
        """The kind of objection in this utterance, else in the customer's last; or empty."""
        signals = self.customer or self.memory.latest
        label = signals.objection.label if signals else "none"
        return "" if label == "none" else label

    @property
    def times(self) -> int:
        """How often :attr:`latest_objection` was raised; 0 where there is none."""
        if not self.latest_objection:
            return 0
        records = self.profile.influence.objections
        return next((item.count for item in records if item.label == self.latest_objection), 1)

    @property
    def age(self) -> int | None:
        """Years, as said or as the bank knows."""
        said = self.profile.demand.facts.age
        return said if said is not None else self.context.age

    @property
    def gauges(self) -> Mapping[str, Gauge]:
        """The numbers from 0 to 100, by name."""
        influence = self.profile.influence
        return {
            **influence.factors,
            "relationship": self.profile.relationship.score,
            "satisfaction": influence.satisfaction,
            "trust": influence.trust,
            "purchase_intent": influence.purchase_intent,
        }

    @property
    def leading_needs(self) -> tuple[str, ...]:
        """The customer's heaviest needs."""
        leading = self.profile.demand.needs[: self.memory.about.leading_needs]
        return tuple(need.label for need in leading)
