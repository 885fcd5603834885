"""Signals and profiles to event data."""

from __future__ import annotations

from typing import Any, cast

from rid_telephony.cti import events
from rid_telephony.cti.translate.base import (
    MaskingTranslator,
    facts,
    milliseconds,
    objection,
    rounded,
)
from rid_telephony.rid import messages as rid
from rid_telephony.rid.profile import messages as profile
from rid_telephony.speech import messages as speech


class RidTranslator(MaskingTranslator):
    """``signals.detected``, ``rid.*`` and ``customer.state.changed`` events."""

    def signals(
        self, utterance: speech.Utterance, signals: rid.Signals, at: float
    ) -> events.SignalsDetected:
        """``signals.detected`` for either party."""
        if isinstance(signals, rid.AgentSignals):
            return events.SignalsDetected(
                at_ms=milliseconds(at),
                utterance_id=utterance.utterance_id,
                role=utterance.party.value,
                objection=None,
                emotion=None,
                act=choice(signals.act),
                topics={},
                facts={},
                valence=None,
                arousal=None,
                findings=[self.finding(finding) for finding in signals.findings],
            )
        return events.SignalsDetected(
            at_ms=milliseconds(at),
            utterance_id=utterance.utterance_id,
            role=utterance.party.value,
            objection=choice(signals.objection),
            emotion=choice(signals.emotion),
            act=choice(signals.act),
            topics={name: round(value, 4) for name, value in signals.topics.items()},
            facts=facts(signals.facts),
            valence=round(signals.valence, 3),
            arousal=round(signals.arousal, 3),
            findings=[],
        )

    def relationship(self, now: profile.Profile, at: float) -> events.RelationshipUpdated:
        """``rid.relationship.updated``."""
        relationship = now.relationship
        return events.RelationshipUpdated(
            at_ms=milliseconds(at),
            score=self.gauge(relationship.score),
            stage=cast(Any, relationship.stage),
            gate=cast(Any, relationship.gate),
        )

    def influence(self, now: profile.Profile, at: float) -> events.InfluenceUpdated:
        """``rid.influence.updated``."""
        influence = now.influence
        return events.InfluenceUpdated(
            at_ms=milliseconds(at),
            style=events.StyleData(
                label=influence.style.label,
                probability=round(influence.style.probability, 4),
                posterior=rounded(influence.style.posterior),
                evidence=self.evidence(influence.style.evidence),
            ),
            mood=events.MoodData(
                emotion=influence.mood.emotion,
                valence=round(influence.mood.valence, 3),
                arousal=round(influence.mood.arousal, 3),
                valence_trend=round(influence.mood.valence_trend, 3),
                evidence=self.evidence(influence.mood.evidence),
            ),
            objections=[objection(record) for record in influence.objections],
            factors={name: self.gauge(gauge) for name, gauge in influence.factors.items()},
            satisfaction=self.gauge(influence.satisfaction),
            trust=self.gauge(influence.trust),
            purchase_intent=self.gauge(influence.purchase_intent),
        )

    def demand(self, now: profile.Profile, at: float) -> events.DemandUpdated:
        """``rid.demand.updated``."""
        demand = now.demand
        return events.DemandUpdated(
            at_ms=milliseconds(at),
            stratum=demand.stratum,
            strata=rounded(demand.strata),
            stratum_evidence=self.evidence(demand.stratum_evidence),
            age_stage=demand.age_stage,
            needs=[
                events.RankedData(
                    label=need.label,
                    weight=round(need.weight, 3),
                    evidence=self.evidence(need.evidence),
                )
                for need in demand.needs
            ],
            products=[_product(match) for match in demand.products],
            facts=facts(demand.facts),
            age_stage_evidence=self.evidence(demand.age_stage_evidence),
        )

    def state(
        self, now: profile.CustomerState, previous: str, at: float
    ) -> events.CustomerStateChanged:
        """``customer.state.changed``."""
        return events.CustomerStateChanged(
            at_ms=milliseconds(at),
            state=cast(Any, now.label),
            previous=previous,
            complaint_risk=round(now.complaint_risk, 3),
            churn_risk=round(now.churn_risk, 3),
            evidence=self.evidence(now.evidence),
            starts=rounded(now.starts),
        )


def choice(value: rid.Choice) -> events.ChoiceData:
    """A label with its probabilities."""
    return events.ChoiceData(
        label=value.label,
        probability=round(value.confidence, 4),
        probabilities=rounded(value.probabilities),
    )


def _product(match: profile.ProductMatch) -> events.ProductData:
    return events.ProductData(
        product=match.product,
        name=match.name,
        score=round(match.score, 1),
        under=round(match.under, 3),
        over=round(match.over, 3),
        suitable=match.suitable,
        reasons=list(match.reasons),
    )
