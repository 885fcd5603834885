"""Which addresses a webhook may be sent to: no server-side request forgery.

Source: OWASP Server Side Request Forgery Prevention Cheat Sheet; IANA special-purpose address
registries (as in Python's ``ipaddress``).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from rid_telephony.errors import RidTelephonyError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_CLOUD = frozenset(
    map(
        ipaddress.ip_address,
        # Azure's host services: a public address that only a virtual machine's host answers.
        ("168.63.129.16",),
    )
)


_SPECIAL = tuple(
    map(
        ipaddress.ip_network,
        # Not public, though ``ipaddress`` of some Python releases says so: IPv4-compatible and
        # translated IPv4, local NAT64, site-local, protocol assignments, 6to4 relays,
        # documentation, segment routing.
        (
            "::/96",
            "::ffff:0:0:0/96",
            "64:ff9b:1::/48",
            "fec0::/10",
            "192.0.0.0/24",
            "192.88.99.0/24",
            "3fff::/20",
            "5f00::/16",
        ),
    )
)


class ForbiddenAddressError(RidTelephonyError):
    """A webhook's host stands for an address that it must not be sent to."""

    code = "webhook_address_forbidden"


class AddressPolicy:
    """Public addresses, and what the administrator allows beside them.

    Args:
        allowed: Host names, addresses and networks. A name allows private and loopback addresses,
            whatever it resolves to; link-local addresses (the metadata services of clouds among
            them) must be named as such. Multicast and unspecified ones are never allowed.
    """

    def __init__(self, allowed: Iterable[str]) -> None:
        self._names: set[str] = set()
        self._networks: list[Network] = []
        for entry in allowed:
            try:
                self._networks.append(ipaddress.ip_network(entry.strip("[]"), strict=False))
            except ValueError:
                self._names.add(_plain(entry))

    def check(self, host: str, found: Sequence[str], *, encrypted: bool) -> list[str]:
        """The addresses to connect to, one of which is as good as another.

        Args:
            host: Name or address in the URL.
            found: The addresses that it stands for.
            encrypted: Whether TLS is used; without it only allowed hosts are reached.

        Raises:
            ForbiddenAddressError: One of them is forbidden: then the name is not to be trusted.
        """
        if not found:
            raise ForbiddenAddressError(f"{host} has no address.")
        for text in found:
            address = ipaddress.ip_address(text.partition("%")[0])
            word = self._objection(host, address, encrypted)
            if word:
                raise ForbiddenAddressError(
                    f"{host} is {address}, which is {word}.",
                    f"Where that is intended, add {address} or its network to"
                    " webhooks.allowed_hosts.",
                )
        return list(found)

    def _objection(self, host: str, address: Address, encrypted: bool) -> str:
        real = _embedded(address)
        if real.is_multicast or real.is_unspecified:
            return "no address to send to"
        if any(one in network for one in (address, real) for network in self._networks):
            return ""
        if real.is_link_local or real in _CLOUD:
            return "link-local or a cloud's metadata service"
        if _plain(host) in self._names:
            return ""
        if not real.is_global or any(real in network for network in _SPECIAL):
            return "loopback, private or reserved"
        return "" if encrypted else "not allowed without TLS"


def _embedded(address: Address) -> Address:
    """The IPv4 address within an IPv6 address that only wraps one, else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)


def _plain(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()
