"""What the media listeners and the parts that ask for forks know of each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from rid_telephony.media.messages import Samples


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the PBX is to send a fork's audio.

    Attributes:
        host: Address that the PBX can reach.
        port: TCP or UDP port.
    """

    host: str
    port: int


class ForkSink(Protocol):
    """Takes what arrives on the forks. Called in the event loop's thread; must not block."""

    def opened(self, fork_id: str, arrival: float) -> None:
        """The PBX connected (or the first packet came)."""

    def audio(self, fork_id: str, samples: Samples, arrival: float) -> None:
        """Audio arrived: int16 mono, 8000 Hz; ``arrival`` in seconds on the loop's clock."""

    def closed(self, fork_id: str, reason: str) -> None:
        """Nothing more comes: ``ended``, ``reset``, ``stalled``, ``malformed``, ``never_came``."""


class MediaListener(Protocol):
    """Receives forks by one means (AudioSocket, RTP, WebSocket)."""

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            RidTelephonyError: The address cannot be bound.
        """

    async def expect(self, fork_id: str) -> Destination:
        """Accept this fork from now on; anything unexpected is turned away and counted."""

    def drop(self, fork_id: str) -> None:
        """Close it; nothing more is delivered for it, not even ``closed``."""

    async def close(self) -> None:
        """Stop listening and close every fork."""
