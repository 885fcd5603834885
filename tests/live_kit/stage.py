"""A stage for scripted calls: a real Asterisk, a real ``serve``, and phones that tests drive."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import numpy as np
import soundfile

from live_kit.asterisk import RealAsterisk
from live_kit.config import PASSWORD, PHONES
from live_kit.ports import HOST
from live_kit.service import Event, Service
from live_kit.tools import ROOT
from rid_telephony.bench.phone import Call, Phone, Speech

FORK = "fork-"
SOON = 8.0
"""Seconds that anything may take on a busy machine; nothing is asserted of how long it took."""


async def until(true: Callable[[], object], what: str, seconds: float = SOON) -> None:
    """Wait in the loop, so that phones go on."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        await asyncio.sleep(0.02)


EXTENSIONS = """
[from-customers]
; r: rings for a second only; t: the agent may transfer by digits, which AMI's Atxfer needs;
; o: switched off; c: the customer does not consent.
exten => r1001,1,Set(RID_AGENT=1001)
 same => n,Gosub(rid-assist,s,1(customer))
 same => n,Dial(PJSIP/1001,1)
exten => t1001,1,Set(RID_AGENT=1001)
 same => n,Gosub(rid-assist,s,1(customer))
 same => n,Dial(PJSIP/1001,30,t)
exten => o1001,1,Set(RID_ASSIST=off)
 same => n,Goto(rid-example-dial,1001,1)
exten => c1001,1,Set(RID_CONSENT=no)
 same => n,Goto(rid-example-dial,1001,1)
"""
BOTH = ("agent 1001", "customer customer")
IN = ("started inbound agent 1001", "answered")
OUT = ("started outbound agent 1001", "answered")


