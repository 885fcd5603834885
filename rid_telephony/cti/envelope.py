"""The CloudEvents 1.0 envelope of the feed."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from rid_telephony.cti.events import Model

SCHEMA_VERSION = 1
SCHEMA_URN = "urn:rid-telephony:event:{type}:{version}"


class CloudEvent(Model):
    """One event on the feed (CloudEvents 1.0 with four extension attributes).

    Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
    """

    specversion: Literal["1.0"] = "1.0"
    id: str
    """Unique with ``source``; a consumer that has seen it may skip it."""
    source: str
    type: str
    subject: str
    """The call's id."""
    time: datetime
    """Wall clock of the event, UTC."""
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str
    sequence: int = Field(ge=1)
    """Counts the events of this call from 1, without gaps."""
    cursor: int = Field(ge=1)
    """Rises over the whole feed; resume after the last one seen."""
    tenant: str
    agent: str
    """The agent of the call at this moment; empty when not known."""
    data: dict[str, Any]

    def line(self) -> str:
        """The event as one line of JSON, without the newline."""
        return self.model_dump_json()


def schema_urn(event_type: str) -> str:
    """The ``dataschema`` of an event type."""
    return SCHEMA_URN.format(type=event_type, version=SCHEMA_VERSION)
