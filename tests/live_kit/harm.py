"""What the two parties of a call notice of it, and whether one was worse off than the other."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import soundfile

from live_kit.tools import ROOT
from rid_telephony.bench.phone import Call, Phone, PhoneError, Speech
from rid_telephony.bench.phone.report import RtpReport
from rid_telephony.media.g711 import G711Law, decode_g711, encode_g711

RATE = 8000
BEGIN = 18.2
"""Seconds of dd01 to leave out: the customer objects right after it, which brings a hint."""
GAP = JITTER = 0.1
"""Seconds by which longest gap and jitter may be above those of the call without us. The machine
may be busy with other things; a fork that holds a call up does so for longer."""
SLOWER = 0.5
"""Seconds by which the end of the call may be later."""
STALL = 2.0
"""Seconds without RTP, or until a BYE is passed on, that no busy machine explains."""
_CUSTOMER = [
    "> INVITE",
    "< 100 INVITE",
    "< 180 INVITE",
    "< 200 INVITE",
    "> ACK",
    "> BYE",
    "< 200 BYE",
]
_AGENT = ["< INVITE", "> 180 INVITE", "> 200 INVITE", "< ACK", "< BYE", "> 200 BYE"]
_EDGE = 0.6
"""Seconds of speech at the end that may be on their way still when the call ends."""


@dataclass(frozen=True)
class Seen:
    """What one party noticed.

    Attributes:
        trail: SIP messages, sent ``> `` and received ``< ``.
        report: RTP that arrived.
        heard: Audio that arrived.
        said_to: Audio that the other party sent, as G.711 carries it.
    """

    trail: list[str]
    report: RtpReport
    heard: bytes
    said_to: bytes

    @property
    def heard_all(self) -> bool:
        """Whether the other party's words arrived bit for bit and without a hole."""
        return self.said_to in self.heard


@dataclass(frozen=True)
class Outcome:
    """A call that is over.

    Attributes:
        customer: What the customer noticed.
        agent: What the agent noticed.
        bye_answered: Seconds from the customer's BYE to its 200; infinite where none came.
        bye_passed_on: Seconds from the customer's BYE to the agent's; infinite where none came.
    """

    customer: Seen
    agent: Seen
    bye_answered: float
    bye_passed_on: float


class Voices:
    """What agent and customer say."""

    def __init__(self) -> None:
        sound, _ = soundfile.read(ROOT / "fixtures/audio/dd01.flac", dtype="int16")
        sound = sound[round(BEGIN * RATE) :]
        self.agent, self.customer = (Speech(np.ascontiguousarray(sound[:, n])) for n in (0, 1))


class Talk:
    """A call between two telephones.

    Args:
        call: The customer's side.
        leg: The agent's side.
        voices: What they say.
    """

    def __init__(self, call: Call, leg: Call, voices: Voices) -> None:
        self.call, self.leg, self._voices = call, leg, voices
        self._spoken = self.seconds = 0.0

    def begin(self) -> None:
        """Let both speak."""
        self.call.play(self._voices.customer)
        self.leg.play(self._voices.agent)
        self._spoken = asyncio.get_running_loop().time()

    async def end(self) -> None:
        """Let the customer hang up, and wait until the agent knows."""
        self.seconds = asyncio.get_running_loop().time() - self._spoken - _EDGE
        with suppress(PhoneError):  # that somebody is not told of the end is for harm() to say
            await self.call.hang_up()
        with suppress(PhoneError):
            await self.leg.ended()

    def outcome(self) -> Outcome:
        """What both noticed. It takes a while: not while others talk."""
        asked = _time(self.call, "BYE", sent=True)
        return Outcome(
            customer=_seen(self.call, self._voices.agent, self.seconds),
            agent=_seen(self.leg, self._voices.customer, self.seconds),
            bye_answered=_time(self.call, "200 BYE", sent=False) - asked,
            bye_passed_on=_time(self.leg, "BYE", sent=False) - asked,
        )


