"""Counts failed logins for each address, so that guessing costs time."""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict

BURST = 20
"""Failures at once."""
REFILL = 0.5
"""Failures for each second after that."""
MAX_ADDRESSES = 4096
IPV6_SITE = 64
LONGEST = 45
"""Characters of an address; a proxy may name its client by anything."""
"""Bits of an IPv6 address that name a subscriber; the rest is his to choose."""


class FailedLogins:
    """A leaking bucket of failures for each address. Times come in as seconds.

    The oldest address is forgotten above ``limit``: memory stays bounded, and somebody with that
    many addresses is not stopped by counting.
    """

    def __init__(
        self, burst: int = BURST, refill: float = REFILL, limit: int = MAX_ADDRESSES
    ) -> None:
        self._burst = burst
        self._refill = refill
        self._limit = limit
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self.total = 0
        """All failures so far."""

    def __len__(self) -> int:
        return len(self._levels)

    def wait(self, address: str, now: float) -> int:
        """Whole seconds until this address may try again; 0 where it may now."""
        excess = self._level(_site(address), now) - (self._burst - 1)
        return math.ceil(excess / self._refill) if excess > 0 else 0

    def failed(self, address: str, now: float) -> None:
        """Count a failure."""
        self.total += 1
        site = _site(address)
        level = self._level(site, now) + 1
        self._levels[site] = (level, now)
        self._levels.move_to_end(site)
        while len(self._levels) > self._limit:
            self._levels.popitem(last=False)

    def _level(self, site: str, now: float) -> float:
        level, at = self._levels.get(site, (0.0, now))
        # A wall clock may be set back.
        return max(0.0, level - self._refill * max(0.0, now - at))


def _site(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:LONGEST]
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, IPV6_SITE), strict=False))
