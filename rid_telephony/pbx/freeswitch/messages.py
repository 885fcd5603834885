"""What the event socket says, as the rest of the adapter reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EslEvent:
    """One event of the event socket.

    Attributes:
        name: ``Event-Name`` (``CHANNEL_BRIDGE``, ``CUSTOM``).
        at: Seconds on the event loop's clock at which it was read.
        fields: Header to value, as FreeSWITCH spells and means them (JSON events are exact).
        subclass: ``Event-Subclass`` of a ``CUSTOM`` event, else empty.
        body: The event's body, empty when it has none.
    """

    name: str
    at: float
    fields: Mapping[str, str]
    subclass: str = ""
    body: str = ""

    def get(self, key: str) -> str:
        """The value of a header, empty when it is missing."""
        return self.fields.get(key, "")
