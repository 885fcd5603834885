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
