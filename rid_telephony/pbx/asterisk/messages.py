"""What the manager interface says, as the rest of the adapter reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AmiEvent:
    """One event of the manager interface, list items included.

    Attributes:
        name: As Asterisk spells it (``BridgeEnter``).
        at: Seconds on the event loop's clock at which it was read.
        fields: Key in lower case to value; of a key that comes twice the first counts.
        variables: ``ChanVariable`` headers (manager.conf ``channelvars``) of the main channel.
    """

    name: str
    at: float
    fields: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=dict)

    def get(self, key: str) -> str:
        """The value of a key (lower case), empty when it is missing."""
        return self.fields.get(key, "")


@dataclass(frozen=True, slots=True)
class AmiReply:
    """What Asterisk answered to an action that it accepted.

    Attributes:
        message: Its ``Message``.
        fields: All of the response, keys in lower case.
        items: The events of a list action, its ``…Complete`` event left out.
    """

    message: str
    fields: Mapping[str, str]
    items: tuple[AmiEvent, ...] = ()
