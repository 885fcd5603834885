"""Phones, SIP dialogs, RTP senders and bridged calls, written into a scene message by message."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from unit.media.capturekit import PBX, PTIME, Address, Scene

from rid_telephony.media.g711 import G711Law, encode_g711


@dataclass
class Phone:
    """A party: its SIP and RTP addresses."""

    user: str
    host: str
    sip: int = 5060
    rtp: int = 4000
    name: str = ""

    @property
    def at(self) -> Address:
        """SIP address."""
        return self.host, self.sip

    @property
    def media(self) -> Address:
        """RTP address."""
        return self.host, self.rtp


def sdp(
    media: Address, payloads: str = "0 8 101", direction: str = "sendrecv", extra: str = ""
) -> str:
    """A session description as a phone writes it."""
    proto = "RTP/SAVP" if "crypto" in extra else "RTP/AVP"
    family = "IP6" if ":" in media[0] else "IP4"
    return (
        f"v=0\r\no=- 1 1 IN {family} {media[0]}\r\ns=-\r\nc=IN {family} {media[0]}\r\nt=0 0\r\n"
        f"m=audio {media[1]} {proto} {payloads}\r\n"
        f"a=rtpmap:101 telephone-event/8000\r\n{extra}a=ptime:20\r\na={direction}\r\n"
    )


@dataclass
class Dialog:
    """One SIP dialog, written message by message."""

    scene: Scene
    call_id: str
    caller: Phone
    callee: Phone
    from_user: str = ""
    to_user: str = ""
    cseq: int = 1
    headers: str = ""
    established: bool = False

    def request(
        self, time: float, method: str, body: str = "", *, by: str = "caller", extra: str = ""
    ) -> None:
        """Add a request of one of the two ends."""
        sender, receiver = self._ends(by)
        tags = {"caller": ";tag=a", "callee": ";tag=b"}
        other = "callee" if by == "caller" else "caller"
        first = method in ("INVITE", "CANCEL") and not self.established
        to_tag = "" if first else tags[other]
        users = self._users()
        text = (
            f"{method} sip:{users[other]}@{receiver.host} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {sender.host};branch=z9hG4bK{self.call_id}{self.cseq}\r\n"
            f'From: "{sender.name}" <sip:{users[by]}@{sender.host}>{tags[by]}\r\n'
            f"To: <sip:{users[other]}@{receiver.host}>{to_tag}\r\n"
            f"Call-ID: {self.call_id}\r\nCSeq: {self.cseq} {method}\r\n{self.headers}{extra}"
        )
        self.scene.udp(time, sender.at, receiver.at, _with_body(text, body))

    def response(
        self, time: float, status: str, method: str, body: str = "", *, by: str = "callee"
    ) -> None:
        """Add a response of one of the two ends."""
        sender, receiver = self._ends(by)
        other = "callee" if by == "caller" else "caller"
        tags = {"caller": ";tag=a", "callee": ";tag=b"}
        users = self._users()
        text = (
            f"SIP/2.0 {status}\r\n"
            f"Via: SIP/2.0/UDP {receiver.host};branch=z9hG4bK{self.call_id}{self.cseq}\r\n"
            f'From: "{receiver.name}" <sip:{users[other]}@{receiver.host}>{tags[other]}\r\n'
            f"To: <sip:{users[by]}@{sender.host}>{tags[by]}\r\n"
            f"Call-ID: {self.call_id}\r\nCSeq: {self.cseq} {method}\r\n"
        )
        self.scene.udp(time, sender.at, receiver.at, _with_body(text, body))

    def establish(
        self, invite: float, answer: float, payloads: str = "0 8 101", **more: str
    ) -> None:
        """INVITE, 180, 200, ACK."""
        extra = more.get("extra", "")
        self.request(invite, "INVITE", sdp(self.caller.media, payloads, extra=extra))
        self.response(invite + 0.01, "180 Ringing", "INVITE")
        self.response(answer, "200 OK", "INVITE", sdp(self.callee.media, payloads, extra=extra))
        self.established = True
        self.request(answer + 0.001, "ACK")

    def reinvite(self, time: float, direction: str, *, by: str) -> None:
        """A re-INVITE with a direction, accepted."""
        self.cseq += 1
        answer = {"sendonly": "recvonly", "inactive": "inactive"}.get(direction, "sendrecv")
        sender, receiver = self._ends(by)
        other = "callee" if by == "caller" else "caller"
        self.request(time, "INVITE", sdp(sender.media, direction=direction), by=by)
        self.response(
            time + 0.002, "200 OK", "INVITE", sdp(receiver.media, direction=answer), by=other
        )
        self.request(time + 0.003, "ACK", by=by)

    def bye(self, time: float, *, by: str = "caller") -> None:
        """BYE and its 200."""
        self.cseq += 1
        self.request(time, "BYE", by=by)
        self.response(time + 0.001, "200 OK", "BYE", by="callee" if by == "caller" else "caller")

    def _ends(self, by: str) -> tuple[Phone, Phone]:
        ends = (self.caller, self.callee)
        return ends if by == "caller" else (ends[1], ends[0])

    def _users(self) -> dict[str, str]:
        return {
            "caller": self.from_user or self.caller.user,
            "callee": self.to_user or self.callee.user,
        }


def _with_body(head: str, body: str) -> bytes:
    kind = "Content-Type: application/sdp\r\n" if body else ""
    return f"{head}{kind}Content-Length: {len(body.encode())}\r\n\r\n{body}".encode()


@dataclass
class Rtp:
    """A sender of RTP; remembers sequence and timestamp."""

    scene: Scene
    source: Address
    destination: Address
    law: G711Law = G711Law.PCMU
    ssrc: int = 0x1234
    sequence: int = 65_500  # wraps soon
    timestamp: int = 0xFFFF_F000

    def talk(self, time: float, samples: NDArray[np.int16], relay: Rtp | None = None) -> float:
        """Send samples in packets of 20 ms from ``time`` on; a relay repeats each 1 ms later."""
        number = 0 if self.law is G711Law.PCMU else 8
        for begin in range(0, len(samples) - 159, 160):
            piece = samples[begin : begin + 160]
            self.send(time, number, encode_g711(self.law, piece))
            if relay:
                kind = 0 if relay.law is G711Law.PCMU else 8
                relay.send(time + 0.001, kind, encode_g711(relay.law, piece))
            time += PTIME
        return time

    def send(self, time: float, kind: int, payload: bytes, step: int = 160) -> None:
        """Send one packet."""
        head = struct.pack(
            "!BBHII", 0x80, kind, self.sequence & 0xFFFF, self.timestamp & 0xFFFFFFFF, self.ssrc
        )
        self.scene.udp(time, self.source, self.destination, head + payload)
        self.sequence += 1
        self.timestamp += step


@dataclass
class Bridge:
    """A call through the PBX: customer's dialog, agent's dialog, and the four RTP streams."""

    scene: Scene
    customer: Phone
    agent: Phone
    invite: float = 0.0
    answer: float = 2.0
    inbound: bool = True
    name: str = "x"
    ports: int = 20_000
    pbx: str = PBX
    laws: tuple[G711Law, G711Law] = (G711Law.PCMU, G711Law.PCMU)

    def __post_init__(self) -> None:
        near = Phone("4000", self.pbx, rtp=self.ports, name="")
        far = Phone("", self.pbx, rtp=self.ports + 2)
        first, second = (self.customer, self.agent) if self.inbound else (self.agent, self.customer)
        dialled = "4001" if self.inbound else self.customer.user
        self.first = Dialog(self.scene, f"{self.name}-1", first, near, to_user=dialled)
        self.second = Dialog(self.scene, f"{self.name}-2", far, second, from_user=first.user)
        self.customer_leg, self.agent_leg = (
            (self.first, self.second) if self.inbound else (self.second, self.first)
        )
        to_customer, to_agent = (near, far) if self.inbound else (far, near)
        a, b = self.laws
        base = abs(hash_text(self.name)) & 0xFFFF
        self.customer_out = Rtp(
            self.scene, self.customer.media, to_customer.media, a, base << 8 | 1
        )
        self.agent_in = Rtp(self.scene, to_agent.media, self.agent.media, b, base << 8 | 2)
        self.agent_out = Rtp(self.scene, self.agent.media, to_agent.media, b, base << 8 | 3)
        self.customer_in = Rtp(self.scene, to_customer.media, self.customer.media, a, base << 8 | 4)

    def connect(self) -> None:
        """Ring and answer on both legs."""
        self.second.establish(self.invite + 0.005, self.answer)
        self.first.establish(self.invite, self.answer + 0.002)

    def customer_says(self, time: float, samples: NDArray[np.int16]) -> float:
        """Customer's audio, relayed to the agent."""
        return self.customer_out.talk(time, samples, self.agent_in)

    def agent_says(self, time: float, samples: NDArray[np.int16]) -> float:
        """Agent's audio, relayed to the customer."""
        return self.agent_out.talk(time, samples, self.customer_in)

    def hang_up(self, time: float, by: str = "customer") -> None:
        """BYE of one party, then the PBX's BYE to the other."""
        legs = {"customer": self.customer_leg, "agent": self.agent_leg}
        mine = legs.pop(by)
        theirs = legs.popitem()[1]
        mine.bye(time, by="caller" if mine is self.first else "callee")
        theirs.bye(time + 0.003, by="callee" if theirs is self.first else "caller")


def hash_text(text: str) -> int:
    """A number for a text, the same in every run."""
    return int.from_bytes(text.encode()[-2:].rjust(2, b"\0"), "big")
