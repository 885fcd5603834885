"""What all event data shares."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Role = Literal["agent", "customer"]
Level = Literal["low", "medium", "high"]
Probability = float
"""0..1; rounded to four digits on the feed."""


class Model(BaseModel):
    """A frozen part of an event; attribute docstrings become schema descriptions."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class EventData(Model):
    """What the data of every event has."""

    at_ms: int = Field(ge=0)
    """When it happened, milliseconds since the call started."""
