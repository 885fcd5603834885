"""Any FreeSWITCH that the environment names, and calls between our telephones through it.

Environment (all but the first have defaults):

- ``RID_TEST_FREESWITCH``: the event socket, ``host:port:password``. Without it the tests skip.
- ``RID_TEST_FREESWITCH_SIP``: ``host:port`` of a SIP profile; port 5060 of the same host.
- ``RID_TEST_FREESWITCH_USERS``: users of the directory and their passwords, two agents and two
  customers (without the second, the test of two calls skips);
  ``1000:phone,1001:phone,2000:phone,2001:phone``.
- ``RID_TEST_FREESWITCH_DOMAIN``: their domain; else the global variable ``domain``.
- ``RID_TEST_FREESWITCH_PROFILE``: ``internal``, the profile through which ``eavesdrop`` calls us.
- ``RID_TEST_FREESWITCH_FORK``: ``audio_stream``, or a list; the first is used where one will do.
- ``RID_TEST_FREESWITCH_EXTEN``: what a customer dials to reach an agent, marked, with ``{user}``
  for the agent, such as ``{user}``. Tests that go by the dialplan (calls dialled by a telephone,
  REFER) skip without it.
- ``RID_TEST_FREESWITCH_US``: ``127.0.0.1``, our address as FreeSWITCH reaches it.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

from live_kit.service import Service
from live_kit.stage import Told, until
from rid_telephony.bench.phone import Call, Phone
from rid_telephony.settings.freeswitch import FreeSwitchMeans, FreeSwitchSettings

VARIABLE = "RID_TEST_FREESWITCH"
UNSET = f"set {VARIABLE}=host:port:password to the event socket of a FreeSWITCH"
UNSET_EXTEN = (
    f"set {VARIABLE}_EXTEN to what reaches an agent, marked, with {{user}} for the agent's number"
)
_USERS = "1000:phone,1001:phone,2000:phone,2001:phone"


def _told(name: str, default: str) -> str:
    return os.environ.get(f"{VARIABLE}_{name}") or default


def means_given() -> list[FreeSwitchMeans]:
    """The fork means to try."""
    return [cast(FreeSwitchMeans, each) for each in _told("FORK", "audio_stream").split(",")]


@dataclass(frozen=True)
class RealFreeSwitch:
    """A FreeSWITCH that runs already.

    Args:
        folder: For the named pipes of ``fifo``.
        means: How we listen.
        changes: Further settings of ``[freeswitch]``.
    """

    folder: Path
    means: FreeSwitchMeans = field(default_factory=lambda: means_given()[0])
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def esl(self) -> tuple[str, int, str]:
        """Host, port and password of the event socket."""
        host, port, password = os.environ[VARIABLE].split(":", 2)
        return host, int(port), password

    @property
    def sip(self) -> tuple[str, int]:
        """Where telephones call."""
        host, _, port = _told("SIP", f"{self.esl[0]}:5060").rpartition(":")
        return host, int(port)

    @property
    def us(self) -> str:
        """Our address."""
        return _told("US", "127.0.0.1")

    @property
    def passwords(self) -> dict[str, str]:
        """The users' passwords."""
        pairs = (each.partition(":") for each in _told("USERS", _USERS).split(","))
        return {user: password for user, _, password in pairs}

    @property
    def exten(self) -> str:
        """What reaches an agent, with ``{user}``; empty where no dialplan is told."""
        return _told("EXTEN", "")

    @property
    def settings(self) -> FreeSwitchSettings:
        """What to hand to the product."""
        host, port, password = self.esl
        fork = {
            "means": self.means, "port": 0, "listen": self.us,
            "profile": _told("PROFILE", "internal"), "fifo_directory": str(self.folder),
        }  # fmt: skip
        told = {"host": host, "port": port, "password": password, "fork": fork}
        told |= {"domain": _told("DOMAIN", ""), "enabled": True, "backoff": (0.05, 0.4)}
        return FreeSwitchSettings.model_validate(told | self.changes)


