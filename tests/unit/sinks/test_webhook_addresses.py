"""Webhooks must not be a way into the bank's own network."""

from __future__ import annotations

import pytest

from rid_telephony.cti.sinks.addresses import AddressPolicy, ForbiddenAddressError

pytestmark = pytest.mark.unit

FORBIDDEN = {
    "loopback": "127.0.0.1",
    "loopback, elsewhere in its network": "127.8.8.8",
    "loopback, IPv6": "::1",
    "loopback in IPv6 clothes": "::ffff:127.0.0.1",
    "loopback through NAT64": "64:ff9b::7f00:1",
    "loopback through 6to4": "2002:7f00:1::",
    "private, 10": "10.1.2.3",
    "private, 172.16": "172.16.0.1",
    "private, 192.168": "192.168.1.1",
    "private, IPv6": "fd00::1",
    "private in IPv6 clothes": "::ffff:10.0.0.1",
    "shared by carriers, and a cloud's metadata": "100.100.100.200",
    "link-local": "169.254.1.1",
    "metadata service": "169.254.169.254",
    "metadata service in IPv6 clothes": "::ffff:169.254.169.254",
    "metadata service, IPv6": "fd00:ec2::254",
    "the host of a virtual machine": "168.63.129.16",
    "link-local, IPv6": "fe80::1",
    "link-local with a zone": "fe80::1%eth0",
    "multicast": "224.0.0.1",
    "multicast, IPv6": "ff02::1",
    "unspecified": "0.0.0.0",  # noqa: S104 - nothing is bound
    "unspecified, IPv6": "::",
    "this network": "0.1.2.3",
    "broadcast": "255.255.255.255",
    "documentation": "192.0.2.1",
    "benchmarks": "198.18.0.1",
    "reserved": "240.0.0.1",
    "loopback, IPv4-compatible": "::127.0.0.1",
    "loopback, translated": "::ffff:0:7f00:1",
    "private through a local NAT64": "64:ff9b:1::a00:1",
    "site-local, IPv6": "fec0::1",
    "protocol assignments": "192.0.0.192",
    "relay of 6to4": "192.88.99.1",
    "documentation, IPv6": "3fff::1",
    "segment routing": "5f00::1",
}


@pytest.mark.parametrize("address", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    with pytest.raises(ForbiddenAddressError):
        AddressPolicy(()).check("crm.example", [address], encrypted=True)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "64:ff9b::808:808"])
def test_public_addresses_need_no_entry(address: str) -> None:
    assert AddressPolicy(()).check("crm.example", [address], encrypted=True) == [address]


def test_one_forbidden_address_among_good_ones_spoils_the_name() -> None:
    with pytest.raises(ForbiddenAddressError, match=r"10\.0\.0\.1"):
        AddressPolicy(()).check("crm.example", ["93.184.216.34", "10.0.0.1"], encrypted=True)


def test_a_name_without_an_address_is_refused() -> None:
    with pytest.raises(ForbiddenAddressError):
        AddressPolicy(("crm.example",)).check("crm.example", [], encrypted=True)


@pytest.mark.parametrize(
    ("entry", "address"),
    [
        ("10.20.0.0/16", "10.20.1.1"),
        ("10.20.1.1", "10.20.1.1"),
        ("127.0.0.1", "::ffff:127.0.0.1"),
        ("fd00::/8", "fd00::1"),
        ("169.254.169.254", "169.254.169.254"),
        ("crm.bank.example", "10.20.1.1"),
        ("CRM.Bank.Example.", "10.20.1.1"),
        ("crm.bank.example", "127.0.0.1"),
    ],
)
def test_what_the_administrator_names_is_reached(entry: str, address: str) -> None:
    policy = AddressPolicy((entry,))
    assert policy.check("crm.bank.example", [address], encrypted=False) == [address]


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "168.63.129.16"])
def test_an_allowed_name_does_not_open_the_metadata_services(address: str) -> None:
    with pytest.raises(ForbiddenAddressError):
        AddressPolicy(("crm.example",)).check("crm.example", [address], encrypted=True)


@pytest.mark.parametrize("address", ["0.0.0.0", "224.0.0.1", "::"])  # noqa: S104 - nothing is bound
def test_an_allowed_network_of_everything_still_opens_no_such_address(address: str) -> None:
    policy = AddressPolicy(("0.0.0.0/0", "::/0"))
    with pytest.raises(ForbiddenAddressError):
        policy.check("crm.example", [address], encrypted=True)


def test_an_allowed_name_opens_nothing_for_another() -> None:
    with pytest.raises(ForbiddenAddressError):
        AddressPolicy(("crm.example",)).check("evil.crm.example", ["10.0.0.1"], encrypted=True)


def test_without_tls_only_allowed_hosts_get_customers_words() -> None:
    with pytest.raises(ForbiddenAddressError, match="without TLS"):
        AddressPolicy(()).check("crm.example", ["93.184.216.34"], encrypted=False)
