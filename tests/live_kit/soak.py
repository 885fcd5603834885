"""Calls that come and go for a long time, while things break: what ``make soak`` runs."""

from __future__ import annotations

import asyncio
import re
import subprocess
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile

from live_kit.agents import add_agents
from live_kit.asterisk import RealAsterisk
from live_kit.config import PASSWORD
from live_kit.ports import HOST
from live_kit.proxy import TcpProxy
from live_kit.service import Service
from live_kit.sippkit import SippFolder
from live_kit.tools import ROOT, wait_for
from live_kit.vitals import Vitals, vitals
from rid_telephony.bench.phone import Answer, Phone, Speech

ANSWERS, HANGS_UP, BUSY, RINGS = 1004, 1005, 1006, 1007
"""Agents played by SIPp. 2001 is a telephone of ours."""
AGENTS = (ANSWERS, HANGS_UP, BUSY, RINGS)
DIALPLAN = """
[from-customers]
; q1007: as 1007, but it rings for 3 s only.
exten => _q[12]00X,1,Gosub(rid-assist,s,1(customer))
 same => n,Dial(PJSIP/${EXTEN:1},3)
 same => n,Hangup(19)
"""


@dataclass(frozen=True)
class Size:
    """How much happens in one wave.

    Attributes:
        talks: Calls that the customer ends; each lasts ``shortest`` to ``longest`` seconds.
        talks_at_once: Of them, at the same time.
        others: Calls that the agent ends, that are refused, cancelled, or not answered: each.
        shortest: Seconds.
        longest: Seconds.
        spoken: Seconds of the one call between telephones of ours.
    """

    talks: int
    talks_at_once: int
    others: int
    shortest: float
    longest: float
    spoken: float


SMALL = Size(talks=4, talks_at_once=3, others=1, shortest=2.0, longest=5.0, spoken=6.0)
LARGE = Size(talks=8, talks_at_once=3, others=3, shortest=8.0, longest=25.0, spoken=25.0)


@dataclass(frozen=True)
class Wave:
    """A wave of calls, and what was left when it was over.

    Attributes:
        trouble: What was broken meanwhile.
        at: Seconds since the start when it was over.
        placed: Calls.
        done: Calls that went as they should.
        on_feed: Calls that started on the feed.
        unended: Of all calls so far, those without an end on the feed.
        lost: RTP packets lost on the way to the customer and agent of our telephones.
        gap: Longest gap of that RTP, seconds.
        ours: What serve holds.
        asterisk: What Asterisk holds.
        channels: Channels that are left on Asterisk.
    """

    trouble: str
    at: float
    placed: int
    done: int
    on_feed: int
    unended: int
    lost: int
    gap: float
    ours: Vitals
    asterisk: Vitals
    channels: int