class Esl:
    """A session on the event socket that may do everything; not the product's client.

    Attributes:
        events: What was subscribed to, in order, as headers.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.events: list[dict[str, str]] = []
        self._reader, self._writer = reader, writer
        self._answers: asyncio.Queue[str] = asyncio.Queue()
        self._one = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def login(cls, pbx: RealFreeSwitch) -> AsyncIterator[Esl]:
        """A session that closes in the end."""
        host, port, password = pbx.esl
        esl = cls(*await asyncio.open_connection(host, port))
        pump = asyncio.create_task(esl._pump())
        try:
            answer = await esl.command(f"auth {password}")
            assert answer.startswith("+OK"), answer
            yield esl
        finally:
            pump.cancel()
            esl._writer.close()

    async def command(self, text: str) -> str:
        """Send a command; its answer."""
        async with self._one:
            self._writer.write(f"{text}\n\n".encode())
            return (await asyncio.wait_for(self._answers.get(), 15)).strip()

    async def api(self, text: str) -> str:
        """Run an API command; what it printed."""
        return await self.command(f"api {text}")

    async def getvar(self, uuid: str, name: str) -> str:
        """A channel variable; empty where it is not set."""
        value = await self.api(f"uuid_getvar {uuid} {name}")
        return "" if value == "_undef_" or value.startswith("-ERR") else value

    async def channels(self) -> list[str]:
        """The ids of all channels."""
        told = json.loads(await self.api("show channels as json"))
        return [row["uuid"] for row in told.get("rows", [])]

    async def _pump(self) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = _headers((await self._reader.readuntil(b"\n\n")).decode())
                body = await self._reader.readexactly(int(head.get("Content-Length", 0)))
                match head["Content-Type"]:
                    case "api/response":
                        self._answers.put_nowait(body.decode())
                    case "command/reply":
                        self._answers.put_nowait(head["Reply-Text"])
                    case "text/event-json":
                        self.events.append(json.loads(body))


class Act(Told):
    """What the feed and the PBX say since this test began; places and moves calls.

    Attributes:
        pbx: The FreeSWITCH.
        esl: A session of our own.
    """

    def __init__(self, pbx: RealFreeSwitch, service: Service, esl: Esl, domain: str) -> None:
        super().__init__(service)
        self.pbx, self.esl, self.domain = pbx, esl, domain
        self._others: list[str] = []

    async def begin(self) -> None:
        """Take note of channels that are not ours."""
        self._others = await self.esl.channels()

    async def originate(
        self, first: str, then: str, mark: str = "rid_assist=on", roles: str = "customer,agent"
    ) -> None:
        """Have FreeSWITCH call one user, and then bridge it to another.

        Args:
            first: Called first.
            then: Called when the first one answered.
            mark: Variables of the first leg.
            roles: ``rid_leg`` of both.
        """
        one, _, two = roles.partition(",")
        variables = ",".join(
            [each for each in (mark, f"rid_leg={one}") if each]
            + ["origination_caller_id_number=" + then, "hangup_after_bridge=true"]
        )
        bridge = f"&bridge([rid_leg={two}]user/{then}@{self.domain})"
        answer = await self.esl.command(
            f"bgapi originate {{{variables}}}user/{first}@{self.domain} {bridge}"
        )
        assert answer.startswith("+OK"), answer

    async def talk(self, customer: Phone, agent: Phone, **how: str) -> tuple[Call, Call]:
        """Originate a call, customer first, that both answer; their sides of it."""
        await self.originate(customer.user, agent.user, **how)
        call, leg = await customer.next_call(), await agent.next_call()
        await leg.answered()
        return call, leg

    def dialled(self, customer: Phone, agent: Phone) -> Call:
        """A call dialled by the customer's telephone."""
        return customer.call(self.pbx.exten.format(user=agent.user))

    def channel(self, role: str, call: int = 0) -> str:
        """The channel of a party, as ``call.started`` names it."""
        started = self.feed("call.started")[call]["data"]
        return next(str(p["channel"]) for p in started["parties"] if p["role"] == role)

    async def ours(self) -> list[str]:
        """The channels that came since the test began."""
        return [uuid for uuid in await self.esl.channels() if uuid not in self._others]

    async def ears(self) -> dict[str, int]:
        """How many listen to each of our channels that somebody listens to (its media bugs)."""
        found = {}
        for uuid in await self.ours():
            if await self.esl.getvar(uuid, "rid_fork"):
                continue
            bugs = (await self.esl.api(f"uuid_buglist {uuid}")).count("<function>")
            if bugs:
                found[uuid] = bugs
        return found

    async def heard(self, *channels: str) -> None:
        """Wait until each of these is listened to, once, and no other."""
        wanted, found = dict.fromkeys(channels, 1), {}
        for _ in range(400):
            found = await self.ears()
            if found == wanted:
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"listened to {found}, not {wanted}")

    async def both_heard(self, call: int = 0) -> None:
        """Wait until both parties of a call are listened to, once each, and nobody else."""
        await until(lambda: len(self.told(call)) >= 2, "call.started and call.answered")
        await self.heard(self.channel("customer", call), self.channel("agent", call))

    async def gone(self) -> None:
        """Wait until none of our channels is left."""
        for _ in range(400):
            if not await self.ours():
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"left: {await self.ours()}")


