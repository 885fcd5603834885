"""The figures of a call's profile, each with its reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rid_telephony.explain.demand import demand_figures
from rid_telephony.explain.messages import Figure, Reason
from rid_telephony.explain.reasons import falling, gathered, reasons, rest
from rid_telephony.explain.story import Story, Update

FACTORS = ("motive", "perceived_risk", "product_cognition", "product_involvement")
INDICES = ("satisfaction", "trust", "purchase_intent")
RISKS = ("complaint_risk", "churn_risk")
FIGURES = (
    *("relationship", "stage", "gate"),
    *("style", "mood", "objections", *INDICES, *FACTORS),
    *("stratum", "age_stage", "needs", "products"),
    *("state", *RISKS),
    *("talk_share", "interruptions"),
)
"""Every figure, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Steps:
    """From which value on a label holds, as the settings have it.

    Attributes:
        stages: Stage to relationship.
        gates: Gate to relationship.
        risks: ``low``, ``medium``, ``high`` to risk, 0..1.
    """

    stages: Mapping[str, float] = field(default_factory=dict)
    gates: Mapping[str, float] = field(default_factory=dict)
    risks: Mapping[str, float] = field(default_factory=dict)


class FigureBook:
    """Reads the figures of a call.

    Args:
        story: The call.
        steps: What labels follow from numbers.
        until: Only what was known after this turn; all when None.
    """

    def __init__(self, story: Story, steps: Steps, until: int | None = None) -> None:
        self._story = story
        self._steps = steps
        self._turns = story.turns[:until]
        self._updates: dict[str, list[Update]] = {}
        for update in story.updates:
            if until is None or update.turn <= until:
                self._updates.setdefault(update.type, []).append(update)

    def figures(self) -> tuple[Figure, ...]:
        """All of them, in the order of :data:`FIGURES`."""
        return (
            *self._relationship(),
            self._style(),
            self._mood(),
            self._objections(),
            *(self._gauge(name, "influence", _under(name)) for name in INDICES),
            *(self._gauge(name, "influence", _under("factors", name)) for name in FACTORS),
            *demand_figures(self._story, self._told("demand")),
            self._state(),
            *(self._risk(name) for name in RISKS),
            self._talk_share(),
            self._interruptions(),
        )

    def _told(self, part: str) -> list[Update]:
        return self._updates.get(_EVENT_OF[part], [])

    def _gauge(
        self, name: str, part: str, pick: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    ) -> Figure:
        told = self._told(part)
        if not told:
            return Figure(name, part, unit="points")
        now = pick(told[-1].data)
        found = reasons(self._story, gathered(told, lambda data: pick(data)["evidence"]))
        start = now.get("start")
        return Figure(
            name=name,
            part=part,
            value=now["value"],
            unit="points",
            at_turn=told[-1].turn,
            trend=now["trend"],
            start=start,
            rest=rest(now["value"], start, found, 0.1),
            reasons=found,
        )

    def _relationship(self) -> tuple[Figure, ...]:
        score = self._gauge("relationship", "relationship", _under("score"))
        told = self._told("relationship")
        data = told[-1].data if told else {}
        return (
            score,
            *(
                Figure(
                    name=name,
                    part="relationship",
                    value=score.value,
                    label=data.get(name, ""),
                    at_turn=score.at_turn,
                    follows="relationship",
                    scale=scale,
                )
                for name, scale in (("stage", self._steps.stages), ("gate", self._steps.gates))
            ),
        )

    def _style(self) -> Figure:
        told = self._told("influence")
        if not told:
            return Figure("style", "influence", unit="log_odds")
        style = told[-1].data["style"]
        return Figure(
            name="style",
            part="influence",
            value=style["probability"],
            label=style["label"],
            unit="log_odds",
            at_turn=told[-1].turn,
            scale=falling(style["posterior"]),
            reasons=reasons(self._story, style["evidence"]),
        )

    def _mood(self) -> Figure:
        told = self._told("influence")
        if not told:
            return Figure("mood", "influence", unit="valence")
        mood = told[-1].data["mood"]
        found = reasons(self._story, gathered(told, lambda data: data["mood"].get("evidence", ())))
        return Figure(
            name="mood",
            part="influence",
            value=mood["valence"],
            label=mood["emotion"],
            unit="valence",
            at_turn=told[-1].turn,
            trend=mood["valence_trend"],
            start=0.0,
            rest=rest(mood["valence"], 0.0, found, 0.001),
            reasons=found,
        )

    def _objections(self) -> Figure:
        told = self._told("influence")
        listed = told[-1].data["objections"] if told else ()
        return Figure(
            name="objections",
            part="influence",
            value=float(sum(one["count"] for one in listed)) if told else None,
            unit="probability",
            at_turn=told[-1].turn if told else None,
            parts=tuple(
                Figure(
                    name=one["label"],
                    part="influence",
                    value=float(one["count"]),
                    label=one["status"],
                    unit="probability",
                    reasons=self._raised(one["label"]),
                )
                for one in listed
            ),
        )

    def _raised(self, label: str) -> tuple[Reason, ...]:
        found = []
        for turn in self._turns:
            objection = (turn.signals or {}).get("objection") or {}
            if objection.get("label") == label:
                probability = objection["probability"]
                signal = f"objection.{label}"
                found.append(
                    Reason(signal, probability, turn.text, turn.number, turn.role, "utterance")
                )
        return tuple(found)

    def _state(self) -> Figure:
        told = self._told("state")
        if not told:
            return Figure("state", "state", unit="level")
        own = [one for one in told[-1].data["evidence"] if "/" not in one["signal"]]
        return Figure(
            name="state",
            part="state",
            label=told[-1].data["state"],
            unit="level",
            at_turn=told[-1].turn,
            reasons=reasons(self._story, own),
        )

    def _risk(self, name: str) -> Figure:
        told = self._told("state")
        if not told:
            return Figure(name, "state", unit="share", scale=self._steps.risks)
        data = told[-1].data
        found = reasons(self._story, gathered(told, lambda data: _of_risk(name, data["evidence"])))
        start = data.get("starts", {}).get(name)
        return Figure(
            name=name,
            part="state",
            value=data[name],
            label=_step(data[name], self._steps.risks),
            unit="share",
            at_turn=told[-1].turn,
            start=start,
            rest=rest(data[name], start, found, 0.001),
            scale=self._steps.risks,
            reasons=found,
        )

    def _talk_share(self) -> Figure:
        seconds = {"agent": 0, "customer": 0}
        for turn in self._turns:
            seconds[turn.role] += max(0, turn.end_ms - turn.begin_ms)
        total = sum(seconds.values())
        return Figure(
            name="talk_share",
            part="agent",
            value=seconds["agent"] / total if total else None,
            at_turn=len(self._turns) or None,
            scale={role: spoken / 1000 for role, spoken in seconds.items()},
        )

    def _interruptions(self) -> Figure:
        found = tuple(
            Reason("agent.interrupts", 1.0, turn.text, turn.number, turn.role, "utterance")
            for turn in self._turns
            if turn.interrupted and turn.role == "agent"
        )
        return Figure(
            name="interruptions",
            part="agent",
            value=float(len(found)),
            at_turn=len(self._turns) or None,
            reasons=found,
        )


_EVENT_OF = {
    "relationship": "rid.relationship.updated",
    "influence": "rid.influence.updated",
    "demand": "rid.demand.updated",
    "state": "customer.state.changed",
}


def _under(*path: str) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    def pick(data: Mapping[str, Any]) -> Mapping[str, Any]:
        for key in path:
            data = data[key]
        return data

    return pick


def _of_risk(name: str, evidence: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    prefix = f"{name}/"
    return [
        {**one, "signal": one["signal"].removeprefix(prefix)}
        for one in evidence
        if one["signal"].startswith(prefix)
    ]


def _step(value: float, steps: Mapping[str, float]) -> str:
    reached = [name for name, bound in steps.items() if value >= bound]
    return reached[-1] if reached else ""