@dataclass
class Soak:
    """The parts, running.

    Attributes:
        pbx: Asterisk.
        service: ``serve``.
        proxy: The way between the two.
        size: Of a wave.
    """

    pbx: RealAsterisk
    service: Service
    proxy: TcpProxy
    size: Size
    waves: list[Wave] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    """What SIPp and the telephones saw go wrong in waves in which the PBX was not broken."""

    def __post_init__(self) -> None:
        self._sipp = SippFolder(begin=4.0)
        sound, _ = soundfile.read(ROOT / "fixtures/audio/dd01.flac", dtype="int16")
        self._speech = [Speech(np.ascontiguousarray(sound[:, n])) for n in (0, 1)]
        self._began = time.monotonic()

    async def agents(self) -> list[subprocess.Popen[bytes]]:
        """Start the agents of SIPp."""
        longest = round(self.size.longest * 500)
        brief = {"MIN": 1000, "MAX": longest}
        scenarios = ("answer", "answer_and_hang_up", "busy", "ring")
        return [
            self._sipp.run(
                name, port=self.pbx.ports.spare(AGENTS.index(agent)),
                words=brief if name == "answer_and_hang_up" else None,
            )
            for name, agent in zip(scenarios, AGENTS, strict=True)
        ]  # fmt: skip

    async def wave(
        self, trouble: str = "none", breaking: Callable[[], Awaitable[None]] | None = None
    ) -> Wave:
        """Let a wave of calls come and go, break something meanwhile, and look at what is left."""
        known = len(self.service.of_type("call.started"))
        callers = self._callers()
        broken = asyncio.create_task(breaking()) if breaking else None
        spoken = asyncio.create_task(self._spoken())
        ends = [asyncio.to_thread(caller.wait, 300) for caller in callers]
        codes = await asyncio.gather(*ends)
        lost, gap, complaint = await spoken
        if broken:
            await broken
        placed, done = self._counted(callers)
        harmless = not trouble.startswith("Asterisk")
        if harmless and any(codes):
            self.complaints.append(f"{trouble}: SIPp: {self._sipp.errors()[-2000:]}")
        if harmless and complaint:
            self.complaints.append(f"{trouble}: {complaint}")
        channels = await asyncio.to_thread(self._left)
        unended = await asyncio.to_thread(self._unended)
        assert self.pbx.process
        wave = Wave(
            trouble=trouble,
            at=time.monotonic() - self._began,
            placed=placed + 1,
            done=done + (not complaint),
            on_feed=len(self.service.of_type("call.started")) - known,
            unended=unended,
            lost=lost,
            gap=gap,
            ours=vitals(self.service.pid),
            asterisk=vitals(self.pbx.process.pid),
            channels=channels,
        )
        self.waves.append(wave)
        print(row(wave), flush=True)  # noqa: T201 - it is what the soak is for
        return wave

    def _callers(self) -> list[subprocess.Popen[bytes]]:
        size = self.size
        middle = (size.shortest + size.longest) / 2
        times = {"MIN": round(size.shortest * 1000), "MAX": round(size.longest * 1000)}
        apart = size.talks * middle / size.talks_at_once / max(size.others, 1)
        plan = (
            ("call_and_hang_up", ANSWERS, size.talks, size.talks_at_once, times),
            ("call_and_wait", HANGS_UP, size.others, 1, {}),
            ("call_refused", BUSY, size.others, 1, {"STATUS": 486}),
            ("call_and_cancel", RINGS, size.others, 1, {"MIN": 500, "MAX": 2500}),
            ("call_refused", f"q{RINGS}", size.others, 1, {"STATUS": 480}),
        )
        return [
            self._sipp.run(
                scenario, words=words, pbx=self.pbx.ports.sip, service=str(service),
                calls=calls, at_once=at_once, apart=0.5 if scenario.endswith("hang_up") else apart,
            )
            for scenario, service, calls, at_once, words in plan
        ]  # fmt: skip

    async def _spoken(self) -> tuple[int, float, str]:
        """One call between telephones that count; (packets lost, longest gap, what went wrong)."""
        server = (HOST, self.pbx.ports.sip)
        try:
            async with (
                Phone("2001", server, password=PASSWORD, on_incoming=Answer(0.3)) as agent,
                Phone("customer", server) as customer,
            ):
                await agent.register()
                call = customer.call("2001")
                leg = await agent.next_call()
                await call.answered()
                await leg.answered()
                for each, speech in ((leg, self._speech[0]), (call, self._speech[1])):
                    each.play(speech, start=6.0)
                await asyncio.sleep(self.size.spoken)
                trouble = "" if call.ended_at is None else "the call ended by itself"
                await call.hang_up()
                await leg.ended()
                reports = (call.report(), leg.report())
                heard = min(report.packets for report in reports)
                if heard < (self.size.spoken - 0.5) * 50:
                    trouble = trouble or f"only {heard} packets"
                lost = sum(report.lost + report.duplicates for report in reports)
                return lost, max(report.longest_gap for report in reports), trouble
        except Exception as error:
            return 0, 0.0, f"{type(error).__name__}: {error}"

    def _counted(self, callers: Sequence[subprocess.Popen[bytes]]) -> tuple[int, int]:
        """Calls that SIPp placed, and those of them that went as they should."""
        placed = done = 0
        for caller in callers:
            text = Path(str(caller.args[2])).with_suffix(".out").read_text(errors="replace")  # type: ignore[index]
            good, bad = (
                int(re.findall(rf"{name} call +\|[^|]*\| +(\d+)", text)[-1])
                for name in ("Successful", "Failed")
            )
            placed += good + bad
            done += good
        return placed, done

    def _left(self) -> int:
        """Channels that are still there some seconds after the last call."""
        try:
            wait_for(lambda: not self.pbx.ami.channels(), 20, "the end of all channels")
        except TimeoutError:
            print(self.pbx.cli("core show channels concise"))  # noqa: T201
        return len(self.pbx.ami.channels())

    def _unended(self) -> int:
        """Calls that have no end on the feed, some seconds after the last one is over."""

        def count() -> int:
            started, ended = (len(self.service.of_type(f"call.{e}")) for e in ("started", "ended"))
            return started - ended

        with suppress(TimeoutError):
            wait_for(lambda: not count(), 20, "the end of all calls on the feed")
        return count()

    def close(self) -> None:
        """Delete what SIPp left."""
        self._sipp.close()


def prepared() -> RealAsterisk:
    """An Asterisk, not started, that knows the agents of SIPp."""
    pbx = RealAsterisk(dialplan=DIALPLAN)
    add_agents(pbx, {agent: pbx.ports.spare(n) for n, agent in enumerate(AGENTS)})
    return pbx


HEAD = (
    "| at, s | broken meanwhile | calls | as they should | on the feed | without an end "
    "| RTP lost | longest gap, ms | serve RSS, MiB | fds | sockets | threads "
    "| Asterisk RSS, MiB | its fds | channels left |"
)
LINE = "|" + " --- |" * 15


def row(wave: Wave) -> str:
    """One line of the table."""
    cells = (
        f"{wave.at:.0f}", wave.trouble, wave.placed, wave.done, wave.on_feed,
        wave.unended, wave.lost, f"{wave.gap * 1000:.0f}",
        f"{wave.ours.rss_mb:.0f}", wave.ours.fds, wave.ours.sockets, wave.ours.threads,
        f"{wave.asterisk.rss_mb:.0f}", wave.asterisk.fds, wave.channels,
    )  # fmt: skip
    return "| " + " | ".join(map(str, cells)) + " |"
