"""Customer state with hysteresis, and the risks of a complaint and of losing the customer.

Every state has a level that signals raise and that fades from one customer utterance to the
next. The state changes when another level is clearly higher, and not again before it has lasted
a while: it does not flicker. Anger is the exception: it holds at once, and until the customer
has been calm for several utterances.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Self

from pydantic import Field, model_validator

from rid_telephony.datafile import DataModel
from rid_telephony.rid.messages import STATES, Evidence
from rid_telephony.rid.profile.gauges import EvidenceRules, GaugeKeeper, GaugeRules, strongest
from rid_telephony.rid.profile.messages import CustomerState
from rid_telephony.rid.profile.observations import Observation, strength

ANGRY = "angry"
RISKS = ("complaint_risk", "churn_risk")
RISK_LEVELS = ("low", "medium", "high")


class AngerRules(DataModel):
    """When a customer counts as angry, and when no more."""

    signals: dict[str, float]
    """Any of these signals at this strength or above: angry at once."""
    calm_turns: int = Field(ge=1, le=20)
    """Customer utterances in a row without any of ``disturbing`` that end it."""
    disturbing: dict[str, float]
    """Signal to the strength from which an utterance is not calm."""
    then: str
    """State after it."""


class StateRules(DataModel):
    """``state.yaml``."""

    version: int = Field(ge=1, le=1)
    start: str
    fade: float = Field(ge=0, lt=1)
    """Factor on every level from one customer utterance to the next."""
    base: dict[str, Annotated[float, Field(ge=0, le=5)]]
    """Level that a state always has, on top of the signals."""
    margin: float = Field(ge=0)
    """A level must be so much above that of the present state to replace it."""
    dwell: int = Field(ge=1, le=20)
    """Customer utterances that a state lasts at least, anger's coming excepted."""
    weights: dict[str, dict[str, Annotated[float, Field(ge=0, le=5)]]]
    """State to signal to points on its level."""
    anger: AngerRules
    kept: int = Field(ge=1, le=50)
    """Pieces of evidence of the state."""
    risks: dict[str, GaugeRules]
    """``complaint_risk`` and ``churn_risk`` as gauges of 0 to 100."""
    risk_levels: dict[str, float]
    """``low``, ``medium``, ``high`` to the risk, 0..1, from which each holds."""

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        named = {self.start, self.anger.then, *self.base, *self.weights}
        unknown = sorted(named - set(STATES))
        if unknown:
            raise ValueError(f"unknown states: {', '.join(unknown)}")
        if ANGRY in (self.start, self.anger.then) or ANGRY in {*self.base, *self.weights}:
            raise ValueError("angry comes and goes by the rules under anger only")
        if set(self.risks) != set(RISKS):
            raise ValueError(f"risks must be {', '.join(RISKS)}")
        bounds = list(self.risk_levels.values())
        rises = bounds[:1] == [0] and bounds == sorted(set(bounds))
        if tuple(self.risk_levels) != RISK_LEVELS or not rises:
            raise ValueError("risk_levels must be low: 0, medium, high, rising")
        return self

    def risk_level(self, risk: float) -> str:
        """``low``, ``medium`` or ``high`` for a risk of 0..1."""
        return [name for name, bound in self.risk_levels.items() if risk >= bound][-1]


class StateKeeper:
    """Keeps the state of one call."""

    def __init__(self, rules: StateRules, evidence: EvidenceRules) -> None:
        self._rules = rules
        self._state = rules.start
        self._since = 0.0
        self._lasted = rules.dwell
        self._calm = 0
        self._levels = dict.fromkeys((name for name in STATES if name != ANGRY), 0.0)
        self._evidence: dict[str, tuple[Evidence, ...]] = {}
        self._risks = {name: GaugeKeeper(rule, evidence) for name, rule in rules.risks.items()}

    def context(self, seen: Sequence[Observation]) -> None:
        """Take in what the CRM knows."""
        for keeper in self._risks.values():
            keeper.start(seen)

    def agent(self, utterance_id: str, seen: Sequence[Observation]) -> None:
        """Take in an agent utterance: it moves the risks, not the state."""
        for keeper in self._risks.values():
            keeper.apply(utterance_id, seen)

    def customer(self, utterance_id: str, at: float, seen: Sequence[Observation]) -> None:
        """Take in a customer utterance that ended at ``at`` seconds of the call's clock."""
        for keeper in self._risks.values():
            keeper.begin_turn()
            keeper.apply(utterance_id, seen)
        self._raise_levels(utterance_id, seen)
        self._lasted += 1
        self._calm = 0 if _any(seen, self._rules.anger.disturbing) else self._calm + 1
        self._note_anger(utterance_id, seen)
        following = self._next(seen)
        if following != self._state:
            self._state, self._since, self._lasted = following, at, 0

    def state(self) -> CustomerState:
        """A snapshot; evidence of a risk carries its name: ``complaint_risk/emotion.angry``."""
        risks = {name: keeper.gauge() for name, keeper in self._risks.items()}
        evidence = list(self._evidence.get(self._state, ()))
        for name, gauge in risks.items():
            evidence.extend(
                Evidence(one.utterance_id, one.quote, f"{name}/{one.signal}", one.delta / 100.0)
                for one in gauge.evidence
            )
        return CustomerState(
            label=self._state,
            since=self._since,
            complaint_risk=risks["complaint_risk"].value / 100.0,
            churn_risk=risks["churn_risk"].value / 100.0,
            evidence=tuple(evidence),
            starts={name: gauge.start / 100.0 for name, gauge in risks.items()},
        )

    def _raise_levels(self, utterance_id: str, seen: Sequence[Observation]) -> None:
        for name in self._levels:
            self._levels[name] *= self._rules.fade
            weights = self._rules.weights.get(name, {})
            for one in seen:
                points = weights.get(one.signal, 0.0) * one.strength
                if points:
                    self._levels[name] += points
                    self._note(name, Evidence(utterance_id, one.quote, one.signal, points))

    def _note_anger(self, utterance_id: str, seen: Sequence[Observation]) -> None:
        for one in _reached(seen, self._rules.anger.signals):
            self._note(ANGRY, Evidence(utterance_id, one.quote, one.signal, one.strength))

    def _note(self, state: str, piece: Evidence) -> None:
        before = strongest(self._evidence.get(state, ()), self._rules.kept - 1)
        self._evidence[state] = (*before, piece)

    def _next(self, seen: Sequence[Observation]) -> str:
        rules = self._rules
        if _any(seen, rules.anger.signals):
            return ANGRY
        if self._state == ANGRY:
            return rules.anger.then if self._calm >= rules.anger.calm_turns else ANGRY
        if self._lasted < rules.dwell:
            return self._state
        levels = {name: level + rules.base.get(name, 0.0) for name, level in self._levels.items()}
        best = max(levels, key=lambda name: levels[name])
        return best if levels[best] >= levels[self._state] + rules.margin else self._state


def _reached(seen: Sequence[Observation], bounds: dict[str, float]) -> Iterator[Observation]:
    return (one for one in seen if one.strength >= bounds.get(one.signal, 2.0))


def _any(seen: Sequence[Observation], bounds: dict[str, float]) -> bool:
    return any(strength(seen, signal) >= bound for signal, bound in bounds.items())
