"""The profile of one call, updated utterance by utterance."""

from __future__ import annotations

from rid_telephony.calls.context import NOTHING_KNOWN, combined
from rid_telephony.calls.messages import CustomerContext
from rid_telephony.rid.messages import AgentSignals, CustomerSignals, Facts, Signals
from rid_telephony.rid.profile.conduct import ConductKeeper, DetectSaid
from rid_telephony.rid.profile.crm import observe_context
from rid_telephony.rid.profile.demand import DemandKeeper
from rid_telephony.rid.profile.indices import GaugeRow
from rid_telephony.rid.profile.messages import Influence, Profile
from rid_telephony.rid.profile.model import ProfileModel
from rid_telephony.rid.profile.mood import MoodKeeper
from rid_telephony.rid.profile.objections import ObjectionKeeper
from rid_telephony.rid.profile.relationship import RelationshipKeeper
from rid_telephony.rid.profile.state import StateKeeper
from rid_telephony.rid.profile.style import StyleKeeper
from rid_telephony.rid.text import hear
from rid_telephony.speech.messages import Utterance


class ProfileTracker:
    """Keeps the profile of one call: no I/O, no clock; the same input gives the same profile.

    Args:
        model: Weights, tables, catalogue; shared by all calls.
        context: What the bank knew before the call.
        detect_said: Finds the must-say items in an agent's words, where a bank has any.
    """

    def __init__(
        self,
        model: ProfileModel,
        context: CustomerContext,
        detect_said: DetectSaid | None = None,
    ) -> None:
        data = model.data
        evidence = data.influence.evidence
        self._model = model
        self._relationship = RelationshipKeeper(data.relationship, evidence)
        self._style = StyleKeeper(data.style)
        self._mood = MoodKeeper(data.influence.mood)
        self._objections = ObjectionKeeper(data.influence.objections)
        self._factors = GaugeRow(data.influence.factors, evidence)
        self._indices = GaugeRow(data.influence.indices, evidence)
        self._demand = DemandKeeper(data.needs, model.judge, model.matcher, context)
        self._state = StateKeeper(data.state, evidence)
        self._conduct = ConductKeeper(detect_said)
        self._turns = 0
        self._context = NOTHING_KNOWN
        self._observe(context, Facts())
        self._profile = self._snapshot()

    @property
    def profile(self) -> Profile:
        """The profile as it stands."""
        return self._profile

    def learn(self, context: CustomerContext) -> Profile:
        """The profile with what the bank tells during the call.

        What the customer said of themselves stays. The same context again changes nothing.
        """
        facts = self._demand.facts
        self._demand.inform(combined(self._context, context))
        self._observe(context, facts)
        self._profile = self._snapshot()
        return self._profile

    def hear(self, utterance: Utterance, signals: Signals) -> Profile:
        """The profile after one more utterance of either party.

        Words recognised with too little confidence move nothing; their seconds count towards
        the talk share of the next snapshot.
        """
        self._conduct.spoke(utterance)
        if not utterance.confidence >= self._model.min_text_confidence:
            return self._profile
        if isinstance(signals, AgentSignals):
            self._hear_agent(utterance, signals)
        else:
            self._hear_customer(utterance, signals)
        self._profile = self._snapshot()
        return self._profile

    def _observe(self, context: CustomerContext, facts: Facts) -> None:
        """Move by what the bank knows; ``facts`` are those known before."""
        before, self._context = self._context, combined(self._context, context)
        rules = self._model.data.hearing.context
        seen = tuple(observe_context(self._context, rules, before, facts))
        if context.do_not_call:
            self._objections.barred()
        self._relationship.context(seen)
        self._factors.context(seen)
        self._indices.context(seen)
        self._demand.observe("", seen)
        self._state.context(seen)

    def _hear_agent(self, utterance: Utterance, signals: AgentSignals) -> None:
        name, listener = utterance.utterance_id, self._model.listener
        seen = listener.agent(utterance, signals)
        seen.extend(self._objections.agent(seen, listener.quote(utterance)))
        self._relationship.agent(name, seen)
        self._factors.agent(name, seen)
        self._indices.agent(name, seen)
        self._state.agent(name, seen)
        self._conduct.agent(utterance, signals)

    def _hear_customer(self, utterance: Utterance, signals: CustomerSignals) -> None:
        name, listener = utterance.utterance_id, self._model.listener
        quote = listener.quote(utterance)
        seen = listener.customer(utterance, signals, self._demand.novel(signals.facts))
        seen.extend(self._objections.customer(name, signals, seen, quote))
        self._turns += 1
        self._relationship.customer(name, seen)
        self._style.customer(
            name, hear(utterance.text).text, quote, seen, voice=utterance.prosody is not None
        )
        self._mood.customer(name, signals, quote)
        self._factors.customer(name, seen)
        self._indices.customer(name, seen)
        self._demand.learn(name, signals.facts)
        self._demand.observe(name, seen)
        self._state.customer(name, utterance.end, seen)

    def _snapshot(self) -> Profile:
        indices = self._indices.gauges()
        return Profile(
            relationship=self._relationship.relationship(),
            influence=Influence(
                style=self._style.style(),
                mood=self._mood.mood(),
                objections=self._objections.records(),
                factors=self._factors.gauges(),
                satisfaction=indices["satisfaction"],
                trust=indices["trust"],
                purchase_intent=indices["purchase_intent"],
            ),
            demand=self._demand.demand(),
            state=self._state.state(),
            conduct=self._conduct.conduct(),
            customer_turns=self._turns,
            refusals=self._objections.refusals,
            do_not_call_requests=self._objections.do_not_call_requests,
        )
