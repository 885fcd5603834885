"""What a person needs to see of a call, folded from its events and nothing else."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from rid_telephony.cti.envelope import CloudEvent

TRANSCRIPT_LINES = 200
ALERTS = 50


_KEPT = {
    "call.started": "started",
    "call.ended": "ended",
    "call.summary": "summary",
    "rid.relationship.updated": "relationship",
    "rid.influence.updated": "influence",
    "rid.demand.updated": "demand",
    "customer.state.changed": "state",
    "hint.offered": "hint",
}
"""Events whose newest data is kept as it is, and in which field."""


@dataclass(slots=True)
class Line:
    """One utterance on the screen.

    Attributes:
        begin_ms: When it began on the call's clock.
        final: False while the words may still change.
        signals: Data of ``signals.detected``, None until then.
    """

    utterance_id: str
    role: str
    begin_ms: int
    text: str
    final: bool
    signals: dict[str, Any] | None = None


@dataclass(slots=True)
class CallView:
    """The latest state of one call; every ``dict`` is the data of an event, None before the first.

    Attributes:
        at_ms: Time of the newest event on the call's clock.
        hint: The hint on show.
        shown: Every hint offered so far.
        alerts: ``compliance.alert`` and ``supervisor.alert`` events, oldest first.
        troubles: ``analysis.degraded`` and ``analysis.failed`` events.
    """

    call_id: str
    at_ms: int = 0
    started: dict[str, Any] | None = None
    relationship: dict[str, Any] | None = None
    influence: dict[str, Any] | None = None
    demand: dict[str, Any] | None = None
    state: dict[str, Any] | None = None
    hint: dict[str, Any] | None = None
    summary: dict[str, Any] | None = None
    ended: dict[str, Any] | None = None
    held_by: str = ""
    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=TRANSCRIPT_LINES))
    shown: list[dict[str, Any]] = field(default_factory=list)
    alerts: deque[CloudEvent] = field(default_factory=lambda: deque(maxlen=ALERTS))
    troubles: deque[CloudEvent] = field(default_factory=lambda: deque(maxlen=ALERTS))

    def apply(self, event: CloudEvent) -> None:
        """Fold one more event of this call in."""
        self.at_ms = max(self.at_ms, event.data["at_ms"])
        if event.type in _KEPT:
            setattr(self, _KEPT[event.type], event.data)
        match event.type:
            case "call.held":
                self.held_by = event.data["by"]
            case "call.retrieved":
                self.held_by = ""
            case "utterance.partial" | "utterance.final":
                self._words(event)
            case "signals.detected":
                self._signals(event.data)
            case "hint.offered":
                self.shown.append(event.data)
            case "hint.expired" | "hint.dismissed":
                self._hide(event.data["hint_id"])
            case "compliance.alert" | "supervisor.alert":
                self.alerts.append(event)
            case "analysis.degraded" | "analysis.failed":
                self.troubles.append(event)

    def address(self, role: str) -> str:
        """Number and name of a party as the feed shows them."""
        for party in (self.started or {}).get("parties", []):
            if party["role"] == role:
                return " ".join(part for part in (party["number"], party["name"]) if part)
        return ""

    def _words(self, event: CloudEvent) -> None:
        data = event.data
        line = next((x for x in self.lines if x.utterance_id == data["utterance_id"]), None)
        if line is None:
            line = Line(data["utterance_id"], data["role"], data["begin_ms"], "", final=False)
            self.lines.append(line)
        line.text = data["text"]
        line.final = event.type == "utterance.final"

    def _signals(self, data: dict[str, Any]) -> None:
        for line in self.lines:
            if line.utterance_id == data["utterance_id"]:
                line.signals = data

    def _hide(self, hint_id: str) -> None:
        if self.hint and self.hint["hint_id"] == hint_id:
            self.hint = None