class Stage:
    """A FreeSWITCH and a service that the tests of a module share."""

    def __init__(self, pbx: RealFreeSwitch, service: Service) -> None:
        self.pbx, self.service = pbx, service

    def play(self, story: Callable[..., Awaitable[None]], *users: int, tidy: bool = True) -> Act:
        """Run a story: a coroutine function of the act and of these users' telephones.

        Args:
            story: What happens.
            users: Which of the users, by position; their telephones register and answer.
            tidy: Check in the end that no channel is left and each call is whole on the feed.
        """
        return asyncio.run(self._play(story, users, tidy=tidy))

    async def _play(
        self, story: Callable[..., Awaitable[None]], users: tuple[int, ...], *, tidy: bool
    ) -> Act:
        names = list(self.pbx.passwords)
        async with AsyncExitStack() as stack:
            esl = await stack.enter_async_context(Esl.login(self.pbx))
            domain = self.pbx.settings.domain or await esl.api("global_getvar domain")
            act = Act(self.pbx, self.service, esl, domain)
            phones = [
                await stack.enter_async_context(self._phone(names[number])) for number in users
            ]
            for phone in phones:
                await phone.register()
                await _registered(esl, f"{phone.user}@{domain}", phone.address[1])
            await act.begin()
            await story(act, *phones)
            for phone in phones:
                for call in phone.calls:
                    await call.hang_up()
            await act.gone()
            if tidy:
                await ended(act)
        return act

    def _phone(self, user: str) -> Phone:
        return Phone(
            user, self.pbx.sip, password=self.pbx.passwords[user], local_host=self.pbx.us,
            keep_audio=True,
        )  # fmt: skip


async def ended(act: Act) -> None:
    """Wait until the feed has ended each call."""

    def over() -> bool:
        started = {event["subject"] for event in act.feed("call.started")}
        return {event["subject"] for event in act.feed("call.ended")} >= started

    await until(over, "call.ended")


async def _registered(esl: Esl, user: str, port: int) -> None:
    """Wait until a user's only contact is ours: an earlier one goes a little after its phone."""
    contact = ""
    for _ in range(200):
        contact = await esl.api(f"sofia_contact */{user}")
        if contact.count("sofia/") == 1 and f":{port}" in contact:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{user} is at {contact}, not only at port {port}")


def _headers(text: str) -> dict[str, str]:
    pairs = (line.partition(": ") for line in text.strip().splitlines())
    return {name: unquote(value) for name, _, value in pairs}
