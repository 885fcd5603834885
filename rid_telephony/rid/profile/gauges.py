"""Gauges: numbers from 0 to 100 that signals move, with the evidence for every move.

A move is the sum of the weights of what was seen. It counts in full in the middle of the scale
and ever less towards the end it goes to: a number never sticks at 0 or 100, and the last points
are the hardest to win or lose.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from rid_telephony.datafile import DataModel
from rid_telephony.rid.messages import Evidence
from rid_telephony.rid.profile.messages import Gauge
from rid_telephony.rid.profile.observations import Observation, leading

TOP = 100.0
OTHER = "other"
"""Signal id of evidence that sums up what was too small to list."""

Points = Annotated[float, Field(ge=-100, le=100)]


class Cap(DataModel):
    """A bound on the move of an utterance in which a certain label leads."""

    when: str
    """The signal that must be the leading label of its group."""
    most: float | None = Field(default=None, ge=0)
    """The move is at most so many points, up or down."""
    least_fall: float | None = Field(default=None, ge=0)
    """The move is a fall of at least so many points (before saturation)."""


class GaugeRules(DataModel):
    """How one gauge starts and moves."""

    start: float = Field(ge=0, le=100)
    """Value before anything is known."""
    up_width: float = Field(gt=0, le=100)
    """So many points below 100 the way up begins to get harder."""
    down_width: float = Field(gt=0, le=100)
    """So many points above 0 the way down begins to get harder."""
    most_up: float = Field(default=100, gt=0, le=100)
    """Largest rise by one utterance, points before saturation."""
    most_down: float = Field(default=100, gt=0, le=100)
    """Largest fall by one utterance, points before saturation."""
    caps: tuple[Cap, ...] = ()
    weights: dict[str, Points]
    """Signal id to points at full strength."""

    def signals(self) -> Iterable[str]:
        """Every signal id that is named."""
        return (*self.weights, *(cap.when for cap in self.caps))


class EvidenceRules(DataModel):
    """How much evidence is kept, and how trends are taken."""

    kept: int = Field(ge=2, le=100)
    """Pieces of evidence of a number."""
    kept_latest: int = Field(ge=1, le=100)
    """Of these, pieces from the latest utterance; what is smaller is summed up as ``other``."""
    trend_turns: int = Field(ge=1, le=50)
    """A trend is the change over so many customer utterances."""


class GaugeKeeper:
    """Keeps one gauge of one call.

    Args:
        rules: Its weights.
        evidence: How much evidence is kept.
    """

    def __init__(self, rules: GaugeRules, evidence: EvidenceRules) -> None:
        self._rules = rules
        self._limits = evidence
        self._value = rules.start
        self._evidence: tuple[Evidence, ...] = ()
        self._turns: deque[float] = deque(maxlen=evidence.trend_turns)

    @property
    def value(self) -> float:
        """0..100."""
        return self._value

    def gauge(self) -> Gauge:
        """A snapshot."""
        trend = self._value - self._turns[0] if self._turns else 0.0
        return Gauge(self._value, trend, self._evidence, self._rules.start)

    def begin_turn(self) -> None:
        """Note the value before a customer utterance; trends are taken against it."""
        self._turns.append(self._value)

    def apply(
        self, utterance_id: str, observations: Sequence[Observation], rise: float = 1.0
    ) -> None:
        """Move by what was observed.

        Args:
            utterance_id: For the evidence.
            observations: Of one utterance.
            rise: 0..1, factor on everything that raises.
        """
        parts = self._bounded(self._parts(observations, rise), observations)
        self._move(utterance_id, parts)

    def start(self, observations: Sequence[Observation]) -> None:
        """Move by what the bank knows; the bounds of an utterance do not hold."""
        self._move("", self._parts(observations, 1.0))

    def _move(self, utterance_id: str, parts: list[Evidence]) -> None:
        if not parts:
            return
        points = sum(part.delta for part in parts)
        before, self._value = self._value, moved(self._value, points, self._rules)
        factor = (self._value - before) / points if points else 1.0
        self._remember(
            [Evidence(utterance_id, one.quote, one.signal, one.delta * factor) for one in parts]
        )

    def _parts(self, observations: Sequence[Observation], rise: float) -> list[Evidence]:
        parts = []
        for one in observations:
            points = self._rules.weights.get(one.signal, 0.0) * one.strength
            if points:
                delta = points * rise if points > 0 else points
                parts.append(Evidence("", one.quote, one.signal, delta))
        return parts

    def _bounded(
        self, parts: list[Evidence], observations: Sequence[Observation]
    ) -> list[Evidence]:
        rules = self._rules
        parts = _shrunk(parts, rules.most_up, rules.most_down)
        for cap in rules.caps:
            if not leading(observations, cap.when):
                continue
            if cap.most is not None:
                parts = _shrunk(parts, cap.most, cap.most)
            if cap.least_fall is not None:
                parts = _deepened(parts, cap.when, cap.least_fall)
        return parts

    def _remember(self, fresh: list[Evidence]) -> None:
        fresh = folded(fresh, self._limits.kept_latest)
        room = self._limits.kept - len(fresh)
        self._evidence = (*strongest(self._evidence, room), *fresh)


def moved(value: float, points: float, rules: GaugeRules) -> float:
    """Where a gauge stands after a move.

    Linear while it is further from the end than the width; inside the width it approaches the
    end exponentially, so that equal moves bring ever less.

    Args:
        value: 0..100.
        points: Positive up, negative down.
        rules: The widths.
    """
    if points >= 0:
        return TOP - _approach(TOP - value, points, rules.up_width)
    return _approach(value, -points, rules.down_width)


def _approach(distance: float, points: float, width: float) -> float:
    linear = min(points, max(0.0, distance - width))
    return (distance - linear) * math.exp(-(points - linear) / width)


def _shrunk(parts: list[Evidence], most_up: float, most_down: float) -> list[Evidence]:
    points = sum(part.delta for part in parts)
    bounded = min(max(points, -most_down), most_up)
    if bounded == points:
        return parts
    return [replace(part, delta=part.delta * bounded / points) for part in parts]


def _deepened(parts: list[Evidence], signal: str, least_fall: float) -> list[Evidence]:
    missing = min(0.0, -least_fall - sum(part.delta for part in parts))
    return [
        replace(part, delta=part.delta + missing) if part.signal == signal else part
        for part in parts
    ]


def strongest(evidence: Sequence[Evidence], count: int) -> tuple[Evidence, ...]:
    """The ``count`` pieces with the largest moves, in their order."""
    if count <= 0:
        return ()
    if len(evidence) <= count:
        return tuple(evidence)
    ranked = sorted(range(len(evidence)), key=lambda index: -abs(evidence[index].delta))
    return tuple(evidence[index] for index in sorted(ranked[:count]))


def folded(fresh: list[Evidence], count: int) -> list[Evidence]:
    """At most ``count`` pieces with the same sum: the smallest become one piece ``other``."""
    if len(fresh) <= count:
        return fresh
    kept = strongest(fresh, count - 1)
    rest = sum(one.delta for one in fresh) - sum(one.delta for one in kept)
    return [*kept, Evidence(fresh[0].utterance_id, fresh[0].quote, OTHER, rest)]
