"""SIP messages for tests: RFC 4475, a FreeSWITCH's recorded ones, and a socket to speak from."""

from __future__ import annotations

import asyncio
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dpkt

FIXTURES = Path(__file__).parents[1] / "fixtures"
HOST = "127.0.0.1"
SDP = (
    "v=0\no=mhandley 29739 7272939 IN IP4 {}\ns=-\nc=IN IP4 {}\nt=0 0\n"
    "m=audio 49217 RTP/AVP 0 12\nm=video 3227 RTP/AVP 31\na=rtpmap:31 LPC\n"
)
FREESWITCH = 15060
"""SIP port of the FreeSWITCH that was recorded."""
OURS = 16050
"""SIP port of the user agent that stood where ours does now."""


def torture() -> dict[str, bytes]:
    """The messages of RFC 4475, by name."""
    text = (FIXTURES / "sip" / "torture.txt").read_text()
    messages = {}
    for part in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        title, _, body = part.partition("\n")
        body = re.sub(r"<sdp>(\S+) (\S+)</sdp>\n", lambda m: SDP.format(m[1], m[2]), body)
        body = re.sub(r"<repeat count=(\d+)>(.*?)</repeat>", lambda m: m[2] * int(m[1]), body)
        data = body.replace("\n", "\r\n").encode()
        data = re.sub(rb"<hex>([0-9A-F]+)</hex>", lambda m: bytes.fromhex(m[1].decode()), data)
        messages[title.split()[0]] = data
    return messages


@dataclass(frozen=True)
class Recorded:
    """One eavesdrop leg as FreeSWITCH made it: its requests, and its RTP by seconds."""

    fork_id: str
    invite: bytes
    ack: bytes
    bye: bytes
    rtp_port: int
    packets: list[tuple[float, bytes]]


def eavesdrop_legs() -> list[Recorded]:
    """The legs of the customer and of the agent, seconds from the first INVITE."""
    requests: dict[str, dict[str, bytes]] = {}
    packets: dict[int, list[tuple[float, bytes]]] = {}
    with (FIXTURES / "freeswitch" / "sip_rtp_eavesdrop_fork_pcmu.pcap").open("rb") as stream:
        for at, frame in dpkt.pcap.Reader(stream):
            udp = dpkt.ethernet.Ethernet(frame).data.data
            data = bytes(udp.data)
            if (udp.sport, udp.dport) == (FREESWITCH, OURS):
                call_id = header(data, "Call-ID")
                requests.setdefault(call_id, {})[data.split(b" ", 1)[0].decode()] = data
            packets.setdefault(udp.sport, []).append((at, data))
    legs = []
    for messages in requests.values():
        port = int(re.search(rb"m=audio (\d+)", messages["INVITE"])[1])  # type: ignore[index]  # it is there
        sent = [(at, data) for at, data in packets[port] if data[0] >> 6 == 2]
        invite = messages["INVITE"]
        fork_id = header(invite, "X-RID-UUID")
        legs.append(Recorded(fork_id, invite, messages["ACK"], messages["BYE"], port, sent))
    return legs


def header(message: bytes, name: str) -> str:
    """The first value of a header, empty if none."""
    found = re.search(rf"^{name}\s*:\s*(.*?)\r?$", message.decode(), re.MULTILINE | re.IGNORECASE)
    return found[1] if found else ""


def status(message: bytes) -> int:
    """Status code of a response, 0 for a request."""
    words = message.split(b" ", 2)
    return int(words[1]) if words[0] == b"SIP/2.0" else 0


def to_tag(message: bytes) -> bytes:
    """The tag of To."""
    return header(message, "To").rpartition("tag=")[2].encode()


class Speaker(asyncio.DatagramProtocol):
    """A UDP socket that keeps what comes."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[bytes] = asyncio.Queue()

    @classmethod
    async def at(cls, host: str = HOST, port: int = 0) -> Speaker:
        loop = asyncio.get_running_loop()
        _, speaker = await loop.create_datagram_endpoint(cls, local_addr=(host, port))
        return speaker

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.host, self.port = transport.get_extra_info("sockname")[:2]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard.put_nowait(data)

    def say(self, data: bytes, there: tuple[str, int]) -> None:
        self.transport.sendto(data, there)

    async def next(self) -> bytes:
        async with asyncio.timeout(10):
            return await self.heard.get()

    async def ask(self, data: bytes, there: tuple[str, int]) -> bytes:
        self.say(data, there)
        return await self.next()


def free_ports(first: int, count: int) -> tuple[int, int]:
    """A range of UDP ports nobody uses now, the first one even."""
    for begin in range(first, first + 900, 2 * count):
        try:
            for port in range(begin, begin + 2 * count, 2):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                    probe.bind((HOST, port))
        except OSError:
            continue
        return begin, begin + 2 * count - 1
    raise OSError("no free UDP ports")
