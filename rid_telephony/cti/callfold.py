"""Folds the events of one call into what is to be seen of it. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from rid_telephony.cti.callevidence import EvidenceBook
from rid_telephony.cti.callview import AlertLine, Happening, HintRecord, Stage, Turn, Verdict
from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.cti.events import EVENT_TYPES

MAX_TURNS = 3000
MAX_HINTS = 1000
MAX_ALERTS = 500
MAX_HAPPENINGS = 500
MAX_TROUBLES = 200
MAX_POINTS = 5000
MAX_VERDICTS = 20
"""Of one hint. Of longer lists the newest entries are kept, and what went is counted."""

ALL_TYPES = frozenset(EVENT_TYPES)
PROFILE = {
    "rid.relationship.updated": "relationship",
    "rid.influence.updated": "influence",
    "rid.demand.updated": "demand",
    "customer.state.changed": "state",
}
"""Event type to the part of the profile that it carries."""
_STAGES: dict[str, Stage] = {
    "call.started": "started",
    "call.answered": "talking",
    "call.held": "held",
    "call.retrieved": "talking",
    "call.transferred": "talking",
    "call.ended": "ended",
}
ANALYSIS = {
    "analysis.started": "running",
    "analysis.completed": "completed",
    "analysis.failed": "failed",
}
_ENDINGS = ("hint.expired", "hint.dismissed")


@dataclass(slots=True)
class CallFold:
    """What is known of one call so far.

    Attributes:
        last: The latest event.
        profile: Part to the data of its latest event.
        partials: Role to the words so far of an utterance that goes on.
        curves: Figure to the event type that tells it and its values.
        alert: The gravest of each kind.
        left_out: List to how many of its oldest entries went.
    """

    last: CloudEvent
    started: dict[str, Any] | None = None
    began: datetime | None = None
    stage: Stage = "started"
    ended: dict[str, Any] | None = None
    analysis: str = "none"
    made_with: dict[str, Any] = field(default_factory=dict)
    happenings: list[Happening] = field(default_factory=list)
    troubles: list[dict[str, Any]] = field(default_factory=list)
    profile: dict[str, dict[str, Any]] = field(default_factory=dict)
    evidence: EvidenceBook = field(default_factory=EvidenceBook)
    turns: dict[str, Turn] = field(default_factory=dict)
    partials: dict[str, Turn] = field(default_factory=dict)
    hints: dict[str, HintRecord] = field(default_factory=dict)
    findings: list[dict[str, Any]] = field(default_factory=list)
    supervisor_alerts: list[dict[str, Any]] = field(default_factory=list)
    alerts: dict[str, int] = field(default_factory=dict)
    alert: dict[str, AlertLine] = field(default_factory=dict)
    curves: dict[str, tuple[str, list[tuple[int, float]]]] = field(default_factory=dict)
    summary: dict[str, Any] | None = None
    left_out: dict[str, int] = field(default_factory=dict)

    @property
    def live_hint(self) -> HintRecord | None:
        """The hint that is shown now."""
        newest = next(reversed(self.hints.values()), None)
        return newest if newest and newest.ended_ms is None else None

    @property
    def queue(self) -> str:
        """The queue that the call came by."""
        return str((self.started or {}).get("queue", ""))

    def apply(self, event: CloudEvent) -> None:
        """Take in the next event of this call."""
        self.last = event
        kind, _, _ = event.type.partition(".")
        if event.type in PROFILE:
            self._update(event)
        elif kind == "call":
            self._happen(event)
        elif kind == "analysis":
            self._analyse(event)
        elif kind == "hint":
            self._touch(event)
        elif event.type.endswith(".alert"):
            self._alarm(event)
        else:
            self._speak(event)

    def _update(self, event: CloudEvent) -> None:
        self.profile[PROFILE[event.type]] = event.data
        self.evidence.hear(event.type, event.data)
        for figure, value in _figures(event).items():
            points = self.curves.setdefault(figure, (event.type, []))[1]
            points.append((event.data["at_ms"], value))
            self._shorten(f"curves.{figure}", points, MAX_POINTS)

    def _happen(self, event: CloudEvent) -> None:
        if event.type == "call.summary":
            self.summary = event.data
            return
        self.stage = _STAGES.get(event.type, self.stage)
        if event.type == "call.started":
            self.started = event.data
            self.began = event.time - timedelta(milliseconds=event.data["at_ms"])
        if event.type == "call.ended":
            self.ended = event.data
            self.partials.clear()
        self.happenings.append(Happening(type=event.type, data=event.data))
        self._shorten("happenings", self.happenings, MAX_HAPPENINGS)

    def _analyse(self, event: CloudEvent) -> None:
        self.analysis = ANALYSIS.get(event.type, self.analysis)
        if event.type == "analysis.started":
            self.made_with = event.data
        elif event.type in ("analysis.degraded", "analysis.failed"):
            self.troubles.append(event.data)
            self._shorten("troubles", self.troubles, MAX_TROUBLES)

    def _touch(self, event: CloudEvent) -> None:
        hint_id = event.data["hint_id"]
        if event.type == "hint.offered":
            self.hints[hint_id] = _offered(event)
            if len(self.hints) > MAX_HINTS:
                del self.hints[next(iter(self.hints))]
                self._count("hints", 1)
        elif hint_id in self.hints:
            self.hints[hint_id] = _touched(self.hints[hint_id], event)

    def _alarm(self, event: CloudEvent) -> None:
        listed = self.findings if event.type == "compliance.alert" else self.supervisor_alerts
        listed.append(event.data)
        name = "findings" if listed is self.findings else "supervisor_alerts"
        self._shorten(name, listed, MAX_ALERTS)
        self.alerts[event.type] = self.alerts.get(event.type, 0) + 1
        new, before = _alert(event), self.alert.get(event.type)
        if before is None or new.gravity >= before.gravity:
            self.alert[event.type] = new

    def _speak(self, event: CloudEvent) -> None:
        data = event.data
        if event.type == "utterance.partial":
            self.partials[data["role"]] = _turn(data, final=False)
        elif event.type == "utterance.final":
            self.partials.pop(data["role"], None)
            self.turns[data["utterance_id"]] = _turn(data, final=True)
            if len(self.turns) > MAX_TURNS:
                del self.turns[next(iter(self.turns))]
                self._count("transcript", 1)
        elif event.type == "signals.detected" and (turn := self.turns.get(data["utterance_id"])):
            self.turns[turn.utterance_id] = turn.model_copy(update={"signals": data})

    def _shorten(self, name: str, entries: list[Any], most: int) -> None:
        surplus = len(entries) - most
        if surplus > 0:
            del entries[:surplus]
            self._count(name, surplus)

    def _count(self, name: str, gone: int) -> None:
        self.left_out[name] = self.left_out.get(name, 0) + gone


def folded(events: Iterable[CloudEvent]) -> CallFold | None:
    """All events of one call, in order; None where there are none."""
    fold: CallFold | None = None
    for event in events:
        fold = fold or CallFold(event)
        fold.apply(event)
    return fold


def _figures(event: CloudEvent) -> dict[str, float]:
    data = event.data
    match event.type:
        case "rid.relationship.updated":
            return {"relationship": data["score"]["value"]}
        case "rid.influence.updated":
            gauges = ("satisfaction", "trust", "purchase_intent")
            return {
                "valence": data["mood"]["valence"],
                **{name: data[name]["value"] for name in gauges},
            }
        case "customer.state.changed":
            return {name: data[name] for name in ("complaint_risk", "churn_risk")}
    return {}


def _offered(event: CloudEvent) -> HintRecord:
    return HintRecord(
        hint=event.data, fate="live", displayed_ms=None, ended_ms=None, ended="", verdicts=[]
    )


def _touched(record: HintRecord, event: CloudEvent) -> HintRecord:
    data = event.data
    said, at_ms = data["reason"], data["at_ms"]
    update: dict[str, Any] = {}
    if event.type in _ENDINGS and record.ended_ms is None:
        update |= {"ended": said, "ended_ms": at_ms}
    if event.type == "hint.displayed":
        update["displayed_ms"] = at_ms if record.displayed_ms is None else record.displayed_ms
    if event.type != "hint.expired":
        verdict = Verdict(verdict=said, by=data["by"], note=data.get("note", ""), at_ms=at_ms)
        update["verdicts"] = [*record.verdicts, verdict][-MAX_VERDICTS:]
    if event.type in ("hint.accepted", "hint.dismissed") or (
        event.type == "hint.expired" and record.fate == "live"
    ):
        update["fate"] = said
    return record.model_copy(update=update)


def _alert(event: CloudEvent) -> AlertLine:
    data = event.data
    if event.type == "supervisor.alert":
        kind, severity, reason = data["kind"], "critical", data["reason"]
    else:
        finding = data["finding"]
        kind, severity, reason = finding["label"], finding["severity"], finding["quote"]
    return AlertLine(
        type=cast(Any, event.type),
        kind=kind,
        severity=severity,
        reason=reason,
        at_ms=data["at_ms"],
    )


def _turn(data: dict[str, Any], *, final: bool) -> Turn:
    return Turn(
        utterance_id=data["utterance_id"],
        role=data["role"],
        begin_ms=data["begin_ms"],
        end_ms=data["end_ms"],
        text=data["text"],
        confidence=data["confidence"],
        final=final,
        prosody=data.get("prosody"),
        signals=None,
    )
