"""``rid-telephony export``: one stored call as JSON or CSV."""

from __future__ import annotations

import csv
import json
import sys
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rid_telephony.cli.options import ConfigOption, StoreOption
from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.errors import InputError
from rid_telephony.settings import load_settings
from rid_telephony.store.events import EventStore


class Format(StrEnum):
    """What to write."""

    JSON = "json"
    CSV = "csv"


def export(
    call_id: Annotated[
        str | None, typer.Argument(help="The call; leave it out to list the latest calls.")
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="json or csv.")] = Format.JSON,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Write a stored call to stdout.

    JSON has the whole call: its events, transcript, hints, findings and summary. CSV has one row
    for each utterance, with its signals and the hint that followed, for a spreadsheet.

    Example: `rid-telephony export` lists the calls; `rid-telephony export CALL_ID --format csv`.
    """
    events = EventStore(store or load_settings(config).store.url)
    try:
        if call_id is None:
            _list(events)
            return
        found = events.events_of(call_id)
        if not found:
            raise InputError(
                f"No call {call_id} in the store.", "Run `rid-telephony export` for a list."
            )
        write = _write_json if output is Format.JSON else _write_csv
        write(call_id, found)
    finally:
        events.close()


def _list(store: EventStore) -> None:
    table = Table("call", "started (UTC)", "events", "last event")
    for call in store.calls():
        row = (call.call_id, call.started[:19], str(call.events), call.last_type)
        table.add_row(*map(Text, row))
    Console().print(table)


def _write_json(call_id: str, found: list[CloudEvent]) -> None:
    data = [event.data for event in found if event.type == "call.summary"]
    document = {
        "call_id": call_id,
        "summary": data[0] if data else None,
        "transcript": _of(found, "utterance.final"),
        "hints": _of(found, "hint.offered"),
        "compliance": _of(found, "compliance.alert"),
        "events": [event.model_dump(mode="json") for event in found],
    }
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def _of(found: list[CloudEvent], event_type: str) -> list[dict[str, Any]]:
    return [event.data for event in found if event.type == event_type]


_WORDS = ["utterance_id", "begin_ms", "end_ms", "role", "text", "confidence"]
_MEANING = ["objection", "objection_probability", "emotion", "act", "topics", "compliance"]
_COLUMNS = [*_WORDS, *_MEANING, "relationship", "hint"]


def _write_csv(call_id: str, found: list[CloudEvent]) -> None:
    rows: dict[str, dict[str, Any]] = {}
    latest: dict[str, Any] = {}
    for event in found:
        data = event.data
        match event.type:
            case "utterance.final":
                latest = rows.setdefault(data["utterance_id"], {})
                latest.update({name: data[name] for name in _WORDS})
            case "signals.detected":
                latest.update(_signal_columns(data))
            case "rid.relationship.updated":
                latest["relationship"] = data["score"]["value"]
            case "hint.offered":
                latest["hint"] = f"{data['strategy']}: {data['line']}"
            case _:
                pass
    writer = csv.DictWriter(sys.stdout, ["call_id", *_COLUMNS], restval="")
    writer.writeheader()
    for row in rows.values():
        writer.writerow({key: _safe(value) for key, value in {"call_id": call_id, **row}.items()})


def _signal_columns(data: dict[str, Any]) -> dict[str, Any]:
    objection, emotion = data["objection"] or {}, data["emotion"] or {}
    return {
        "objection": objection.get("label", ""),
        "objection_probability": objection.get("probability", ""),
        "emotion": emotion.get("label", ""),
        "act": data["act"]["label"],
        "topics": " ".join(data["topics"]),
        "compliance": " ".join(finding["label"] for finding in data["findings"]),
    }


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def _safe(value: object) -> object:
    """Keep a spreadsheet from running what a caller said as a formula (OWASP, CSV injection)."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value
