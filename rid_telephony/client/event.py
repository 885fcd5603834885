"""Events as the feed sends them, and as a program handles them.

A server may be newer than this package: fields that are not known here are left out, and data of
an unknown type, or with values unknown here, comes as :class:`OtherData` instead of not at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import msgpack  # type: ignore[import-untyped]  # ships no types
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rid_telephony.client.errors import FeedFormatError
from rid_telephony.cti.events import EVENT_TYPES, EventData

SHOWN = 200
"""Characters of a fault that are shown; of the event itself, nothing."""


@dataclass(frozen=True, slots=True)
class OtherData:
    """Data of an event that this version does not know.

    Attributes:
        values: As they came.
    """

    values: Mapping[str, Any]


class _Envelope(BaseModel):
    """A CloudEvent as it is read: what is added to it later does not disturb."""

    model_config = ConfigDict(extra="ignore")

    id: str = Field(min_length=1)
    source: str
    type: str = Field(min_length=1)
    subject: str = ""
    time: datetime
    sequence: int
    cursor: int = Field(ge=0)
    tenant: str = ""
    agent: str = ""
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the feed (CloudEvents 1.0).

    Attributes:
        id: Unique together with ``source``.
        source: Which feed.
        type: Such as ``hint.offered``.
        call_id: The CloudEvent's ``subject``; empty where a ``feed.gap`` is of no one call.
        time: Wall clock, UTC.
        sequence: Counts the events of its call from 1, without gaps.
        cursor: Rises over the whole feed; following goes on after it.
        tenant: Of its call.
        agent: Of its call at that moment; empty where not known.
        data: Of the model of its type (``rid_telephony.cti.events``).
    """

    id: str
    source: str
    type: str
    call_id: str
    time: datetime
    sequence: int
    cursor: int
    tenant: str
    agent: str
    data: EventData | OtherData


def decode(message: str | bytes) -> Event:
    """An event out of a WebSocket message: JSON as text, msgpack as bytes.

    Raises:
        FeedFormatError: It is no event.
    """
    try:
        value = json.loads(message) if isinstance(message, str) else msgpack.unpackb(message)
        return event_of(value)
    except FeedFormatError:
        raise
    except (ValueError, RecursionError, msgpack.UnpackException) as error:
        raise FeedFormatError(
            f"A message is not {'JSON' if isinstance(message, str) else 'msgpack'}.",
            "Is this the address of rid-telephony's server?",
        ) from error


def event_of(value: object) -> Event:
    """An event out of a CloudEvent's values.

    Raises:
        FeedFormatError: It lacks what every event has.
    """
    try:
        envelope = _Envelope.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise FeedFormatError(
            f"A message is no event: {where} {first['msg']}"[:SHOWN] + ".",
            "Is this the address of rid-telephony's server?",
        ) from None  # pydantic's words repeat what came, which may be personal
    return Event(
        id=envelope.id,
        source=envelope.source,
        type=envelope.type,
        call_id=envelope.subject,
        time=envelope.time,
        sequence=envelope.sequence,
        cursor=envelope.cursor,
        tenant=envelope.tenant,
        agent=envelope.agent,
        data=_data(envelope.type, envelope.data),
    )


def _data(event_type: str, values: dict[str, Any]) -> EventData | OtherData:
    model = EVENT_TYPES.get(event_type)
    if model is None:
        return OtherData(values)
    try:
        return tolerant(model, values)
    except ValidationError:
        return OtherData(values)


ModelT = TypeVar("ModelT", bound=BaseModel)


def tolerant(model: type[ModelT], values: Any) -> ModelT:  # noqa: ANN401 - JSON
    """A model out of JSON, without the fields that it does not know.

    Raises:
        ValidationError: What it does know is missing or wrong.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        unknown = [
            fault["loc"]
            for fault in error.errors(include_input=False, include_url=False)
            if fault["type"] == "extra_forbidden"
        ]
        if not unknown:
            raise
    known = deepcopy(values)
    for *way, name in unknown:
        holder = known
        for part in way:
            holder = holder[part]
        del holder[name]
    return model.model_validate(known)
