"""JSON Schemas and the AsyncAPI document of the feed, generated from the event models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rid_telephony import __version__
from rid_telephony.cti.envelope import CloudEvent, schema_urn
from rid_telephony.cti.events import EVENT_TYPES

SCHEMA_DIRECTORY = "schemas"
ASYNCAPI_FILE = "asyncapi.json"
_JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"


def event_schema(event_type: str) -> dict[str, Any]:
    """JSON Schema (2020-12) of a whole event of one type, envelope and data."""
    data = EVENT_TYPES[event_type].model_json_schema()
    definitions = data.pop("$defs", {})
    envelope = CloudEvent.model_json_schema(mode="serialization")
    envelope["properties"]["type"] = {"const": event_type}
    envelope["properties"]["dataschema"] = {"const": schema_urn(event_type)}
    envelope["properties"]["data"] = data
    schema = {
        "$schema": _JSON_SCHEMA,
        "$id": schema_urn(event_type),
        **envelope,
        "title": event_type,
        "description": data.get("description", ""),
    }
    if definitions:
        schema["$defs"] = definitions
    return schema


def asyncapi_document() -> dict[str, Any]:
    """The AsyncAPI 3.0 document of the feed: one channel, one message for each event type.

    Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0
    """
    messages = {event_type: _message(event_type) for event_type in EVENT_TYPES}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "rid-telephony event feed",
            "version": __version__,
            "description": (
                "CloudEvents 1.0 in order per call: `sequence` counts a call's events from 1 "
                "without gaps, `cursor` rises over the whole feed. Delivery is at least once; "
                "skip what you have seen by `id`."
            ),
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {
            "events": {
                "address": "/v1/events",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": {
            "receiveEvents": {
                "action": "send",
                "channel": {"$ref": "#/channels/events"},
                "summary": "Events of the calls that the subscriber may see.",
            }
        },
        "components": {"messages": messages},
    }


def _message(event_type: str) -> dict[str, Any]:
    return {
        "name": event_type,
        "title": event_type,
        "summary": (EVENT_TYPES[event_type].__doc__ or "").strip().splitlines()[0],
        "contentType": "application/cloudevents+json",
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"{SCHEMA_DIRECTORY}/{event_type}.json"},
        },
    }


def documents() -> dict[str, str]:
    """Every generated document: path relative to the documentation folder, and its text."""
    files = {
        f"{SCHEMA_DIRECTORY}/{event_type}.json": _text(event_schema(event_type))
        for event_type in EVENT_TYPES
    }
    files[ASYNCAPI_FILE] = _text(asyncapi_document())
    return files


def write_documents(directory: Path) -> list[Path]:
    """Write all documents under ``directory``; returns the paths written."""
    written = []
    for name, text in documents().items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