class Told:
    """What the feed says since this test began.

    Args:
        service: The service, whose earlier events are left out.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self._first = len(service.events)

    def feed(self, *types: str) -> list[Event]:
        """Events of the calls that began since, of some types (or prefixes) or all."""
        events = self.service.events[self._first :]
        ours = {event["subject"] for event in events if event["type"] == "call.started"}
        return [e for e in events if e["subject"] in ours and e["type"].startswith(types or "")]

    def told(self, call: int = 0) -> list[str]:
        """A call's ``call.*`` events, each in a few words; the first call's unless said."""
        calls = list(dict.fromkeys(e["subject"] for e in self.feed("call.started")))
        if len(calls) <= call:
            return []
        own = [e for e in self.feed("call.") if e["subject"] == calls[call]]
        return [_words(e) for e in own if e["type"] != "call.summary"]

    async def hears(self, *story: str, call: int = 0) -> None:
        """Wait until exactly this was told of a call so far."""
        try:
            await until(lambda: self.told(call) == list(story), "call events")
        except AssertionError as error:
            raise AssertionError(f"told {self.told(call)}, not {list(story)}") from error

    async def words(self, role: str, since: int = 0) -> Event:
        """The next utterance of a party, from position ``since`` of :meth:`feed` on."""

        def spoken() -> list[Event]:
            finals = [e for e in self.feed()[since:] if e["type"] == "utterance.final"]
            return [e for e in finals if e["data"]["role"] == role]

        await until(spoken, f"words of the {role}", 20.0)
        return spoken()[0]

    def said(self, role: str) -> str:
        """All that a party said."""
        finals = self.feed("utterance.final")
        return "".join(e["data"]["text"] for e in finals if e["data"]["role"] == role)


class Act(Told):
    """What the feed and the PBX say since this test began.

    Args:
        pbx: The PBX.
        service: The service, whose earlier events are left out.
    """

    def __init__(self, pbx: RealAsterisk, service: Service) -> None:
        super().__init__(service)
        self.pbx = pbx
        self._users: dict[str, str] = {}

    def forks(self) -> dict[str, list[str]]:
        """Who is listened to, ``agent 1001``, and the names of the channels that do it."""
        found: dict[str, list[str]] = {}
        channels = self.pbx.ami.channels()
        for channel in channels:
            name = channel["Channel"]
            self._users.setdefault(channel["Uniqueid"], name.partition("/")[2].rpartition("-")[0])
        for channel in channels:
            if channel["Uniqueid"].startswith(FORK):
                party, _, leg = channel["Uniqueid"].removeprefix(FORK).partition("-")
                who = f"{party} {self._users.get(leg, leg)}"
                found.setdefault(who, []).append(channel["Channel"])
        return found

    async def forked(self, *who: str) -> dict[str, str]:
        """Wait until each of these is listened to, once, and nobody else; the fork of each."""
        wanted = dict.fromkeys(who, 1)

        def there() -> bool:
            return {name: len(names) for name, names in self.forks().items()} == wanted

        try:
            await until(there, "forks")
        except AssertionError as error:
            raise AssertionError(f"forks {self.forks()}, not {sorted(who)}") from error
        return {name: names[0] for name, names in self.forks().items()}

    async def over(self) -> None:
        """Wait until nothing is left, and check that every call is whole on the feed."""
        await until(lambda: self.pbx.ami.channels() == [], "the end of all channels")
        started = {e["subject"] for e in self.feed("call.started")}
        await until(
            lambda: {e["subject"] for e in self.feed("call.ended")} >= started, "call.ended"
        )
        check_whole(self.feed())


class Stage:
    """A PBX and a service that the tests of a module share, to save time."""

    def __init__(self, pbx: RealAsterisk, service: Service) -> None:
        self.pbx, self.service = pbx, service

    def play(self, story: Callable[..., Awaitable[None]], *users: str, tidy: bool = True) -> Act:
        """Run a story: a coroutine function of the act and of these users' phones.

        Args:
            story: What happens.
            users: Phones of :data:`live_kit.config.PHONES`; those that register do.
            tidy: Check in the end that nothing is left and each call has one start and one end.
        """
        act = Act(self.pbx, self.service)

        async def scene() -> None:
            async with AsyncExitStack() as stack:
                phones = [await stack.enter_async_context(self._phone(user)) for user in users]
                for phone in phones:
                    if PHONES[phone.user][-1]:
                        await phone.register()
                await story(act, *phones)
                for phone in phones:
                    for call in phone.calls:
                        await call.hang_up()
                if tidy:
                    await act.over()

        asyncio.run(scene())
        return act

    def _phone(self, user: str) -> Phone:
        slot, *_, registers = PHONES[user]
        ours: dict[str, Any] = (
            {"password": PASSWORD} if registers else {"sip_port": self.pbx.ports.phone(slot).sip}
        )
        server = (HOST, self.pbx.ports.sip)
        return Phone(user, server, keep_audio=True, **ours)


def spoken(dialogue: str, begins: str) -> Speech:
    """One turn of a dialogue of fixtures/audio, by how its text begins."""
    path = ROOT / "fixtures/audio" / f"{dialogue}.flac"
    turns = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["turns"]
    turn = next(turn for turn in turns if turn["text"].startswith(begins))
    sound, rate = soundfile.read(path, dtype="int16")
    first, last = (round(turn[key] * rate) for key in ("begin", "end"))
    return Speech(np.ascontiguousarray(sound[first:last, turn["channel"]]))


async def say(call: Call, begins: str, dialogue: str = "dd02") -> None:
    """Say one turn of a dialogue, and wait until it is said."""
    speech = spoken(dialogue, begins)
    call.play(speech)
    await asyncio.sleep(len(speech.samples) / 8000 + 0.1)


def check_whole(events: list[Event]) -> None:
    """Each call has one start and one end, in this order, and no gap in its sequence."""
    for call in {event["subject"] for event in events}:
        own = [event for event in events if event["subject"] == call]
        types = [event["type"] for event in own]
        assert types.count("call.started") == types.count("call.ended") == 1, (call, types)
        assert types.count("analysis.started") == 1, (call, types)
        assert sum(kind in ("analysis.completed", "analysis.failed") for kind in types) == 1, types
        assert (types[0], types[-1]) == ("call.started", "call.ended"), (call, types)
        assert [event["sequence"] for event in own] == list(range(1, len(own) + 1)), call


def _words(event: Event) -> str:
    data: dict[str, Any] = event["data"]
    kind: str = event["type"].removeprefix("call.")
    match kind:
        case "started":
            return f"started {data['direction']} agent {event['agent']}"
        case "held" | "retrieved":
            return f"{kind} by {data['by']}"
        case "transferred":
            return f"transferred to {data['to']['number']} agent {event['agent']}"
        case "ended":
            by = f" by {data['by']}" if data["by"] else ""
            return f"ended {data['cause']}{by}"
        case _:
            return kind
