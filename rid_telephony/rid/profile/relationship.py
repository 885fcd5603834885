"""R, 关系: the score, its stage, and the gate on what the agent may try."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from pydantic import Field, model_validator

from rid_telephony.datafile import DataModel
from rid_telephony.rid.messages import STAGES
from rid_telephony.rid.profile.gauges import EvidenceRules, GaugeKeeper, GaugeRules
from rid_telephony.rid.profile.messages import Relationship
from rid_telephony.rid.profile.observations import Observation, leading

GATES = ("greet", "probe", "present", "close")
"""What the agent may try next, from least to most."""


class Strain(DataModel):
    """After an attack trust comes back slowly."""

    after: tuple[str, ...]
    """Leading signals that strain the relationship."""
    turns: int = Field(ge=0, le=50)
    """Customer utterances for which it lasts."""
    rise: float = Field(ge=0, le=1)
    """Factor on everything that raises the score meanwhile."""
    relieved_by: tuple[str, ...]
    """Signals that end it at once."""


class RelationshipRules(DataModel):
    """``relationship.yaml``."""

    version: int = Field(ge=1, le=1)
    score: GaugeRules
    strain: Strain
    stages: dict[str, float]
    """Stage to the score from which it holds."""
    gates: dict[str, float]
    """Gate to the score from which it is open."""

    @model_validator(mode="after")
    def _steps_rise(self) -> Self:
        for name, steps, order in (("stages", self.stages, STAGES), ("gates", self.gates, GATES)):
            if tuple(steps) != order:
                raise ValueError(f"{name} must be {', '.join(order)}, in this order")
            bounds = list(steps.values())
            if bounds[0] != 0 or bounds != sorted(set(bounds)):
                raise ValueError(f"{name} must begin at 0 and rise")
        return self


class RelationshipKeeper:
    """Keeps the relationship of one call."""

    def __init__(self, rules: RelationshipRules, evidence: EvidenceRules) -> None:
        self._rules = rules
        self._score = GaugeKeeper(rules.score, evidence)
        self._strained = 0

    def context(self, seen: Sequence[Observation]) -> None:
        """Take in what the CRM knows."""
        self._score.start(seen)

    def customer(self, utterance_id: str, seen: Sequence[Observation]) -> None:
        """Take in a customer utterance."""
        strain = self._rules.strain
        self._score.begin_turn()
        if any(one.signal in strain.relieved_by for one in seen):
            self._strained = 0
        self._score.apply(utterance_id, seen, strain.rise if self._strained else 1.0)
        self._strained = max(0, self._strained - 1)
        if any(leading(seen, signal) for signal in strain.after):
            self._strained = strain.turns

    def agent(self, utterance_id: str, seen: Sequence[Observation]) -> None:
        """Take in an agent utterance."""
        self._score.apply(utterance_id, seen, self._rules.strain.rise if self._strained else 1.0)

    def relationship(self) -> Relationship:
        """A snapshot."""
        score = self._score.gauge()
        return Relationship(
            score, step(score.value, self._rules.stages), step(score.value, self._rules.gates)
        )


def step(value: float, steps: dict[str, float]) -> str:
    """The last step whose bound ``value`` has reached."""
    return [name for name, bound in steps.items() if value >= bound][-1]
