"""The steps that check a live Asterisk, in order."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from rid_telephony.pbx.asterisk.ami_login import Login, read_login
from rid_telephony.pbx.asterisk.check_agents import (
    AGENTS,
    MAX_ASKED,
    Agent,
    agents_among,
    ask_agent,
    judge_agent,
    judge_agents,
)
from rid_telephony.pbx.asterisk.check_flow import (
    CLOCK,
    EVENTS,
    MESSAGE,
    WATCH_SECONDS,
    compare_clocks,
    send_message,
    watch_events,
)
from rid_telephony.pbx.asterisk.check_link import LOGIN, judge_link, try_link
from rid_telephony.pbx.asterisk.check_media import FORK, MakeListener, by_another_port, prove_media
from rid_telephony.pbx.asterisk.check_parts import (
    CODECS,
    DIALPLAN,
    MODULES,
    TONE_MODULE,
    ask_dialplan,
    ask_modules,
    fork_modules,
    judge_codecs,
    judge_dialplan,
    judge_modules,
    needed_codecs,
    needed_modules,
    translators,
)
from rid_telephony.pbx.asterisk.check_ports import (
    ADVERTISE,
    LISTEN,
    judge_advertise,
    judge_listen,
    try_listen,
)
from rid_telephony.pbx.asterisk.check_rights import (
    VERSION,
    agent_class,
    judge_read,
    judge_version,
    judge_write,
    write_name,
)
from rid_telephony.pbx.asterisk.check_session import CheckSession, getvar
from rid_telephony.pbx.asterisk.messages import AmiEvent
from rid_telephony.pbx.asterisk.writer import AsteriskWriter
from rid_telephony.pbx.check import Finding, Level, Step, in_thread
from rid_telephony.pbx.check_ports import Holder, find_holder
from rid_telephony.pbx.messages import PbxRefusedError
from rid_telephony.settings.asterisk import AsteriskSettings

SETTINGS = "asterisk.settings"
SESSION = "asterisk.session"
WRITE = "asterisk.write"
READ_USER = "asterisk.read.user"
EVENT_SECONDS = 1.0
"""How long an event of our own may take to come back."""
ACTIONS = 30.0
"""Seconds for a step of several actions."""
_TOKEN = "token"  # noqa: S105 - the name of a field, no secret


class AsteriskCheck:
    """Checks one Asterisk; :meth:`close` it when the steps have run.

    Args:
        settings: ``[asterisk]``.
        make_listener: Makes the media listener for the means that the settings name.
        agent: Endpoint to check; all that match ``agent_pattern`` when empty.
        message: Endpoint that gets a test message; none when empty.
    """

    def __init__(
        self,
        settings: AsteriskSettings,
        make_listener: MakeListener,
        agent: str = "",
        message: str = "",
    ) -> None:
        self._settings = settings
        self._make_listener = make_listener
        self._agent = agent
        self._message = message
        self._login = Login("", "")
        self._opened: CheckSession | None = None
        self._allowed: list[str] = []
        self._fork = settings.fork

    def steps(self) -> list[Step]:
        """What to run, with :func:`rid_telephony.pbx.check.run_steps`."""
        settings = self._settings
        link = 3 * settings.connect_timeout + 1
        live = (SESSION,)
        fork_needs = (
            *live,
            LISTEN,
            ADVERTISE,
            write_name("originate"),
            *(f"{MODULES}.{name}" for name in fork_modules(settings.fork)),
        )
        steps = [
            Step(LISTEN, "Listening for forks", self._listen, 10.0),
            Step(ADVERTISE, "Looking at addresses", self._advertise, 20.0),
            Step(SETTINGS, "Reading [asterisk]", self._read_settings, 5.0),
            Step(LOGIN, "Logging in to Asterisk", self._link, link, (SETTINGS,)),
            Step(SESSION, "Opening the manager connection", self._open, link, (LOGIN,)),
            Step(VERSION, "Asking for the version", self._version, ACTIONS, live),
            Step(WRITE, "Looking at permissions", self._write, ACTIONS, live),
            Step(
                READ_USER, "Sending an event", self._read_user, ACTIONS, (*live, write_name("user"))
            ),
            Step(MODULES, "Looking for modules", self._seen(MODULES, self._modules), ACTIONS, live),
            Step(
                DIALPLAN,
                "Looking at the dialplan",
                self._seen(DIALPLAN, self._dialplan),
                ACTIONS,
                live,
            ),
            Step(AGENTS, "Looking for agents", self._seen(AGENTS, self._agents), ACTIONS, live),
            Step(CODECS, "Looking for codecs", self._seen(CODECS, self._codecs), ACTIONS, live),
            Step(
                FORK,
                "Forking a test tone",
                self._prove,
                4 * settings.fork.open_timeout + ACTIONS,
                fork_needs,
            ),
        ]
        if self._message:
            needs = (*live, write_name("message"))
            steps.append(Step(MESSAGE, "Sending a message", self._send, ACTIONS, needs))
        return [
            *steps,
            Step(EVENTS, "Counting events", self._events, WATCH_SECONDS + 5, live),
            Step(CLOCK, "Comparing clocks", self._clock, ACTIONS, live),
        ]

    async def close(self) -> None:
        """End the manager connection."""
        if self._opened:
            await self._opened.close()

    @property
    def _session(self) -> CheckSession:
        if self._opened is None:
            raise RuntimeError("the step that opens the connection has not run")
        return self._opened

    def _seen(
        self, name: str, run: Callable[[], Awaitable[Sequence[Finding]]]
    ) -> Callable[[], Awaitable[Sequence[Finding]]]:
        """A step that only looks: that it may not look is no error in itself."""

        async def guarded() -> Sequence[Finding]:
            try:
                return await run()
            except PbxRefusedError as error:
                detail = f"Cannot be seen with these permissions: {error.message}."
                return [Finding(Level.SKIPPED, name, detail)]

        return guarded

    async def _read_settings(self) -> list[Finding]:
        settings = self._settings
        self._login = await in_thread(partial(read_login, settings))
        where = f"{settings.host}:{settings.port}" + (", TLS" if settings.tls else "")
        detail = f"Manager user {settings.username} at {where}."
        return [Finding(Level.OK, SETTINGS, detail)]

    async def _link(self) -> list[Finding]:
        return judge_link(self._settings, await try_link(self._settings, self._login))

    async def _open(self) -> list[Finding]:
        session = self._opened = CheckSession(self._settings)
        booted = await session.comes(lambda _: session.counts["FullyBooted"] > 0, session.open, 1.0)
        return [judge_read("system", booted, self._settings.username)]

    async def _version(self) -> list[Finding]:
        try:
            reply = await self._session.action("CoreSettings")
            text = reply.fields.get("asteriskversion", "")
        except PbxRefusedError:
            text = ""
        text = text or await getvar(self._session, "VERSION()")
        return [judge_version(text, self._settings.fork.means)]

    async def _write(self) -> list[Finding]:
        reply = await self._session.action("ListCommands")
        return judge_write(reply.fields, self._settings)

    async def _read_user(self) -> list[Finding]:
        token = uuid.uuid4().hex
        writer = AsteriskWriter(self._session, self._settings.write_back)

        def ours(event: AmiEvent) -> bool:
            return event.name == "UserEvent" and event.get(_TOKEN) == token

        send = partial(writer.emit, "RidCheck", {_TOKEN: token})
        try:
            seen = await self._session.comes(ours, send, EVENT_SECONDS)
        except PbxRefusedError:
            detail = "Cannot be seen without write class user."
            return [Finding(Level.SKIPPED, READ_USER, detail), agent_class()]
        return [judge_read("user", seen, self._settings.username), agent_class()]

    async def _modules(self) -> list[Finding]:
        needed = needed_modules(self._settings)
        return judge_modules(needed, await ask_modules(self._session, needed))

    async def _dialplan(self) -> list[Finding]:
        return [judge_dialplan(await ask_dialplan(self._session))]

    async def _agents(self) -> list[Finding]:
        if self._agent:
            agent = await self._ask_agent(self._agent)
            return [judge_agent(agent)]
        try:
            states = await self._session.action("DeviceStateList")
        except PbxRefusedError:
            detail = "The agents cannot be listed: res_manager_devicestate.so is not loaded."
            advice = "Load it, or name an agent: --agent 1001."
            return [Finding(Level.SKIPPED, AGENTS, detail, advice)]
        names = agents_among(states.items, self._settings.agent_pattern)
        asked = [await self._ask_agent(name) for name in names[:MAX_ASKED]]
        return [judge_agents(asked, self._settings.agent_pattern, len(names))]

    async def _ask_agent(self, endpoint: str) -> Agent:
        agent = await ask_agent(self._session, endpoint)
        self._allowed.append(agent.allowed)
        return agent

    async def _codecs(self) -> list[Finding]:
        codecs = needed_codecs(self._allowed)
        return judge_codecs(codecs, await ask_modules(self._session, translators(codecs)))

    async def _listen(self) -> list[Finding]:
        fork = self._settings.fork
        error = await in_thread(partial(try_listen, fork))
        tcp = fork.means != "unicast_rtp"
        holder = await in_thread(partial(find_holder, fork.port)) if tcp else Holder()
        if error and tcp:
            # The proof can go by another port; a firewall is then not put to the test.
            self._fork = fork.model_copy(update={"port": 0})
        return [judge_listen(fork, error, holder)]

    async def _advertise(self) -> list[Finding]:
        return [await in_thread(partial(judge_advertise, self._settings))]

    async def _prove(self) -> list[Finding]:
        if self._fork.means != "audiosocket":
            loaded = await ask_modules(self._session, [TONE_MODULE])
            if loaded[TONE_MODULE] is False:
                detail = f"No test fork: {TONE_MODULE}.so, which makes its tone, is not loaded."
                advice = f"`asterisk -rx 'module load {TONE_MODULE}.so'`, then check again."
                return [Finding(Level.SKIPPED, FORK, detail, advice)]
        found = await prove_media(self._session, self._fork, self._make_listener)
        if self._fork is self._settings.fork:
            return found
        return [by_another_port(finding) for finding in found]

    async def _send(self) -> list[Finding]:
        writer = AsteriskWriter(self._session, self._settings.write_back)
        return await send_message(writer, self._message)

    async def _events(self) -> list[Finding]:
        return await watch_events(self._session)

    async def _clock(self) -> list[Finding]:
        return await compare_clocks(self._session)
