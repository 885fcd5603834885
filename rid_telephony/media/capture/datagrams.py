"""From a capture file to UDP payloads and SIP messages, with everything else counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rid_telephony.media.capture.clock import SteadyClock
from rid_telephony.media.capture.container import read_capture
from rid_telephony.media.capture.fragments import Reassembler
from rid_telephony.media.capture.link import IP_OFFSET, LINK_NAMES
from rid_telephony.media.capture.network import UDP, Datagram, Fragment, parse_ip
from rid_telephony.media.capture.tcp import SipOverTcp
from rid_telephony.media.report import Notes
from rid_telephony.settings.media import MediaSettings

Arrived = tuple[float, bytes, bytes, bytes]
"""Steady seconds, source and destination endpoint, payload: a datagram's, or a SIP message
that came over TCP."""


def read_datagrams(
    path: Path, settings: MediaSettings, clock: SteadyClock, notes: Notes
) -> Iterator[Arrived]:
    """Yield what a capture carries over UDP, and SIP over TCP, in file order.

    Args:
        path: A pcap or pcapng file.
        settings: Bounds.
        clock: A fresh clock.
        notes: Gets the counters ``packets``, ``not_ip``, ``not_udp``, ``malformed``,
            ``cut_short``, ``fragments``… and the warnings of the container.

    Raises:
        InputError: The file cannot be read.
    """
    counts = notes.counts
    reassembler = Reassembler(counts)
    streams = SipOverTcp(settings.max_sip_message_bytes, counts)
    packets = 0
    for time, link, frame in read_capture(path, clock, notes):
        packets += 1
        find_ip = IP_OFFSET.get(link)
        if find_ip is None:
            counts[f"link type {LINK_NAMES.get(link, link)}"] += 1
            continue
        at = find_ip(frame)
        parsed = parse_ip(frame, at) if at >= 0 else "not_ip"
        if isinstance(parsed, Fragment):
            parsed = reassembler.add(parsed) or "fragments"
        if not isinstance(parsed, Datagram):
            counts[parsed] += 1
            continue
        protocol, source, destination, payload = parsed
        if protocol == UDP:
            yield time, source, destination, payload
            continue
        counts["tcp"] += 1
        for message in streams.add(source, destination, payload):
            yield time, source, destination, message
    reassembler.close()
    counts["packets"] += packets
