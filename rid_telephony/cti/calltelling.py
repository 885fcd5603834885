"""What a bearer may see of a call: the fold, without what their event types do not cover."""

from __future__ import annotations

from typing import Any, cast

from rid_telephony.cti.callfold import ALL_TYPES, PROFILE, CallFold
from rid_telephony.cti.callview import (
    AlertLine,
    AnalysisView,
    CallHeadline,
    CallView,
    HintLine,
    ProfileView,
    Turn,
)

TYPE_OF = {part: event_type for event_type, part in PROFILE.items()}


def headline(fold: CallFold, seen: frozenset[str] = ALL_TYPES) -> CallHeadline:
    """One line of the call.

    Args:
        fold: The call.
        seen: Event types that may be seen; that there is a call, whose, and when it began and
            ended, is told in any case.
    """
    return CallHeadline(**_line(fold, seen))


def view(fold: CallFold, seen: frozenset[str] = ALL_TYPES) -> CallView:
    """All of the call; see :func:`headline`."""
    started = fold.started or {}
    curves = {name: points for name, (told_by, points) in fold.curves.items() if told_by in seen}
    return CallView(
        **_line(fold, seen),
        parties=started.get("parties", []),
        happenings=[one for one in fold.happenings if one.type in seen],
        analysis=_analysis(fold, seen),
        profile=ProfileView(**{part: _part(fold, part, seen) for part in TYPE_OF}),
        transcript=_transcript(fold, seen),
        hints=list(fold.hints.values()) if "hint.offered" in seen else [],
        findings=fold.findings if "compliance.alert" in seen else [],
        supervisor_alerts=fold.supervisor_alerts if "supervisor.alert" in seen else [],
        evidence=fold.evidence.pieces(seen),
        curves=curves,
        summary=fold.summary if "call.summary" in seen else None,
        left_out=fold.left_out,
    )


def _line(fold: CallFold, seen: frozenset[str]) -> dict[str, Any]:
    started, ended = fold.started or {}, fold.ended or {}
    summary = fold.summary if fold.summary and "call.summary" in seen else {}
    return {
        "call_id": fold.last.subject,
        "tenant": fold.last.tenant,
        "agent": fold.last.agent,
        "queue": fold.queue,
        "customer_id": started.get("customer_id", ""),
        "direction": started.get("direction", "unknown"),
        "state": fold.stage,
        "started_at": fold.began or fold.last.time,
        "at_ms": fold.last.data["at_ms"],
        "duration_ms": ended.get("duration_ms"),
        "cause": ended.get("cause", ""),
        "cursor": fold.last.cursor,
        **_standing(fold, seen),
        "hint": _hint(fold) if "hint.offered" in seen else None,
        "alert": _alert(fold, seen),
        "alerts": sum(count for kind, count in fold.alerts.items() if kind in seen),
        "outcome": summary.get("outcome", ""),
    }


def _standing(fold: CallFold, seen: frozenset[str]) -> dict[str, Any]:
    relationship = _part(fold, "relationship", seen) or {}
    influence = _part(fold, "influence", seen) or {}
    state = _part(fold, "state", seen) or {}
    score, mood = relationship.get("score", {}), influence.get("mood", {})
    return {
        "relationship": score.get("value"),
        "relationship_trend": score.get("trend"),
        "stage": relationship.get("stage", ""),
        "style": influence.get("style", {}).get("label", ""),
        "emotion": mood.get("emotion", ""),
        "valence": mood.get("valence"),
        "purchase_intent": influence.get("purchase_intent", {}).get("value"),
        "customer_state": state.get("state", ""),
        "complaint_risk": state.get("complaint_risk"),
        "churn_risk": state.get("churn_risk"),
    }


def _part(fold: CallFold, part: str, seen: frozenset[str]) -> dict[str, Any] | None:
    return fold.profile.get(part) if TYPE_OF[part] in seen else None


def _hint(fold: CallFold) -> HintLine | None:
    if fold.live_hint is None:
        return None
    return HintLine(**{name: fold.live_hint.hint[name] for name in HintLine.model_fields})


def _alert(fold: CallFold, seen: frozenset[str]) -> AlertLine | None:
    covered = [alert for kind, alert in fold.alert.items() if kind in seen]
    return max(covered, key=lambda alert: alert.gravity, default=None)


def _analysis(fold: CallFold, seen: frozenset[str]) -> AnalysisView:
    return AnalysisView(
        state=cast(Any, fold.analysis),
        recogniser=fold.made_with.get("recogniser", ""),
        classifier=fold.made_with.get("classifier", ""),
        playbook=fold.made_with.get("playbook", ""),
        troubles=fold.troubles if "analysis.degraded" in seen else [],
    )


def _transcript(fold: CallFold, seen: frozenset[str]) -> list[Turn]:
    turns: list[Turn] = []
    if "utterance.final" in seen:
        turns += fold.turns.values()
    if "utterance.partial" in seen:
        turns += fold.partials.values()
    if "signals.detected" not in seen:
        turns = [turn.model_copy(update={"signals": None}) for turn in turns]
    return turns
