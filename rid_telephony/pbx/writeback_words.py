"""What an event of the feed means for the PBX: variables, fields of PBX events, hints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.pbx.writeback_text import value

HINT_EVENT = "RidHint"
ALERT_EVENT = "RidAlert"
NO_HINT: Mapping[str, str] = {"hint": "", "hint_priority": "", "strategy": "", "hint_id": ""}
"""The variables of a hint, as they are while there is none."""


@dataclass(frozen=True, slots=True)
class OfferedHint:
    """A hint as it is to be written.

    Attributes:
        line: What to do, short.
        script: What to say; may be empty.
        lifetime: Seconds from its offering during which it is worth showing.
        variables: Channel variables, names without prefix.
        fields: Of the PBX event, all but the channel.
    """

    hint_id: str
    line: str
    script: str
    lifetime: float
    variables: Mapping[str, str]
    fields: Mapping[str, str]


def offered_hint(event: CloudEvent) -> OfferedHint:
    """What ``hint.offered`` asks to be written."""
    data = event.data
    lifetime = max(0, data["expires_ms"] - data["at_ms"]) / 1000
    variables = {
        "hint": data["line"],
        "hint_priority": str(data["priority"]),
        "strategy": data["strategy"],
        # Last: who reads the id finds all of the hint.
        "hint_id": data["hint_id"],
    }
    fields = {
        **_origin(event),
        "hint_id": data["hint_id"],
        "priority": str(data["priority"]),
        "strategy": data["strategy"],
        "line": data["line"],
        "script": data["script"],
        "reason": data["reason"],
        "expires": _utc(event.time + timedelta(seconds=lifetime)),
    }
    return OfferedHint(
        hint_id=data["hint_id"],
        line=data["line"],
        script=data["script"],
        lifetime=lifetime,
        variables=_clean(variables),
        fields=_clean(fields),
    )


def state_variables(event: CloudEvent) -> Mapping[str, str]:
    """The variables, names without prefix, that an event sets; empty for one that sets none."""
    return _clean(_state(event.type, event.data))


def alert_fields(event: CloudEvent) -> Mapping[str, str]:
    """Fields of the PBX event for ``compliance.alert`` and ``supervisor.alert``.

    They say what is wrong, not who said what: no quote of a compliance finding.
    """
    data = event.data
    if event.type == "supervisor.alert":
        told = {"kind": "supervisor", "label": data["kind"], "reason": data["reason"]}
    else:
        finding = data["finding"]
        told = {
            "kind": "compliance",
            "label": finding["label"],
            "rule": finding["rule"],
            "severity": finding["severity"],
            "wording": finding["safe_wording"],
            "utterance_id": data["utterance_id"],
        }
    return _clean({**_origin(event), **told, "time": _utc(event.time)})


def _state(event_type: str, data: Mapping[str, Any]) -> dict[str, str]:
    match event_type:
        case "signals.detected":  # of an agent both are null
            return {name: data[name]["label"] for name in ("objection", "emotion") if data[name]}
        case "customer.state.changed":
            return {"state": data["state"]}
        case "rid.relationship.updated":
            return {"relationship": str(round(data["score"]["value"]))}
        case "rid.influence.updated":
            return {
                "style": data["style"]["label"],
                "purchase_intent": str(round(data["purchase_intent"]["value"])),
            }
        case "compliance.alert":
            return {"alert": f"compliance.{data['finding']['label']}"}
        case "supervisor.alert":
            return {"alert": f"supervisor.{data['kind']}"}
    return {}


def _origin(event: CloudEvent) -> dict[str, str]:
    return {
        "call_id": event.subject,
        "agent": event.agent,
        "tenant": event.tenant,
        "sequence": str(event.sequence),
        "cursor": str(event.cursor),
    }


def _utc(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _clean(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: value(text) for name, text in texts.items()}
