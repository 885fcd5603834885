"""The events of one call, put in order of its turns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.explain.messages import AlertReasons, HintReasons, Turn

UPDATES = (
    "rid.relationship.updated",
    "rid.influence.updated",
    "rid.demand.updated",
    "customer.state.changed",
)
"""Events that carry a part of the profile."""


@dataclass(frozen=True, slots=True)
class Update:
    """A part of the profile as it was told.

    Attributes:
        turn: The utterance after which it was told.
        data: Of the event.
    """

    turn: int
    type: str
    data: Mapping[str, Any]


@dataclass(slots=True)
class Story:
    """One call.

    Attributes:
        troubles: ``analysis.degraded`` and ``analysis.failed``: why something may be missing.
    """

    call_id: str
    made_with: dict[str, str] = field(default_factory=dict)
    turns: list[Turn] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    hints: list[HintReasons] = field(default_factory=list)
    alerts: list[AlertReasons] = field(default_factory=list)
    troubles: list[Mapping[str, Any]] = field(default_factory=list)
    summary: Mapping[str, Any] | None = None
    _numbers: dict[str, int] = field(default_factory=dict)

    def turn_of(self, utterance_id: str) -> Turn | None:
        """The turn of an utterance, None where the call does not hold it."""
        number = self._numbers.get(utterance_id)
        return self.turns[number - 1] if number else None

    def apply(self, event: CloudEvent) -> None:
        """Take in the next event of the call; of those that explain nothing nothing is kept."""
        data = event.data
        if event.type in UPDATES:
            self.updates.append(Update(len(self.turns), event.type, data))
        match event.type:
            case "analysis.started":
                names = ("recogniser", "classifier", "playbook")
                self.made_with = {name: str(data.get(name, "")) for name in names}
            case "utterance.final":
                self._speak(data)
            case "signals.detected":
                self._note(data)
            case "hint.offered":
                behind = self._behind(data.get("evidence", ()))
                self.hints.append(HintReasons(data, len(self.turns), behind))
            case "hint.expired" | "hint.dismissed":
                self._end_hint(data)
            case "compliance.alert":
                self._alert(event, (data["utterance_id"],))
            case "supervisor.alert":
                self._alert(event, data.get("evidence", ()))
            case "analysis.degraded" | "analysis.failed":
                self.troubles.append(data)
            case "call.summary":
                self.summary = data
            case _:
                pass

    def _speak(self, data: Mapping[str, Any]) -> None:
        number = len(self.turns) + 1
        self._numbers[data["utterance_id"]] = number
        self.turns.append(
            Turn(
                number=number,
                utterance_id=data["utterance_id"],
                role=data["role"],
                begin_ms=data["begin_ms"],
                end_ms=data["end_ms"],
                text=data["text"],
                confidence=data["confidence"],
                interrupted=bool((data.get("prosody") or {}).get("interrupted")),
            )
        )

    def _note(self, data: Mapping[str, Any]) -> None:
        number = self._numbers.get(data["utterance_id"])
        if number:
            self.turns[number - 1] = replace(self.turns[number - 1], signals=data)

    def _end_hint(self, data: Mapping[str, Any]) -> None:
        for index, one in enumerate(self.hints):
            if one.hint["hint_id"] == data["hint_id"]:
                self.hints[index] = replace(one, ended=data["reason"], ended_turn=len(self.turns))

    def _alert(self, event: CloudEvent, evidence: Iterable[str]) -> None:
        behind = self._behind(evidence)
        self.alerts.append(AlertReasons(event.type, event.data, len(self.turns), behind))

    def _behind(self, evidence: Iterable[str]) -> tuple[Turn, ...]:
        found = (self.turn_of(utterance_id) for utterance_id in evidence)
        return tuple(turn for turn in found if turn)


def stories(events: Iterable[CloudEvent]) -> list[Story]:
    """Every call of a feed, in the order in which they began."""
    calls: dict[str, Story] = {}
    for event in events:
        calls.setdefault(event.subject, Story(event.subject)).apply(event)
    return list(calls.values())
