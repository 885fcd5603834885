"""What the listeners on one TCP port have in common: the door, the address, the life cycle."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Protocol

from rid_telephony.media.forkdoor import ForkDoor
from rid_telephony.media.forks import Destination, ForkSink
from rid_telephony.media.forkwatch import ForkCounters, ForkWatch, advertised_host, no_address_error
from rid_telephony.settings.forks import ForkSettings

HANDSHAKE_SECONDS = 3.0
"""A connection that has not named an expected fork by then is closed."""
SPARE_CONNECTIONS = 64
"""Connections beyond ``max_forks`` that may be in their handshake."""


class PortServer(Protocol):
    """A server of asyncio's, or of a library in its likeness."""

    @property
    def sockets(self) -> Iterable[Any]:
        """What it listens on."""

    def close(self) -> None:
        """Stop listening."""

    async def wait_closed(self) -> None:
        """Wait until it has."""


class ForkServer(ABC):
    """A ``MediaListener`` on one TCP port; a subclass says what is spoken on it.

    Args:
        settings: Address, limits and time-outs.
        sink: Takes what arrives.
    """

    def __init__(self, settings: ForkSettings, sink: ForkSink) -> None:
        self.watch = ForkWatch(settings, sink)
        self.door = ForkDoor(settings.max_forks + SPARE_CONNECTIONS, self.counters.turned_away)
        self._settings = settings
        self._server: PortServer | None = None
        self._destination = Destination(settings.listen, settings.port)

    @property
    def counters(self) -> ForkCounters:
        """What happened so far."""
        return self.watch.counters

    async def start(self) -> None:
        """Begin to listen; see ``MediaListener``."""
        settings, reachable_host = self._settings, advertised_host(self._settings)
        try:
            self._server = await self._listen(settings.listen, settings.port)
        except OSError as error:
            raise no_address_error(f"{settings.listen}:{settings.port} (TCP)", error) from error
        bound = next(iter(self._server.sockets))
        self._destination = Destination(reachable_host, bound.getsockname()[1])

    async def expect(self, fork_id: str) -> Destination:
        """Accept this fork from now on; see ``MediaListener``.

        Raises:
            MediaError: There are too many forks, or this one is there already.
        """
        self.watch.expect(fork_id)
        return self._destination

    def drop(self, fork_id: str) -> None:
        """Close it, so that Asterisk ends the fork's channel."""
        self.watch.drop(fork_id)

    async def close(self) -> None:
        """Stop listening and close everything; the sink hears no more."""
        self.watch.drop_all()
        for connection in self.door.connections:
            connection.abort()
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    @abstractmethod
    async def _listen(self, host: str, port: int) -> PortServer:
        """Open the port; raises OSError where that is not possible."""
