"""Opens connections only to addresses that the policy lets pass, and to no other."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence

import httpcore

from rid_telephony.cti.sinks.addresses import AddressPolicy

MAX_ADDRESSES = 4
"""Addresses of a host that are tried."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, as the system's resolver gives them.

    Raises:
        OSError: It has none.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """The network, as far as one webhook target may see it.

    The host is resolved once for each connection, all its addresses are checked, and the
    connection is made to a checked address: a name that changes its address in between (DNS
    rebinding) gains nothing. TLS still asks for the host by its name.

    Args:
        policy: Which addresses may be reached.
        encrypted: Whether the target's URL is https.
        resolver: Finds the addresses of a host.
    """

    def __init__(self, policy: AddressPolicy, encrypted: bool, resolver: Resolve = resolve) -> None:
        self._policy = policy
        self._encrypted = encrypted
        self._resolve = resolver
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a checked address of the host."""
        found = await self._resolve(host, port)
        addresses = self._policy.check(host, found, encrypted=self._encrypted)[:MAX_ADDRESSES]
        # One address that swallows everything must leave time for the next.
        share = timeout and timeout / len(addresses)
        for address in addresses[:-1]:
            try:
                return await self._network.connect_tcp(
                    address, port, share, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._network.connect_tcp(
            addresses[-1], port, share, local_address, socket_options
        )

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