async def placed(customer: Phone, agent: Phone, number: str, voices: Voices) -> Talk:
    """A call that is answered; one at a time, so that both sides are known to be of one call."""
    call = customer.call(number)
    leg = await agent.next_call()
    await asyncio.gather(call.answered(), leg.answered())
    return Talk(call, leg, voices)


def harm(outcome: Outcome, without_us: Outcome, *, agent_is_there: bool = True) -> list[str]:
    """What was worse than in the call without us; empty if nothing was."""
    found = _harm(outcome.customer, without_us.customer, "customer", heard=agent_is_there)
    if agent_is_there:
        found += _harm(outcome.agent, without_us.agent, "agent", heard=True)
        if outcome.bye_passed_on > without_us.bye_passed_on + SLOWER:
            found.append(f"BYE reached the agent after {outcome.bye_passed_on:.3f} s")
    if outcome.bye_answered > without_us.bye_answered + SLOWER:
        found.append(f"BYE answered after {outcome.bye_answered:.3f} s")
    return found


def unsound(without_us: Outcome) -> list[str]:
    """What is wrong with the call to compare with: what harms all calls shows in it, too."""
    found = []
    for who, seen, trail in (
        ("customer", without_us.customer, _CUSTOMER),
        ("agent", without_us.agent, _AGENT),
    ):
        if seen.trail != trail:
            found.append(f"{who}: SIP is {seen.trail}")
        found += _broken(seen, who)
        if seen.report.longest_gap > STALL:
            found.append(f"{who}: gap of {seen.report.longest_gap:.1f} s")
    if max(without_us.bye_answered, without_us.bye_passed_on) > STALL:
        found.append("it took too long to hang up")
    return found


def line(name: str, outcome: Outcome) -> str:
    """The figures of a call in one line of a table."""
    reports = (outcome.customer.report, outcome.agent.report)
    cells: list[object] = [name]
    for report in reports:
        cells += [
            report.packets, report.lost, report.duplicates,
            f"{report.longest_gap * 1000:.0f}", f"{report.jitter * 1000:.1f}",
        ]  # fmt: skip
    cells += [f"{outcome.bye_answered * 1000:.0f}", f"{outcome.bye_passed_on * 1000:.0f}"]
    return "| " + " | ".join(map(str, cells)) + " |"


HEAD = (
    "| call | customer: packets | lost | twice | longest gap, ms | jitter, ms "
    "| agent: packets | lost | twice | longest gap, ms | jitter, ms "
    "| BYE to 200, ms | BYE to BYE, ms |\n|" + " --- |" * 13
)


def _harm(seen: Seen, without_us: Seen, who: str, *, heard: bool) -> list[str]:
    report, other = seen.report, without_us.report
    found = _broken(seen, who, heard=heard)
    if seen.trail != without_us.trail:
        found.append(f"{who}: SIP is {seen.trail}, without us {without_us.trail}")
    if report.longest_gap > other.longest_gap + GAP:
        found.append(f"{who}: gap {report.longest_gap:.3f} s, without us {other.longest_gap:.3f}")
    if report.jitter > other.jitter + JITTER:
        found.append(f"{who}: jitter {report.jitter:.3f} s, without us {other.jitter:.3f}")
    return found


def _broken(seen: Seen, who: str, *, heard: bool = True) -> list[str]:
    report = seen.report
    found = []
    if not report.packets or report.lost or report.duplicates or report.reordered:
        found.append(f"{who}: RTP lost, twice or out of order: {report}")
    if heard and not seen.heard_all:
        found.append(f"{who}: did not hear all that the other one said, bit for bit")
    return found


def _seen(call: Call, said_to: Speech, seconds: float) -> Seen:
    samples = decode_g711(G711Law.PCMU, encode_g711(G711Law.PCMU, said_to.samples))
    return Seen(
        trail=[("> " if step.sent else "< ") + step.line for step in call.trail],
        report=call.report(),
        heard=call.media.heard().tobytes(),
        said_to=samples[: round(seconds * RATE)].tobytes(),
    )


def _time(call: Call, line: str, *, sent: bool) -> float:
    times = [step.at for step in call.trail if step.line == line and step.sent is sent]
    return times[0] if times else float("inf")
