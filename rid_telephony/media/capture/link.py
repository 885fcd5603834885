"""Where in a captured frame the IP packet begins, for each link type of the LINKTYPE_ registry."""

from __future__ import annotations

from collections.abc import Callable

_IPV4, _IPV6 = b"\x08\x00", b"\x86\xdd"
_VLAN_TAGS = frozenset((b"\x81\x00", b"\x88\xa8", b"\x91\x00"))
_MAX_TAGS = 4


def _ethernet(frame: bytes) -> int:
    at = 12
    kind = frame[at : at + 2]
    for _ in range(_MAX_TAGS):
        if kind not in _VLAN_TAGS:
            break
        at += 4
        kind = frame[at : at + 2]
    return at + 2 if kind in (_IPV4, _IPV6) else -1


def _cooked(frame: bytes) -> int:
    return _tagged(frame, 14, 16)


def _cooked2(frame: bytes) -> int:
    return _tagged(frame, 0, 20)


def _tagged(frame: bytes, kind_at: int, at: int) -> int:
    """Linux cooked headers: the protocol, and VLAN tags where the kernel left them in."""
    kind = frame[kind_at : kind_at + 2]
    for _ in range(_MAX_TAGS):
        if kind not in _VLAN_TAGS:
            break
        kind = frame[at + 2 : at + 4]
        at += 4
    return at if kind in (_IPV4, _IPV6) else -1


def _loopback(frame: bytes) -> int:
    # BSD address families, in the byte order of the capturing host or of the network.
    family = frame[:4].strip(b"\0")
    return 4 if family in (b"\x02", b"\x18", b"\x1c", b"\x1e") else -1


def _raw(frame: bytes) -> int:
    return 0 if frame[:1] and frame[0] >> 4 in (4, 6) else -1


IP_OFFSET: dict[int, Callable[[bytes], int]] = {
    0: _loopback,  # NULL
    1: _ethernet,
    12: _raw,  # DLT_RAW as some systems wrote it
    14: _raw,
    101: _raw,
    108: _loopback,  # LOOP
    113: _cooked,  # LINUX_SLL
    228: _raw,  # IPV4
    229: _raw,  # IPV6
    276: _cooked2,  # LINUX_SLL2
}
"""Link type to a function that gives the offset of the IP header, or -1 where there is none."""

LINK_NAMES = {
    9: "PPP",
    105: "IEEE 802.11",
    119: "Prism",
    127: "IEEE 802.11 with radiotap",
    147: "user 0",
    189: "USB",
    195: "IEEE 802.15.4",
    249: "USBPcap",
}
"""Names for messages of some link types that cannot be read."""
