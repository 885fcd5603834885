"""Influence indices and inner and outer factors: gauges of one kind, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

from pydantic import Field, model_validator

from rid_telephony.datafile import DataModel
from rid_telephony.rid.profile.gauges import EvidenceRules, GaugeKeeper, GaugeRules
from rid_telephony.rid.profile.messages import Gauge
from rid_telephony.rid.profile.mood import MoodRules
from rid_telephony.rid.profile.objections import ObjectionRules
from rid_telephony.rid.profile.observations import Observation

FACTORS = ("motive", "perceived_risk", "product_cognition", "product_involvement")
"""动机 感知风险 产品认知 产品卷入."""
INDICES = ("satisfaction", "trust", "purchase_intent")
"""满意度 信任度 购买意愿."""


class InfluenceRules(DataModel):
    """``influence.yaml``: mood, objections, factors, indices."""

    version: int = Field(ge=1, le=1)
    evidence: EvidenceRules
    mood: MoodRules
    objections: ObjectionRules
    factors: dict[str, GaugeRules]
    indices: dict[str, GaugeRules]

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        for name, given, wanted in (
            ("factors", self.factors, FACTORS),
            ("indices", self.indices, INDICES),
        ):
            if set(given) != set(wanted):
                raise ValueError(f"{name} must be {', '.join(wanted)}")
        return self


class GaugeRow:
    """Several gauges that hear the same observations.

    Args:
        rules: Gauge name to its weights.
        evidence: How much evidence is kept.
    """

    def __init__(self, rules: Mapping[str, GaugeRules], evidence: EvidenceRules) -> None:
        self._keepers = {name: GaugeKeeper(rule, evidence) for name, rule in rules.items()}

    def customer(self, utterance_id: str, seen: Sequence[Observation]) -> None:
        """Take in a customer utterance."""
        for keeper in self._keepers.values():
            keeper.begin_turn()
            keeper.apply(utterance_id, seen)

    def context(self, seen: Sequence[Observation]) -> None:
        """Take in what the CRM knows."""
        for keeper in self._keepers.values():
            keeper.start(seen)

    def agent(self, utterance_id: str, seen: Sequence[Observation]) -> None:
        """Take in an agent utterance."""
        for keeper in self._keepers.values():
            keeper.apply(utterance_id, seen)

    def gauges(self) -> dict[str, Gauge]:
        """Snapshots by name."""
        return {name: keeper.gauge() for name, keeper in self._keepers.items()}
