"""Integrators build against the published schemas: they must be true and current."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from rid_telephony.cti import events
from rid_telephony.cti.events import EVENT_TYPES
from rid_telephony.cti.feed import Feed
from rid_telephony.cti.schema import documents, event_schema

API = Path(__file__).parents[3] / "docs" / "api"


@pytest.mark.parametrize("name", sorted(documents()))
def test_the_published_document_is_what_the_code_generates(name: str) -> None:
    published = (API / name).read_text(encoding="utf-8")
    assert published == documents()[name], "run: rid-telephony schema --write docs/api"


def test_an_event_on_the_feed_obeys_its_published_schema() -> None:
    channel = Feed("/x").open_call("a", datetime(2026, 1, 1, tzinfo=UTC))
    data = events.CallEnded(at_ms=1, cause="normal", by="agent", duration_ms=1)
    event = json.loads(Feed("/x").publish(channel, "call.ended", data).line())
    schema = json.loads((API / "schemas" / "call.ended.json").read_text(encoding="utf-8"))
    jsonschema.validate(event, schema, cls=jsonschema.Draft202012Validator)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**event, "data": {}}, schema, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("event_type", sorted(EVENT_TYPES))
def test_every_schema_is_a_valid_json_schema(event_type: str) -> None:
    jsonschema.Draft202012Validator.check_schema(event_schema(event_type))


def test_the_asyncapi_document_names_what_the_server_understands() -> None:
    from rid_telephony.cti.server.encoding import SUBPROTOCOLS
    from rid_telephony.cti.server.filters import DESCRIPTIONS

    document = json.loads(documents()["asyncapi.json"])
    socket = document["channels"]["events"]["bindings"]["ws"]
    offered = socket["headers"]["properties"]["Sec-WebSocket-Protocol"]["enum"]
    assert set(offered) == set(SUBPROTOCOLS)
    assert set(socket["query"]["properties"]) == {"after", *DESCRIPTIONS}


def test_every_reference_within_the_asyncapi_document_leads_somewhere() -> None:
    document = json.loads(documents()["asyncapi.json"])

    def references(part: object) -> list[str]:
        if isinstance(part, dict):
            found = [part["$ref"]] if "$ref" in part else []
            return found + [name for value in part.values() for name in references(value)]
        if isinstance(part, list):
            return [name for value in part for name in references(value)]
        return []

    for reference in references(document):
        if not reference.startswith("#/"):
            assert reference in documents()
            continue
        place = document
        for step in reference[2:].split("/"):
            place = place[step]
