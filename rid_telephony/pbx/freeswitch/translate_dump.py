"""Reads the answers of ``show channels as json`` and ``uuid_dump <uuid> json``."""

from __future__ import annotations

import json

from rid_telephony.pbx.freeswitch.messages import EslEvent
from rid_telephony.pbx.freeswitch.translate_fields import MalformedError
from rid_telephony.pbx.messages import PbxError

_GONE = frozenset({"CS_HANGUP", "CS_REPORTING", "CS_DESTROY"})


def read_list(answer: str) -> list[str]:
    """The uuids of the channels that are not hanging up.

    Raises:
        PbxError: The answer is no list of channels, or says that there are more of them.
    """
    parsed = _object(answer)
    rows = parsed.get("rows", [])  # without channels there are none
    if not isinstance(rows, list) or parsed.get("row_count") != len(rows):
        raise PbxError("the list of channels is incomplete")
    channels = [row for row in rows if isinstance(row, dict) and isinstance(row.get("uuid"), str)]
    return [row["uuid"] for row in channels if row.get("state") not in _GONE]


def read_dump(answer: str, uid: str, at: float) -> EslEvent:
    """A channel's headers and variables, as an event.

    Raises:
        MalformedError: The answer is no dump of this channel.
    """
    parsed = _object(answer)
    if parsed.get("Unique-ID") != uid:
        raise MalformedError("no dump of this channel")
    fields = {key: value for key, value in parsed.items() if isinstance(value, str)}
    return EslEvent("CHANNEL_DATA", at, fields)


def _object(text: str) -> dict[str, object]:
    """The JSON object in a text, empty where there is none."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}
