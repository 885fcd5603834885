"""JSON Schemas and the AsyncAPI document of the feed, generated from the event models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rid_telephony.cti.asyncapi import asyncapi_document
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


def documents() -> dict[str, str]:
    """Every generated document: path relative to the documentation folder, and its text."""
    files = {
        f"{SCHEMA_DIRECTORY}/{event_type}.json": _text(event_schema(event_type))
        for event_type in EVENT_TYPES
    }
    files[ASYNCAPI_FILE] = _text(asyncapi_document())
    return files


def write_documents(directory: Path, files: Mapping[str, str]) -> list[Path]:
    """Write documents (as of :func:`documents`) under ``directory``; returns the paths written."""
    written = []
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
